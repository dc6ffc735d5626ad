"""R96: a row that fails its check fails what needs it: its own readers and writers, and nobody beside them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from server import Server
from wire import ask, dump, enter

PLAN = "user 1 ann password-1\nuser 2 ben password-2\nuser 3 cem password-3\ngroup Garden 1 2\ngroup Harbour 1 2 3\n"
OTHERS = 60
Frame = dict[str, Any]

FLIP = "UPDATE entries SET content = CAST(replace(CAST(content AS TEXT), 'hello', 'hellp') AS BLOB) WHERE client_id = 'mine'"


def send(id: int, conversation: str, client_id: str, text: str = "hello") -> Frame:
    return {"type": "send", "id": id, "conversation": conversation, "client_id": client_id, "content": {"type": "text", "text": text}}


async def groups(socket: Any) -> dict[str, str]:
    answer, _ = await ask(socket, {"type": "sync", "id": 1, "token": "", "positions": {}})
    return {row["title"]: row["conversation"] for row in answer["conversations"]}


async def among_others(socket: Any, other: str, name: str, frame: Frame) -> tuple[str, Counter[str]]:
    """What the frame is answered among sends to another group, and what those are."""
    frames = [send(100 + n, other, f"{name}-{n}") for n in range(OTHERS)]
    frames.insert(OTHERS // 2, frame)
    for one in frames:
        await socket.send(dump(one))
    told: dict[int, str] = {}
    async with asyncio.timeout(20):
        while len(told) < len(frames):
            answer = json.loads(await socket.recv())
            if answer.get("id") is not None:
                told[answer["id"]] = answer.get("name", answer["type"])
    return told.pop(frame["id"]), Counter(told.values())


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "data")


def test_a_flipped_message_fails_nobody_else(server: Server) -> None:
    async def work() -> None:
        tokens = server.provision(PLAN)
        await server.start()
        socket, _, _ = await enter(server.url, tokens["ann"])
        titles = await groups(socket)
        stored, _ = await ask(socket, send(2, titles["Garden"], "mine"))
        await socket.close()
        assert await server.drain() == 0
        with sqlite3.connect(server.data / "parley.sqlite") as database:
            assert database.execute(FLIP).rowcount == 1
        database.close()
        await server.start()
        socket, _, _ = await enter(server.url, tokens["ann"])
        target = {"conversation": titles["Garden"], "target": stored["sequence"]}
        tried = {
            "repeat": send(7, titles["Garden"], "mine"),
            "react": {"type": "react", "id": 7, "client_id": "r", "emoji": "👍", "on": True, **target},
            "edit": {"type": "edit", "id": 7, "client_id": "e", "content": {"type": "text", "text": "x"}, **target},
            "thread": {**send(7, titles["Garden"], "t"), "thread": stored["sequence"]},
        }
        for name, frame in tried.items():
            own, others = await among_others(socket, titles["Harbour"], name, frame)
            assert (own, others) == ("internal_error", Counter({"ack": OTHERS})), (name, own, others)
            assert server.healthy(), "one row is no reason to take nothing"
        assert (await ask(socket, send(8, titles["Garden"], "next")))[0]["type"] == "ack"
        assert server.said().count("stored bytes fail their check") >= len(tried)
        assert await server.drain() == 0

    asyncio.run(work())


def test_a_damaged_member_fails_nobody_else(server: Server) -> None:
    async def work() -> None:
        tokens = server.provision(PLAN)
        await server.start()
        socket, _, _ = await enter(server.url, tokens["ann"])
        titles = await groups(socket)
        assert await server.drain() == 0
        with sqlite3.connect(server.data / "parley.sqlite") as database:
            assert database.execute(
                "UPDATE members SET role = 9 WHERE conversation = (SELECT key FROM conversations WHERE id = ?)"
                " AND user = (SELECT key FROM users WHERE name = 'ben')",
                (titles["Garden"],),
            ).rowcount == 1
        database.close()
        await server.start()
        socket, _, _ = await enter(server.url, tokens["ann"])
        remove = {"type": "remove", "id": 7, "conversation": titles["Garden"], "client_id": "out", "user": (await user(socket, "ben"))}
        own, others = await among_others(socket, titles["Harbour"], "member", remove)
        assert (own, others) == ("internal_error", Counter({"ack": OTHERS}))
        assert server.healthy()
        assert await server.drain() == 0

    asyncio.run(work())


async def user(socket: Any, name: str) -> str:
    titles = await groups(socket)
    answer, _ = await ask(socket, {"type": "members", "id": 3, "conversation": titles["Harbour"]})
    return next(row["user"] for row in answer["members"] if row["name"] == name)
