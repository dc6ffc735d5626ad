#!/usr/bin/env python3
"""schemathesis against a server and its own OpenAPI document: as anonymous, as member, as administrator and as owner.

Every check of schemathesis that says something here is on: no server error; every status, content type and body as described; no
call without its log-in; data that the schema refuses is refused, data that it takes is taken, but for what the document lists
beside the schema. Real ids are put into the calls, so that they get to the decisions. Exit status 1 where a check fails.

Example:  .venv/bin/python verify/contract/fuzz.py                       # about a minute
          .venv/bin/python verify/contract/fuzz.py --calls 20000 --seed 7
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "judge"))

from server import Server  # noqa: E402

STANDINGS = ("anonymous", "member", "administrator", "owner")
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "unsupported_method",
    "allow_header_conformance", "ignored_auth",
)  # fmt: skip

CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = [200, 401, 403, 404, 409, 410, 429]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 405, 413, 414, 415, 431]
"""


LEAST = 240
"""Calls that a standing makes at least: fewer prove that schemathesis did not ask everything, whatever it says."""


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, help="go on until so many calls were made, over all standings")
    parser.add_argument("--examples", type=int, default=4, help="generated calls an operation and standing, at most")
    parser.add_argument("--phases", help="of schemathesis: examples,fuzzing; with --calls coverage too, in the first turn")
    parser.add_argument("--standing", choices=STANDINGS, action="append", help="only this one; may be given several times")
    parser.add_argument("--seed", type=int, help="drawn and printed where absent")
    return parser.parse_args()


def run(base: str, standing: str, phases: str, examples: int, seed: int, folder: Path) -> tuple[int, dict[str, object]]:
    """One run of schemathesis; its exit status, and what was counted."""
    config, out = folder / "schemathesis.toml", folder / f"{standing}.json"
    config.write_text(CONFIG)
    environment = {
        **os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "PARLEY_FUZZ_BASE": base, "PARLEY_FUZZ_STANDING": standing,
        "PARLEY_FUZZ_OUT": str(out), "PARLEY_FUZZ_SEED": str(seed), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
    }  # fmt: skip
    words = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", base + "/v1/openapi.json",
        "--checks", ",".join(CHECKS), "--phases", phases, "--max-examples", str(examples), "--seed", str(seed), "--no-color",
        "--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off", "--no-shrink",
    ]  # fmt: skip
    done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stdout[-30_000:], done.stderr[-5_000:], file=sys.stderr)
    counted = json.loads(out.read_text()) if out.exists() else {"calls": 0, "by_call": {}, "codes": {}}
    return done.returncode, counted


async def campaign(options: argparse.Namespace, seed: int) -> int:
    standings = options.standing or list(STANDINGS)
    total, failed = 0, False
    statuses: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(folder / "data")
        await server.start()
        try:
            turn = 0
            while True:
                for standing in standings:
                    began = time.monotonic()
                    first = options.phases or ("examples,coverage,fuzzing" if options.calls else "examples,fuzzing")
                    phases, examples = (first, options.examples) if turn == 0 else ("fuzzing", options.examples * 8)
                    code, counted = await asyncio.to_thread(run, server.http, standing, phases, examples, seed + turn, folder)
                    total += counted["calls"]
                    if counted["calls"] < LEAST:
                        print(f"{standing}: only {counted['calls']} calls, and {LEAST} are the least", file=sys.stderr)
                    failed = failed or code != 0 or counted["calls"] < LEAST or not server.alive()
                    done = collections.Counter()
                    for line, count in counted["by_call"].items():
                        done[line.rsplit(" ", 1)[1]] += count
                    statuses.update(done)
                    reached = {line.split()[1] for line in counted["by_call"] if line.endswith(" 200")}
                    told = f"{standing}: {counted['calls']} calls in {time.monotonic() - began:.0f} s, {dict(sorted(done.items()))}"
                    print(f"{told}, {len(reached)} operations done at least once, exit {code}", file=sys.stderr)
                turn += 1
                if failed or options.calls is None or total >= options.calls:
                    break
            drained = await server.drain()
        finally:
            server.kill()
    print(json.dumps({"calls": total, "statuses": dict(sorted(statuses.items())), "failed": failed, "seed": seed, "exit": drained}))
    return 1 if failed or drained != 0 else 0


def main() -> int:
    options = parse()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"fuzz: seed {seed}", file=sys.stderr)
    return asyncio.run(campaign(options, seed))


if __name__ == "__main__":
    sys.exit(main())
