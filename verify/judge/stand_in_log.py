"""What the stand-in keeps: accounts, conversations and their logs, in one append-only file. Faults are planted here too."""

from __future__ import annotations

import json
import os
import random
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMPACT = (",", ":")


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=COMPACT)


class Refused(Exception):
    """A request is not done: the number, the name and the advice of the error."""

    def __init__(self, code: int, name: str, text: str = "", retry: str = "never") -> None:
        super().__init__(name)
        self.code, self.name, self.text, self.retry = code, name, text or name, retry


def now() -> int:
    return time.time_ns() // 1_000_000


def refusal(frame: dict[str, Any], error: Refused) -> str:
    return dump({"type": "error", "id": frame["id"], "code": error.code, "name": error.name, "message": error.text, "retry": error.retry})


@dataclass
class Conversation:
    name: str
    kind: str = "group"
    title: str = ""
    hidden: bool = False
    entries: dict[int, dict[str, Any]] = field(default_factory=dict)
    head: int = 0
    roles: dict[str, str] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    visible_from: dict[str, int] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    known: dict[tuple[str, str], int] = field(default_factory=dict)

    def slot(self, user: str) -> int:
        return self.slots.setdefault(user, len(self.slots) + 1)

    def join(self, user: str, role: str, sequence: int) -> None:
        self.slot(user)
        self.roles[user] = role
        self.visible_from[user] = sequence if self.hidden else 1
        self.read[user] = max(self.read.get(user, 0), self.visible_from[user] - 1)

    def apply(self, entry: dict[str, Any]) -> None:
        """Takes an entry into the log: the only way in which anything changes."""
        sequence, content = entry["sequence"], entry["content"]
        self.entries[sequence] = entry
        self.head = max(self.head, sequence)
        self.known[(entry["sender"], entry["client_id"])] = sequence
        match entry["kind"]:
            case "created":
                self.join(entry["sender"], "owner", sequence)
                for user in content["users"]:
                    self.join(user, "member", sequence)
            case "added":
                for user in content["users"]:
                    self.join(user, "member", sequence)
            case "left" | "removed":
                self.roles.pop(content["user"], None)
                self.ended[content["user"]] = sequence


class Store:
    """The file and what it says. `append` is the commit: what it was given is on disk when it returns."""

    def __init__(self, folder: Path, faults: set[str], rng: random.Random, sync: bool) -> None:
        self.path = folder / "log.jsonl"
        self.faults, self.rng, self.sync = faults, rng, sync
        folder.mkdir(parents=True, exist_ok=True)
        self.users: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.conversations: dict[str, Conversation] = {}
        self.message = 178812345678900000
        self.broken_lines = 0
        self._load()
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def close(self) -> None:
        os.close(self.file)

    def _load(self) -> None:
        if not self.path.exists():
            return
        lines = self.path.read_bytes().split(b"\n")
        whole = 0
        for line in lines[:-1]:
            crc, _, body = line.partition(b" ")
            if crc != b"%08x" % zlib.crc32(body):
                self.broken_lines += 1
                continue
            whole += len(line) + 1
            self._take(json.loads(body))
        if "torn_tail" in self.faults:
            for conversation in self.conversations.values():
                if conversation.head > 2:
                    del conversation.entries[conversation.head]
                    conversation.head -= 1
        if "dedupe_forgotten" in self.faults:
            for conversation in self.conversations.values():
                conversation.known.clear()
        if "sequence_reuse" in self.faults:
            for conversation in self.conversations.values():
                conversation.head = max(1, conversation.head - 1)
        if lines[-1]:
            os.truncate(self.path, self.path.stat().st_size - len(lines[-1]))

    def _take(self, line: dict[str, Any]) -> None:
        match line["op"]:
            case "user":
                self.users[line["user"]] = line["token"]
                self.tokens[line["token"]] = line["user"]
            case "conversation":
                self.conversations[line["name"]] = Conversation(line["name"], line["kind"], line["title"], line["hidden"])
            case "entry":
                self.message = max(self.message, int(line["entry"]["message"]))
                self.conversations[line["conversation"]].apply(line["entry"])

    def append(self, lines: list[dict[str, Any]]) -> None:
        """Writes the lines, syncs, then applies them."""
        self.write(lines)
        for line in lines:
            self._take(line)

    def write(self, lines: list[dict[str, Any]]) -> None:
        out = b""
        for line in lines:
            body = dump(line).encode()
            out += b"%08x " % zlib.crc32(body) + body + b"\n"
        size = os.fstat(self.file).st_size
        try:
            written = os.write(self.file, out)
            if written != len(out):
                raise OSError(28, "short write")
            if self.sync:
                os.fdatasync(self.file)
        except OSError:
            os.ftruncate(self.file, size)
            raise

    def entry(
        self, conversation: Conversation, ahead: int, kind: str, sender: str, client_id: str, content: Any, time: int, reply: int = 0
    ) -> dict[str, Any]:
        """The next entry of a conversation that has `ahead` entries waiting to be written."""
        self.message += 1
        entry = {
            "sequence": conversation.head + ahead + 1, "message": str(self.message), "kind": kind, "sender": sender,
            "client_id": client_id, "time": time,
        }  # fmt: skip
        if reply:
            entry["reply_to"] = reply
        entry["content"] = content
        return entry


def provision(folder: Path, plan: Path, accounts: Path) -> None:
    """Makes the users and groups of a plan, and the file with their tokens."""
    store = Store(folder, set(), random.Random(0), True)
    names: dict[str, str] = {}
    with accounts.open("w") as out:
        for line in plan.read_text().splitlines():
            word, *rest = line.split()
            if word == "user":
                number, name, password = rest
                names[number] = name
                token = f"token-{name}"
                store.append([{"op": "user", "user": name, "token": token}])
                out.write(f"{name} {password} {token}\n")
            elif word == "group":
                users = [names[number] for number in rest[1:]]
                store.append([{"op": "conversation", "name": rest[0], "kind": "group", "title": rest[0], "hidden": False}])
                content = {
                    "type": "created", "kind": "group", "title": rest[0], "users": users[1:],
                    "slots": list(range(1, len(users) + 1)),
                }  # fmt: skip
                entry = store.entry(store.conversations[rest[0]], 0, "created", users[0], "provision", content, 1767225600000)
                store.append([{"op": "entry", "conversation": rest[0], "entry": entry}])
    store.close()


def check(folder: Path) -> int:
    """Exit status 0 when every line has its check sum and every log is dense."""
    store = Store(folder, set(), random.Random(0), False)
    store.close()
    bad = store.broken_lines
    for conversation in store.conversations.values():
        bad += sum(1 for s in range(1, conversation.head + 1) if s not in conversation.entries)
    print(f"{bad} faults in {len(store.conversations)} conversations")
    return 1 if bad else 0
