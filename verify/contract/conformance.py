#!/usr/bin/env python3
"""`parley conformance` on trial: it finds nothing against a sound server, and notices a server that answers wrongly.

The wrong servers are proxies before the sound one that change answers: one field less, another number, another id; and, in the binary
encoding, the same answer in another form, or another answer than in JSON. One stands before its HTTP, one before its socket.

Example:  .venv/bin/python verify/contract/conformance.py
"""

from __future__ import annotations

import argparse
import asyncio
import http.server
import json
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("judge", "conformance")]

import cbor2  # noqa: E402
import parley_bin  # noqa: E402
import websockets.sync.client  # noqa: E402
import websockets.sync.server  # noqa: E402
from server import Server, command  # noqa: E402

Change = Callable[[dict[str, Any]], dict[str, Any]]
Bend = Callable[[bytes], bytes]

LIES: dict[str, tuple[str, Change]] = {
    # What is said: the frames to play, and how their answers are changed.
    "an answer without a field": ("pin", lambda a: {k: v for k, v in a.items() if not (a["type"] == "ack" and k == "time")}),
    "an answer with a field of its own": ("pins", lambda a: {**a, "color": "red"} if a["type"] == "page" else a),
    "another id": ("notify", lambda a: {**a, "id": 999} if a["type"] == "ok" else a),
    "another conversation": ("members-banned", lambda a: {**a, "conversation": "elsewhere"} if a["type"] == "members" else a),
    "a sequence below 1": ("recall", lambda a: {**a, "sequence": 0} if a["type"] == "ack" else a),
    "another number": ("missing", lambda a: {**a, "code": 40014, "name": "bad_request"} if a.get("code") == 40002 else a),
    "another field at fault": ("8,001", lambda a: {**a, "field": "id"} if a.get("code") == 40005 else a),
    "everything granted": ("outsider", lambda a: {"type": "ok", "id": a.get("id", 0)} if a["type"] == "error" else a),
}

TYPE, ID, CONVERSATION, SEQUENCE, TIME = (parley_bin.NUMBERS[name] for name in ("type", "id", "conversation", "sequence", "time"))


def swapped(data: bytes) -> bytes:
    """The names of two fields, one for the other: both are numbers, so that only a comparison with JSON tells."""
    answer = cbor2.loads(data)
    change = {SEQUENCE: TIME, TIME: SEQUENCE}
    return cbor2.dumps({change.get(key, key): value for key, value in answer.items()})


def renamed(data: bytes) -> bytes:
    """`conversation` under the number of another name."""
    answer = cbor2.loads(data)
    return cbor2.dumps({parley_bin.NUMBERS["peer"] if key == CONVERSATION else key: value for key, value in answer.items()})


def later(data: bytes) -> bytes:
    answer = cbor2.loads(data)
    return cbor2.dumps({**answer, SEQUENCE: answer[SEQUENCE] + 1} if SEQUENCE in answer else answer)


def long_id(data: bytes) -> bytes:
    """The id, which is below 24, in two bytes in the place of one: what cbor2 reads is the same."""
    at = data.find(bytes([ID]) + bytes([cbor2.loads(data).get(ID, 0)]))
    return data[: at + 1] + b"\x18" + data[at + 1 :] if at >= 0 else data


def fraction(data: bytes) -> bytes:
    answer = cbor2.loads(data)
    return cbor2.dumps({**answer, ID: float(answer[ID])} if ID in answer else answer)


BENDS: dict[str, Bend] = {
    # What is done to the bytes of an answer in the binary encoding.
    "two fields change names": swapped,
    "another name's number": renamed,
    "another sequence than in JSON": later,
    "not the shortest form": long_id,
    "a number with a fraction": fraction,
    "a name as a text": lambda data: data.replace(bytes([0xA0 | data[0] & 0x1F, TYPE]), data[:1] + b"\x64type", 1),
    "no definite length": lambda data: b"\xbf" + data[1:] + b"\xff",
    "a tag": lambda data: b"\xd9\xd9\xf7" + data,
    "a byte too many": lambda data: data + b"\x00",
    "half an answer": lambda data: data[: len(data) // 2],
    "JSON": lambda data: parley_bin.write_json(parley_bin.decode(data)).encode(),
}


def socket_proxy(base: str, bend: Bend) -> websockets.sync.server.Server:
    """Bends what the server says on binary sockets, after the log-in."""

    def carry(client: websockets.sync.server.ServerConnection) -> None:
        wanted = [client.subprotocol] if client.subprotocol else None
        with websockets.sync.client.connect(base.replace("http", "ws") + client.request.path, subprotocols=wanted) as server:

            def out() -> None:
                for message in client:
                    server.send(message)
                server.close()

            threading.Thread(target=out, daemon=True).start()
            for number, message in enumerate(server):
                client.send(bend(message) if isinstance(message, bytes) and number >= 2 else message)
            client.close(server.close_code or 1000)

    server = websockets.sync.server.serve(carry, "127.0.0.1", 0, subprotocols=["parley.bin.1", "parley.json.1"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Front(socketserver.ThreadingTCPServer):
    """One port before two: sockets go to one, all else to the other."""

    daemon_threads = True

    def __init__(self, sockets: int, calls: int) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.ports = {True: sockets, False: calls}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request: socket.socket, address: Any) -> None:
        head = request.recv(65_536)
        with socket.create_connection(("127.0.0.1", self.ports[head.startswith(b"GET /v1/ws")])) as other:
            other.sendall(head)
            back = threading.Thread(target=pour, args=(other, request), daemon=True)
            back.start()
            pour(request, other)
            back.join(10)


def pour(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy(base: str, change: Change, bend: Bend = bytes) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() in ("authorization", "content-type")}
            request = urllib.request.Request(base + self.path, body if self.command == "POST" else None, headers, method=self.command)
            try:
                with urllib.request.urlopen(request) as answer:
                    status, data, kind = answer.status, answer.read(), answer.headers["content-type"]
            except urllib.error.HTTPError as error:
                status, data, kind = error.code, error.read(), error.headers["content-type"]
            if self.path.startswith("/v1/request"):
                data = bend(data) if kind == "application/cbor" else json.dumps(change(json.loads(data))).encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def play(url: str, *more: str) -> tuple[int, str]:
    done = subprocess.run([*command(), "conformance", url, *more], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def bent(server: Server, door: str, bend: Bend) -> str:
    """Plays one frame as JSON, and over this door with its answers bent; what is wrong, or nothing."""
    calls = proxy(server.http, dict, bend if door == "cbor" else bytes)
    sockets = socket_proxy(server.http, bend if door == "binary" else bytes)
    front = Front(sockets.socket.getsockname()[1], calls.server_port)
    try:
        code, said = play(f"http://127.0.0.1:{front.server_address[1]}", "--over", "http", "--over", door, "--only", "recall")
    finally:
        for each in (front, sockets, calls):
            each.shutdown()
        for each in (front, calls):
            each.server_close()
    bad = code != 1 or not any(line.strip().startswith(door + ":") for line in said.splitlines())
    return f"was not noticed: exit {code}\n{said[-600:]}" if bad else ""


async def campaign() -> list[str]:
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data")
        await server.start()
        try:
            code, said = await asyncio.to_thread(play, server.http)
            print(said.splitlines()[-1], file=sys.stderr)
            if code != 0:
                faults.append(f"a sound server: exit {code}\n{said}")
            for name, (only, change) in LIES.items():
                liar = proxy(server.http, change)
                code, said = await asyncio.to_thread(play, f"http://127.0.0.1:{liar.server_port}", "--over", "http", "--only", only)
                liar.shutdown()
                liar.server_close()
                if code != 1 or "FAIL" not in said:
                    faults.append(f"{name} was not noticed: exit {code}\n{said[-400:]}")
            for name, bend in BENDS.items():
                faults += [f"{name}, {door}: {said}" for door in ("cbor", "binary") if (said := await asyncio.to_thread(bent, server, door, bend))]
            if (await asyncio.to_thread(play, "http://127.0.0.1:9"))[0] != 2:
                faults.append("no server: another exit status than 2")
        finally:
            server.kill()
    return faults


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    faults = asyncio.run(campaign())
    for fault in faults:
        print(fault, file=sys.stderr)
    print(json.dumps({"lies": len(LIES) + 2 * len(BENDS), "faults": len(faults)}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
