"""A running server to attack, and what docs/PROTOCOL.md says of errors."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed

from server import ROOT, Server
from wire import dump, enter

PLAN = "".join(f"user {n} u{n} pass-word-{n}\n" for n in range(1, 6)) + "group g 1 2\ngroup away 3 4\n"


class World:
    """A running server, an event loop to talk to it from, and one connection of u1 that is made anew when it ends."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.server = Server(folder / "data")
        self.tokens = self.server.provision(PLAN)
        self.runner.run(self.server.start())
        self.errors = documented(self.server.tool)
        self.socket: Any = None
        self.hello: dict[str, Any] = {}
        self.numbers = 1000

    def run(self, work: Any) -> Any:
        return self.runner.run(asyncio.wait_for(work, 60))

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def fill(self) -> dict[str, Any]:
        return {"$group": "g", "$client_id": f"a{self.number()}", "$other": "u2", "$epoch": self.hello.get("epoch", "")}

    async def ready(self, user: str = "u1") -> Any:
        if self.socket is None or self.socket.close_code is not None:
            self.socket, self.hello, _ = await enter(self.server.url, self.tokens[user])
        return self.socket

    async def try_(self, raw: str | bytes) -> tuple[list[dict[str, Any]], int | None]:
        """Sends it, then a ping: all frames up to the answer of the ping and of the request, and the close code if it ended."""
        socket = await self.ready()
        probe = self.number() + 10_000_000
        frames: list[dict[str, Any]] = []
        try:
            await socket.send(raw)
            await socket.send(dump({"type": "ping", "id": probe}))
            pong = answered = False
            while not (pong and answered):
                frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
                if frame["type"] == "pong" and frame["id"] == probe:
                    pong = True
                elif frame["type"] not in ("event", "heartbeat", "position"):
                    frames.append(frame)
                    answered = True
        except ConnectionClosed:
            return frames, socket.close_code
        except AttributeError:
            # The library aborts a transport that asyncio has closed already, where the server ends the connection while much is being sent.
            if socket.close_code is None:
                raise
            return frames, socket.close_code
        return frames, None

    def error(self, raw: str | bytes, codes: set[int]) -> dict[str, Any]:
        """Sends a bad frame: one documented error among these numbers, and the end that belongs to it."""
        frames, closed = self.run(self.try_(raw))
        shown = str(raw)[:200]
        assert len(frames) == 1, f"{shown}: {[str(f)[:300] for f in frames]}, closed {closed}"
        error = frames[0]
        assert error["type"] == "error", f"{shown}: {str(error)[:300]}"
        assert error["code"] in codes, f"{shown}: {error}, expected one of {codes}"
        self.documented(error, closed)
        return error

    def documented(self, error: dict[str, Any], closed: int | None) -> None:
        name, retry, close = self.errors[error["code"]]
        assert (error["name"], error["retry"]) == (name, retry), error
        assert error["message"], error
        assert closed == close, f"closed with {closed}, documented {close}: {error}"


def documented(tool: list[str]) -> dict[int, tuple[str, str, int | None]]:
    """The table of errors: number -> name, retry, close code; of the document, else as the server prints it."""
    text = (ROOT / "docs" / "PROTOCOL.md").read_text()
    row = re.compile(r"^\| (\d{5}) \| (\w+) \| (\w+) \| (\d*) *\|", re.M)
    rows = row.findall(text) or row.findall(
        subprocess.run([*tool, "errors", "--format", "markdown"], capture_output=True, text=True).stdout
    )
    assert rows, "docs/PROTOCOL.md has no table of errors"
    return {int(code): (name, retry, int(close) if close else None) for code, name, retry, close in rows}


def label(value: Any) -> str:
    """A test's name."""
    if hasattr(value, "name"):
        value = value.name
    return re.sub(r"\W+", "_", str(value))[:40] or "empty"


async def answer_to(socket: Any, number: int) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if frame.get("id") == number:
            return frame
