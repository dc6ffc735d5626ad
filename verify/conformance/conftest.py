"""Starts parley-echo for the suites of this folder and speaks raw HTTP and WebSocket to it.

PARLEY_ECHO names the binary; without it the debug build is taken. Nothing is built here.
"""

import json
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = bytes([0x37, 0xFA, 0x21, 0x3D])


def binary():
    path = pathlib.Path(os.environ.get("PARLEY_ECHO", ROOT / ".build/debug/parley-echo"))
    if not path.exists():
        pytest.fail(f"no {path}: build it with `swift build --product parley-echo`, or name it in PARLEY_ECHO")
    return str(path)


class Server:
    """A parley-echo of its own, on a free port of the loopback."""

    def __init__(self, *options, files=None):
        limit = None
        if files:
            limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        self.process = subprocess.Popen(
            [binary(), *map(str, options)], stdout=subprocess.PIPE, text=True, preexec_fn=limit)
        line = self.process.stdout.readline().split()
        assert line and line[0] == "listening", f"parley-echo did not start: {line}"
        self.port = int(line[2])
        self.address = ("127.0.0.1", self.port)

    @property
    def is_alive(self):
        return self.process.poll() is None

    def rss(self):
        """Resident memory, in KiB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def connect(self):
        return Client(self.address)

    def open(self, **headers):
        """A connection that has been upgraded."""
        client = self.connect()
        client.send(handshake(self.port, **headers))
        status, fields, _ = client.response()
        assert status == 101, (status, fields)
        return client

    def stop(self):
        if self.is_alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(12)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Client:
    """A TCP connection with a timeout on everything."""

    def __init__(self, address, timeout=10):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, data):
        """Sends; False when the server ended the connection meanwhile, which is often what is wanted."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def read(self, count):
        while len(self.rest) < count:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self.rest)
            self.rest += data
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def response(self, has_body=True):
        """Status, headers in lower case, body."""
        while b"\r\n\r\n" not in self.rest:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self.rest)
            self.rest += data
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        status = int(lines[0].split()[1])
        fields = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            fields[name.lower()] = value
        body = self.read(int(fields.get("content-length", 0))) if has_body and status >= 200 else b""
        return status, fields, body

    def frame(self):
        """The next frame: opcode, payload."""
        first, second = self.read(2)
        assert first & 0x70 == 0 and second & 0x80 == 0, "server frames have no extension bits and no mask"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.read(8))
        return first & 0x0F, self.read(length)

    def close_code(self):
        """The code of the close frame that comes, whatever comes before it."""
        while True:
            opcode, payload = self.frame()
            if opcode == 8:
                return struct.unpack(">H", payload[:2])[0] if payload else None

    def ended_within(self, seconds):
        """Whether the server ends the connection within that time; what it still says is dropped."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                if not self.socket.recv(65536):
                    return True
            except TimeoutError:
                return False
            except OSError:
                return True
        return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def handshake(port, path="/v1/ws", version="HTTP/1.1", method="GET", **headers):
    """An upgrade request. A header given as None is left out, one given as a list is repeated."""
    fields = {
        "Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY,
    }
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [f"{method} {path} {version}"]
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                lines.append(f"{name}: {one}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def frame(opcode, payload=b"", final=True, first=None, mask=MASK, length=None, width=None):
    """A client's frame. `length` lies about the payload, `width` (0, 2, 8) chooses how it is written."""
    head = bytes([first if first is not None else (0x80 if final else 0) | opcode])
    length = len(payload) if length is None else length
    width = width if width is not None else 0 if length < 126 else 2 if length < 65536 else 8
    bit = 0x80 if mask else 0
    if width == 0:
        head += bytes([bit | length])
    elif width == 2:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    if not mask:
        return head + payload
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def error_name(body):
    error = json.loads(body)
    assert error["type"] == "error" and isinstance(error["code"], int) and error["retry"]
    return error["name"]


@pytest.fixture(scope="session")
def echo():
    """One server for all tests that need no settings of their own."""
    server = Server("--allow-origin", "https://app.example.com")
    yield server
    assert server.is_alive
    assert server.stop() == 0


@pytest.fixture
def steady(echo):
    """The shared server; afterwards it still answers, and its memory has grown by less than 2 MiB."""
    with echo.open() as client:
        client.send(frame(1, b"x" * 60000))
        client.frame()
    before = echo.rss()
    yield echo
    assert echo.is_alive, "the process died"
    with echo.open() as client:
        client.send(frame(1, b"still there"))
        assert client.frame() == (1, b"still there")
    assert echo.rss() - before <= 2048, f"memory grew from {before} to {echo.rss()} KiB"
