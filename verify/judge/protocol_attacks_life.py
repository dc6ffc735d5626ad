"""Attacks on the life of a connection: connecting, logging in, limits, floods, mutated frames, memory.

Run:  PARLEY_BIN=.build/release/parley .venv/bin/python -m pytest -q verify/judge/protocol_attacks_life.py
The seed of the mutations is PARLEY_SEED (default 1, printed on failure).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

import attack_cases as cases
from attack_world import World, answer_to, label
from wire import dump, enter, open_socket

MIB = 1 << 20


async def fresh(world: World) -> tuple[Any, dict[str, Any]]:
    socket = await open_socket(world.server.url)
    return socket, json.loads(await asyncio.wait_for(socket.recv(), 10))


async def rest(socket: Any, timeout: float = 10) -> tuple[list[dict[str, Any]], int | None]:
    """All frames up to the end of the connection, and its close code."""
    frames = []
    try:
        while True:
            frames.append(json.loads(await asyncio.wait_for(socket.recv(), timeout)))
    except ConnectionClosed:
        return frames, socket.close_code


# A1: Origin.


@pytest.mark.parametrize("origin", cases.ORIGINS_REFUSED, ids=label)
def test_foreign_origin_is_refused(world: World, origin: str) -> None:
    async def connect() -> None:
        await (await open_socket(world.server.url, origin=origin)).close()

    with pytest.raises(InvalidHandshake) as refused:
        world.run(connect())
    assert refused.value.response.status_code == 403, refused.value  # type: ignore[attr-defined]


def test_own_origin_and_none_are_welcome(world: World) -> None:
    for origin in (world.server.http, None):
        socket, _, ready = world.run(enter(world.server.url, world.tokens["u1"], origin=origin))
        assert ready["type"] == "ready"
        world.run(socket.close())


# A3, A4: before log-in.


def test_silence_before_log_in_ends_in_time(world: World) -> None:
    async def wait() -> tuple[float, dict[str, Any], list[dict[str, Any]], int | None]:
        socket, hello = await fresh(world)
        start = time.monotonic()
        frames, closed = await rest(socket, 15)
        return time.monotonic() - start, hello, frames, closed

    took, hello, frames, closed = world.run(wait())
    assert [f["code"] for f in frames] == [40102], frames
    world.documented(frames[0], closed)
    assert hello["auth_ms"] / 1000 - 0.5 <= took <= hello["auth_ms"] / 1000 + 2, took


def test_chatter_does_not_move_the_log_in_deadline(world: World) -> None:
    """WebSocket pings are not a log-in."""

    async def wait() -> tuple[float, int | None]:
        socket, hello = await fresh(world)
        start = time.monotonic()
        while time.monotonic() - start < hello["auth_ms"] / 1000 + 4:
            try:
                await socket.ping()
            except ConnectionClosed:
                break
            await asyncio.sleep(0.5)
        return time.monotonic() - start - hello["auth_ms"] / 1000, socket.close_code

    late, closed = world.run(wait())
    assert closed == 4401 and late < 3, (late, closed)


@pytest.mark.parametrize("name", cases.REQUESTS)
def test_nothing_before_log_in(world: World, name: str) -> None:
    async def early() -> tuple[list[dict[str, Any]], int | None]:
        socket, _ = await fresh(world)
        await socket.send(dump(cases.valid(name, world.fill(), 1)))
        return await rest(socket)

    frames, closed = world.run(early())
    assert [f["code"] for f in frames] == [40100], frames
    world.documented(frames[0], closed)


@pytest.mark.parametrize("size", [4097, 5000, 100_000])
def test_small_frames_only_before_log_in(world: World, size: int) -> None:
    async def early() -> tuple[list[dict[str, Any]], int | None]:
        socket, _ = await fresh(world)
        frame = dump({"type": "auth", "id": 1, "token": "x"})
        await socket.send(frame[:-2] + "x" * (size - len(frame)) + frame[-2:])
        return await rest(socket)

    frames, closed = world.run(early())
    assert closed == 1009, (frames, closed)
    assert [f["code"] for f in frames] in ([41300], []), frames


@pytest.mark.parametrize(
    ("credential", "codes"),
    [
        ({}, {40002}),
        ({"token": ""}, {40101, 40010}),
        ({"token": "pa1"}, {40101}),
        ({"token": "x" * 3000}, {40101, 40005}),
        ({"ticket": "pt1aaaa"}, {40101}),
        ({"token": "pa1\u0000"}, {40101, 40004, 40013}),
        ({"token": 5}, {40003}),
        ({"token": None}, {40003, 40002}),
        ({"token": "a", "ticket": "b"}, {40006, 40014}),
        ({"token": "$other", "user": "u2"}, {40006, 40008}),
        ({"token": "' OR 1=1 --"}, {40101}),
    ],
    ids=label,
)
def test_bad_credentials(world: World, credential: dict[str, Any], codes: set[int]) -> None:
    async def log_in() -> tuple[dict[str, Any], int | None]:
        socket, _ = await fresh(world)
        own = {k: world.tokens["u1"] if v == "$other" else v for k, v in credential.items()}
        await socket.send(json.dumps({"type": "auth", "id": 1, **own}))
        error = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if world.errors[error["code"]][2] is not None:
            await rest(socket)
        closed = socket.close_code
        await socket.close()
        return error, closed

    error, closed = world.run(log_in())
    assert error["type"] == "error" and error["code"] in codes, error
    world.documented(error, closed)


def test_log_in_twice(world: World) -> None:
    world.error(dump({"type": "auth", "id": 1, "token": world.tokens["u1"]}), {40103})


# Limits.


def test_frames_up_to_the_limit(world: World) -> None:
    world.run(world.ready())
    limit = world.hello["limits"]["frame_bytes"]
    frame = cases.valid("send", world.fill(), world.number())
    content = {"type": "text", "text": "x", "pad": ""}
    full = dump({**frame, "content": content})
    for pad in (90_000, limit - len(full)):
        raw = dump({**frame, "client_id": f"big{pad}", "content": {**content, "pad": "p" * pad}})[:limit]
        frames, closed = world.run(world.try_(raw))
        assert frames[0]["type"] == "ack" or frames[0]["code"] in {40005, 40000}, frames
    frames, closed = world.run(world.try_("{" + " " * limit + "}"))
    assert closed == 1009, (frames, closed)


def test_more_requests_than_may_be_in_flight(world: World) -> None:
    async def flood() -> tuple[int, dict[int, str], int]:
        socket, hello, _ = await enter(world.server.url, world.tokens["u1"])
        many = hello["limits"]["requests_in_flight"] * 5
        for number in range(1, many + 1):
            frame = {"type": "history", "id": number, "conversation": "g", "limit": 200}
            await socket.send(dump(frame))
        answers: dict[int, str] = {}
        twice = 0
        while len(answers) < many:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 20))
            if "id" in frame:
                twice += frame["id"] in answers
                answers[frame["id"]] = frame["type"] if frame["type"] != "error" else str(frame["code"])
        await socket.close()
        return many, answers, twice

    many, answers, twice = world.run(flood())
    assert len(answers) == many and not twice
    assert set(answers.values()) <= {"page", "42901"}, set(answers.values())


def test_two_thousand_pings_of_either_kind(world: World) -> None:
    async def flood() -> int:
        socket, _, _ = await enter(world.server.url, world.tokens["u1"])
        for number in range(1, 2001):
            await socket.send(dump({"type": "ping", "id": number}))
            if number % 4 == 0:
                await socket.ping(str(number))
        answers = 0
        while answers < 2000:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 20))
            answers += frame["type"] == "pong" or frame.get("code") == 42901
        await socket.close()
        return answers

    before = world.server.memory()
    assert world.run(flood()) == 2000
    assert world.server.memory() - before < 32 * MIB


# Mutations: whatever comes in, an answer or an end goes out, the process and its memory stay.


def mutated(rng: random.Random, raw: str) -> str | bytes:
    """One to three small hurts."""
    data = bytearray(raw.encode())
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0:
                del data[place : place + rng.randint(1, 6)]
            case 1:
                data[place:place] = rng.choice(
                    [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u0000", b"\\ud800", b"null", b"-", b"9" * 20, b"e9"]
                )
            case 2 if data:
                data[place % len(data)] ^= 1 << rng.randrange(7)
            case 3:
                piece = bytes(data[place : place + 12])
                data[place:place] = piece
            case 4:
                data[place:place] = bytes(rng.choices(range(32, 127), k=3))
            case _:
                data[place:place] = "é😀\u202e".encode()[: rng.randint(1, 9)]
    try:
        return data.decode()
    except UnicodeDecodeError:
        return bytes(data)


def test_mutated_frames(world: World) -> None:
    seed = int(os.environ.get("PARLEY_SEED", "1"))
    rng = random.Random(seed)
    before = world.server.memory()
    names = list(cases.HARMLESS_REQUESTS)
    for round_ in range(3000):
        raw = mutated(rng, dump(cases.valid(rng.choice(names), world.fill(), world.number())))
        frames, closed = world.run(world.try_(raw))
        assert frames or closed is not None, f"seed {seed}, round {round_}: no answer to {raw!r}"
        for frame in frames:
            if frame["type"] == "error":
                assert frame["code"] < 50000, f"seed {seed}, round {round_}: {raw!r}: {frame}"
                world.documented(frame, closed)
    assert world.server.alive()
    assert world.server.memory() - before < 32 * MIB, "memory grew by more than 32 MiB"


# Keys in the order in which the document shows them, no spaces.

SHAPES: dict[str, list[str]] = {
    "hello": ["type", "protocol", "epoch", "heartbeat_ms", "auth_ms", "limits"],
    "ready": ["type", "id", "user", "name", "session", "connection"],
    "ack": ["type", "id", "conversation", "client_id", "sequence", "message", "time"],
    "event": ["type", "conversation", "sequence", "message", "kind", "sender", "client_id", "time", "content"],
    "page": ["type", "id", "conversation", "head", "entries", "more"],
    "synced": ["type", "id", "epoch", "token", "conversations", "more"],
    "members": ["type", "id", "conversation", "members", "more", "version"],
    "users": ["type", "id", "users"],
    "pong": ["type", "id", "time"],
    "ok": ["type", "id"],
    "error": ["type", "id", "code", "name", "message", "field", "rule", "retry"],
}


def test_frames_have_their_keys_in_order(world: World) -> None:
    async def collect() -> dict[str, str]:
        found: dict[str, str] = {}
        bob, _, _ = await enter(world.server.url, world.tokens["u2"])
        socket = await open_socket(world.server.url)
        found["hello"] = str(await socket.recv())
        await socket.send(dump({"type": "auth", "id": 0, "token": world.tokens["u1"]}))
        found["ready"] = str(await socket.recv())
        for name in ("send", "history", "sync", "read", "members", "users", "ping"):
            await socket.send(
                dump(
                    {
                        k: v
                        for k, v in cases.valid(name, world.fill() | {"$epoch": json.loads(found["hello"])["epoch"]}, 1).items()
                        if k != "reply_to"
                    }
                )
            )
            raw = str(await asyncio.wait_for(socket.recv(), 10))
            found[json.loads(raw)["type"]] = raw
        await socket.send('{"type":"read","id":1,"conversation":5}')
        found["error"] = str(await socket.recv())
        found["event"] = str(await asyncio.wait_for(bob.recv(), 10))
        await socket.close()
        await bob.close()
        return found

    found = world.run(collect())
    for name, keys in SHAPES.items():
        frame = json.loads(found[name])
        assert list(frame) == keys, found[name]
        assert dump(frame) == found[name], f"spaces or escapes that need not be: {found[name][:300]}"


def test_ex_member_reads_nothing(world: World) -> None:
    """A20: after his membership ended, whatever the cursor."""

    async def leave() -> list[int]:
        one, _, _ = await enter(world.server.url, world.tokens["u3"])
        made = {"type": "create", "id": 1, "client_id": "k1", "kind": "group", "title": "Short", "members": ["u4"]}
        await one.send(dump(made))
        group = (await answer_to(one, 1))["conversation"]
        two, _, _ = await enter(world.server.url, world.tokens["u4"])
        await two.send(dump({"type": "leave", "id": 2, "client_id": "k2", "conversation": group}))
        assert (await answer_to(two, 2))["type"] == "ack"
        codes = []
        requests: list[dict[str, Any]] = [{"type": "history", "after": 0}, {"type": "history", "before": 2}, {"type": "history"}, {"type": "members"}]
        requests += [{"type": "read", "sequence": 1}, {"type": "send", "client_id": "k3", "content": cases.CONTENT}]
        for number, request in enumerate(requests, 10):
            await two.send(dump({**request, "id": number, "conversation": group}))
            codes.append((await answer_to(two, number)).get("code", 0))
        await one.close()
        await two.close()
        return codes

    codes = world.run(leave())
    assert set(codes) == {40300}, codes
