"""Askers: everything that a person's sockets and HTTP answers bring is kept, byte for byte, to be searched at the end."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from wire import dump, open_socket


@dataclass(eq=False)
class Line:
    """One socket of a tap. Who asks on it gets the frame that bears his number."""

    tap: Tap
    socket: ClientConnection
    reader: asyncio.Task[None] | None = None
    answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    errors: list[dict[str, Any]] = field(default_factory=list)
    """Errors without the number of a request, or with one that nobody waits for."""

    async def read(self) -> None:
        try:
            async for raw in self.socket:
                text = raw if isinstance(raw, str) else raw.decode(errors="replace")
                self.tap.keep(text)
                frame = json.loads(text)
                waiting = self.answers.pop(frame.get("id", -1), None) if frame["type"] != "event" else None
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)
                elif frame["type"] == "error":
                    self.errors.append(frame)
        except ConnectionClosed:
            pass
        finally:
            self.ended.set()
            for future in self.answers.values():
                if not future.done():
                    future.set_result({"type": "closed", "code": self.socket.close_code})

    async def ask(self, frame: dict[str, Any], timeout: float = 30) -> dict[str, Any]:
        """The answer; `closed` where the connection ended without one."""
        number = self.tap.number()
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.answers[number] = future
        try:
            await self.socket.send(dump({"type": frame["type"], "id": number, **{k: v for k, v in frame.items() if k != "type"}}))
        except ConnectionClosed:
            return {"type": "closed", "code": self.socket.close_code}
        return await asyncio.wait_for(future, timeout)


@dataclass(eq=False)
class Tap:
    """One person, or one device of a person: what he is called in the table, and all that he ever received."""

    name: str
    host: str
    port: int
    user: str = ""
    token: str = ""
    refresh: str = ""
    got: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    numbers: int = 100
    web: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def keep(self, text: str) -> None:
        self.got.append(text)

    def mark(self) -> int:
        """From here on: what comes later stands behind it."""
        return len(self.got)

    async def connect(self, token: str | None = None) -> Line:
        """A socket that has logged in; without a token, or with "", one that has not."""
        socket = await open_socket(f"ws://{self.host}:{self.port}/v1/ws")
        line = Line(self, socket)
        line.reader = asyncio.create_task(line.read())
        self.lines.append(line)
        token = self.token if token is None else token
        if token:
            answer = await line.ask({"type": "auth", "token": token})
            assert answer["type"] == "ready", f"{self.name}: {answer}"
        return line

    @property
    def line(self) -> Line:
        return self.lines[0]

    async def ask(self, frame: dict[str, Any]) -> dict[str, Any]:
        return await self.line.ask(frame)

    async def must(self, frame: dict[str, Any]) -> dict[str, Any]:
        """A request of the world's own making, that has to be granted."""
        answer = await self.ask(frame)
        assert answer["type"] not in ("error", "closed"), f"{self.name} asks {dump(frame)}: {answer}"
        return answer

    async def http(
        self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """One HTTP request on a connection that stays open; token "" stands for none."""
        token = self.token if token is None else token
        data = b"" if body is None else dump(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"host: {self.host}:{self.port}", f"content-length: {len(data)}"]
        if body is not None:
            head.append("content-type: application/json")
        if token:
            head.append(f"authorization: Bearer {token}")
        head += [f"{name}: {value}" for name, value in headers.items()]
        raw = "\r\n".join(head).encode() + b"\r\n\r\n" + data
        first = b""
        while not first:
            # A connection that stood idle for too long has been closed by the server: the next one is tried.
            kept = bool(self.web)
            reader, writer = self.web.pop() if kept else await asyncio.open_connection(self.host, self.port)
            try:
                writer.write(raw)
                first = await asyncio.wait_for(reader.readline(), 30)
            except ConnectionError:
                first = b""
            assert first or kept, f"{self.name}: no answer to {method} {path}"
        status = int(first.split()[1])
        length, stays = 0, True
        while (line := (await reader.readline()).strip()) != b"":
            name, _, value = line.decode().partition(":")
            self.keep(line.decode())
            if name.lower() == "content-length":
                length = int(value)
            elif name.lower() == "connection" and value.strip().lower() == "close":
                stays = False
        text = (await reader.readexactly(length)).decode()
        self.keep(text)
        if stays:
            self.web.append((reader, writer))
        else:
            writer.close()
        return status, json.loads(text) if text else {}

    async def post(self, frame: dict[str, Any]) -> dict[str, Any]:
        """One request of the protocol over HTTP: its frame, whose status must be that of the answer."""
        number = self.number()
        body = {"type": frame["type"], "id": number, **{k: v for k, v in frame.items() if k != "type"}}
        status, answer = await self.http("POST", "/v1/request", body)
        wanted = answer["code"] // 100 if answer.get("type") == "error" else 200
        assert status == wanted, f"{self.name} asks {dump(frame)} over HTTP: status {status}, {answer}"
        return answer

    async def settle(self) -> None:
        """Returns when all that was pushed to this person before has been received."""
        for line in self.lines:
            if not line.ended.is_set():
                await line.ask({"type": "ping"})

    async def close(self) -> None:
        for line in self.lines:
            await line.socket.close()
        for _, writer in self.web:
            writer.close()
