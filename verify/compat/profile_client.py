"""A client that knows nothing but the profile parley.compat.1: one JSON object a frame, `event` out, `code`, `msg` and `data` in."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

from server import Server
from wire import ask, enter

SUBPROTOCOL = "parley.compat.1"
USERS = range(1, 10)
Frame = dict[str, Any]


class Compat:
    """One connection of one user."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.me: Frame = {}

    @classmethod
    async def open(cls, url: str) -> Compat:
        """A connection that has not said who it is."""
        name = websockets.Subprotocol(SUBPROTOCOL)
        socket = await connect(url, subprotocols=[name], compression=None, max_size=None, ping_interval=None, proxy=None)
        assert socket.subprotocol == name
        return cls(socket)

    @classmethod
    async def enter(cls, url: str, token: str) -> Compat:
        self = await cls.open(url)
        self.me = (await self.ask({"event": "auth", "token": token}))["data"]
        assert self.me["event"] == "auth", self.me
        return self

    @property
    def number(self) -> str:
        return self.me["from_user_id"]

    @property
    def claims(self) -> Frame:
        """What the articles' client sends of itself with each frame."""
        return {"from_user_id": self.number, "from_username": self.me["from_username"], "from_avatar": "me.png"}

    async def say(self, frame: Frame) -> None:
        await self.socket.send(json.dumps(frame, ensure_ascii=False))

    async def next(self, timeout: float = 10) -> Frame:
        """The next envelope, which has exactly the three fields and one of the three codes (R106)."""
        envelope = json.loads(await asyncio.wait_for(self.socket.recv(), timeout))
        assert set(envelope) == {"code", "msg", "data"}, envelope
        assert envelope["code"] in (0, 400, 500) and isinstance(envelope["msg"], str) and isinstance(envelope["data"], dict)
        return envelope

    async def ask(self, frame: Frame) -> Frame:
        await self.say(frame)
        return await self.next()

    async def expect(self, event: str) -> Frame:
        """The data of the next envelope, which is of this event."""
        envelope = await self.next()
        assert envelope["code"] == 0 and envelope["data"]["event"] == event, envelope
        return envelope["data"]

    async def refused(self, frame: Frame) -> Frame:
        envelope = await self.ask(frame)
        assert envelope["code"] == 400, envelope
        return envelope

    async def join(self, group: Any) -> Frame:
        await self.say({"event": "join", "mode": 2, "group_id": group, **self.claims})
        return await self.expect("init")

    async def bind(self) -> Frame:
        await self.say({"event": "join", "mode": 1, "group_id": 0, **self.claims})
        return await self.expect("init")

    def spoken(self, content: str, *, group: Any = None, to: Any = None, **more: Any) -> Frame:
        place = {"mode": 2, "group_id": group} if to is None else {"mode": 1, "group_id": 0, "to_user_id": to}
        return {"event": "speak", **place, **self.claims, "content": content, **more}

    async def speak(self, content: str, **where: Any) -> Frame:
        """Says it; the data of its `ack`."""
        await self.say(self.spoken(content, **where))
        return await self.expect("ack")

    async def silent(self) -> None:
        """Nothing has come before the answer to a ping does."""
        await self.say({"event": "ping"})
        await self.expect("pong")

    async def ended(self) -> int | None:
        """The close code; nothing more comes before it."""
        try:
            raw = await asyncio.wait_for(self.socket.recv(), 10)
        except websockets.ConnectionClosed:
            return self.socket.close_code
        raise AssertionError(f"still open: {raw!r}")

    async def close(self) -> None:
        await self.socket.close()


class Native:
    """A connection of the native protocol, for what the profile has no event for."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.id = socket, 0

    @classmethod
    async def enter(cls, url: str, token: str) -> Native:
        socket, _, _ = await enter(url, token)
        return cls(socket)

    async def ask(self, type: str, **fields: Any) -> Frame:
        self.id += 1
        answer, _ = await ask(self.socket, {"type": type, "id": self.id, **fields})
        assert answer["type"] != "error", answer
        return answer

    async def group(self, title: str, members: list[str]) -> str:
        created = await self.ask("create", client_id=title.replace(" ", ""), kind="group", title=title, members=members)
        return created["conversation"]

    async def send(self, conversation: str, text: str, **content: Any) -> Frame:
        return await self.ask(
            "send", conversation=conversation, client_id=text.replace(" ", "-"), content={"type": "text", "text": text, **content})

    async def event(self, kind: str = "message") -> Frame:
        while True:
            frame = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
            if frame["type"] == "event" and frame["kind"] == kind:
                return frame

    async def close(self) -> None:
        await self.socket.close()


class Stage:
    """A server and its users."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.server = Server(folder / "data")
        self.tokens = self.server.provision("".join(f"user {n} u{n} pass-word-{n}\n" for n in USERS))
        self.runner.run(self.server.start())
        self.titles = 0
        self.open: list[Any] = []

    def run(self, work: Any) -> Any:
        """Runs a test's body; then its connections end, and it is seen that the server still serves."""
        try:
            return self.runner.run(asyncio.wait_for(work, 60))
        finally:
            self.runner.run(self._clear())
            assert self.server.alive() and self.server.healthy()

    async def _clear(self) -> None:
        for connection in self.open:
            await connection.close()
        self.open.clear()

    def token(self, user: str) -> str:
        return self.tokens[user]

    async def compat(self, user: str) -> Compat:
        connection = await Compat.enter(self.server.url, self.token(user))
        self.open.append(connection)
        return connection

    async def stranger(self) -> Compat:
        connection = await Compat.open(self.server.url)
        self.open.append(connection)
        return connection

    async def native(self, user: str) -> Native:
        connection = await Native.enter(self.server.url, self.token(user))
        self.open.append(connection)
        return connection

    async def group(self, *users: str) -> tuple[Native, str, int]:
        """A new group of these users: its owner's native connection, its id, and its number, as `sync` tells it."""
        self.titles += 1
        title = f"Group {self.titles}"
        owner = await self.native(users[0])
        conversation = await owner.group(title, list(users[1:]))
        seer = await Compat.enter(self.server.url, self.token(users[0]))
        await seer.say({"event": "sync"})
        line = next(line for line in (await seer.expect("sync"))["list"] if line["name"] == title)
        await seer.close()
        return owner, conversation, line["group_id"]

    def end(self) -> None:
        self.runner.run(self._clear())
        self.server.kill()
        self.runner.close()
