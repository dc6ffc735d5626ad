"""Somebody tries every question on a conversation, at every sequence, on the socket and over HTTP: what he gets is searched later."""

from __future__ import annotations

import asyncio
from typing import Any

from world import World


def questions(conversation: str, head: int) -> list[dict[str, Any]]:
    """Every request that only reads, for a conversation with a log as long as `head`."""
    plain = {"conversation": conversation}
    asked: list[dict[str, Any]] = [
        {"type": "sync"}, {"type": "sync", "positions": {conversation: 0}}, {"type": "history", **plain, "after": 0, "limit": 200},
        {"type": "history", **plain}, {"type": "history", **plain, "before": head, "limit": 200}, {"type": "pins", **plain},
        {"type": "mentions", **plain}, {"type": "audit", **plain}, {"type": "links", **plain}, {"type": "reports", **plain},
        {"type": "members", **plain, "after_slot": 0, "limit": 200}, {"type": "receipts", **plain}, {"type": "data", **plain}, {"type": "data"},
        {"type": "presence", **plain}, {"type": "blocks"},
        {"type": "receipts", **plain, "sequences": list(range(1, min(head, 200) + 1))},
    ]  # fmt: skip
    asked += [{"type": "members", **plain, "state": state} for state in ("invited", "requested", "banned")]
    for sequence in range(1, head + 1):
        asked += [
            {"type": "history", **plain, "after": sequence - 1, "limit": 1}, {"type": "history", **plain, "before": sequence, "limit": 1},
            {"type": "thread", **plain, "root": sequence}, {"type": "revisions", **plain, "sequence": sequence},
            {"type": "receipt_record", **plain, "sequence": sequence},
        ]  # fmt: skip
        asked += [{"type": "readers", **plain, "sequence": sequence, "list": of} for of in ("read", "unread", "delivered")]
        asked += [{"type": "reactions", **plain, "sequence": sequence, "emoji": emoji} for emoji in ("👍", "🎈", "🎉")]
    return asked


async def prowl(world: World, who: str, conversation: str, head: int) -> int:
    """Asks all of it; returns how many questions that were."""
    tap = world.taps[who]
    asked = questions(conversation, head)

    async def some(part: list[dict[str, Any]]) -> None:
        for question in part:
            await tap.ask(question)

    async def web() -> None:
        for question in asked[:20]:
            await tap.post(question)

    await asyncio.gather(*(some(asked[n::8]) for n in range(8)), web())
    return len(asked) + 20
