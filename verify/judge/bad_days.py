#!/usr/bin/env python3
"""Bad days: a full disk, a second process, a corrupt file, a folder that cannot be written, a shutdown under load.

Every scenario starts a server of its own on a fresh folder and lists what was not as promised. Exit status 1 where
anything was. The scenarios `full` and `readonly` mount a small tmpfs and need root; without it they are skipped, said so.

Example:  .venv/bin/python verify/judge/bad_days.py --only full drain --seed 5
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Coroutine

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from server import Server, StartFailure, free_port
from wire import ask, dump, enter, open_socket

PLAN = "user 1 ann pass-word-1\nuser 2 bob pass-word-2\ngroup g 1 2\n"
_mounts: list[Path] = []


class Skipped(Exception):
    """This machine does not allow the scenario."""


def mount(folder: Path, size: str) -> None:
    """A small file system of its own on the folder."""
    folder.mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skipped(f"mount: {done.stderr.strip()}")
    _mounts.append(folder)


def unmount_all() -> None:
    while _mounts:
        subprocess.run(["umount", "-l", str(_mounts.pop())], capture_output=True)


atexit.register(unmount_all)


def send(number: int, text: str, client_id: str | None = None) -> dict[str, Any]:
    return {
        "type": "send", "id": number, "conversation": "g", "client_id": client_id or f"m{number}",
        "content": {"type": "text", "text": text},
    }  # fmt: skip


async def log_of(server: Server, token: str) -> dict[int, dict[str, Any]]:
    """All that a member reads of the group, by sequence. Raises LookupError where the server answers with an error."""
    socket, _, _ = await enter(server.url, token)
    found: dict[int, dict[str, Any]] = {}
    try:
        after = 0
        while True:
            page, _ = await ask(socket, {"type": "history", "id": after, "conversation": "g", "after": after, "limit": 50})
            if page["type"] == "error":
                raise LookupError(f"{page['code']} {page['message']}")
            for entry in page["entries"]:
                found[entry["sequence"]] = entry
            if not page["more"] or not page["entries"]:
                return found
            after = page["entries"][-1]["sequence"]
    finally:
        await socket.close()


def missing(acks: dict[str, int], log: dict[int, dict[str, Any]]) -> list[str]:
    return [f"{cid} was acked at {s} and is not there" for cid, s in acks.items() if log.get(s, {}).get("client_id") != cid]


def one_sentence(text: str) -> list[str]:
    """What a person is told: not empty, short, no trace of the inside."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    problems = []
    if not lines:
        problems.append("says nothing on stderr")
    if len(lines) > 2 or "Traceback" in text or "Fatal error" in text:
        problems.append(f"says more than a sentence: {text[:300]!r}")
    return problems


async def full(folder: Path, rng: random.Random) -> list[str]:
    """A full disk: `disk_full` to the sender, acked messages intact, service back without restart when there is room."""
    problems: list[str] = []
    mount(folder / "small", "32m")
    server = Server(folder / "small" / "data")
    tokens = server.provision(PLAN)
    await server.start()
    filler = folder / "small" / "filler"
    try:
        socket, _, _ = await enter(server.url, tokens["ann"])
        acks: dict[str, int] = {}
        room = shutil.disk_usage(folder / "small").free - 400_000
        with filler.open("wb") as file:
            file.write(b"\0" * max(0, room))
        refused: dict[str, Any] = {}
        number = 0
        for number in range(1, 1200):
            answer, _ = await ask(socket, send(number, f"{number} " + "x" * 4000))
            if answer["type"] == "error":
                refused = answer
                break
            acks[answer["client_id"]] = answer["sequence"]
        if not refused:
            problems.append("1,200 messages of 4 kB went into 400 kB")
        elif (refused["code"], refused["name"], refused["retry"]) != (50301, "disk_full", "later"):
            problems.append(f"the sender was told {dump(refused)}")
        if not server.alive():
            return [*problems, f"the server died: {server.said()[-300:]}"]
        log = await log_of(server, tokens["bob"])
        problems += missing(acks, log)
        if f"m{number}" in {entry["client_id"] for entry in log.values()}:
            problems.append("the refused message is in the log")
        filler.unlink()
        start = time.monotonic()
        while time.monotonic() - start < 10:
            answer, _ = await ask(socket, send(number, f"{number} " + "x" * 4000))
            if answer["type"] == "ack":
                acks[answer["client_id"]] = answer["sequence"]
                break
            await asyncio.sleep(0.05)
        took = time.monotonic() - start
        if answer["type"] != "ack" or took > 5:
            problems.append(f"{took:.1f} s after there was room: {dump(answer)}")
        await socket.close()
        if (status := await server.drain()) != 0:
            problems.append(f"SIGTERM: exit status {status}")
        status, said = server.check()
        if status != 0:
            problems.append(f"check: exit status {status}: {said}")
        await server.start()
        problems += missing(acks, await log_of(server, tokens["bob"]))
    finally:
        server.kill()
        unmount_all()
    return problems


async def second(folder: Path, rng: random.Random) -> list[str]:
    """A second process on the folder: it says a sentence and goes, the first one does not notice."""
    problems: list[str] = []
    server = Server(folder / "data")
    tokens = server.provision(PLAN)
    await server.start()
    try:
        other = Server(server.data)
        other.port = free_port()
        done = await asyncio.to_thread(run_to_end, other.arguments())
        if done.returncode is None:
            problems.append("the second process serves too")
        elif done.returncode == 0:
            problems.append("the second process exits with 0")
        problems += [f"the second process {problem}" for problem in one_sentence(done.stderr)]
        socket, _, _ = await enter(server.url, tokens["ann"])
        answer, _ = await ask(socket, send(1, "still here"))
        if answer["type"] != "ack":
            problems.append(f"the first one was harmed: {dump(answer)}")
        await socket.close()
    finally:
        server.kill()
    return problems


class Ended:
    def __init__(self, returncode: int | None, stderr: str) -> None:
        self.returncode, self.stderr = returncode, stderr


def run_to_end(arguments: list[str], timeout: float = 15) -> Ended:
    """Runs a server that should refuse to run."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, err = process.communicate(timeout=timeout)
        return Ended(process.returncode, err or out)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, err = process.communicate()
        return Ended(None, err)


async def corrupt(folder: Path, rng: random.Random) -> list[str]:
    """Flipped bytes in the stopped database: reported by `check`, and never served as a message."""
    problems: list[str] = []
    server = Server(folder / "data")
    tokens = server.provision(PLAN)
    await server.start()
    try:
        socket, _, _ = await enter(server.url, tokens["ann"])
        for number in range(1, 201):
            answer, _ = await ask(socket, send(number, f"precious {number:04} {'y' * 200}"))
            assert answer["type"] == "ack", answer
        await socket.close()
        good = await log_of(server, tokens["bob"])
        await server.drain()
    finally:
        server.kill()
    saved = folder / "saved"
    shutil.copytree(server.data, saved)
    marks = [f"precious {rng.randrange(1, 201):04} yyy".encode() for _ in range(3)]
    for mark in marks:
        problems += await _flipped(server, saved, good, tokens["bob"], lambda path, data, mark=mark: [i + 4 for i in places(data, mark)], True)
    # Anywhere in the file: it may hit nothing that matters, so only what is served counts.
    for _ in range(6):
        problems += await _flipped(
            server, saved, good, tokens["bob"], lambda path, data: [rng.randrange(len(data))] if len(data) > 100_000 else [], False
        )
    return problems


def places(data: bytes, mark: bytes) -> list[int]:
    found, start = [], 0
    while (start := data.find(mark, start)) >= 0:
        found.append(start)
        start += 1
    return found


async def _flipped(
    server: Server, saved: Path, good: dict[int, dict[str, Any]], token: str, choose: Callable[..., list[int]], must_tell: bool
) -> list[str]:
    shutil.rmtree(server.data)
    shutil.copytree(saved, server.data)
    flips = []
    for path in sorted(p for p in server.data.rglob("*") if p.is_file()):
        data = bytearray(path.read_bytes())
        for place in choose(path, bytes(data)):
            data[place] ^= 0x01
            flips.append(f"{path.name}+{place}")
        path.write_bytes(data)
    where = ", ".join(flips) or "nowhere"
    if not flips:
        return ["the text of a message was found in no file: nothing could be flipped"] if must_tell else []
    problems: list[str] = []
    if len(flips) > 3:
        where = f"{len(flips)} copies of a message in {flips[0].split('+')[0]}"
    status, said = server.check()
    silent = must_tell and status == 0
    if status not in (0, 1, 2, 64, 65, 70, 74) or "Fatal error" in said:
        problems.append(f"check ended with {status} after a flip at {where}: {said[-200:]}")
    try:
        await server.start(20)
        try:
            log = await log_of(server, token)
            if silent:
                problems.append(
                    f"check finds nothing wrong after a flip at {where}, and {len(good.keys() - log.keys())} of {len(good)} entries are silently gone"
                )
            for sequence, entry in log.items():
                if good.get(sequence) != entry:
                    problems.append(f"after a flip at {where} the server serves {dump(entry)[:200]} at {sequence}")
        except (LookupError, ConnectionClosed):
            pass
        if not server.alive():
            problems.append(f"after a flip at {where} a read ended the server: {server.said()[-300:]}")
    except StartFailure as failure:
        if must_tell and one_sentence(str(failure)):
            problems.append(f"after a flip at {where}: {failure}")
    finally:
        server.kill()
    return problems


async def readonly(folder: Path, rng: random.Random) -> list[str]:
    """A folder that cannot be written: a sentence and an exit status, no half service."""
    mount(folder / "small", "32m")
    server = Server(folder / "small" / "data")
    server.provision(PLAN)
    if subprocess.run(["mount", "-o", "remount,ro", str(folder / "small")], capture_output=True).returncode != 0:
        raise Skipped("remount,ro")
    done = await asyncio.to_thread(run_to_end, server.arguments())
    unmount_all()
    problems = one_sentence(done.stderr)
    if done.returncode is None:
        problems.append("it serves from a folder that it cannot write")
    elif done.returncode == 0:
        problems.append("it exits with 0")
    elif done.returncode < 0:
        problems.append(f"it died of signal {-done.returncode}")
    return problems


async def drain(folder: Path, rng: random.Random) -> list[str]:
    """SIGTERM under load: what the server had read is answered, sockets get `reconnect` and 1001, the process exits with 0."""
    problems: list[str] = []
    server = Server(folder / "data")
    tokens = server.provision(PLAN)
    await server.start()
    try:
        sockets = [(await enter(server.url, tokens[user]))[0] for user in ("ann", "bob", "ann", "bob")]
        idle = await open_socket(server.url)
        answers: list[dict[int, dict[str, Any]]] = [{} for _ in sockets]
        read = [asyncio.Event() for _ in sockets]
        reads = [asyncio.create_task(_answers(socket, answers[n], read[n])) for n, socket in enumerate(sockets)]
        for n, socket in enumerate(sockets):
            for number in range(1, 51):
                await socket.send(dump(send(number, f"going {n} {number}", f"d-{n}-{number}")))
        # The answer to a ping that was sent after them shows that the server has read them all.
        for socket in sockets:
            await socket.send('{"type":"ping","id":1000}')
        await asyncio.wait_for(asyncio.gather(*(event.wait() for event in read)), 10)
        start = time.monotonic()
        status = await server.drain(30)
        took = time.monotonic() - start
        if status != 0:
            problems.append(f"exit status {status} after {took:.1f} s: {server.said()[-300:]}")
        for n, (told, code) in enumerate(await asyncio.wait_for(asyncio.gather(*reads), 10)):
            if not told:
                problems.append(f"connection {n} was not told to reconnect")
            if code != 1001:
                problems.append(f"connection {n} was closed with {code}, not 1001")
        await idle.close()
        await server.start()
        log = await log_of(server, tokens["bob"])
        stored = {entry["client_id"] for entry in log.values()}
        for n in range(len(sockets)):
            silent = [number for number in range(1, 51) if number not in answers[n]]
            kept = sum(1 for number in silent if f"d-{n}-{number}" in stored)
            if silent:
                problems.append(
                    f"connection {n}: {len(silent)} of 50 sends that the server had read got no answer, {kept} of them are stored"
                )
        acks = {a["client_id"]: a["sequence"] for each in answers for a in each.values() if a["type"] == "ack"}
        problems += missing(acks, log)
        for each in answers:
            problems += [f"refused with {dump(a)}" for a in each.values() if a["type"] == "error" and a["retry"] != "later"]
    finally:
        server.kill()
    return problems


async def _answers(socket: ClientConnection, answers: dict[int, dict[str, Any]], read: asyncio.Event) -> tuple[bool, int | None]:
    told = False
    try:
        async for raw in socket:
            frame = json.loads(raw)
            told = told or frame["type"] == "reconnect"
            if frame["type"] in ("ack", "error") and "id" in frame:
                answers[frame["id"]] = frame
            elif frame["type"] == "pong":
                read.set()
    except ConnectionClosed:
        pass
    return told, socket.close_code


SCENARIOS: dict[str, Callable[[Path, random.Random], Coroutine[Any, Any, list[str]]]] = {
    "full": full, "second": second, "corrupt": corrupt, "readonly": readonly, "drain": drain,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else secrets.randbelow(1 << 31)
    rows: list[dict[str, Any]] = []
    for name in options.only:
        row: dict[str, Any] = {"scenario": name, "problems": []}
        with tempfile.TemporaryDirectory(prefix=f"parley-{name}-") as folder:
            try:
                row["problems"] = asyncio.run(SCENARIOS[name](Path(folder), random.Random(seed)))
            except Skipped as why:
                row["skipped"] = str(why)
            except (StartFailure, TimeoutError, ConnectionClosed, OSError) as failure:
                row["problems"] = [f"{type(failure).__name__}: {failure}"]
            finally:
                unmount_all()
        rows.append(row)
        state = "skipped: " + row["skipped"] if "skipped" in row else "; ".join(row["problems"][:3]) or "as promised"
        print(f"{name}: {state}", file=sys.stderr)
    bad = sum(1 for row in rows if row["problems"])
    print(json.dumps({"tool": "bad_days", "seed": seed, "bad": bad, "scenarios": rows}, indent=2, ensure_ascii=False))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
