"""A server with doors to try: its options, its log at level trace, and plain requests that say what came back."""

from __future__ import annotations

import asyncio
import http.client
import json
import secrets
import signal
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server import ROOT, Server, StartFailure
from wire import dump, open_socket

CANARY = "CaNaRy" + secrets.token_hex(8)
"""A word that stands in every secret of these tests, and so may stand in no log."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.text)


class House(Server):
    """A server process with these options. `limits` keeps the limits on how often clients may ask."""

    def __init__(self, folder: Path, *options: str, limits: bool = False, host: str = "127.0.0.1") -> None:
        super().__init__(folder / "data")
        self.options = list(options)
        self.limits = limits
        self.host = host
        self.tls: ssl.SSLContext | None = None

    def with_tls(self, certificate: str, key: str) -> House:
        """The same with TLS, which this side then speaks and trusts too."""
        self.options += ["--tls-certificate", certificate, "--tls-key", key]
        self.tls = trusting(certificate)
        return self

    def arguments(self, extra: list[str] | None = None) -> list[str]:
        words = super().arguments([*self.options, "--log-level", "trace", "--web", str(ROOT / "Web"), *(extra or [])])
        if self.limits:
            words.remove("--no-rate-limits")
        words[words.index("--listen") + 1] = f"{self.host}:{self.port}"
        return words

    def healthy(self) -> bool:
        try:
            return self.ask("GET", "/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def refused_start(self) -> str:
        """What a server that must not start says, on all its channels."""
        done = subprocess.run(self.arguments(), capture_output=True, text=True, timeout=20)
        assert done.returncode != 0, "the server started"
        return done.stdout + done.stderr

    def hang_up(self, said: str) -> None:
        """SIGHUP, and waits until the log has one more line that says so."""
        assert self.process is not None
        before = self.log.read_text().count(said)
        self.process.send_signal(signal.SIGHUP)
        asyncio.run(self._until(lambda: self.log.read_text().count(said) > before))

    async def _until(self, condition: Any, timeout: float = 10.0) -> None:
        deadline = asyncio.get_running_loop().time() + timeout
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                raise StartFailure(f"waited in vain: {self.said()}")
            await asyncio.sleep(0.01)

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None, headers: dict[str, str] | None = None, port: int = 0
    ) -> Answer:
        """One request on a connection of its own."""
        return ask(port or self.port, method, path, body, token, headers, self.tls)

    def register(self, name: str, password: str = "") -> dict[str, Any]:
        answer = self.ask("POST", "/v1/register", {"name": name, "password": password or f"pass {CANARY}"})
        assert answer.status == 200, answer
        return answer.body

    @property
    def socket_url(self) -> str:
        return f"wss://localhost:{self.port}/v1/ws" if self.tls else self.url

    async def auth(self, credential: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """A socket's first frame, the answer, and the socket."""
        socket = await open_socket(self.socket_url, **({"ssl": self.tls} if self.tls else {}))
        await socket.recv()
        await socket.send(dump({"type": "auth", "id": 1, **credential}))
        return json.loads(await asyncio.wait_for(socket.recv(), 10)), socket


def ask(
    port: int, method: str, path: str, body: Any = None, token: str | None = None, headers: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:  # fmt: skip
    connection: http.client.HTTPConnection = (
        http.client.HTTPSConnection("localhost", port, timeout=20, context=tls)
        if tls
        else http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    )
    try:
        fields = dict(headers or {})
        if token is not None:
            fields["Authorization"] = f"Bearer {token}"
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
    finally:
        connection.close()


def trusting(certificate: str) -> ssl.SSLContext:
    """A client that trusts this certificate and no other."""
    return ssl.create_default_context(cafile=certificate)


@dataclass
class Secrets:
    """What may stand in no log: every secret that these tests showed to a server."""

    words: set[str] = field(default_factory=lambda: {CANARY})

    def add(self, text: str) -> str:
        self.words.add(text)
        return text

    def found(self, log: str) -> list[str]:
        """The secrets of which a log holds twelve characters in a row, from anywhere but the name of their kind."""
        pieces = {part for word in self.words for part in word.split(".") if len(part) >= 12}
        return [piece for piece in pieces if any(piece[i : i + 12] in log for i in range(0, len(piece) - 11, 6))]
