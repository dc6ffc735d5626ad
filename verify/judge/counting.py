"""Sockets that count: frames and bytes by direction and type, as they stand on the wire (WebSocket headers included)."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from wire import dump, open_socket

TYPE = re.compile(r'"type":"(\w+)"')


def on_wire(text: str, masked: bool) -> int:
    """Bytes of one text frame: header, mask and payload (RFC 6455, section 5.2)."""
    size = len(text.encode())
    return size + (2 if size < 126 else 4 if size < 65_536 else 10) + (4 if masked else 0)


@dataclass
class Meter:
    """Frames and bytes of some sockets together. Keys: direction and type, such as `> read` and `< event`."""

    frames: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)

    def count(self, text: str, out: bool) -> str:
        match = TYPE.search(text[:400])
        type = match.group(1) if match else "?"
        key = f"{'>' if out else '<'} {type}"
        self.frames[key] += 1
        self.bytes[key] += on_wire(text, masked=out)
        return type

    def __getitem__(self, key: str) -> tuple[int, int]:
        return self.frames[key], self.bytes[key]


@dataclass(eq=False)
class Counted:
    """One connection of one user whose every frame is metered."""

    user: str
    meter: Meter
    socket: ClientConnection
    seen: Callable[[str, str], None] = lambda type, text: None
    """Called with each frame that is no answer: its type and its text."""
    numbers: int = 0
    answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    reader: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, user: str, token: str, meter: Meter) -> Counted:
        self = cls(user, meter, await open_socket(url))
        self.reader = asyncio.create_task(self._read())
        ready = await self.ask({"type": "auth", "token": token})
        assert ready["type"] == "ready", ready
        return self

    async def _read(self) -> None:
        try:
            async for raw in self.socket:
                assert isinstance(raw, str)
                type = self.meter.count(raw, out=False)
                if type in ("event", "heads", "heartbeat", "position", "behind") or type == "receipts" and '"id":' not in raw[:40]:
                    self.seen(type, raw)
                    continue
                frame = json.loads(raw)
                waiting = self.answers.pop(frame.get("id", -1), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)
        except ConnectionClosed:
            pass

    async def put(self, frame: dict[str, Any]) -> asyncio.Future[dict[str, Any]]:
        """Sends a request; its answer comes later."""
        self.numbers += 1
        number = self.numbers
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.answers[number] = future
        text = dump({"type": frame["type"], "id": number, **{k: v for k, v in frame.items() if k != "type"}})
        self.meter.count(text, out=True)
        await self.socket.send(text)
        return future

    async def ask(self, frame: dict[str, Any], timeout: float = 60) -> dict[str, Any]:
        return await asyncio.wait_for(await self.put(frame), timeout)

    async def must(self, frame: dict[str, Any]) -> dict[str, Any]:
        answer = await self.ask(frame)
        assert answer["type"] != "error", f"{self.user} asks {dump(frame)}: {answer}"
        return answer

    async def close(self) -> None:
        await self.socket.close()
