"""The wire of docs/PROTOCOL.md: sockets, frames, one question and its answer. Nothing is remembered here."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

SUBPROTOCOL = "parley.json.1"
PAGE = 200
COMPACT = (",", ":")

BROKEN = (OSError, websockets.WebSocketException, asyncio.TimeoutError, EOFError)


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=COMPACT)


def slices(raw: str, key: str = '"entries":[') -> list[str]:
    """The raw texts of the objects in the array under `key`, byte for byte as they came."""
    decoder = json.JSONDecoder()
    place = raw.index(key) + len(key)
    found = []
    while raw[place] != "]":
        _, end = decoder.raw_decode(raw, place)
        found.append(raw[place:end])
        place = end + 1 if raw[end] == "," else end
    return found


class Failure(Exception):
    """An `error` frame."""

    def __init__(self, frame: dict[str, Any]) -> None:
        super().__init__(f"{frame.get('code')} {frame.get('name')}: {frame.get('message')}")
        self.code: int = frame.get("code", 0)
        self.retry: str = frame.get("retry", "never")
        self.retry_ms: int = frame.get("retry_ms", 0)
        self.frame = frame


async def open_socket(url: str, **options: Any) -> ClientConnection:
    """A plain socket with the subprotocol; nothing is sent on it yet."""
    return await connect(
        url, subprotocols=[websockets.Subprotocol(SUBPROTOCOL)], compression=None, max_size=None, max_queue=4096,
        ping_interval=None, proxy=None, open_timeout=10, close_timeout=2, **options,
    )  # fmt: skip


async def ask(socket: ClientConnection, frame: dict[str, Any], timeout: float = 30.0) -> tuple[dict[str, Any], str]:
    """One request on a socket that nobody else reads: the frame that answers it, and its raw text."""
    await socket.send(dump(frame))
    async with asyncio.timeout(timeout):
        while True:
            raw = await socket.recv()
            assert isinstance(raw, str)
            answer = json.loads(raw)
            if answer.get("id") == frame["id"] and answer["type"] != "event":
                return answer, raw


async def enter(url: str, token: str, **options: Any) -> tuple[ClientConnection, dict[str, Any], dict[str, Any]]:
    """A fresh connection that is ready: the socket, its hello and its ready."""
    socket = await open_socket(url, **options)
    hello = json.loads(await asyncio.wait_for(socket.recv(), 10))
    ready, _ = await ask(socket, {"type": "auth", "id": 0, "token": token})
    if ready["type"] != "ready":
        await socket.close()
        raise Failure(ready)
    return socket, hello, ready
