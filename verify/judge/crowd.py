"""600 people open a link at once into a group that takes 500: exactly 500 are in (R2), whoever counts.

Example:  PARLEY_BIN=.build/release/parley .venv/bin/python verify/judge/crowd.py --people 600 --cap 500
Exit status: 0 as promised, 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from counting import Counted, Meter
from server import Server

GROUP_FULL = 40902


async def crowd(folder: Path, people: int, cap: int, flight: int = 4) -> dict[str, Any]:
    """All join by one link, each over a socket of his own with `flight` joins under way at once (other client ids)."""
    server = Server(folder / "data")
    tokens = server.provision("".join(f"user {n} u{n} pass-word-{n}\n" for n in range(people + 2)))
    await server.start()
    meter, wrong = Meter(), []
    try:
        owner = await Counted.open(server.url, "u0", tokens["u0"], meter)
        made = await owner.must({
            "type": "create", "client_id": "c", "kind": "group", "title": "Crowd", "members": ["u1"], "member_cap": cap,
        })  # fmt: skip
        group = made["conversation"]
        await owner.must({"type": "link", "client_id": "l", "conversation": group})
        link = (await owner.must({"type": "links", "conversation": group}))["links"][0]["token"]
        comers = [f"u{n}" for n in range(2, people + 2)]
        sockets: list[Counted] = []
        for start in range(0, len(comers), 50):
            sockets += await asyncio.gather(*(Counted.open(server.url, u, tokens[u], meter) for u in comers[start : start + 50]))
        began = time.monotonic()
        waiting = [
            [await s.put({"type": "join", "client_id": f"j{n}", "link": link}) for n in range(flight)] for s in sockets
        ]  # fmt: skip
        answers = {s.user: [await asyncio.wait_for(a, 120) for a in some] for s, some in zip(sockets, waiting)}
        took = time.monotonic() - began
        admitted = {user for user, some in answers.items() if any(a["type"] == "ack" for a in some)}
        twice = {user for user, some in answers.items() if sum(a["type"] == "ack" for a in some) > 1}
        told = Counter(a.get("code", 0) for user, some in answers.items() for a in some)
        outside = Counter(a.get("code", 0) for user, some in answers.items() if user not in admitted for a in some)
        if twice:
            wrong.append(f"{len(twice)} were let in twice")
        if len(admitted) != cap - 2:
            wrong.append(f"{len(admitted)} of {len(comers)} came in beside the two who were there; the cap is {cap}")
        if set(outside) - {GROUP_FULL}:
            wrong.append(f"who stayed outside was told {dict(outside)}, not group_full alone")
        wrong += await _agree(owner, sockets, group, cap, admitted)
        late = await sockets[0].ask({"type": "join", "client_id": "later", "link": link})
        if late["type"] != "error":
            wrong.append(f"a join of a full group: {late}")
        for socket in (owner, *sockets):
            await socket.close()
        status, said = server.check()
        if status != 0:
            wrong.append(f"parley check: exit {status}: {said}")
        return {
            "people": people, "cap": cap, "joins": len(comers) * flight, "admitted": len(admitted), "members": len(admitted) + 2,
            "answers": dict(told), "answers_to_those_outside": dict(outside), "seconds": round(took, 2), "check": said.splitlines()[-1:],
            "wrong": wrong,
        }  # fmt: skip
    finally:
        server.kill()


async def _agree(owner: Counted, sockets: list[Counted], group: str, cap: int, admitted: set[str]) -> list[str]:
    """The members' list, the conversation list of both sides and the log name the same people."""
    wrong, listed, after = [], set(), 0
    while True:
        page = await owner.must({"type": "members", "conversation": group, "after_slot": after, "limit": 200})
        listed |= {m["user"] for m in page["members"] if m["active"]}
        after = page["members"][-1]["slot"] if page["members"] else after
        if not page["more"]:
            break
    if listed != admitted | {"u0", "u1"}:
        wrong.append(f"the list has {len(listed)} members, {len(admitted) + 2} were told that they are in")
    joined, position, more = set(), 0, True
    while more:
        page = await owner.must({"type": "history", "conversation": group, "after": position, "limit": 200})
        joined |= {e["content"]["user"] for e in page["entries"] if e["kind"] == "joined"}
        position, more = page["entries"][-1]["sequence"], page["more"]
    if joined != admitted:
        wrong.append(f"the log has {len(joined)} who joined, {len(admitted)} were told so")
    for socket in (owner, *(s for s in sockets if s.user in admitted)):
        line = (await socket.must({"type": "sync"}))["conversations"][0]
        if (line["members"], line["role"]) != (cap, "owner" if socket is owner else "member"):
            wrong.append(f"{socket.user}'s list says {line['role']} of {line['members']}")
    for socket in sockets:
        if socket.user not in admitted and (await socket.must({"type": "sync"}))["conversations"]:
            wrong.append(f"{socket.user} stayed outside and has the group in his list")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--cap", type=int, default=500)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    with tempfile.TemporaryDirectory(prefix="parley-crowd-") as folder:
        found = asyncio.run(crowd(Path(folder), options.people, options.cap))
    print(json.dumps(found, indent=1))
    print(
        f"crowd: {found['people']} people, cap {found['cap']}: {found['members']} members; {len(found['wrong'])} wrong; "
        f"{found['joins']} joins in {found['seconds']} s", file=sys.stderr,
    )  # fmt: skip
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
