"""Who may ask what, and who learns what he must not: every cell of `table.py` on the socket and over HTTP, then a search for leaks.

Example:  PARLEY_BIN=.build/release/parley .venv/bin/python verify/access/matrix.py
Exit status: 0 as the table says and no leak, 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import world as _  # noqa: F401  (adds verify/judge to the path)
from cells import Matrix, Tally, homes, make_halls, revoked, routes, without_login
from names import missing
from prowl import prowl
from stories import ends, hall, hidden, receipts_go_to_senders, words
from table import STANDINGS, rows
from world import World


async def tried(world: World, heartbeat: bool) -> dict[str, Any]:
    """Everything, in an order in which nothing spoils what follows. Returns what the report says."""
    tally, wrong = Tally(), missing()
    await world.start()
    began = time.monotonic()
    halls = await make_halls(world, words(world))
    group = halls["hall"]
    await hall(world, group)
    own = await homes(world)
    wrong += await hidden(world)
    wrong += await ends(world)
    heads = await _heads(world, halls)
    matrix = Matrix(world, halls, own)
    await matrix.run()
    await without_login(world, halls, tally)
    await revoked(world, halls, tally)
    questions = 0
    for name in STANDINGS:
        questions += await prowl(world, name, group.id, heads["hall"] + 1)
        questions += await prowl(world, name, world.direct, 4)
    await routes(world, tally)
    after = await _heads(world, halls)
    # The cells that were refused, and those that only ask, have left the logs as they were; the lobby got two messages of the revoked.
    changed = {name: (heads[name], after[name]) for name in heads if after[name] != heads[name] + (2 if name == "lobby" else 0)}
    if changed:
        wrong.append(f"logs that should stand still moved: {changed}")
    if heartbeat:
        await asyncio.sleep(max(0, 31 - (time.monotonic() - began)))
    await world.settle(*STANDINGS)
    wrong += receipts_go_to_senders(world, {group.id: {s: name for name, s in group.messages.items()}})
    taps = list(world.taps.values())
    leaks = world.canaries.leaks(taps)
    unseen = sum(not any(c.word in text for tap in taps for text in tap.got) for c in world.canaries.words.values() if c.seers)
    tally.wrong += matrix.tally.wrong
    return {
        "rows": len(rows()), "cells": tally.cells + matrix.tally.cells, "granted": tally.granted + matrix.tally.granted,
        "refused": tally.refused + matrix.tally.refused, "wrong": tally.wrong + wrong, "questions": questions,
        "canaries": len(world.canaries.words) + len(world.canaries.needles), "never_seen_by_anybody": unseen,
        "bytes_searched": world.canaries.bytes(taps), "heartbeats": sum('"type":"heartbeat"' in text for tap in taps for text in tap.got),
        "leaks": [vars(leak) for leak in leaks], "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


async def _heads(world: World, halls: dict[str, Any]) -> dict[str, int]:
    found = {}
    for name, group in halls.items():
        page = await world.taps["owner"].must({"type": "history", "conversation": group.id, "limit": 1})
        found[name] = page["head"]
    return found


async def run(folder: Path, heartbeat: bool) -> dict[str, Any]:
    world = World(folder)
    try:
        return await tried(world, heartbeat)
    finally:
        await world.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-heartbeat", action="store_true", help="do not stay until heartbeats with their heads have come")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parley-access-") as folder:
        found = asyncio.run(run(Path(folder), not options.no_heartbeat))
    print(json.dumps(found, indent=1, ensure_ascii=False))
    bad = len(found["wrong"]) + len(found["leaks"])
    print(
        f"access: {found['cells']} cells of {found['rows']} rows, {len(found['wrong'])} wrong; {found['canaries']} canaries, "
        f"{len(found['leaks'])} leaks in {found['bytes_searched']:,} bytes; {found['seconds']} s", file=sys.stderr,
    )  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
