#!/usr/bin/env python3
"""Negative controls: does the judge see a server that breaks its promises? And does it leave an honest one alone?

Runs the faulty twin of the server (PARLEY_FAULTY, `--fault NAME serve ...`) under the kill load, one planted bug at a
time, until the judge sees it; and the server itself (PARLEY_BIN), which must come out clean. A zero of this judge means
something only while this passes. Exit status 1 where a bug was missed or an honest server was accused.

Example:  PARLEY_FAULTY=.build/debug/parley-faulty .venv/bin/python verify/judge/negative.py --seed 3
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from durability import measure
from kill import Campaign, campaign
from server import StartFailure, command

FAULTS: dict[str, tuple[str, ...]] = {
    # fault: the counts, any of which is the right answer
    "ack-before-commit": ("lost", "pushed_not_stored"),
    "push-before-commit": ("pushed_not_stored",),
    "dedupe-off": ("duplicated", "unequal_acks", "conflict_acked"),
    "sequence-max-plus-one": ("holes", "duplicated", "lost", "reordered", "unequal_acks", "pushed_not_stored", "protocol"),
    "cursor-skip": ("gaps", "holes"),
}
SYNC = "synchronous-off"


async def one(seed: int, kills: int, rate: float, serve: list[str] | None) -> tuple[dict[str, int], str]:
    """One campaign: the counts that are not zero, and an example."""
    with tempfile.TemporaryDirectory(prefix="parley-negative-") as folder:
        how = Campaign(seed, kills, 0.2, 0.8, rate=rate, progress=False)
        try:
            report, verdict = await campaign(how, Path(folder), serve)
        except (StartFailure, TimeoutError) as failure:
            return {"protocol": 1}, f"the server did not come back: {failure}"
        seen = {name: verdict.counts[name] for name in verdict.broken}
        example = next((verdict.examples[name][0] for name in seen), report["confidence"])
        return seen, example


async def controls(options: argparse.Namespace, seed: int) -> list[dict[str, Any]]:
    faulty = command("PARLEY_FAULTY")
    rows: list[dict[str, Any]] = []

    def done(row: dict[str, Any]) -> None:
        rows.append(row)
        print(
            f"{'ok  ' if row['ok'] else 'FAIL'} {row['fault']}: {row['seen']} after {row['kills']} kills: {row['example'][:160]}",
            file=sys.stderr,
        )

    for fault in [f for f in FAULTS if not options.only or f in options.only]:
        kills, example = 0, ""
        seen: dict[str, int] = {}
        for attempt in range(options.rounds):
            seen, example = await one(seed + attempt, options.kills, options.rate, [*faulty, "--fault", fault])
            kills += options.kills
            if seen:
                break
        right = [name for name in seen if name in FAULTS[fault]]
        done({"fault": fault, "ok": bool(right), "caught_by": right, "seen": seen, "kills": kills, "example": example})
    if not options.only or SYNC in options.only:
        if shutil.which("strace"):
            with tempfile.TemporaryDirectory(prefix="parley-negative-") as folder:
                report = await measure(Path(folder), [*faulty, "--fault", SYNC], 10)
            ok = report["not_durable"] == report["sends"]
            done(
                {
                    "fault": SYNC,
                    "ok": ok,
                    "caught_by": ["not_durable"] if ok else [],
                    "seen": {"not_durable": report["not_durable"]},
                    "kills": 0,
                    "example": report["example"],
                }
            )
        else:
            done({"fault": SYNC, "ok": False, "caught_by": [], "seen": {}, "kills": 0, "example": "needs strace"})
    if not options.only or "none" in options.only:
        seen, example = await one(seed, options.kills * 2, options.rate, None)
        done({"fault": "none", "ok": not seen, "caught_by": [], "seen": seen, "kills": options.kills * 2, "example": example})
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--kills", type=int, default=8, help="kills in a round")
    parser.add_argument("--rounds", type=int, default=4, help="rounds before a bug counts as missed")
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--only", nargs="*", help="these faults only; `none` is the honest server")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else secrets.randbelow(1 << 31)
    print(f"seed {seed}", file=sys.stderr)
    rows = asyncio.run(controls(options, seed))
    bad = [row["fault"] for row in rows if not row["ok"]]
    print(json.dumps({"tool": "negative", "seed": seed, "ok": not bad, "controls": rows}, indent=2, ensure_ascii=False))
    print(f"{'SHARP' if not bad else 'BLUNT'}: {len(rows) - len(bad)} of {len(rows)} controls as they should be", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
