"""The binary encoding next to JSON: the same group, the same frames, field by field, on sockets and over HTTP."""

from __future__ import annotations

import asyncio
import random
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import connect

import parley_bin

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "judge"))

from server import Server  # noqa: E402

NAMES = {"json": "parley.json.1", "binary": "parley.bin.1"}


class Socket:
    """One connection, in either encoding: frames out and in are values."""

    def __init__(self, socket: Any, encoding: str) -> None:
        self.socket, self.encoding, self.id = socket, encoding, 0

    @classmethod
    async def open(cls, url: str, encoding: str) -> Socket:
        name = websockets.Subprotocol(NAMES[encoding])
        socket = await connect(url, subprotocols=[name], compression=None, max_size=None, ping_interval=None, proxy=None)
        assert socket.subprotocol == name
        self = cls(socket, encoding)
        hello = await self.next()
        assert hello["type"] == "hello" and hello["protocol"] == name
        return self

    async def next(self) -> dict[str, Any]:
        raw = await asyncio.wait_for(self.socket.recv(), 20)
        if self.encoding == "json":
            assert isinstance(raw, str)
            return parley_bin.read_json(raw)
        assert isinstance(raw, bytes)
        return parley_bin.decode(raw)

    async def say(self, frame: dict[str, Any]) -> None:
        await self.socket.send(parley_bin.encode(frame) if self.encoding == "binary" else parley_bin.write_json(frame))

    async def ask(self, frame: dict[str, Any]) -> dict[str, Any]:
        """The answer, without its number; what is pushed before it is dropped."""
        self.id += 1
        await self.say({"type": frame["type"], "id": self.id, **frame})
        while True:
            answer = await self.next()
            if answer.pop("id", None) == self.id:
                return answer

    async def event(self) -> dict[str, Any]:
        while True:
            frame = await self.next()
            if frame["type"] == "event":
                return frame

    async def end(self) -> tuple[list[dict[str, Any]], int | None]:
        """The frames that still come, and the code of the close frame."""
        frames = []
        try:
            while True:
                frames.append(await self.next())
        except websockets.ConnectionClosed:
            return frames, self.socket.close_code


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("binary") / "data")
    asyncio.run(server.start())
    yield server
    assert server.alive(), server.said()
    server.kill()


def post(server: Server, path: str, body: bytes, kind: str, token: str = "") -> tuple[int, str, bytes]:
    request = urllib.request.Request(server.http + path, body, {"Content-Type": kind, "Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()


@pytest.fixture(scope="module")
def tokens(server):
    """Two people: user id and token of each."""
    people = {}
    for name in ("ann", "ben"):
        body = parley_bin.write_json({"name": name, "password": "pass-word-1"}).encode()
        status, _, answer = post(server, "/v1/register", body, "application/json")
        assert status == 200, answer
        grant = parley_bin.read_json(answer.decode())
        people[name] = (grant["user"], grant["access_token"])
    return people


def same(one: Any, other: Any) -> None:
    """Equal in every field, its type and its digits, and in the order of fields."""
    assert repr(one) == repr(other)


def test_golden_frames_are_those_of_a_second_implementation():
    lines = (parley_bin.DOCS / "golden" / "binary.txt").read_text().splitlines()
    frames = parley_bin.golden()
    seen = 0
    for line in lines:
        if line.startswith("#"):
            continue
        name, data = line.split("\t")
        same(parley_bin.decode(bytes.fromhex(data)), parley_bin.read_json(frames[name]))
        assert parley_bin.encode(parley_bin.read_json(frames[name])).hex() == data
        seen += 1
    assert seen > 100


CONTENTS = [
    '{"type":"text","text":"hello"}',
    '{"type":"text","text":"\\"quoted\\" \\\\ line\\nnext\\ttab \\u0001 é 你好 👍"}',
    '{"type":"image","text":"a cat","media":"m1","size":[640,480],"ratio":1.3333333333333333,"price":1.50,"big":123456789012345678,'
    '"power":1e3,"minus":-0,"tiny":0.1,"deep":[[[{"type":"send","sequence":null,"on":true}]]],"":"","sender":"nobody"}',
]


def test_one_group_in_both_encodings(server, tokens):
    asyncio.run(one_group(server, tokens))


async def one_group(server, tokens):
    sockets = {}
    for name, (user, token) in tokens.items():
        for encoding in NAMES:
            socket = sockets[name, encoding] = await Socket.open(server.url, encoding)
            ready = await socket.ask({"type": "auth", "token": token})
            assert ready["type"] == "ready" and ready["user"] == user
    made = await sockets["ann", "binary"].ask(
        {"type": "create", "client_id": "g", "kind": "group", "title": "Both", "members": [tokens["ben"][0]]})
    group = made["conversation"]
    for socket in [sockets["ann", "json"], sockets["ben", "json"], sockets["ben", "binary"]]:
        assert (await socket.event())["kind"] == "created"

    # What either says, all others hear alike; the asker gets the same ack as his other encoding would.
    number = 0
    for content in CONTENTS:
        for asker in sockets:
            number += 1
            frame = {
                "type": "send", "conversation": group, "client_id": f"m{number}", "content": parley_bin.read_json(content)}
            ack = await sockets[asker].ask(frame)
            events = [await socket.event() for key, socket in sockets.items() if key != asker]
            for event in events:
                same(event, events[0])
                same(event["content"], parley_bin.read_json(content))
                assert event["sequence"] == ack["sequence"] == number + 1 and event["message"] == ack["message"]
            again = await sockets[asker[0], "binary" if asker[1] == "json" else "json"].ask(frame)
            same(again, ack)

    # Pages, lists, counts, errors: answer by answer.
    questions = [
        {"type": "history", "conversation": group, "limit": 50},
        {"type": "history", "conversation": group, "after": 0, "limit": 200},
        {"type": "sync", "positions": {group: 1}},
        {"type": "members", "conversation": group},
        {"type": "receipts", "conversation": group},
        {"type": "data", "conversation": group, "data": {"size": 1.5, "type": "x", "y": [None, True]}},
        {"type": "data", "conversation": group},
        {"type": "history", "conversation": "nowhere"},
        {"type": "history", "conversation": group, "limit": 201},
        {"type": "send", "conversation": group, "client_id": "x", "content": {"type": "text", "text": "a"}, "sender": "u9"},
        {"type": "send", "conversation": group, "client_id": "x", "content": {"type": "text", "text": "x" * 8001}},
        {"type": "nonsense"},
    ]  # fmt: skip
    for name, (_, token) in tokens.items():
        for question in questions:
            answer = await sockets[name, "binary"].ask(question)
            same(answer, await sockets[name, "json"].ask(question))
            number += 1
            numbered = {"id": number, **question}
            status, kind, body = await asyncio.to_thread(
                post, server, "/v1/request", parley_bin.encode(numbered), "application/cbor", token)
            web = parley_bin.decode(body)
            other, other_kind, other_body = await asyncio.to_thread(
                post, server, "/v1/request", parley_bin.write_json(numbered).encode(), "application/json", token)
            same(web, parley_bin.read_json(other_body.decode()))
            assert (kind, other_kind.split(";")[0]) == ("application/cbor", "application/json") and status == other
            assert web.pop("id") == number
            same(web, answer)
            assert (status == 200) == (answer["type"] != "error")

    # Positions, typing and presence come to both.
    await sockets["ben", "binary"].ask({"type": "read", "conversation": group, "sequence": 5})
    position = await sockets["ben", "json"].next()
    assert position["type"] == "position" and position["read"] == 5
    for socket in sockets.values():
        await socket.socket.close()


def test_each_encoding_wants_its_frames(server):
    async def wrong(encoding: str, message: str | bytes) -> None:
        socket = await Socket.open(server.url, encoding)
        await socket.socket.send(message)
        frames, code = await socket.end()
        expected = "not_binary" if encoding == "binary" else "not_text"
        assert [frame["name"] for frame in frames] == [expected] and code == 4400

    asyncio.run(wrong("binary", '{"type":"ping","id":1}'))
    asyncio.run(wrong("json", parley_bin.encode({"type": "ping", "id": 1})))


@pytest.mark.parametrize("message,name,field,code", [
    ("80", "not_cbor", None, 4400), ("a10018 17", "not_cbor", "type", 4400), ("bf0041 7a ff", "not_cbor", None, 4400),
    ("a100c100", "not_cbor", "type", 4400), ("a10061ff", "bad_text", "type", 1007), ("a20107 00 f7", "not_cbor", "type", 4400),
    ("a2010101 02", "duplicate_key", "id", None), ("a20041 7a 01 20", "out_of_range", "id", None),
    # One form for each number: what is an integer or a float64 has no digits, and what is larger has them.
    ("a20041 7a 01 1b0020000000000000", "not_cbor", "id", 4400), ("a20041 7a 01 423130", "not_cbor", "id", 4400),
    ("a20041 7a 01 43312e30", "not_cbor", "id", 4400), ("a20041 7a 01 5039303037313939323534373430393932", "out_of_range", "id", None),
    ("a109" + "81" * 40 + "00", "too_deep", "content", None),
])  # fmt: skip
def test_bad_frames_are_told_by_field_and_rule(server, tokens, message, name, field, code):
    async def case() -> None:
        socket = await Socket.open(server.url, "binary")
        await socket.ask({"type": "auth", "token": tokens["ann"][1]})
        await socket.socket.send(bytes.fromhex(message))
        error = await socket.next()
        assert error["type"] == "error" and error["name"] == name and error.get("field") == field, error
        if code:
            assert (await socket.end())[1] == code
        else:
            assert (await socket.ask({"type": "ping"}))["type"] == "pong"
            await socket.socket.close()

    asyncio.run(case())


def test_noise_is_refused_and_nobody_else_notices(server, tokens):
    async def case() -> None:
        steady = await Socket.open(server.url, "binary")
        await steady.ask({"type": "auth", "token": tokens["ann"][1]})
        dice = random.Random(20260729)
        frames = [parley_bin.encode(parley_bin.read_json(frame)) for name, frame in parley_bin.golden().items() if "client/" in name]
        refused = 0
        for _ in range(150):
            noise = bytearray(dice.choice(frames) if dice.random() < 0.7 else dice.randbytes(dice.randrange(60)))
            for _ in range(dice.randrange(1, 4)):
                if noise:
                    noise[dice.randrange(len(noise))] = dice.randrange(256)
            socket = await Socket.open(server.url, "binary")
            await socket.say({"type": "auth", "id": 0, "token": tokens["ben"][1]})
            assert (await socket.next())["type"] == "ready"
            await socket.socket.send(bytes(noise))
            answer = await socket.next()
            refused += answer["type"] == "error"
            await socket.socket.close()
        assert refused > 50
        assert (await steady.ask({"type": "ping"}))["type"] == "pong"

    asyncio.run(case())
