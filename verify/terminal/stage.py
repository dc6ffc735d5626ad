"""What the tests stand on: a server as a process, requests over HTTP, and people at terminals. Shares no code with the server."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import termios
import threading
import time
import urllib.error
import urllib.request

import ptyprocess
import pyte

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = float(os.environ.get("PARLEY_PATIENCE", "20"))


def binary() -> str:
    named = os.environ.get("PARLEY_BIN")
    if named:
        return str(pathlib.Path(named).resolve())
    builds = [ROOT / ".build" / kind / "parley" for kind in ("release", "debug")]
    return str(next(path for path in builds if path.exists()))


def until(what: str, condition, patience: float = PATIENCE):
    """Waits for something to become true; its value."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.02)


class House:
    """A data folder with a server on it, which can be killed and started again at the same address."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None
        self.tokens: dict[str, str] = {}

    def run(self, *arguments: str, stdin: str | None = None, home: pathlib.Path | None = None, patience: float = 60):
        environment = {**os.environ, "HOME": str(home or self.folder), "TZ": "UTC"}
        environment.pop("XDG_CONFIG_HOME", None)
        return subprocess.run(
            [binary(), *arguments], input=stdin, capture_output=True, text=True, timeout=patience, env=environment
        )

    def provision(self, plan: str) -> None:
        (self.folder / "plan").write_text(plan)
        done = self.run("provision", "--data", str(self.data), "--plan", str(self.folder / "plan"), "--accounts-out", str(self.folder / "accounts"))  # fmt: skip
        assert done.returncode == 0, done.stderr
        for line in (self.folder / "accounts").read_text().splitlines():
            user, _, token = line.split()
            self.tokens[user] = token
            (self.folder / f"{user}.token").write_text(token + "\n")

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [binary(), "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", "--no-rate-limits", "--web", "none"],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until("the server is ready", self.is_ready)

    def is_ready(self) -> bool:
        assert self.process is None or self.process.poll() is None, (self.folder / "server.log").read_text()
        try:
            with urllib.request.urlopen(self.url + "/healthz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def call(self, path: str, body: dict | None = None, token: str = "") -> dict:
        """One HTTP call; the answer with its status."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=20) as answer:
                return {"status": answer.status, **json.loads(answer.read())}
        except urllib.error.HTTPError as error:
            return {"status": error.code, **json.loads(error.read())}

    def ask(self, user: str, frame: dict) -> dict:
        return self.call("/v1/request", {"id": 1, **frame}, self.tokens[user])

    def say(self, user: str, conversation: str, client_id: str, text: str) -> dict:
        content = {"type": "text", "text": text}
        return self.ask(user, {"type": "send", "conversation": conversation, "client_id": client_id, "content": content})

    def conversation(self, user: str, title: str) -> str:
        summaries = self.ask(user, {"type": "sync", "epoch": "", "token": "", "positions": {}})["conversations"]
        return next(row["conversation"] for row in summaries if row.get("title") == title)

    def texts(self, user: str, conversation: str) -> list[str]:
        """All messages, in order."""
        texts: list[str] = []
        after = 0
        while True:
            page = self.ask(user, {"type": "history", "conversation": conversation, "after": after, "limit": 200})
            texts += [entry["content"]["text"] for entry in page["entries"] if entry["kind"] == "message" and "content" in entry]
            if not page["more"]:
                return texts
            after = page["entries"][-1]["sequence"]

    def admin(self, *arguments: str, fails: bool = False):
        """A command of the operator: what it prints as JSON, or its complaint."""
        done = self.run("admin", arguments[0], "--data", str(self.data), "--json", *arguments[1:])
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else json.loads(done.stdout)


class Terminal:
    """A program at a terminal of its own, and what stands on its screen."""

    def __init__(self, house: House, *arguments: str, rows: int = 24, columns: int = 100, home: pathlib.Path | None = None) -> None:
        environment = {**os.environ, "HOME": str(home or house.folder), "TERM": "xterm-256color", "TZ": "UTC"}
        environment.pop("XDG_CONFIG_HOME", None)
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self.lock = threading.Lock()
        self.pty = ptyprocess.PtyProcess.spawn([binary(), *arguments], env=environment, dimensions=(rows, columns))
        self.settings = termios.tcgetattr(self.pty.fd)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        while True:
            try:
                data = self.pty.read(65536)
            except (EOFError, OSError):
                return
            with self.lock:
                self.raw += data
                self.stream.feed(data)

    def lines(self) -> list[str]:
        with self.lock:
            return [line.rstrip() for line in self.screen.display]

    def shows(self, text: str) -> bool:
        return any(text in line for line in self.lines())

    def sees(self, text: str, patience: float = PATIENCE) -> None:
        try:
            until(text, lambda: self.shows(text), patience)
        except AssertionError:
            raise AssertionError(f"{text!r} is not on the screen:\n" + "\n".join(self.lines())) from None

    def type(self, text: str) -> None:
        self.pty.write(text.encode())

    def enter(self, text: str) -> None:
        self.type(text + "\r")

    def resize(self, rows: int, columns: int) -> None:
        with self.lock:
            self.screen.resize(rows, columns)
        self.pty.setwinsize(rows, columns)

    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.pty.fd)[3] & termios.ICANON

    def wait(self, patience: float = PATIENCE) -> int:
        """Waits for the end; the exit status, negative for a signal."""
        until("the program ends", lambda: not self.pty.isalive(), patience)
        return -self.pty.signalstatus if self.pty.signalstatus else self.pty.exitstatus

    def close(self) -> None:
        if self.pty.isalive():
            self.pty.kill(signal.SIGKILL)
            self.wait()
