"""A client of the public protocol, as docs/PROTOCOL.md tells an outsider to write one, that records all it does and sees.

One `Client` is one device: it keeps a position per conversation, drops what is at or below it, pulls what is missing,
comes back by `sync` after every break, and sends a message again with the same client id until it knows the outcome.
"""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any, Callable

from websockets.asyncio.client import ClientConnection

import history as h
from wire import BROKEN, PAGE, Failure, dump, open_socket, slices


@dataclass(eq=False)
class Pending:
    """A request that may make an entry and whose outcome is not known yet."""

    frame: dict[str, Any]
    done: asyncio.Future[dict[str, Any]]
    conflict: bool = False
    not_before: float = 0.0


@dataclass
class Client:
    """One device of one user. `run` keeps it connected until `stop`."""

    history: h.History
    url: str
    user: str
    token: str
    rng: random.Random
    number: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    online: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    wrote: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request that may make an entry goes out."""
    heartbeat_s: float = 30.0
    connects: int = 0

    def __post_init__(self) -> None:
        self.number = self.history.new_client()
        self._socket: ClientConnection | None = None
        self._connection = 0
        self._ids = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._requests: dict[int, str] = {}
        self._sends: dict[int, Pending] = {}
        self._pending: list[Pending] = []
        self._sync_token = ""
        self._epoch = ""
        self._stopped = False
        self._pulls: dict[str, asyncio.Task[None]] = {}
        self._wanted: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # Life.

    async def run(self) -> None:
        """Connects, and connects again, until `stop`."""
        pause = 0.02
        while not self._stopped:
            try:
                await self._live()
                pause = 0.02
            except BROKEN:
                pause = min(pause * 1.5, 0.5)
            except Failure as failure:
                if failure.code not in (50304, 42902, 50300, 50302):
                    self.history.notes.append(f"{self.user} could not come back: {failure}")
                pause = min(pause * 2, 1.0)
            finally:
                self._gone()
            if not self._stopped:
                await asyncio.sleep(pause * (0.5 + self.rng.random()))

    async def stop(self) -> None:
        """Ends the connection; what has no outcome is recorded as unknown."""
        self._stopped = True
        if self._socket is not None:
            await self._socket.close()
        for pending in self._pending:
            if not pending.conflict:
                self._outcome(pending, h.UNKNOWN, 0)
            if not pending.done.done():
                pending.done.cancel()
        self._pending.clear()

    def _gone(self) -> None:
        self.online.clear()
        self._socket = None
        for future in self._answers.values():
            if not future.done():
                future.set_exception(ConnectionError("the connection ended"))
                future.exception()
        self._answers.clear()
        self._sends.clear()
        for task in [*self._pulls.values(), *self._tasks]:
            task.cancel()
        self._pulls.clear()
        self._tasks.clear()

    async def _live(self) -> None:
        socket = await open_socket(self.url)
        self._socket = socket
        try:
            hello = json.loads(await asyncio.wait_for(socket.recv(), 10))
            self.heartbeat_s = hello["heartbeat_ms"] / 1000
            await socket.send(dump({"type": "auth", "id": 0, "token": self.token}))
            ready = json.loads(await asyncio.wait_for(socket.recv(), 10))
            if ready["type"] == "error":
                raise Failure(ready)
            self.connects += 1
            self._connection = self.history.new_connection()
            self.history.records.append(h.Opened(self.history.now(), self._connection, self.number, self.user))
            resume = asyncio.create_task(self._resume(hello["epoch"]))
            self._tasks.add(resume)
            try:
                async for raw in socket:
                    assert isinstance(raw, str)
                    self._frame(raw)
                    if resume.done() and not resume.cancelled() and (error := resume.exception()):
                        raise error
            finally:
                resume.cancel()
        finally:
            await socket.close()

    async def _resume(self, epoch: str) -> None:
        """Sends again what has no outcome, in its order, then asks what has changed."""
        if self._epoch and epoch != self._epoch:
            self.history.notes.append(f"the epoch changed from {self._epoch} to {epoch}")
        self._epoch = epoch
        written: set[int] = set()
        while waiting := [pending for pending in self._pending if id(pending) not in written]:
            for pending in waiting:
                written.add(id(pending))
                await self._write(pending)
        self.online.set()
        while True:
            positions = dict(list(self.positions.items())[:1000])
            frame = {"type": "sync", "epoch": epoch, "token": self._sync_token, "positions": positions}
            answer = await self.request(frame)
            self._sync_token = answer["token"]
            if not answer["more"]:
                break
        for conversation, head in self.heads.items():
            self._told(conversation, head)

    async def sleep(self, seconds: float) -> None:
        """Takes no bytes for a while, as a phone in a tunnel."""
        socket = self._socket
        if socket is not None and not socket.transport.is_closing():
            socket.transport.pause_reading()
            await asyncio.sleep(seconds)
            if not socket.transport.is_closing():
                socket.transport.resume_reading()

    # Requests.

    async def request(self, frame: dict[str, Any], timeout: float = 30.0) -> dict[str, Any]:
        """One request and its answer on the present connection. Raises Failure for an error."""
        if self._socket is None:
            raise ConnectionError("not connected")
        self._ids += 1
        number = self._ids
        future = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self._requests[number] = frame.get("conversation", "")
        body = {"type": frame["type"], "id": number, **{k: v for k, v in frame.items() if k != "type"}}
        try:
            await self._socket.send(dump(body))
            return await asyncio.wait_for(future, timeout)
        finally:
            self._answers.pop(number, None)
            self._requests.pop(number, None)

    def submit(self, frame: dict[str, Any], *, conflict: bool = False) -> asyncio.Future[dict[str, Any]]:
        """Sends a request that makes an entry until its outcome is known: the ack, or Failure. Its client id is the caller's."""
        pending = Pending(frame, asyncio.get_running_loop().create_future(), conflict)
        pending.done.add_done_callback(lambda f: f.cancelled() or f.exception())
        self._pending.append(pending)
        if self.online.is_set():
            self._spawn(self._write, pending)
        return pending.done

    def _spawn(self, work: Callable[..., Any], *arguments: Any) -> None:
        task = asyncio.create_task(_quietly(work, *arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, pending: Pending) -> None:
        socket = self._socket
        if socket is None or pending.done.done():
            return
        self._ids += 1
        number = self._ids
        self._sends[number] = pending
        frame = pending.frame
        conversation = frame.get("conversation", "")
        if pending.conflict:
            record: h.Record = h.Conflict(self.history.now(), self._connection, self.user, conversation, frame["client_id"])
        else:
            content = dump(frame.get("content", ""))
            record = h.Invoke(self.history.now(), self._connection, self.user, frame["type"], conversation, frame["client_id"], content)
        self.history.records.append(record)
        self.wrote.set()
        await socket.send(dump({"type": frame["type"], "id": number, **{k: v for k, v in frame.items() if k != "type"}}))

    def _outcome(self, pending: Pending, result: str, code: int) -> None:
        frame = pending.frame
        record = h.Outcome(self.history.now(), self.user, frame.get("conversation", ""), frame["client_id"], result, code)
        self.history.records.append(record)

    # Frames.

    def _frame(self, raw: str) -> None:
        frame = json.loads(raw)
        match frame["type"]:
            case "event":
                # The text of the entry is the frame without its first two fields.
                body = self.history.body("{" + raw[raw.index('"sequence":') :])
                self._entry(h.EVENT, frame["conversation"], frame["sequence"], body)
                if frame["kind"] != "message":
                    self._membership(frame["conversation"], frame["kind"], frame["sender"], frame["content"])
            case "ack" | "created":
                self._acked(frame)
            case "page":
                self._page(frame, raw)
            case "synced":
                self._synced(frame)
            case "heartbeat" | "behind" | "heads":
                self.history.behind += frame["type"] == "behind"
                for conversation, head in frame["heads"].items():
                    self._head(conversation, head)
                    self._told(conversation, head)
            case "error":
                self._error(frame)
                return
            case "reconnect":
                return
        if (answer := self._answers.get(frame.get("id", -1))) is not None and not answer.done():
            answer.set_result(frame)
        self.changed.set()

    def _error(self, frame: dict[str, Any]) -> None:
        failure = Failure(frame)
        number = frame.get("id", -1)
        if (answer := self._answers.get(number)) is not None and not answer.done():
            answer.set_exception(failure)
        if (pending := self._sends.pop(number, None)) is None:
            return
        if failure.retry == "later":
            pause = failure.retry_ms / 1000 or 0.05 + self.rng.random() * 0.1
            asyncio.get_running_loop().call_later(pause, lambda: self._again(pending))
            return
        if not pending.conflict:
            self._outcome(pending, h.FAIL, failure.code)
        self._settle(pending, failure)

    def _again(self, pending: Pending) -> None:
        if self.online.is_set() and not pending.done.done():
            self._spawn(self._write, pending)

    def _settle(self, pending: Pending, result: dict[str, Any] | Failure) -> None:
        if pending in self._pending:
            self._pending.remove(pending)
        if not pending.done.done():
            if isinstance(result, Failure):
                pending.done.set_exception(result)
            else:
                pending.done.set_result(result)

    def _acked(self, frame: dict[str, Any]) -> None:
        pending = self._sends.pop(frame["id"], None)
        if pending is None:
            self.history.notes.append(f"an answer to a request that was not made: {dump(frame)}")
            return
        conversation, sequence = frame["conversation"], frame["sequence"]
        if frame["type"] == "ack":
            ack = h.Ack(
                self.history.now(), self._connection, self.user, conversation, frame["client_id"], sequence, frame["message"],
                frame["time"], pending.conflict,
            )  # fmt: skip
            self.history.records.append(ack)
        if not pending.conflict:
            self._outcome(pending, h.OK, 0)
            self._take(conversation, sequence, -1)
        self._settle(pending, frame)

    def _page(self, frame: dict[str, Any], raw: str) -> None:
        conversation = self._requests.get(frame["id"], frame["conversation"])
        self._head(conversation, frame["head"])
        for entry, text in zip(frame["entries"], slices(raw)):
            self._entry(h.PAGE, conversation, entry["sequence"], self.history.body(text))

    def _synced(self, frame: dict[str, Any]) -> None:
        for line in frame["conversations"]:
            conversation = line["conversation"]
            self.roles[conversation] = line["role"]
            if line["role"] == "none":
                self.heads.pop(conversation, None)
                continue
            self._head(conversation, line["head"])
            self.positions.setdefault(conversation, 0)
            if (preview := line.get("preview")) is not None:
                self._receive(h.PREVIEW, conversation, preview["sequence"], self.history.body(dump(preview)))
            for entry in line.get("entries", []):
                self._entry(h.SYNCED, conversation, entry["sequence"], self.history.body(dump(entry)))

    def _membership(self, conversation: str, kind: str, sender: str, content: dict[str, Any]) -> None:
        if kind == "created" and self.user in [sender, *content["users"]] or kind == "added" and self.user in content["users"]:
            self.roles[conversation] = "member"
        elif kind in ("left", "removed") and content["user"] == self.user:
            self.roles[conversation] = "none"

    def _receive(self, source: str, conversation: str, sequence: int, body: int) -> None:
        self.history.records.append(h.Received(self.history.now(), self._connection, source, conversation, sequence, body))

    def _head(self, conversation: str, head: int) -> None:
        self.heads[conversation] = max(head, self.heads.get(conversation, 0))
        self.history.records.append(h.Head(self.history.now(), self._connection, conversation, head))

    # Positions: the three things that the contract asks of a client.

    def _entry(self, source: str, conversation: str, sequence: int, body: int) -> None:
        self._receive(source, conversation, sequence, body)
        self._take(conversation, sequence, body, pulled=source != h.EVENT)

    def _take(self, conversation: str, sequence: int, body: int, pulled: bool = False) -> None:
        position = self.positions.get(conversation, 0)
        if sequence <= position:
            return
        if sequence == position + 1 or pulled:
            self.positions[conversation] = sequence
            self.history.records.append(h.Accepted(self.history.now(), self.number, conversation, sequence, body))
        else:
            self._told(conversation, sequence)

    def _told(self, conversation: str, head: int) -> None:
        """The log of this conversation reaches at least to `head`: pulls what is missing."""
        if head <= self.positions.get(conversation, 0):
            return
        self._wanted[conversation] = max(head, self._wanted.get(conversation, 0))
        if conversation not in self._pulls and self._socket is not None:
            task = asyncio.create_task(_quietly(self._pull, conversation))
            self._pulls[conversation] = task

    async def _pull(self, conversation: str) -> None:
        try:
            while self.positions.get(conversation, 0) < self._wanted.get(conversation, 0):
                before = self.positions.get(conversation, 0)
                page = await self.request({"type": "history", "conversation": conversation, "after": before, "limit": PAGE})
                if self.positions.get(conversation, 0) == before and not page["more"]:
                    self._wanted[conversation] = 0
        except Failure:
            self._wanted[conversation] = 0
        finally:
            self._pulls.pop(conversation, None)


async def _quietly(work: Callable[..., Any], *arguments: Any) -> None:
    try:
        await work(*arguments)
    except (*BROKEN, Failure):
        pass
