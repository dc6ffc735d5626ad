"""One message to 10,000 members: one stored copy, one head, no row for a member (R16, R32, R36).

Part of the online members asked for `follow push:false`; they get heads, at most once a second, however many messages there are.
The rows of every table are read from the database file before and after, and compared one by one.

Example:  PARLEY_BIN=.build/release/parley .venv/bin/python verify/judge/large.py --members 10000
Exit status: 0 as promised, 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from counting import Counted, Meter
from server import Server


def rows(data: Path) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of every table, as the file and its log have them."""
    store = sqlite3.connect(f"file:{data / 'parley.sqlite'}?mode=ro", uri=True)
    try:
        names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {name: set(store.execute(f"SELECT * FROM {name}")) for name in names}
    finally:
        store.close()


def difference(before: dict[str, set[tuple[Any, ...]]], after: dict[str, set[tuple[Any, ...]]]) -> dict[str, dict[str, int]]:
    """By table: how many rows there are more, and how many stand now that did not stand so before."""
    found = {}
    for name in after:
        written = after[name] - before.get(name, set())
        if written or len(after[name]) != len(before.get(name, set())):
            found[name] = {"more": len(after[name]) - len(before.get(name, set())), "written": len(written)}
    return found


async def large(folder: Path, members: int, online: int, messages: int, rate: float) -> dict[str, Any]:
    """The group is made by its owner: a thousand at once, as the protocol allows."""
    server = Server(folder / "data")
    tokens = server.provision("".join(f"user {n} u{n} pass-word-{n}\n" for n in range(1, members + 1)))
    await server.start()
    pushed, quiet, mine = Meter(), Meter(), Meter()
    wrong: list[str] = []
    try:
        owner = await Counted.open(server.url, "u1", tokens["u1"], mine)
        others = [f"u{n}" for n in range(2, members + 1)]
        began = time.monotonic()
        made = await owner.must({
            "type": "create", "client_id": "c", "kind": "group", "title": "Large", "members": others[:999], "member_cap": members,
        })  # fmt: skip
        group = made["conversation"]
        for first in range(999, len(others), 1000):
            await owner.must({
                "type": "add", "client_id": f"a{first}", "conversation": group, "users": others[first : first + 1000],
            })  # fmt: skip
        building = time.monotonic() - began
        followers = [await Counted.open(server.url, u, tokens[u], quiet) for u in others[: online // 2]]
        listeners = [await Counted.open(server.url, u, tokens[u], pushed) for u in others[online // 2 : online]]
        for socket in followers:
            await socket.must({"type": "follow", "conversation": group, "push": False})
        heads = {socket.user: 0 for socket in followers}
        events = {socket.user: 0 for socket in listeners}
        for socket in followers:
            socket.seen = _heads(heads, socket.user, group)
        for socket in listeners:
            socket.seen = _events(events, socket.user, group)
        one = await _one(server, owner, group, wrong)
        before = rows(server.data)
        quiet.frames.clear()
        pushed.frames.clear()
        began = time.monotonic()
        for n in range(messages):
            ack = await owner.must({
                "type": "send", "conversation": group, "client_id": f"m{n}", "content": {"type": "text", "text": "to all of you"},
            })  # fmt: skip
            await asyncio.sleep(max(0, began + (n + 1) / rate - time.monotonic()))
        await _until(lambda: min(heads.values()) >= ack["sequence"] and min(events.values()) >= ack["sequence"])
        took = time.monotonic() - began
        written = difference(before, rows(server.data))
        intervals = int(took) + 1
        _judge(written, messages, quiet, pushed, intervals, len(followers), len(listeners), wrong)
        for socket in (owner, *followers, *listeners):
            await socket.close()
        return {
            "members": members, "online": online, "messages": messages, "seconds": round(took, 1), "building_seconds": round(building, 1),
            "rows_of_one_message": one, "rows": written, "frames_to_followers": dict(quiet.frames), "frames_to_listeners": dict(pushed.frames),
            "list_events_allowed": len(followers) * intervals, "wrong": wrong,
        }  # fmt: skip
    finally:
        server.kill()


async def _one(server: Server, owner: Counted, group: str, wrong: list[str]) -> dict[str, dict[str, int]]:
    """What one message writes, in rows."""
    await asyncio.sleep(1.5)
    before = rows(server.data)
    await owner.must({"type": "send", "conversation": group, "client_id": "one", "content": {"type": "text", "text": "one"}})
    await asyncio.sleep(1.5)
    written = difference(before, rows(server.data))
    if written.get("entries") != {"more": 1, "written": 1} or written.get("conversations", {}).get("written") != 1:
        wrong.append(f"one message wrote {written}, not one entry and one head")
    return written


def _judge(
    written: dict[str, dict[str, int]], messages: int, quiet: Meter, pushed: Meter, intervals: int, followers: int, listeners: int,
    wrong: list[str],
) -> None:  # fmt: skip
    if written.get("entries") != {"more": messages, "written": messages}:
        wrong.append(f"{messages} messages made {written.get('entries')} entries")
    if any(change["more"] for name, change in written.items() if name != "entries"):
        wrong.append(f"rows beside the entries: {written}")
    # One head, whatever the number of messages; nothing of a member or an interval.
    if sum(change["written"] for name, change in written.items() if name not in ("entries", "meta")) > 1:
        wrong.append(f"rows written beside entries and one head: {written}")
    if quiet.frames["< event"]:
        wrong.append(f"{quiet.frames['< event']} events went to those who asked for none")
    if quiet.frames["< heads"] > followers * intervals:
        wrong.append(f"{quiet.frames['< heads']} list events, at most {followers * intervals} are due")
    if pushed.frames["< event"] > messages * listeners:
        wrong.append(f"{pushed.frames['< event']} pushes, at most {messages * listeners} are due")


def _heads(heads: dict[str, int], user: str, group: str) -> Any:
    def seen(type: str, text: str) -> None:
        if type in ("heads", "heartbeat", "behind"):
            heads[user] = max(heads[user], json.loads(text)["heads"].get(group, 0))

    return seen


def _events(events: dict[str, int], user: str, group: str) -> Any:
    def seen(type: str, text: str) -> None:
        if type == "event":
            events[user] = json.loads(text)["sequence"]
        elif type in ("heartbeat", "behind"):
            events[user] = max(events[user], json.loads(text)["heads"].get(group, 0))

    return seen


async def _until(done: Any) -> None:
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(0.05)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--online", type=int, default=200)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--rate", type=float, default=50, help="messages a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parley-large-") as folder:
        found = asyncio.run(large(Path(folder), options.members, options.online, options.messages, options.rate))
    print(json.dumps(found, indent=1))
    print(f"large: {found['members']} members, {len(found['wrong'])} wrong", file=sys.stderr)
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
