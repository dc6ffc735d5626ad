"""A storm in a group of 200 with 40 online beside the sender (R53), counted on the wire in the three ways of telling receipts.

1,000 messages come faster than the timer of acknowledgement. Readers acknowledge as clients should: every 10 messages, and when
they leave. The sender's receipts are pushed to him while he is connected (`pushed`), asked for by him, many messages at a time
(`polled`, over HTTP), or fetched when he logs in afterwards (`fetched`). All three must end with the same counts and lists.

Example:  PARLEY_BIN=.build/release/parley .venv/bin/python verify/judge/storm.py --messages 1000
Exit status: 0 within the bounds of R53, 1 otherwise. A table on standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from counting import Counted, Meter, on_wire
from server import Server
from wire import dump

MODES = ("pushed", "polled", "fetched")
BATCH = 10
"""Messages that one acknowledgement covers (R49)."""


@dataclass
class Storm:
    """What was counted in one mode."""

    mode: str
    messages: int
    readers: int
    seconds: float = 0
    sender: Meter = field(default_factory=Meter)
    online: Meter = field(default_factory=Meter)
    requests: int = 0
    """What the sender asked for receipts, and the bytes of question and answer (bodies only where it was HTTP)."""
    request_bytes: int = 0
    counts: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    lists: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    record: int = 0


class Reader:
    """Acknowledges every `batch` messages and when he leaves. Pulls nothing: the storm is checked by what the log says afterwards."""

    def __init__(self, socket: Counted, conversation: str, batch: int) -> None:
        self.socket, self.conversation, self.batch = socket, conversation, batch
        self.position = self.acked = 0
        self.waiting: list[asyncio.Future[dict[str, Any]]] = []
        self.reached: dict[int, asyncio.Event] = {}
        socket.seen = self.seen

    def seen(self, type: str, text: str) -> None:
        if type == "event":
            self.position = int(text[text.index('"sequence":') + 11 : text.index(",", text.index('"sequence":'))])
        elif type in ("behind", "heartbeat", "heads"):
            self.position = max([self.position, *json.loads(text)["heads"].values()])
        if self.position - self.acked >= self.batch:
            self.tell(self.acked + (self.position - self.acked) // self.batch * self.batch)
        for sequence, event in self.reached.items():
            if self.position >= sequence:
                event.set()

    def tell(self, sequence: int) -> None:
        self.acked = sequence
        frame = {"type": "read", "conversation": self.conversation, "sequence": sequence}
        self.waiting.append(asyncio.ensure_future(self._put(frame)))

    async def _put(self, frame: dict[str, Any]) -> dict[str, Any]:
        return await (await self.socket.put(frame))

    async def until(self, sequence: int) -> None:
        event = self.reached.setdefault(sequence, asyncio.Event())
        if self.position >= sequence:
            event.set()
        await asyncio.wait_for(event.wait(), 120)

    async def leave(self) -> None:
        """The last acknowledgement, which covers what no full batch did; sent on leaving, whatever is open."""
        self.tell(self.position)
        await asyncio.gather(*self.waiting)


class Web:
    """The sender where he has no socket: HTTP on one connection that stays open."""

    def __init__(self, server: Server, token: str, storm: Storm) -> None:
        self.server, self.token, self.storm, self.numbers = server, token, storm, 0
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, frame: dict[str, Any], receipts: bool = False) -> dict[str, Any]:
        self.numbers += 1
        body = dump({"type": frame["type"], "id": self.numbers, **frame}).encode()
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.server.port)
        reader, writer = self.streams
        head = (
            f"POST /v1/request HTTP/1.1\r\nhost: 127.0.0.1:{self.server.port}\r\nauthorization: Bearer {self.token}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await reader.readline()
        length = 0
        while (line := (await reader.readline()).strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        text = await reader.readexactly(length)
        if receipts:
            self.storm.requests += 1
            self.storm.request_bytes += len(body) + len(text)
        answer: dict[str, Any] = json.loads(text)
        assert answer["type"] != "error", answer
        return answer


async def storm(server: Server, tokens: dict[str, str], mode: str, messages: int, online: int, batch: int, interval: float) -> Storm:
    """One storm in the group named after its mode; `u1` sends."""
    found = Storm(mode, messages, online)
    group = f"g-{mode}" if batch > 1 else "g-naive"
    users = [f"u{n}" for n in range(2, online + 2)]
    readers = [Reader(await Counted.open(server.url, u, tokens[u], found.online), group, batch) for u in users]
    for reader in readers:
        reader.position = reader.acked = 1
    web = Web(server, tokens["u1"], found)
    sender = await Counted.open(server.url, "u1", tokens["u1"], found.sender) if mode == "pushed" else None
    began = time.monotonic()
    polls = asyncio.create_task(poll(web, group, messages, interval)) if mode == "polled" else None
    content = {"type": "text", "text": "a message of the storm, of a usual length"}
    waiting = []
    for n in range(messages):
        frame = {"type": "send", "conversation": group, "client_id": f"s{n}", "content": content}
        if sender is None:
            await web.ask(frame)
            continue
        if len(waiting) >= 32:
            await waiting.pop(0)
        waiting.append(await sender.put(frame))
    for answer in waiting:
        await answer
    await asyncio.gather(*(reader.until(messages + 1) for reader in readers))
    found.seconds = time.monotonic() - began
    await asyncio.gather(*(reader.leave() for reader in readers))
    if sender is not None:
        await settled(sender, found, online)
        await sender.close()
    if polls is not None:
        polls.cancel()
    ask = web
    if mode == "fetched":
        await fetched(server, tokens, found, group)
    elif mode == "polled":
        await every(web, group, messages)
    await result(ask, found, group, messages)
    for reader in readers:
        await reader.socket.close()
    return found


async def settled(sender: Counted, found: Storm, online: int) -> None:
    """The last push comes at most an interval after the last acknowledgement: waits until none has come for three."""
    before = -1
    while before != found.sender.frames["< receipts"]:
        before = found.sender.frames["< receipts"]
        await asyncio.sleep(3)


async def poll(web: Web, group: str, messages: int, interval: float) -> None:
    """The newest 200 messages in one request, each interval."""
    second = Web(web.server, web.token, web.storm)
    while True:
        await asyncio.sleep(interval)
        await second.ask({"type": "receipts", "conversation": group, "sequences": list(range(2, min(messages, 200) + 2))}, receipts=True)


async def every(web: Web, group: str, messages: int) -> None:
    for first in range(2, messages + 2, 200):
        sequences = list(range(first, min(first + 200, messages + 2)))
        answer = await web.ask({"type": "receipts", "conversation": group, "sequences": sequences}, receipts=True)
        web.storm.counts |= {c["sequence"]: (c["total"], c["read"], c["delivered"]) for c in answer["counts"]}


async def fetched(server: Server, tokens: dict[str, str], found: Storm, group: str) -> None:
    """The sender logs in after the storm, and asks for all of it."""
    sender = await Counted.open(server.url, "u1", tokens["u1"], found.sender)
    for first in range(2, found.messages + 2, 200):
        sequences = list(range(first, min(first + 200, found.messages + 2)))
        frame = {"type": "receipts", "conversation": group, "sequences": sequences}
        before = found.sender["> receipts"][1] + found.sender["< receipts"][1]
        answer = await sender.must(frame)
        found.requests += 1
        found.request_bytes += found.sender["> receipts"][1] + found.sender["< receipts"][1] - before
        found.counts |= {c["sequence"]: (c["total"], c["read"], c["delivered"]) for c in answer["counts"]}
    await sender.close()


async def result(web: Web, found: Storm, group: str, messages: int) -> None:
    """Counts of all messages, both lists of three of them, and the encoded record: as the sender is told in the end."""
    kept, found_counts = (found.requests, found.request_bytes), dict(found.counts)
    await every(web, group, messages)
    found.requests, found.request_bytes = kept
    if found_counts:
        assert found_counts == found.counts, "counts changed although nobody read"
    for sequence in (2, messages // 2 + 2, messages + 1):
        both = []
        for of in ("read", "unread"):
            names: list[str] = []
            after, more = 0, True
            while more:
                page = await web.ask({
                    "type": "readers", "conversation": group, "sequence": sequence, "list": of, "after_slot": after, "limit": 100,
                })  # fmt: skip
                names += [m["user"] for m in page["members"]]
                after, more = (page["members"][-1]["slot"] if page["members"] else after), page["more"]
            both.append(tuple(names))
        found.lists[sequence] = (both[0], both[1])
        answer = await web.ask({"type": "receipt_record", "conversation": group, "sequence": sequence})
        found.record = max(found.record, len(base64.b64decode(answer["record"])))


def judge(storms: dict[str, Storm], members: int, interval: float) -> list[str]:
    """What R49 to R53 promise."""
    wrong = []
    first = storms["pushed"]
    for mode, s in storms.items():
        acks = s.online.frames["> read"]
        bound = s.readers * s.messages // BATCH + s.readers
        if acks > bound:
            wrong.append(f"{mode}: {acks} frames of acknowledgement, at most {bound} are due")
        if s.counts != first.counts or s.lists != first.lists:
            wrong.append(f"{mode}: other counts or lists than pushed")
        if set(s.counts.values()) != {(members - 1, s.readers, s.readers)} or len(s.counts) != s.messages:
            wrong.append(f"{mode}: {len(s.counts)} counts, {set(s.counts.values())}")
        if any(len(read) != s.readers or len(unread) != members - 1 - s.readers for read, unread in s.lists.values()):
            wrong.append(f"{mode}: lists of {[(len(r), len(u)) for r, u in s.lists.values()]}")
        if s.record > 4 + 2 * ((members + 7) // 8):
            wrong.append(f"{mode}: a record of {s.record} bytes")
        events = s.online.frames["< event"]
        if events > s.messages * s.readers:
            wrong.append(f"{mode}: {events} pushes for {s.messages * s.readers} deliveries")
    pushed = first.sender.frames["< receipts"]
    most = int(first.seconds) + 8
    if not 1 <= pushed <= most:
        wrong.append(f"pushed: {pushed} receipts in {first.seconds:.1f} s, at most one a second")
    for mode in ("polled", "fetched"):
        told = storms[mode].sender.frames["< receipts"] - (storms[mode].requests if mode == "fetched" else 0)
        if told:
            wrong.append(f"{mode}: {told} receipts were pushed")
    return wrong


def table(storms: dict[str, Storm], naive: Storm) -> str:
    """The four, beside each other, in Markdown."""
    one = on_wire(dump({"type": "receipts", "conversation": "g-naive", "counts": [
        {"sequence": 1001, "total": 199, "read": 40, "delivered": 40}]}), masked=False)  # fmt: skip
    lines = [
        "| mode | pushes of messages | acknowledgements (frames; a message) | their bytes, with answers | receipts to the sender "
        "(packets) | bytes | record, bytes |", "| --- | --- | --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for name, s in {"naive": naive, **storms}.items():
        acks, size = s.online["> read"]
        size += s.online["< ok"][1]
        packets, bytes = s.sender["< receipts"] if name == "pushed" else (s.requests, s.request_bytes)
        if name == "naive":
            # What a server would send that tells the sender of each reader and message: this one has no such mode.
            packets, bytes = s.readers * s.messages, s.readers * s.messages * one
        lines.append(
            f"| {name} | {s.online.frames['< event']:,} | {acks:,}; {acks / s.messages:.2f} | {size:,} | {packets:,} | {bytes:,} | "
            f"{s.record} |"
        )
    return "\n".join(lines)


async def run(folder: Path, messages: int, members: int, online: int, interval: float, naive: bool) -> tuple[str, list[str]]:
    server = Server(folder / "data")
    everybody = " ".join(str(n) for n in range(1, members + 1))
    groups = "".join(f"group g-{name} {everybody}\n" for name in (*MODES, "naive"))
    tokens = server.provision("".join(f"user {n} u{n} pass-word-{n}\n" for n in range(1, members + 1)) + groups)
    await server.start()
    try:
        storms = {mode: await storm(server, tokens, mode, messages, online, BATCH, interval) for mode in MODES}
        plain = await storm(server, tokens, "pushed", messages, online, 1, interval) if naive else storms["pushed"]
        return table(storms, plain), judge(storms, members, interval)
    finally:
        server.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--online", type=int, default=40)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two questions of the polling sender")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parley-storm-") as folder:
        text, wrong = asyncio.run(run(Path(folder), options.messages, options.members, options.online, options.interval, True))
    print(text)
    print("\n".join(wrong) or "storm: within the bounds of R53", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
