"""Attacks through the requests of groups, relations and receipts: a numbered error that names the field, and nothing changed.

Each field of each request is tried with what it must refuse (`attack_cases.py`); then what only the meaning forbids.
Run:  PARLEY_BIN=.build/release/parley .venv/bin/python -m pytest -q verify/judge/protocol_attacks_groups.py
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import attack_cases as cases
from attack_world import World, answer_to, label
from wire import dump, enter

TEXT = {"type": "text", "text": "x"}


async def head(world: World, conversation: str = "g") -> int:
    """The newest sequence, as a member sees it who asks on a connection of his own."""
    socket, _, _ = await enter(world.server.url, world.tokens["u2"])
    await socket.send(dump({"type": "history", "id": 1, "conversation": conversation, "limit": 1}))
    page = await answer_to(socket, 1)
    await socket.close()
    return int(page["head"])


def fields() -> list[tuple[str, cases.Field]]:
    return [(name, field) for name, some in cases.REQUESTS.items() for field in some if any(True for _ in cases.bad_values(field))]


@pytest.mark.parametrize(("name", "field"), fields(), ids=label)
def test_each_field_refuses_what_it_must_and_nothing_changes(world: World, name: str, field: cases.Field) -> None:
    before = world.run(head(world))
    for value, codes in cases.bad_values(field):
        frame = cases.put_in(cases.valid(name, world.fill(), world.number()), field.name, value)
        error = world.error(json.dumps(frame), codes)
        assert error["id"] == frame["id"], error
        if error["code"] != 40013:
            assert error.get("field", "").startswith(field.name), f"{field.name} = {str(value)[:80]}: {error}"
            assert error.get("rule") or error["code"] in {40009, 40010}, error
    assert world.run(head(world)) == before, "a frame that was refused made an entry"
    assert world.run(world.ready()).close_code is None


@pytest.mark.parametrize("name", cases.REQUESTS)
def test_what_the_server_owns_is_refused_in_every_request(world: World, name: str) -> None:
    known = {field.name.split(".")[0] for field in cases.REQUESTS[name]}
    before = world.run(head(world))
    for key in ("sender", "time", "slot", "stamp", "message_ordinal", "amount", "sequence", "role", "edited", "visible_from", "members"):
        if key in known:
            continue
        frame = {**cases.valid(name, world.fill(), world.number()), key: 1}
        error = world.error(dump(frame), {40006, 40008})
        assert error["field"] == key and error["id"] == frame["id"], error
    assert world.run(head(world)) == before


def frame(type: str, **more: Any) -> dict[str, Any]:
    """A request about the group; a `client_id` where the request makes an entry."""
    asks = {
        "members", "readers", "receipt_record", "reactions", "revisions", "thread", "data", "report", "resolve", "presence", "preferences",
        "block",
    }  # fmt: skip
    base: dict[str, Any] = {"type": type}
    if type not in ("create", "preferences", "block"):
        base["conversation"] = "$group"
    if type not in asks:
        base["client_id"] = "$client_id"
    return {**base, **more}


create = {"kind": "group", "title": "T", "members": ["u2"]}
MEANING: dict[str, tuple[dict[str, Any], set[int], str]] = {
    # Roles and members.
    "role of the owner": (frame("role", user="u2", role="owner"), {40004}, "role"),
    "role of a stranger": (frame("role", user="u3", role="administrator"), {40401}, "user"),
    "role of oneself": (frame("role", user="u1", role="member"), {40004}, "user"),
    "role of nobody": (frame("role", user="nobody", role="member"), {40401}, "user"),
    "transfer to a stranger": (frame("transfer", user="u3"), {40401}, "user"),
    "transfer to oneself": (frame("transfer", user="u1"), {40004}, "user"),
    "remove a stranger": (frame("remove", user="u3"), {40401}, "user"),
    "remove oneself": (frame("remove", user="u1"), {40004}, "user"),
    "ban oneself": (frame("ban", user="u1"), {40004}, "user"),
    "ban nobody": (frame("ban", user="nobody"), {40401}, "user"),
    "unban who is not banned": (frame("unban", user="u2"), {40401}, "user"),
    "mute a stranger": (frame("mute", user="u3", until=0), {40401}, "user"),
    "mute for ever and a day": (frame("mute", user="u2", until=1 << 53), {40004}, "until"),
    "decline who never asked": (frame("decline", user="u3"), {40401}, "user"),
    "add nobody": (frame("add", users=["u3", "nobody"]), {40401}, "users"),
    "invite nobody": (frame("invite", users=["nobody"]), {40401}, "users"),
    "add oneself": (frame("add", users=["u1"]), {40004}, "users"),
    "invite oneself": (frame("invite", users=["u1"]), {40004}, "users"),
    "create with oneself": (frame("create", **{**create, "members": ["u2", "u1"]}), {40004}, "members"),
    "create a direct one of three": (frame("create", kind="direct", members=["u2", "u3"]), {40004}, "members"),
    "create with a title and direct": (frame("create", kind="direct", members=["u2"], title="T"), {40006, 40008}, "title"),
    "create beyond its cap": (frame("create", **{**create, "members": ["u2", "u3"], "member_cap": 2}), {40902}, "members"),
    "a member list of thousands": (frame("create", **{**create, "members": [f"u{n}" for n in range(10_000)]}), {40004}, "members"),
    "an unknown kind": (frame("create", **{**create, "kind": "channel"}), {40004}, "kind"),
    # Settings.
    "a cap below the members": (frame("change", member_cap=1), {40004}, "member_cap"),
    "a change of nothing": (frame("change"), {40002}, "title"),
    "a title that turns round": (frame("change", title="a\u202eb"), {40004}, "title"),
    "a title of spaces": (frame("change", title="   "), {40010}, "title"),
    "an avatar that cannot be seen": (frame("change", avatar="a\u200b"), {40004}, "avatar"),
    "a rule that there is not": (frame("change", rules={"delete": "members"}), {40006}, "rules.delete"),
    "rules twice over": (frame("change", rules={"join": "open"}), {40004}, "rules.join"),
    # Places in the log.
    "edit of a control entry": (frame("edit", target=1, content=TEXT), {40402}, "target"),
    "recall of a control entry": (frame("recall", target=1), {40402}, "target"),
    "reaction to a control entry": (frame("react", target=1, emoji="👍", on=True), {40402}, "target"),
    "pin of what is not there": (frame("pin", target=1 << 40, on=True), {40402}, "target"),
    "edit beyond the end": (frame("edit", target=100_000, content=TEXT), {40402}, "target"),
    "thread beyond the end": (frame("send", thread=100_000, content=TEXT), {40402, 40004}, "thread"),
    "reply beyond the end": (frame("send", reply_to=100_000, content=TEXT), {40402, 40004}, "reply_to"),
    "forward beyond the end": (frame("forward", **{"from": {"conversation": "$group", "sequence": 100_000}}), {40402}, "from"),
    "forward of a control entry": (frame("forward", **{"from": {"conversation": "$group", "sequence": 1}}), {40402}, "from"),
    "forward from a foreign group": (frame("forward", **{"from": {"conversation": "away", "sequence": 1}}), {40300}, ""),
    "report beyond the end": (frame("report", sequence=100_000, reason="x"), {40402}, "sequence"),
    "report of a control entry": (frame("report", sequence=1, reason="x"), {40402}, "sequence"),
    "reports of what is not there settled": (frame("resolve", sequence=100_000), {40402}, "sequence"),
    "readers of a control entry": (frame("readers", sequence=1, list="read"), {40402}, "sequence"),
    "record beyond the end": (frame("receipt_record", sequence=100_000), {40402}, "sequence"),
    "revisions beyond the end": (frame("revisions", sequence=100_000), {40402}, "sequence"),
    "thread of what is not there": (frame("thread", root=100_000), {40402}, "root"),
    "reactions to what is not there": (frame("reactions", sequence=100_000, emoji="👍"), {40402}, "sequence"),
    # Content.
    "words put into another's mouth": (
        frame("send", content={**TEXT, "forwarded": {"sender": "u2", "time": 1}}), {40008}, "content.forwarded"),
    "words put there by an edit": (
        frame("edit", target=2, content={**TEXT, "forwarded": {"sender": "u2", "time": 1}}), {40008}, "content.forwarded"),
    "51 mentions": (frame("send", content={**TEXT, "mentions": [f"u{n}" for n in range(51)]}), {40004}, "content.mentions"),
    "a mention twice": (frame("send", content={**TEXT, "mentions": ["u2", "u2"]}), {40007}, "content.mentions"),
    "a mention of nobody": (frame("send", content={**TEXT, "mentions": ["nobody"]}), {40401}, "content.mentions"),
    "mention_all a number": (frame("send", content={**TEXT, "mention_all": 1}), {40003}, "content.mention_all"),
    "an empty emoji": (frame("react", target=2, emoji="", on=True), {40010}, "emoji"),
    "an emoji of 33 bytes": (frame("react", target=2, emoji="a" * 33, on=True), {40005}, "emoji"),
    "an emoji with a space": (frame("react", target=2, emoji="👍 👍", on=True), {40004}, "emoji"),
    "an emoji that turns round": (frame("react", target=2, emoji="\u202e👍", on=True), {40004}, "emoji"),
    "data of 4,097 bytes": (frame("data", data={"x": "y" * 4_090}), {40005}, "data"),
    "data that is a list": (frame("data", data=[1]), {40003}, "data"),
    # Tokens and versions.
    "a sync token that never was": ({"type": "sync", "token": "1.9223372036854775807"}, {40004}, "token"),
    "a sync token of noise": ({"type": "sync", "token": "abc"}, {40004}, "token"),
    "a sync token of another version": ({"type": "sync", "token": "9.1"}, {40004}, "token"),
    "a negative sync token": ({"type": "sync", "token": "1.-1"}, {40004}, "token"),
    "another epoch": ({"type": "sync", "epoch": "elsewhere"}, {41000}, ""),
    "a version that never was": (frame("members", version="1.9223372036854775807"), {40004}, "version"),
    "a version of noise": (frame("members", version="x"), {40004}, "version"),
    "a version and a slot": (frame("members", version="1.0", after_slot=1), {40006}, ""),
    "a state and a version": (frame("members", version="1.0", state="banned"), {40006}, ""),
    "a state that there is not": (frame("members", state="owner"), {40004}, "state"),
    "a slot beyond 2^31": (frame("members", after_slot=1 << 31), {40004}, "after_slot"),
    "a slot below 0": (frame("readers", sequence=2, list="read", after_slot=-1), {40004}, "after_slot"),
    # Links.
    "a link of noise": ({"type": "link_info", "link": "a b"}, {40403}, "link"),
    "an empty link": ({"type": "link_info", "link": ""}, {40403, 40010}, "link"),
    "a long link": ({"type": "link_info", "link": "k" * 10_000}, {40403, 40005}, "link"),
    "a link of another's making": ({"type": "join", "client_id": "$client_id", "link": "k7.x2"}, {40403}, "link"),
    "a link and a conversation": (
        {"type": "join", "client_id": "$client_id", "link": "k7.x2", "conversation": "$group"}, {40006}, ""),
    "unlink what there is not": (frame("unlink", link="there-is-none"), {40403}, "link"),
    "a link that has expired at once": (frame("link", expires=1), {40004}, "expires"),
    # Oneself.
    "block oneself": (frame("block", user="u1", on=True), {40004}, "user"),
    "block nobody": (frame("block", user="nobody", on=True), {40401}, "user"),
    "presence of a group and of users": (frame("presence", users=["u2"]), {40006}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANING)
def test_what_the_meaning_forbids(world: World, name: str) -> None:
    raw, codes, field = MEANING[name]
    before = world.run(head(world))
    error = world.error(dump({"id": world.number(), **cases.filled_in(raw, world.fill())}), codes)
    if field:
        assert error.get("field", "").startswith(field), error
    assert world.run(head(world)) == before, "a request that was refused made an entry"


def test_a_member_list_of_a_million_ends_the_connection_and_makes_nothing(world: World) -> None:
    raw = dump({"type": "create", "id": 1, "client_id": "m", **create, "members": [f"u{n}" for n in range(1_000_000)]})
    frames, closed = world.run(world.try_(raw))
    assert closed == 1009 and [f["code"] for f in frames] in ([41300], []), (frames[:1], closed)


def test_positions_never_go_beyond_the_end_nor_back(world: World) -> None:
    async def line() -> dict[str, Any]:
        socket = await world.ready()
        await socket.send(dump({"type": "sync", "id": 77}))
        answer = await answer_to(socket, 77)
        return next(c for c in answer["conversations"] if c["conversation"] == "g")

    async def read(**fields: int) -> None:
        socket = await world.ready()
        await socket.send(dump({"type": "read", "id": 78, "conversation": "g", **fields}))
        answer = await answer_to(socket, 78)
        assert answer["type"] == "ok" or answer["code"] == 40004, answer

    world.run(read(sequence=1 << 50))
    first = world.run(line())
    assert first["read"] <= first["head"] and first["delivered"] <= first["head"], first
    for fields in ({"sequence": 1}, {"delivered": 1}, {"sequence": 1, "delivered": 1}):
        world.run(read(**fields))
        again = world.run(line())
        assert again["read"] >= first["read"] and again["delivered"] >= first["delivered"], (first, again)


async def done(world: World, type: str, **fields: Any) -> dict[str, Any]:
    """A request of u1 that is granted: its answer."""
    socket, number = await world.ready(), world.number()
    named = {"client_id": f"d{number}"} if type in {"send", "edit", "react", "pin"} else {}
    await socket.send(dump({"type": type, "id": number, "conversation": "g", **named, **fields}))
    answer = await answer_to(socket, number)
    assert answer["type"] != "error", answer
    return answer


def test_what_is_so_already_is_no_entry(world: World) -> None:
    target = world.run(done(world, "send", content=TEXT))["sequence"]
    wishes = [
        ("react", {"emoji": "👍", "on": True}, "ack"), ("react", {"emoji": "👍", "on": True}, "ok"), ("react", {"emoji": "🎉", "on": False}, "ok"),
        ("pin", {"on": False}, "ok"), ("pin", {"on": True}, "ack"), ("pin", {"on": True}, "ok"),
        ("react", {"emoji": "👍", "on": False}, "ack"), ("react", {"emoji": "👍", "on": False}, "ok"),
    ]  # fmt: skip
    answers = [world.run(done(world, type, target=target, **fields))["type"] for type, fields, _ in wishes]
    assert answers == [answer for *_, answer in wishes]
    assert world.run(head(world)) == target + 3


def test_the_list_says_what_a_reader_was_answered(world: World) -> None:
    for _ in range(5):
        target = world.run(done(world, "send", content=TEXT))["sequence"]
        world.run(done(world, "read", sequence=target))
        number = world.number()
        frames, _ = world.run(world.try_(dump({"type": "sync", "id": number})))
        line = next(c for c in frames[0]["conversations"] if c["conversation"] == "g")
        assert (line["read"], line["unread"]) == (target, 0), line


def test_versions_beyond_a_page_are_reached(world: World) -> None:
    target = world.run(done(world, "send", content=TEXT))["sequence"]
    edits = [world.run(done(world, "edit", target=target, content={"type": "text", "text": str(n)}))["sequence"] for n in range(12)]
    found: list[int] = []
    more = True
    while more:
        page = world.run(done(world, "revisions", sequence=target, after=found[-1] if found else 0, limit=5))
        found += [entry["sequence"] for entry in page["entries"]]
        more = page["more"]
    assert found == [target, *edits]
