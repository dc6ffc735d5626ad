#!/usr/bin/env python3
"""Does the disk have a message before its sender is told so? Watches the server's system calls during single sends.

For every send: between the arrival of its bytes and the departure of its ack (or of any event with it), a sync of the
log file must have begun after the entry was written and have returned 0. Exit status 1 where one was missing.

Examples:  .venv/bin/python verify/judge/durability.py
           .venv/bin/python verify/judge/durability.py --fault synchronous-off --expect-failure
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server import Server, command
from wire import ask, enter

CALLS = "fdatasync,fsync,sync_file_range,msync,write,writev,pwrite64,pwritev,sendto,sendmsg,read,readv,recvfrom,recvmsg"
LINE = re.compile(r"^(\d+) +(\d+\.\d+) (.*)$")
CALL = re.compile(r"^(\w+)\((\d+)<([^>]*(?:>[^,)]*?)?)>(.*)$", re.S)
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$", re.S)


@dataclass
class Call:
    """One finished system call on a descriptor. `line` orders calls: where it began, `end` where it returned."""

    name: str
    file: str
    text: str
    result: int
    begin: int
    end: int


def calls(trace: str) -> list[Call]:
    """The finished calls of a trace of several threads, in the order in which they returned."""
    open_calls: dict[str, tuple[str, str, str, int]] = {}
    found: list[Call] = []
    for number, line in enumerate(trace.splitlines()):
        parts = LINE.match(line)
        if parts is None:
            continue
        thread, _, rest = parts.groups()
        resumed = RESUMED.match(rest)
        if resumed is not None:
            if thread not in open_calls:
                continue
            name, file, text, begin = open_calls.pop(thread)
            text += resumed.group(2)
        else:
            call = CALL.match(rest)
            if call is None:
                continue
            name, file, text, begin = call.group(1), call.group(3), call.group(4), number
            if rest.endswith("<unfinished ...>"):
                open_calls[thread] = (name, file, text, begin)
                continue
        result = re.search(r"= (-?\d+)[^=]*$", text)
        found.append(Call(name, file, text, int(result.group(1)) if result else -1, begin, number))
    return found


def verdict(trace: str, client_id: str, data: str) -> tuple[bool, str]:
    """Whether the trace shows a sync that returned 0 between the store's write and the first word of it to anybody."""
    done = calls(trace)

    def socket(call: Call) -> bool:
        return call.file.startswith(("socket:", "TCP:", "TCPv6:"))

    told = [c for c in done if c.name in ("write", "writev", "sendto", "sendmsg") and socket(c) and client_id in c.text]
    if not told:
        return False, "no bytes with the client id left on a socket"
    first = min(c.begin for c in told)
    came = [c.end for c in done if c.name in ("read", "readv", "recvfrom", "recvmsg") and socket(c) and c.result > 0 and c.end < first]
    arrived = max(came, default=-1)
    stored = [
        c for c in done if c.name in ("write", "writev", "pwrite64", "pwritev") and c.file.startswith(data) and arrived < c.end < first
    ]
    if not stored:
        return False, "nothing was written to a file of the data folder between the arrival and the ack"
    syncs = [c for c in done if c.name in ("fdatasync", "fsync") and c.file.startswith(data) and c.result == 0 and c.end < first]
    for sync in syncs:
        written = [c for c in stored if c.end < sync.begin and c.file == sync.file]
        if written:
            late = [c for c in stored if c.file == sync.file and c.end > sync.begin]
            if not late:
                return True, f"{len(written)} writes, then {sync.name} of {Path(sync.file).name} = 0, then the ack"
    failed = [c for c in done if c.name in ("fdatasync", "fsync") and c.begin < first]
    return False, f"{len(stored)} writes and no sync that covers them before the ack ({len(failed)} syncs in all)"


async def measure(folder: Path, serve: list[str] | None, sends: int, keep: str | None = None) -> dict[str, Any]:
    """Single sends to a fresh server under the tracer, one after the other."""
    trace = folder / "trace"
    tracer = ["strace", "-f", "-ttt", "-y", "-s", "400", "-e", f"trace={CALLS}", "-o", str(trace)]
    server = Server(folder / "data", serve=serve, prefix=tracer)
    tokens = server.provision("user 1 ann pass-word-1\nuser 2 bob pass-word-2\ngroup g 1 2\n")
    await server.start(60)
    failures: list[str] = []
    shown = ""
    try:
        ann, _, _ = await enter(server.url, tokens["ann"])
        bob, _, _ = await enter(server.url, tokens["bob"])
        for number in range(1, sends + 1):
            client_id = f"durable-{number}-end"
            start = trace.stat().st_size
            content = {"type": "text", "text": f"number {number}"}
            answer, _ = await ask(ann, {"type": "send", "id": number, "conversation": "g", "client_id": client_id, "content": content})
            if answer["type"] != "ack":
                raise SystemExit(f"durability: the server refused a send: {answer}")
            # The other member's copy has left too when he has it: the trace is then complete for this message.
            while client_id not in str(await asyncio.wait_for(bob.recv(), 10)):
                pass
            with trace.open("rb") as file:
                file.seek(start)
                text = file.read().decode(errors="replace")
            held, shown = verdict(text, client_id, str(server.data))
            if not held:
                failures.append(f"{client_id}: {shown}")
                if keep:
                    Path(keep).write_text(text)
        await ann.close()
        await bob.close()
    finally:
        server.kill()
    return {"tool": "durability", "sends": sends, "not_durable": len(failures), "example": failures[0] if failures else shown}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sends", type=int, default=20)
    parser.add_argument("--fault", help="run PARLEY_FAULTY with this planted bug")
    parser.add_argument(
        "--expect-failure", action="store_true", help="exit 0 only where no send at all was durable: proves that this can see"
    )
    parser.add_argument("--keep", help="write the trace of the last send that was not durable to this file")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        print("durability: needs strace (Debian package strace)", file=sys.stderr)
        return 2
    serve = [*command("PARLEY_FAULTY"), "--fault", options.fault] if options.fault else None
    with tempfile.TemporaryDirectory(prefix="parley-durability-") as folder:
        report = asyncio.run(measure(Path(folder), serve, options.sends, options.keep))
    print(json.dumps(report, indent=2))
    bad = report["not_durable"]
    word = "NOT DURABLE" if bad else "DURABLE"
    print(f"{word}: {options.sends - bad} of {options.sends} sends were synced before their ack", file=sys.stderr)
    if options.expect_failure:
        return 0 if bad == options.sends else 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
