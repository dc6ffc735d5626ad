"""The server under test as a process: made ready, started, killed, drained, checked. Nothing of it outlives this one."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_running: set[subprocess.Popen[bytes]] = set()


def _end_all() -> None:
    for process in list(_running):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


atexit.register(_end_all)


def command(variable: str = "PARLEY_BIN") -> list[str]:
    """The server's executable: what the environment names, else the release build, else the debug build."""
    named = os.environ.get(variable)
    if named is None and variable == "PARLEY_BIN":
        builds = [ROOT / ".build" / kind / "parley" for kind in ("release", "debug")]
        named = next((str(path) for path in builds if path.exists()), None)
    if named is None:
        raise SystemExit(f"no server: build one, or set {variable} to its path")
    path = str(Path(named).resolve())
    return [sys.executable, path] if path.endswith(".py") else [path]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class StartFailure(Exception):
    """The server did not become ready; the text holds its exit status and what it said."""


class Server:
    """One folder, one port, and the process on them."""

    def __init__(
        self, data: Path, *, serve: list[str] | None = None, tool: list[str] | None = None, prefix: list[str] | None = None
    ) -> None:
        self.data = data
        self.tool = tool or command()
        self.serve = serve or self.tool
        self.prefix = prefix or []
        """What stands before the command's own arguments, such as a tracer."""
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data.parent / f"{data.name}.log"
        self.starts = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/ws"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def provision(self, plan: str) -> dict[str, str]:
        """Makes users and groups; returns the token of each user."""
        plan_file, accounts = self.data.parent / f"{self.data.name}.plan", self.data.parent / f"{self.data.name}.accounts"
        plan_file.write_text(plan)
        arguments = ["provision", "--data", str(self.data), "--plan", str(plan_file), "--accounts-out", str(accounts)]
        done = subprocess.run([*self.tool, *arguments], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise StartFailure(f"provision: exit {done.returncode}: {done.stderr or done.stdout}")
        rows = [line.split() for line in accounts.read_text().splitlines() if line.strip()]
        return {row[0]: row[2] for row in rows}

    def arguments(self, extra: list[str] | None = None) -> list[str]:
        return [
            *self.prefix, *self.serve, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}", "--no-rate-limits",
            *(extra or []),
        ]  # fmt: skip

    async def start(self, timeout: float = 30.0) -> None:
        """Starts the process and returns when it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.arguments(), stdout=log, stderr=log, start_new_session=True)
        _running.add(self.process)
        self.starts += 1
        await self.ready(timeout)

    async def ready(self, timeout: float = 30.0) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while loop.time() < deadline:
            if self.process is not None and self.process.poll() is not None:
                raise StartFailure(f"exit {self.process.returncode} at start: {self.said()}")
            if await asyncio.to_thread(self.healthy):
                return
            await asyncio.sleep(0.01)
        raise StartFailure(f"not ready in {timeout} s: {self.said()}")

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.http}/healthz", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError, ValueError):
            return False
        except Exception:
            return False

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, to the whole process group."""
        self._signal(signal.SIGKILL)
        self._wait(10)

    async def drain(self, timeout: float = 30.0) -> int:
        """SIGTERM; returns the exit status, or -1 where it did not end in time and had to be killed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self._wait, timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def _wait(self, timeout: float) -> int:
        assert self.process is not None
        status = self.process.wait(timeout)
        _running.discard(self.process)
        return status

    def check(self) -> tuple[int, str]:
        """`check --data`: exit status and what it says."""
        done = subprocess.run([*self.tool, "check", "--data", str(self.data)], capture_output=True, text=True, timeout=300)
        return done.returncode, (done.stdout + done.stderr).strip()

    def memory(self) -> int:
        """Resident bytes of the process."""
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0
