"""nginx and HAProxy as docs/deploy says, on loopback, before a server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

from server import ROOT, free_port

DEPLOY = ROOT / "docs" / "deploy"
EXAMPLE = "/etc/ssl/chat.example.org"


class Proxy:
    """A proxy process with the documented configuration, its ports and certificate put in."""

    def __init__(self, kind: str, folder: Path, backend: int, certificate: str, key: str) -> None:
        self.port = free_port()
        self.kind = kind
        self.log = folder / f"{kind}.log"
        program = shutil.which(kind) or shutil.which(kind, path="/usr/sbin:/usr/local/sbin")
        assert program, f"needs {kind}"
        if kind == "nginx":
            text = self._put(DEPLOY / "nginx.conf", {
                "127.0.0.1:8480": f"127.0.0.1:{backend}", "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
                f"{EXAMPLE}.pem": certificate, f"{EXAMPLE}.key": key, "/var/log/nginx/parley.log": str(self.log),
            })  # fmt: skip
            paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            text = (
                f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {self.log}; user root;\n"
                f"events {{ worker_connections 256; }}\nhttp {{ {paths}\n{text}\n}}\n"
            )
            configuration = folder / "nginx.conf"
            command = [program, "-p", str(folder), "-c", str(configuration)]
        else:
            both = folder / "both.pem"
            both.write_text(Path(certificate).read_text() + Path(key).read_text())
            text = self._put(DEPLOY / "haproxy.cfg", {
                "127.0.0.1:8480": f"127.0.0.1:{backend}", "bind :443": f"bind 127.0.0.1:{self.port}", f"{EXAMPLE}.both.pem": str(both),
            })  # fmt: skip
            text = "global\n    log stdout format raw local0\n" + text
            configuration = folder / "haproxy.cfg"
            command = [program, "-db", "-f", str(configuration)]
        configuration.write_text(text)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.02)

    @staticmethod
    def _put(path: Path, changes: dict[str, str]) -> str:
        text = path.read_text()
        for old, new in changes.items():
            assert old in text, f"{path.name} has no {old} any more"
            text = text.replace(old, new)
        return text

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
