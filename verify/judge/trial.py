"""One trial: load, kills, quiet, final reads, verdict. The same for a process and for the stand-in in this process."""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import dataclass, field
from typing import Any, Protocol

import history as h
from checker import Verdict, check
from final import baseline, read_all
from load import Load, Plan


class Target(Protocol):
    """What a trial needs of a server."""

    @property
    def url(self) -> str: ...
    async def start(self) -> None: ...
    def kill(self) -> Any: ...


@dataclass
class Result:
    verdict: Verdict
    history: h.History
    kills: int = 0
    confirmed: int = 0
    back: list[float] = field(default_factory=list)
    caught_after: int | None = None


async def trial(
    target: Target, tokens: dict[str, str], plan: Plan, rng: random.Random, *, kills: int, interval: tuple[float, float],
    after: float = 1.0, settle: float | None = None, progress: bool = False,
) -> Result:  # fmt: skip
    """The target runs. `confirmed` counts the kills that hit while sends were under way."""
    history = h.History()
    await baseline(history, target.url, tokens)
    load = Load(history, target.url, tokens, plan, rng)
    result = Result(Verdict(), history)
    try:
        await load.connect()
        load.begin()
        for number in range(kills):
            await asyncio.sleep(rng.uniform(*interval))
            # A kill tells most within the few milliseconds between a send and its ack.
            if await load.under_way():
                await asyncio.sleep(rng.choice((0, 0.0005, 0.001, 0.002)))
            result.confirmed += load.in_flight > 0
            killed = target.kill()
            if asyncio.iscoroutine(killed):
                await killed
            result.kills += 1
            await target.start()
            result.back.append(await load.some_online())
            if progress:
                print(f"\rkill {number + 1}/{kills}, {load.acked} acked", end="", file=sys.stderr, flush=True)
        await asyncio.sleep(after)
        if progress:
            print("\rquiet, then the final reads", file=sys.stderr, flush=True)
        if not await load.quiet():
            history.notes.append("some sends had no outcome 30 s after the load ended")
        history.notes.extend(load.stuck())
        truth = h.History()
        names = set(load.owners) | set(load.directs) | set(history.baseline)
        await read_all(truth, target.url, tokens, names, summaries=False)
        heads, members = _standing(truth)
        wait = settle if settle is not None else max(client.heartbeat_s for client in load.clients) * 1.2 + 3
        await load.settle(heads, members, wait)
        await read_all(history, target.url, tokens, names)
    finally:
        await load.close()
    result.verdict = check(history)
    return result


def _standing(truth: h.History) -> tuple[dict[str, int], dict[str, set[str]]]:
    """The heads and who can read now."""
    heads: dict[str, int] = {}
    members: dict[str, set[str]] = {}
    for final in truth.finals:
        if not final.refused:
            heads[final.conversation] = max(heads.get(final.conversation, 0), *(s for s, _ in final.entries), final.head, 0)
            members.setdefault(final.conversation, set()).add(final.user)
    return heads, members


def confidence(failures: int, kills: int) -> str:
    """What the counts allow to say, by the rule of three."""
    if failures or not kills:
        return f"{failures} violations in {kills} kills"
    return f"0 in {kills} kills: < {3 / kills:.2g} per kill at 95 %"
