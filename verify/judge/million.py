"""One very large group: what it costs to hold, to acknowledge in, and to ask who has read.

For each size a server of its own gets that many accounts in one group; some members connect, and one of them writes. Measured are the
resident memory, the server's CPU per acknowledgement (many a turn, answers included), and the time from a question to its answer:
counts of one message, and a page of 100 names of those who have not read it.

Example:  PARLEY_BIN=.build/release/parley .venv/bin/python verify/judge/million.py --sizes 1000,100000,1000000 --connected 10000
Exit status: 0 within the bounds (acknowledgement 10 us, counts 2 ms, page 5 ms), 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import resource
import selectors
import socket
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from server import Server

ROUNDS, IN_FLIGHT = 12, 50


class Plain:
    """A WebSocket connection by hand: ten thousand of them fit into one process and one thread."""

    def __init__(self, port: int, token: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: parley.json.1\r\n\r\n".encode()
        )
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(65536)
        self.rest = self.rest.split(b"\r\n\r\n", 1)[1]
        self.say({"type": "auth", "id": 0, "token": token})
        self.until("ready")

    def say(self, *frames: dict[str, Any]) -> None:
        out = bytearray()
        for frame in frames:
            body = json.dumps(frame, separators=(",", ":")).encode()
            head = struct.pack("!BB", 0x81, 0x80 | len(body)) if len(body) < 126 else struct.pack("!BBH", 0x81, 0xFE, len(body))
            # A mask of zeros leaves the bytes as they are.
            out += head + b"\0\0\0\0" + body
        self.socket.sendall(out)

    def frame(self) -> dict[str, Any]:
        while True:
            if len(self.rest) >= 2:
                size, start = self.rest[1] & 0x7F, 2
                if size == 126 and len(self.rest) >= 4:
                    size, start = struct.unpack("!H", self.rest[2:4])[0], 4
                elif size == 127 and len(self.rest) >= 10:
                    size, start = struct.unpack("!Q", self.rest[2:10])[0], 10
                elif size > 125:
                    start = 1 << 30
                if len(self.rest) >= start + size:
                    opcode, body = self.rest[0] & 15, self.rest[start : start + size]
                    self.rest = self.rest[start + size :]
                    if opcode == 1:
                        return json.loads(body)
                    continue
            more = self.socket.recv(1 << 18)
            if not more:
                raise ConnectionError("the server ended the connection")
            self.rest += more

    def until(self, *types: str) -> dict[str, Any]:
        while True:
            frame = self.frame()
            if frame["type"] in types:
                return frame
            if frame["type"] == "error":
                raise RuntimeError(str(frame))

    def ask(self, frame: dict[str, Any]) -> dict[str, Any]:
        self.say(frame)
        while True:
            answer = self.frame()
            if answer.get("id") == frame["id"]:
                return answer


def read_along(people: list[Plain]) -> int:
    """Another process takes what is pushed to people who only listen, throws it away, and shows that they live. Returns its id."""
    child = os.fork()
    if child:
        return child
    waiting = selectors.DefaultSelector()
    for one in people:
        waiting.register(one.socket, selectors.EVENT_READ)
    pong = b"\x8a\x80\0\0\0\0"
    shown = time.monotonic()
    while waiting.get_map():
        for key, _ in waiting.select(1):
            try:
                more = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
            except OSError:
                more = b""
            if not more:
                waiting.unregister(key.fileobj)
        if time.monotonic() - shown > 15:
            shown = time.monotonic()
            for key in list(waiting.get_map().values()):
                try:
                    key.fileobj.sendall(pong)  # type: ignore[union-attr]
                except OSError:
                    waiting.unregister(key.fileobj)
    os._exit(0)


def cpu(pid: int) -> float:
    """Seconds of CPU that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def milliseconds(ask: Any, times: int) -> tuple[float, float]:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1_000)
    return statistics.median(took), max(took)


async def measure(folder: Path, members: int, connected: int, writers: int) -> dict[str, Any]:
    server = Server(folder / f"data{members}")
    connected = min(connected, members)
    plan = "".join(f"user {n} u{n} x\n" for n in range(1, members + 1))
    began = time.monotonic()
    tokens = server.provision(plan + "group g " + " ".join(str(n) for n in range(1, members + 1)) + "\n")
    found: dict[str, Any] = {"members": members, "connected": connected, "provisioned_s": round(time.monotonic() - began, 1)}
    await server.start(120)
    child = 0
    try:
        assert server.process is not None
        empty = server.memory()
        owner, *acknowledging = [Plain(server.port, tokens[f"u{n}"]) for n in range(1, min(writers, connected - 1) + 2)]

        def send(number: int) -> int:
            return owner.ask({
                "type": "send", "id": number + 1, "conversation": "g", "client_id": f"m{number}", "content": {"type": "text", "text": "x"},
            })["sequence"]  # fmt: skip

        for number in range(ROUNDS * IN_FLIGHT):
            newest = send(number)
        # What comes before the others are there, they do not get; what comes after, everybody gets.
        people = [Plain(server.port, tokens[f"u{n}"]) for n in range(len(acknowledging) + 2, connected + 1)]
        child = read_along(people) if people else 0
        for one in people:
            one.socket.close()
        joined = server.memory()
        for number in range(ROUNDS * IN_FLIGHT, ROUNDS * IN_FLIGHT + IN_FLIGHT):
            newest = send(number)
        # The first question loads the positions of all members.
        counts = {"type": "receipts", "id": 9_001, "conversation": "g", "sequences": [newest]}
        began = time.perf_counter()
        owner.ask(counts)
        found["loaded_ms"] = round((time.perf_counter() - began) * 1_000, 1)
        for one in acknowledging:
            one.ask({"type": "ping", "id": 9_002})
        first, before = newest - ROUNDS * IN_FLIGHT + 1, cpu(server.process.pid)
        for round_ in range(ROUNDS):
            for one in acknowledging:
                one.say(*(
                    {"type": "read", "id": 10_000 + k, "conversation": "g", "sequence": first + round_ * IN_FLIGHT + k} for k in range(IN_FLIGHT)
                ))  # fmt: skip
            for one in acknowledging:
                for _ in range(IN_FLIGHT):
                    one.until("ok")
        spent = cpu(server.process.pid) - before
        found["acknowledgement_us"] = round(spent * 1e6 / (ROUNDS * IN_FLIGHT * len(acknowledging)), 2)
        found["counts_ms"] = [round(value, 2) for value in milliseconds(lambda: owner.ask(counts), 100)]
        page = {"type": "readers", "id": 9_003, "conversation": "g", "sequence": newest, "list": "unread", "limit": 100}
        found["page_ms"] = [round(value, 2) for value in milliseconds(lambda: owner.ask(page), 100)]
        late = {**page, "list": "read", "after_slot": 0}
        found["read_page_ms"] = [round(value, 2) for value in milliseconds(lambda: owner.ask(late), 20)]
        answer = owner.ask(counts)["counts"][0]
        found["counts"] = answer
        found["rss_mib"] = {"started": empty >> 20, "connected": joined >> 20, "after": server.memory() >> 20}
        found["bytes_per_member"] = round((server.memory() - joined) / members, 1)
        found["agrees"] = answer["total"] == members - 1 and answer["read"] == len(acknowledging)
    finally:
        await server.drain()
        if child:
            os.waitpid(child, 0)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,100000", help="members, several with commas")
    parser.add_argument("--connected", type=int, default=1_000, help="members who are connected")
    parser.add_argument("--writers", type=int, default=200, help="members who acknowledge")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes.split(","):
            found = asyncio.run(measure(Path(folder), int(size), options.connected, options.writers))
            print(json.dumps(found), flush=True)
            good = good and found["agrees"] and found["acknowledgement_us"] <= 10 and found["counts_ms"][0] <= 2 and found["page_ms"][0] <= 5
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
