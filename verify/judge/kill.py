#!/usr/bin/env python3
"""Load with SIGKILLs: is everything that was acked there, once, in order, seen by those and only those who may see it?

Starts a server on a fresh folder, lets clients talk and administrators change memberships, kills it at random times,
starts it on the same folder, and at the end reads everything and judges. Exit status 1 on any violation.

Example:  .venv/bin/python verify/judge/kill.py --kills 100 --seed 7
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker import Verdict
from load import Plan
from server import Server, command
from trial import confidence, trial


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, help="drawn and printed where absent")
    parser.add_argument("--shortest", type=float, default=0.3, help="seconds of load before a kill, at least")
    parser.add_argument("--longest", type=float, default=1.5, help="and at most")
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--connections", type=int, default=16, help="devices in all; at least one a user")
    parser.add_argument("--groups", type=int, default=4)
    parser.add_argument("--members", type=int, default=8, help="of a group at the start")
    parser.add_argument("--rate", type=float, default=200, help="sends a second, in all")
    parser.add_argument(
        "--terms", type=float, default=0.0, help="share of SIGTERMs among the kills, 0 to 1: the server must drain each time"
    )
    parser.add_argument("--sleepers", type=int, default=0, help="devices that stop reading for seconds, now and then")
    parser.add_argument("--pad", type=int, default=400, help="bytes that a message may carry besides its text")
    parser.add_argument("--fault", help="run PARLEY_FAULTY (or the stand-in) with this planted bug")
    parser.add_argument("--data", type=Path, help="the folder to use; a temporary one where absent")
    parser.add_argument("--history", help="write what happened to this file, for checker.py")
    parser.add_argument("--json", help="write the verdict to this file instead of standard output")
    return parser.parse_args()


@dataclass
class Campaign:
    """How hard to try."""

    seed: int
    kills: int = 100
    shortest: float = 0.3
    longest: float = 1.5
    users: int = 12
    connections: int = 16
    groups: int = 4
    members: int = 8
    rate: float = 200.0
    terms: float = 0.0
    sleepers: int = 0
    pad: int = 400
    settle: float | None = None
    history: str | None = None
    progress: bool = True


async def campaign(how: Campaign, folder: Path, serve: list[str] | None = None) -> tuple[dict[str, Any], Verdict]:
    """Provision, load, kills, quiet, final reads, SIGTERM, check. Returns the report and the verdict."""
    rng = random.Random(how.seed)
    plan = Plan(how.users, how.groups, how.members, 1, how.connections, how.rate, sleepers=how.sleepers, pad=how.pad)
    server = Server(folder / "data", serve=serve)
    tokens = server.provision(plan.text(rng))
    started = time.monotonic()
    await server.start()
    try:
        result = await trial(
            server, tokens, plan, rng, kills=how.kills, interval=(how.shortest, how.longest), terms=how.terms, settle=how.settle,
            progress=how.progress,
        )  # fmt: skip
        drained = await server.drain()
    finally:
        server.kill()
    check_status, check_said = server.check()
    verdict = result.verdict
    if drained != 0:
        verdict.add("protocol", f"SIGTERM: exit status {drained}")
    if check_status != 0:
        verdict.add("protocol", f"check: exit status {check_status}: {check_said[-300:]}")
    if how.history:
        result.history.save(how.history)
    back = sorted(result.back) or [0.0]
    failures = sum(verdict.counts.values())
    report = {
        "tool": "kill", "seed": how.seed, "kills": result.kills, "kills_with_sends_under_way": result.confirmed,
        "of_them_sigterm": result.terms,
        "seconds": round(time.monotonic() - started, 1), "rate": how.rate, "connections": how.connections,
        "all_back_seconds": {"median": round(back[len(back) // 2], 3), "max": round(back[-1], 3)}, "drain_exit": drained,
        "check_exit": check_status, "confidence": confidence(failures, result.confirmed), **verdict.json(),
    }  # fmt: skip
    return report, verdict


async def run(options: argparse.Namespace, folder: Path) -> int:
    seed = options.seed if options.seed is not None else secrets.randbelow(1 << 32)
    print(f"seed {seed}", file=sys.stderr)
    how = Campaign(
        seed, options.kills, options.shortest, options.longest, options.users, options.connections, options.groups, options.members,
        options.rate, options.terms, options.sleepers, options.pad, history=options.history,
    )  # fmt: skip
    serve = [*command("PARLEY_FAULTY"), "--fault", options.fault] if options.fault else None
    report, verdict = await campaign(how, folder, serve)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    if options.json:
        Path(options.json).write_text(text + "\n")
    else:
        print(text)
    print(f"{'CLEAN' if verdict.clean else 'BROKEN'}: {verdict.line()}; {report['confidence']}", file=sys.stderr)
    return 0 if verdict.clean else 1


def main() -> int:
    options = parse()
    if options.data:
        options.data.mkdir(parents=True, exist_ok=True)
        return asyncio.run(run(options, options.data))
    with tempfile.TemporaryDirectory(prefix="parley-kill-") as folder:
        return asyncio.run(run(options, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
