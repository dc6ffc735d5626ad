"""Attacks through the chat protocol: every bad frame gets the documented error, the right end, and harms nobody.

Here: what a client says. protocol_attacks_life.py: connecting, floods, mutations.
Run:  PARLEY_BIN=.build/release/parley .venv/bin/python -m pytest -q verify/judge/protocol_attacks*.py
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

import attack_cases as cases
from attack_world import World, answer_to, label
from wire import dump, enter


# A17: frames that are no JSON object, objects that break a rule.


@pytest.mark.parametrize("name", cases.NOT_JSON)
def test_not_json_is_an_error_then_close(world: World, name: str) -> None:
    codes = {40000, 40011} if "depth" in name or "deep" in name else {40000}
    raw = cases.NOT_JSON[name]
    if codes == {40000}:
        world.error(raw, codes)
    else:
        frames, closed = world.run(world.try_(raw))
        assert frames and frames[0]["code"] in codes, frames
        world.documented(frames[0], closed)


@pytest.mark.parametrize("name", cases.BAD_OBJECTS)
def test_bad_object_is_a_numbered_error(world: World, name: str) -> None:
    raw, codes = cases.BAD_OBJECTS[name]
    world.error(raw, codes)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b'{"type":"ping","id":1}'])
def test_binary_is_refused(world: World, raw: bytes) -> None:
    world.error(raw, {40012})


# A18 and the table of requests.


@pytest.mark.parametrize(("name", "field", "value"), list(cases.wrong_types()), ids=label)
def test_wrong_type_names_field_and_rule(world: World, name: str, field: cases.Field, value: Any) -> None:
    frame = cases.valid(name, world.fill(), world.number())
    cases.put(frame, field.name, value)
    codes = {40003, 40002} if value is None else {40003}
    if isinstance(value, list):
        codes |= {40009}
    if field.kind == cases.INTEGER and value == 1.5:
        codes |= {40004}
    error = world.error(dump(frame), codes)
    assert error["id"] == frame["id"]
    assert error["field"].startswith(field.name), error
    assert error.get("rule"), error


@pytest.mark.parametrize(("name", "field"), [(n, f) for n, fs in cases.REQUESTS.items() for f in fs if f.required], ids=label)
def test_missing_field_is_named(world: World, name: str, field: cases.Field) -> None:
    frame = cases.valid(name, world.fill(), world.number())
    cases.drop(frame, field.name)
    error = world.error(dump(frame), {40002})
    assert error["id"] == frame["id"] and error["field"] == field.name and error["rule"], error


@pytest.mark.parametrize("name", cases.REQUESTS)
def test_unknown_and_repeated_fields_are_named(world: World, name: str) -> None:
    frame = cases.valid(name, world.fill(), world.number())
    error = world.error(dump({**frame, "surprise": 1}), {40006})
    assert error["field"] == "surprise" and error["id"] == frame["id"], error
    for key in frame:
        raw = dump(frame)[:-1] + f',"{key}":' + dump(frame[key]) + "}"
        assert world.error(raw, {40007})["field"] == key


@pytest.mark.parametrize(("name", "field"), list(cases.numeric_fields()), ids=label)
def test_numbers_at_every_edge(world: World, name: str, field: cases.Field) -> None:
    for text in cases.NUMBERS:
        frame = cases.valid(name, world.fill(), world.number())
        cases.put(frame, field.name, "@")
        raw = dump(frame).replace('"@"', text)
        frames, closed = world.run(world.try_(raw))
        assert len(frames) == 1, f"{raw[:150]}: {frames}, closed {closed}"
        answer = frames[0]
        # Whether -0 is an integer is not written: either answer will do.
        exact = re.fullmatch(r"-?\d{1,30}", text) is not None and text != "-0"
        inside = exact and field.lowest <= int(text) <= field.highest
        if answer["type"] == "error":
            assert answer["code"] in {40003, 40004, 40005, 40000, 40300, 40301, 40402, 40403, 40906}, f"{raw[:150]}: {answer}"
            world.documented(answer, closed)
            # A place in a log may also be refused because the log does not reach there yet, a time because it is past.
            beyond = "newest" in answer.get("rule", "") or "to come" in answer.get("rule", "")
            assert not (inside and answer["code"] in {40003, 40004} and not beyond), f"{text} is within the documented range: {answer}"
            if answer["code"] not in {40000, 40005}:
                assert answer["id"] == frame["id"]
        else:
            assert inside or not exact, f"{field.name} {text} is outside {field.lowest}...{field.highest}: {str(answer)[:200]}"
            assert answer["id"] == frame["id"] and closed is None


@pytest.mark.parametrize("text", cases.IDENTIFIERS_REFUSED, ids=label)
@pytest.mark.parametrize("name", ["send", "history", "create", "add", "remove"])
def test_bad_identifiers(world: World, name: str, text: str) -> None:
    for field in cases.REQUESTS[name]:
        if field.kind == cases.IDENTIFIER:
            frame = {**cases.valid(name, world.fill(), world.number()), field.name: text}
            codes = {40009, 40010} if text == "" else {40009, 40004, 40013} if "\0" in text else {40009}
            error = world.error(json.dumps(frame), codes)
            if error["code"] == 40009:
                assert error["field"] == field.name, error


# A25: what the server owns; content; the bytes of a message.


@pytest.mark.parametrize("key", cases.SERVER_OWNED)
def test_server_owned_field_in_send(world: World, key: str) -> None:
    frame = {**cases.valid("send", world.fill(), world.number()), key: "u2"}
    error = world.error(dump(frame), {40008})
    assert error["field"] == key


@pytest.mark.parametrize("name", cases.BAD_CONTENT)
def test_bad_content(world: World, name: str) -> None:
    text, codes = cases.BAD_CONTENT[name]
    frame = cases.valid("send", world.fill(), world.number())
    error = world.error(dump({**frame, "content": "@"}).replace('"@"', text), codes)
    if error["code"] not in {40011, 40013}:
        assert error.get("field") or error.get("rule"), error
    if "8,001" in name:
        assert error["field"] == "content.text" and "8000" in error["rule"].replace(",", ""), error


@pytest.mark.parametrize("name", cases.GOOD_CONTENT)
def test_content_comes_back_as_it_was_sent(world: World, name: str) -> None:
    async def there_and_back() -> tuple[dict[str, Any], str, str]:
        socket = await world.ready()
        bob, _, _ = await enter(world.server.url, world.tokens["u2"])
        frame = cases.valid("send", world.fill(), world.number())
        await socket.send(dump({**frame, "content": "@"}).replace('"@"', cases.GOOD_CONTENT[name]))
        ack = await answer_to(socket, frame["id"])
        event = ""
        while ack["type"] == "ack" and f'"{frame["client_id"]}"' not in event:
            event = str(await asyncio.wait_for(bob.recv(), 10))
        await bob.send(dump({"type": "history", "id": 5, "conversation": "g", "after": ack.get("sequence", 1) - 1, "limit": 1}))
        page = ""
        while '"page"' not in page:
            page = str(await asyncio.wait_for(bob.recv(), 10))
        await bob.close()
        return ack, event, page

    ack, event, page = world.run(there_and_back())
    assert ack["type"] == "ack", ack
    assert cases.GOOD_CONTENT[name] in event, event[:400]
    assert event[event.index('"sequence"') :] in page, page[:400]


@pytest.mark.parametrize("name", ["NUL", "lone surrogate", "duplicate text", "duplicate deep", "depth 40"])
def test_refused_content_is_matched_to_its_request(world: World, name: str) -> None:
    """The number of the request could be read: without it, and without the field, a client never learns which send was refused."""
    text, codes = cases.BAD_CONTENT[name]
    frame = cases.valid("send", world.fill(), world.number())
    error = world.error(dump({**frame, "content": "@"}).replace('"@"', text), codes)
    assert error.get("id") == frame["id"], error
    assert error.get("field", "").startswith("content"), error


def test_control_entries_as_documented(world: World) -> None:
    async def make() -> list[dict[str, Any]]:
        socket, _, _ = await enter(world.server.url, world.tokens["u5"])
        await socket.send(dump({"type": "create", "id": 1, "client_id": "c", "kind": "group", "title": '"T"', "members": ["u1", "u2"]}))
        group = (await answer_to(socket, 1))["conversation"]
        await socket.send(dump({"type": "add", "id": 2, "conversation": group, "client_id": "a", "users": ["u3"]}))
        await answer_to(socket, 2)
        await socket.send(dump({"type": "remove", "id": 3, "conversation": group, "client_id": "r", "user": "u1"}))
        await answer_to(socket, 3)
        await socket.send(dump({"type": "history", "id": 4, "conversation": group, "after": 0}))
        page = await answer_to(socket, 4)
        await socket.close()
        return page["entries"]

    created, added, removed = world.run(make())
    assert (created["kind"], added["kind"], removed["kind"]) == ("created", "added", "removed")
    assert added["content"] == {"type": "added", "users": ["u3"], "slots": [4]}
    assert removed["content"] == {"type": "ended", "user": "u1"}
    # "the users' slots, in their order; the creator's is 1"
    assert created["content"] == {"type": "created", "kind": "group", "title": '"T"', "users": ["u1", "u2"], "slots": [2, 3]}


# A26, A27: client ids.


def test_client_id_of_another_user_is_another_message(world: World) -> None:
    async def both() -> list[dict[str, Any]]:
        found = []
        for user in ("u1", "u2"):
            socket, _, _ = await enter(world.server.url, world.tokens[user])
            await socket.send(dump({"type": "send", "id": 1, "conversation": "g", "client_id": "shared", "content": cases.CONTENT}))
            found.append(await answer_to(socket, 1))
            await socket.close()
        return found

    first, second = world.run(both())
    assert first["type"] == second["type"] == "ack" and first["sequence"] != second["sequence"], (first, second)


def test_same_client_id_same_and_other_content(world: World) -> None:
    frame = cases.valid("send", world.fill(), world.number())
    (first,), _ = world.run(world.try_(dump(frame)))
    again = {**frame, "id": world.number()}
    (second,), _ = world.run(world.try_(dump(again)))
    assert {**first, "id": 0} == {**second, "id": 0}
    for other in (
        {**frame, "content": {"type": "text", "text": "other"}},
        {**frame, "content": {"type": "sticker", "text": "hello"}},
        {**frame, "reply_to": 2},
    ):
        world.error(dump({**other, "id": world.number()}), {40900})
    (third,), _ = world.run(world.try_(dump({**frame, "id": world.number()})))
    assert {**first, "id": 0} == {**third, "id": 0}


@pytest.mark.parametrize("name", [n for n, fs in cases.REQUESTS.items() if cases.conversation in fs])
def test_foreign_and_absent_conversations_look_the_same(world: World, name: str) -> None:
    answers = []
    for group in ("away", "there-is-none"):
        frame = {**cases.valid(name, world.fill(), world.number()), "conversation": group}
        answers.append({**world.error(dump(frame), {40300}), "id": 0})
    assert answers[0] == answers[1]
