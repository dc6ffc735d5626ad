#!/usr/bin/env python3
"""`parley conformance` on trial: it finds nothing against a sound server, and notices a server that answers wrongly.

The wrong servers are a proxy before the sound one that changes answers: one field less, another number, another id.

Example:  .venv/bin/python verify/contract/conformance.py
"""

from __future__ import annotations

import argparse
import asyncio
import http.server
import json
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "judge"))

from server import Server, command  # noqa: E402

Change = Callable[[dict[str, Any]], dict[str, Any]]

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


def proxy(base: str, change: Change) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() in ("authorization", "content-type")}
            request = urllib.request.Request(base + self.path, body if self.command == "POST" else None, headers, method=self.command)
            try:
                with urllib.request.urlopen(request) as answer:
                    status, data = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, data = error.code, error.read()
            if self.path.startswith("/v1/request"):
                data = json.dumps(change(json.loads(data))).encode()
            self.send_response(status)
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
    print(json.dumps({"lies": len(LIES), "faults": len(faults)}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
