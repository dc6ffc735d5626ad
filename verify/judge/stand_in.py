#!/usr/bin/env python3
"""A small server of the protocol in Python, with bugs that can be switched on: what the judge is tested with.

It has the command line of the real server, so every tool of this folder runs against it too.

Example:  PARLEY_BIN=verify/judge/stand_in.py .venv/bin/python verify/judge/kill.py --kills 5
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from stand_in_commit import commit
from stand_in_log import Conversation, Refused, Store, check, dump, now, provision, refusal

FAULTS = {
    # name: what the judge must say about it
    "ack_before_write": "lost", "push_before_write": "pushed_not_stored", "dedupe_off": "duplicated",
    "dedupe_forgotten": "duplicated", "sequence_reuse": "lost", "hole": "holes", "reorder_pushes": "reordered",
    "drop_push_and_lie": "gaps", "cursor_skip": "gaps", "wrong_ack_on_resend": "unequal_acks", "wrong_ack": "lost",
    "mutated_push": "pushed_not_stored", "mutated_log": "mutated", "event_to_non_member": "seen_without_right",
    "event_after_removal": "seen_without_right", "ack_order": "ack_order", "history_to_ex_member": "seen_without_right",
    "hidden_history_shown": "seen_without_right", "unread_wrong": "wrong_summary", "invented": "phantom",
    "acked_never_stored": "lost", "torn_tail": "lost", "conflict_acked": "conflict_acked", "diverged": "diverged",
    "refused_but_stored": "phantom", "late_fill": "reordered", "head_too_high": "pushed_not_stored",
    "ack_time_differs": "pushed_not_stored",
}  # fmt: skip
ALIASES = {
    # the names that the real server's faulty twin has for them
    "ack-before-commit": "ack_before_write", "push-before-commit": "push_before_write", "dedupe-off": "dedupe_off",
    "sequence-max-plus-one": "sequence_reuse", "cursor-skip": "cursor_skip",
}  # fmt: skip
HARMLESS = ("drop_push", "duplicate_push", "slow_commit")
"""What the protocol allows: the judge must not mind."""


class Link:
    """One connection that is ready, or on its way there."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.user = ""
        self.out: asyncio.Queue[str] = asyncio.Queue()
        self.changed: set[str] = set()
        self.held = ""

    def put(self, frame: str) -> None:
        self.out.put_nowait(frame)

    async def write(self) -> None:
        while True:
            await self.socket.send(await self.out.get())


class StandIn:
    def __init__(self, folder: Path, faults: set[str] = frozenset(), *, seed: int = 1, sync: bool = False, heartbeat: float = 30) -> None:  # type: ignore[assignment]
        unknown = set(faults) - set(FAULTS) - set(HARMLESS)
        if unknown:
            raise ValueError(f"no such fault: {unknown}")
        self.folder, self.faults, self.sync, self.heartbeat = folder, set(faults), sync, heartbeat
        self.rng = random.Random(seed)
        self.links: set[Link] = set()
        self.queue: list[tuple[Link, dict[str, Any]]] = []
        self.late: list[dict[str, Any]] = []
        self.reserved: dict[str, tuple[Link, dict[str, Any], dict[str, Any]]] = {}
        self.bell = asyncio.Event()
        self.draining = False
        self.tasks: list[asyncio.Task[None]] = []
        self.server: Server | None = None
        self.store = Store(folder, self.faults, self.rng, sync)

    def has(self, fault: str, chance: float = 1.0) -> bool:
        return fault in self.faults and self.rng.random() < chance

    # Life.

    async def start(self, host: str, port: int) -> int:
        self.tasks = [asyncio.create_task(self._commits()), asyncio.create_task(self._beats())]
        self.server = await serve(
            self._socket, host, port, process_request=self._http, subprotocols=["parley.json.1"],  # type: ignore[list-item]
            compression=None, ping_interval=None, max_size=131072, close_timeout=1,
        )  # fmt: skip
        return self.server.sockets[0].getsockname()[1]

    async def crash(self) -> None:
        """What SIGKILL does: sockets break off, memory is gone, the file stays."""
        for task in self.tasks:
            task.cancel()
        for link in list(self.links):
            link.socket.transport.abort()
        assert self.server is not None
        self.server.close(close_connections=False)
        self.links.clear()
        self.queue.clear()
        self.late.clear()
        self.reserved.clear()
        self.store.close()
        self.store = Store(self.folder, self.faults, self.rng, self.sync)

    async def drain(self) -> None:
        self.draining = True
        for _ in range(400):
            if not self.queue:
                break
            await asyncio.sleep(0.005)
        for link in list(self.links):
            link.put('{"type":"reconnect","after_ms":100}')
        await asyncio.sleep(0.05)
        for link in list(self.links):
            await link.socket.close(1001)
        for task in self.tasks:
            task.cancel()
        assert self.server is not None
        self.server.close()
        self.store.close()

    def _http(self, socket: ServerConnection, request: Any) -> Any:
        if request.path == "/healthz":
            return socket.respond(200, '{"status":"ok"}')
        return None if request.path == "/v1/ws" else socket.respond(404, "")

    async def _socket(self, socket: ServerConnection) -> None:
        link = Link(socket)
        writer = asyncio.create_task(link.write())
        limits = {"frame_bytes": 131072, "text_characters": 8000, "page_entries": 200, "requests_in_flight": 64}
        link.put(
            dump(
                {
                    "type": "hello",
                    "protocol": "parley.json.1",
                    "epoch": "e1",
                    "heartbeat_ms": int(self.heartbeat * 1000),
                    "auth_ms": 5000,
                    "limits": limits,
                }
            )
        )
        try:
            async for raw in socket:
                frame = json.loads(raw)
                try:
                    self._request(link, frame)
                except Refused as error:
                    link.put(refusal(frame, error))
        except ConnectionClosed:
            pass
        finally:
            writer.cancel()
            self.links.discard(link)

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat)
            for link in self.links:
                heads = {name: self.store.conversations[name].head for name in link.changed}
                if self.has("head_too_high"):
                    heads = {name: head + 1000 for name, head in heads.items()}
                link.changed.clear()
                if "drop_push_and_lie" in self.faults:
                    heads = {}
                if link.held:
                    link.put(link.held)
                    link.held = ""
                link.put(dump({"type": "heartbeat", "time": now(), "heads": heads}))

    # Requests.

    def _request(self, link: Link, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "auth":
            link.user = self.store.tokens.get(frame["token"], "")
            if not link.user:
                raise Refused(40101, "bad_token")
            self.links.add(link)
            link.put(dump({"type": "ready", "id": frame["id"], "user": link.user, "name": link.user, "session": "s", "connection": "c"}))
        elif not link.user:
            raise Refused(40100, "not_authenticated")
        elif kind in ("send", "add", "remove", "leave", "create"):
            if self.draining:
                raise Refused(50304, "draining", retry="later")
            self.queue.append((link, frame))
            self.bell.set()
        elif kind == "history":
            self._history(link, frame)
        elif kind == "sync":
            self._sync(link, frame)
        elif kind == "read":
            conversation = self._member(link.user, frame["conversation"])
            conversation.read[link.user] = max(conversation.read.get(link.user, 0), min(frame.get("sequence", 0), conversation.head))
            link.put(dump({"type": "ok", "id": frame["id"]}))
        elif kind == "ping":
            link.put(dump({"type": "pong", "id": frame["id"], "time": now()}))
        else:
            raise Refused(40001, "unknown_type")

    def _member(self, user: str, name: str) -> Conversation:
        conversation = self.store.conversations.get(name)
        if conversation is None or user not in conversation.roles:
            if conversation is None or not (user in conversation.slots and "history_to_ex_member" in self.faults):
                raise Refused(40300, "not_member")
        return conversation

    def _history(self, link: Link, frame: dict[str, Any]) -> None:
        conversation = self._member(link.user, frame["conversation"])
        first = 1 if "hidden_history_shown" in self.faults else conversation.visible_from.get(link.user, 1)
        after, limit = frame.get("after", 0), frame.get("limit", 50)
        if after and self.has("cursor_skip"):
            after += 1
        sequences = [s for s in range(max(after + 1, first), conversation.head + 1) if s in conversation.entries]
        if "after" not in frame:
            sequences = [s for s in sequences if s < frame.get("before", conversation.head + 1)][::-1]
        entries = [conversation.entries[s] for s in sequences[:limit]]
        if "diverged" in self.faults:
            entries = [{**e, "time": e["time"] + int(link.user[-1]) % 2} for e in entries]
        head = conversation.head
        if "drop_push_and_lie" in self.faults and entries:
            head = max(e["sequence"] for e in entries)
        answer = {
            "type": "page",
            "id": frame["id"],
            "conversation": conversation.name,
            "head": head,
            "entries": entries,
            "more": len(sequences) > limit,
        }
        link.put(dump(answer))

    def _sync(self, link: Link, frame: dict[str, Any]) -> None:
        lines: list[dict[str, Any]] = []
        for conversation in self.store.conversations.values():
            if link.user not in conversation.roles:
                if link.user in conversation.slots:
                    lines.append({"conversation": conversation.name, "kind": conversation.kind, "role": "none"})
                continue
            read = conversation.read.get(link.user, 0)
            unread = sum(1 for s, e in conversation.entries.items() if s > read and e["kind"] == "message" and e["sender"] != link.user)
            if self.has("unread_wrong"):
                unread += 1
            line = {
                "conversation": conversation.name, "kind": conversation.kind, "title": conversation.title,
                "role": conversation.roles[link.user], "members": len(conversation.roles), "head": conversation.head, "read": read,
                "delivered": read, "unread": unread, "visible_from": conversation.visible_from[link.user], "time": now(),
            }  # fmt: skip
            position = frame["positions"].get(conversation.name)
            if position is not None and position < conversation.head:
                first = max(position + 1, conversation.visible_from[link.user])
                entries = [conversation.entries[s] for s in range(first, conversation.head + 1) if s in conversation.entries]
                line |= {"entries": entries[:50], "more": len(entries) > 50}
            lines.append(line)
        link.put(dump({"type": "synced", "id": frame["id"], "epoch": "e1", "token": "1.1", "conversations": lines, "more": False}))

    async def _commits(self) -> None:
        while True:
            await self.bell.wait()
            self.bell.clear()
            if "slow_commit" in self.faults:
                await asyncio.sleep(0.01)
            batch, self.queue = self.queue, []
            await commit(self, batch)


async def run(options: argparse.Namespace) -> int:
    options.data.mkdir(parents=True, exist_ok=True)
    lock = (options.data / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print(f"another server uses {options.data}: stop it first, or name another folder", file=sys.stderr)
        return 1
    faults = {ALIASES.get(fault, fault) for fault in options.fault}
    sync = "synchronous-off" not in faults
    server = StandIn(options.data, faults - {"synchronous-off"}, seed=time.time_ns(), sync=sync, heartbeat=options.heartbeat)
    host, port = options.listen.rsplit(":", 1)
    await server.start(host, int(port))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.drain()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", action="append", default=[], help="a bug to switch on: " + ", ".join([*FAULTS, *HARMLESS]))
    commands = parser.add_subparsers(dest="command", required=True)
    command = {name: commands.add_parser(name) for name in ("serve", "provision", "check")}
    for each in command.values():
        each.add_argument("--data", type=Path, required=True)
    command["serve"].add_argument("--listen", required=True)
    command["serve"].add_argument("--no-rate-limits", action="store_true")
    command["serve"].add_argument("--heartbeat", type=float, default=2)
    command["provision"].add_argument("--plan", type=Path, required=True)
    command["provision"].add_argument("--accounts-out", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "provision":
        provision(options.data, options.plan, options.accounts_out)
        return 0
    if options.command == "check":
        return check(options.data)
    try:
        return asyncio.run(run(options))
    except OSError as error:
        print(f"cannot use {options.data}: {error.strerror}; give it a folder that it may write", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
