"""The rules of frames (R107, R108, R112), who one is (R111), and what is refused natively, seen from outside."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from profile_client import Compat, Frame, Stage
from server import ROOT

FIELDS: list[tuple[str, str, Any, int]] = [
    ("a missing mode", "mode", None, 40002),
    ("mode 3", "mode", 3, 40004),
    ("mode as a word", "mode", "two", 40004),
    ("a missing group_id", "group_id", None, 40002),
    ("a group_id that is no number", "group_id", "general", 40004),
    ("group 0 in mode 2", "group_id", 0, 40004),
    ("a missing user id", "from_user_id", None, 40002),
    ("a missing username", "from_username", None, 40002),
    ("an empty username", "from_username", "", 40010),
    ("a username too long", "from_username", "n" * 65, 40005),
    ("a missing avatar", "from_avatar", None, 40002),
    ("an avatar that is no text", "from_avatar", 7, 40003),
    ("a missing content", "content", None, 40002),
    ("an empty content", "content", "", 40010),
    ("129 characters", "content", "好" * 129, 40005),
    ("a content that is no text", "content", ["x"], 40003),
    ("a bad message id", "client_msg_id", "two words", 40009),
    ("a field that there is not", "colour", "red", 40006),
    ("a field of the server's", "sequence", 5, 40008),
    ("the number of another user", "from_user_id", 9_999, 40004),
]
NO_NUMBERS = [True, None, 1.5, 2.0, -2, "-2", "", " 2", "02", "2.0", "+2", "٢", "0x2", 2**53, str(2**53), "1e1", [2], {"n": 2}]


@pytest.fixture(scope="module")
def room(stage: Stage) -> tuple[Compat, int]:
    """A connection that stays open whatever is wrong with a frame, and a group."""

    async def work() -> tuple[Compat, int]:
        _, _, number = await stage.group("u1", "u2")
        ann = await Compat.enter(stage.server.url, stage.token("u1"))
        await ann.join(number)
        return ann, number

    return stage.run(work())


def without(frame: Frame, field: str, value: Any) -> Frame:
    return {key: one for key, one in {**frame, field: value}.items() if one is not None}


def test_each_rule_has_its_own_message(stage: Stage, room: tuple[Compat, int]) -> None:
    async def work() -> None:
        ann, number = room
        messages: dict[tuple[str, int], str] = {}
        for name, field, value, code in FIELDS:
            answer = await ann.refused(without(ann.spoken("x", group=number), field, value))
            data = answer["data"]
            assert data["error"] == code and data["field"] == field and data["event"] == "speak", (name, answer)
            assert field in answer["msg"], name
            messages[field, code] = answer["msg"]
        assert len(set(messages.values())) == len(messages) == len({(field, code) for _, field, _, code in FIELDS})
        await ann.silent()

    stage.run(work())


def test_private_mode_has_group_0_and_a_target(stage: Stage, room: tuple[Compat, int]) -> None:
    async def work() -> None:
        ann, _ = room
        for field, value, code in [("group_id", 1, 40004), ("to_user_id", None, 40002), ("to_user_id", "ben", 40004)]:
            answer = await ann.refused(without(ann.spoken("x", to=2), field, value))
            assert answer["data"]["error"] == code and answer["data"]["field"] == field

    stage.run(work())


def test_a_number_is_the_same_as_a_number_and_as_a_string(stage: Stage, room: tuple[Compat, int]) -> None:
    async def work() -> None:
        ann, number = room
        me = int(ann.number)
        for mode, group, user in [(2, number, me), ("2", str(number), str(me)), (2, str(number), me), ("2", number, str(me))]:
            frame = {**ann.spoken("x"), "mode": mode, "group_id": group, "from_user_id": user}
            await ann.say(frame)
            await ann.expect("ack")
            assert (await ann.expect("speak"))["group_id"] == number
        for field in ("mode", "group_id", "from_user_id"):
            for value in NO_NUMBERS:
                answer = await ann.refused({**ann.spoken("x", group=number), field: value})
                assert answer["data"]["field"] == field, (field, value, answer)
        for value in NO_NUMBERS:
            answer = await ann.refused({**ann.spoken("x", to=2), "to_user_id": value})
            assert answer["data"]["field"] == "to_user_id", (value, answer)
        await ann.silent()

    stage.run(work())


def test_128_characters_of_any_alphabet(stage: Stage, room: tuple[Compat, int]) -> None:
    async def work() -> None:
        ann, number = room
        for character in ("a", "ß", "好", "👍"):
            await ann.speak(character * 128, group=number)
            assert (await ann.expect("speak"))["content"] == character * 128
            assert (await ann.refused(ann.spoken(character * 129, group=number)))["data"]["error"] == 40005

    stage.run(work())


def test_not_json_and_no_object_end_the_connection(stage: Stage) -> None:
    async def work() -> None:
        for raw in ("hello", "", "[1]", "7", '"text"', "null", '{"event":"ping"', b"\x00\x01"):
            ann = await stage.compat("u3")
            await ann.socket.send(raw)
            envelope = await ann.next()
            assert envelope["code"] == 400 and envelope["data"]["error"] // 100 == 400, envelope
            assert await ann.ended() == 4400, raw

    stage.run(work())


def test_any_other_event_is_given_back_and_the_connection_stays(stage: Stage, room: tuple[Compat, int]) -> None:
    async def work() -> None:
        ann, _ = room
        sent = {"event": "dance", "mode": 2, "steps": [1, 2], "error": "mine"}
        answer = await ann.refused(sent)
        assert answer["data"]["error"] == 40001
        assert {key: answer["data"][key] for key in ("event", "mode", "steps")} == {"event": "dance", "mode": 2, "steps": [1, 2]}
        assert (await ann.refused({"mode": 2}))["data"]["field"] == "event"
        answer = await ann.ask({"event": "ping", "mode": 2, "group_id": 0, "content": "beat"})
        assert answer["code"] == 0 and answer["msg"] == "heartbeat"

    stage.run(work())


def test_identity_comes_from_the_log_in_only(stage: Stage, room: tuple[Compat, int]) -> None:
    async def work() -> None:
        ann, number = room
        ben = await stage.compat("u2")
        await ben.join(number)
        for event in ("join", "speak"):
            frame = {**ben.spoken("x", group=number), "event": event, "from_user_id": ann.number}
            answer = await ben.refused(frame)
            assert answer["data"]["field"] == "from_user_id" and answer["data"]["error"] == 40004
        await ben.say({**ben.spoken("me", group=number), "from_username": "Somebody Else", "from_avatar": "x" * 1024})
        await ben.expect("ack")
        for client in (ben, ann):
            line = await client.expect("speak")
            assert line["from_username"] == "u2" and line["from_avatar"] == "" and line["from_user_id"] == ben.number

    stage.run(work())


def test_nothing_before_the_log_in(stage: Stage) -> None:
    async def work() -> None:
        speak = {
            "event": "speak", "mode": 2, "group_id": 1, "from_user_id": 1, "from_username": "u1", "from_avatar": "", "content": "x",
        }  # fmt: skip
        for frame in (speak, {"event": "ping"}, {**speak, "event": "join"}, {"event": "sync"}):
            client = await stage.stranger()
            answer = await client.refused(frame)
            assert answer["data"]["error"] == 40100 and answer["data"]["event"] == frame["event"]
            assert await client.ended() == 4401
        for credential in ({"token": "pa1nonsense"}, {"ticket": "pt1nonsense"}):
            client = await stage.stranger()
            answer = await client.refused({"event": "auth", **credential})
            assert answer["data"]["error"] == 40101 and "nonsense" not in json.dumps(answer)
            assert await client.ended() == 4401
        ann = await stage.compat("u4")
        assert (await ann.refused({"event": "auth", "token": stage.token("u4")}))["data"]["error"] == 40103
        await ann.silent()

    stage.run(work())


EVENTS: dict[str, Frame] = {
    "join": {}, "speak": {"content": "x"}, "history": {"limit": 5}, "read": {"sequence": 1},
}  # fmt: skip
"""Every event that names a conversation."""
NAMING_NONE = {"auth", "ping", "sync"}


def test_every_event_that_the_decoder_takes_is_tried_by_strangers() -> None:
    source = (ROOT / "Sources/ParleyWire/Compat/CompatDecoder.swift").read_text()
    assert set(re.findall(r'case "(\w+)"', source)) == set(EVENTS) | NAMING_NONE



def test_who_is_in_no_group_learns_nothing_of_it(stage: Stage) -> None:
    async def work() -> None:
        owner, conversation, number = await stage.group("u5", "u6", "u7")
        await owner.send(conversation, "a secret")
        await owner.ask("remove", conversation=conversation, client_id="out", user="u7")
        member = await stage.compat("u6")
        await member.bind()
        direct = await member.speak("private", to=(await stage.compat("u5")).number)
        await member.say({"event": "sync"})
        assert direct["sequence"] == 2
        for user in ("u7", "u8"):
            asker = await stage.compat(user)
            for event, fields in EVENTS.items():
                answers = []
                # Foreign, and what nobody has; the private conversation of two others has a number too.
                for group in (number, number + 1, 987_654_321):
                    answer = await asker.refused({"event": event, "mode": 2, "group_id": group, **asker.claims, **fields})
                    answers.append({key: value for key, value in answer["data"].items() if key != "group_id"} | {"msg": answer["msg"]})
                assert answers[0] == answers[1] == answers[2] and answers[0]["error"] == 40300, (user, event, answers)
            for event in ("history", "read"):
                frame = {"event": event, "mode": 1, "group_id": 0, **EVENTS[event]}
                for to in (member.number, 987_654_321):
                    assert (await asker.refused({**frame, "to_user_id": to}))["data"]["error"] == 40300
            assert (await asker.refused(asker.spoken("x", to=987_654_321)))["data"]["error"] == 40401
            await asker.say({"event": "sync"})
            assert number not in [line.get("group_id") for line in (await asker.expect("sync"))["list"]]
            await asker.silent()

    stage.run(work())


def test_native_refusals_name_the_field_of_the_profile(stage: Stage) -> None:
    async def work() -> None:
        _, _, number = await stage.group("u7", "u8")
        ann = await stage.compat("u7")
        await ann.speak("once", group=number, client_msg_id="same")
        cases = [
            (ann.spoken("myself", to=ann.number), 40004, "to_user_id", True),
            (ann.spoken("other", group=number, client_msg_id="same"), 40900, "client_msg_id", False),
            ({"event": "read", "mode": 2, "group_id": number, "sequence": 999}, 40004, "sequence", True),
        ]
        for frame, error, field, ruled in cases:
            answer = await ann.refused(frame)
            assert (answer["data"]["error"], answer["data"].get("field")) == (error, field), answer
            assert ("rule" in answer["data"]) == ruled and field in answer["msg"], answer
            assert not re.search(r"\b(members|client_id)\b", answer["msg"]), answer

    stage.run(work())


def test_a_message_at_the_bounds_of_a_request_is_told(stage: Stage) -> None:
    async def work() -> None:
        owner, conversation, number = await stage.group("u8", "u9")
        ann = await stage.compat("u9")
        await ann.join(number)
        deep: Any = []
        for _ in range(29):
            deep = [deep]
        await owner.send(conversation, "deep", x=deep)
        assert (await ann.expect("speak"))["content"] == "deep"
        await ann.say({"event": "history", "mode": 2, "group_id": number})
        assert "deep" in [line["content"] for line in (await ann.expect("history"))["list"]]
        await ann.say({"event": "sync"})
        assert number in [line.get("group_id") for line in (await ann.expect("sync"))["list"]]

    stage.run(work())


def test_rights_and_limits_are_those_of_the_native_protocol(stage: Stage) -> None:
    async def work() -> None:
        owner, conversation, number = await stage.group("u5", "u6")
        ann = await stage.compat("u6")
        await ann.join(number)
        await owner.ask("mute", conversation=conversation, client_id="mute", user="u6", until=4_102_444_800_000)
        answer = await ann.refused(ann.spoken("x", group=number))
        assert answer["data"]["error"] == 40303 and answer["data"]["retry"] == "later" and answer["data"]["content"] == "x"
        peer = await stage.compat("u9")
        blocker = await stage.native("u9")
        await peer.speak("hello", to=ann.number)
        await blocker.ask("block", user="u6", on=True)
        assert (await ann.refused(ann.spoken("x", to=peer.number)))["data"]["error"] == 40305
        await owner.ask("dissolve", conversation=conversation, client_id="end")
        assert (await ann.refused(ann.spoken("x", group=number)))["data"]["error"] == 40306

    stage.run(work())


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_and_mutated_frames_do_no_harm(stage: Stage, room: tuple[Compat, int], seed: int) -> None:
    async def work() -> None:
        ann, number = room
        rng = random.Random(seed)
        good = [
            json.dumps(frame, ensure_ascii=False).encode()
            for frame in (
                ann.spoken("hello 好", group=number), ann.spoken("x", to=2), {"event": "join", "mode": 2, "group_id": number, **ann.claims},
                {"event": "history", "mode": 2, "group_id": number, "before": 9}, {"event": "sync", "token": "1.5"}, {"event": "ping"},
            )
        ]  # fmt: skip
        client = await stage.compat("u1")
        for turn in range(400):
            frame = bytearray(rng.choice(good))
            for _ in range(rng.randint(1, 4)):
                place = rng.randrange(len(frame))
                match rng.randrange(4):
                    case 0: frame[place] = rng.randrange(256)
                    case 1: del frame[place : place + rng.randint(1, 8)]
                    case 2: frame[place:place] = rng.randbytes(rng.randint(1, 8))
                    case _: frame += frame[place:]
                frame = frame or bytearray(b"{")
            raw = bytes(frame) if turn % 5 else rng.randbytes(rng.randint(0, 200))
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                text = raw.decode(errors="replace")
            if client.socket.close_code is not None:
                client = await stage.compat("u1")
            try:
                await client.socket.send(text)
                await client.say({"event": "ping"})
                while (envelope := await client.next())["msg"] != "heartbeat":
                    assert envelope["code"] in (0, 400), (text, envelope)
            except (OSError, Exception) as error:
                # Ended, as it is for what is no JSON.
                assert "ConnectionClosed" in type(error).__name__, (text, error)
        await ann.say({"event": "ping"})
        while (await ann.next())["msg"] != "heartbeat":
            pass

    stage.run(work())
