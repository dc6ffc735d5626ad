"""The final reads: every user reads every conversation from its first entry to its head, over a fresh connection."""

from __future__ import annotations

from typing import Iterable

from websockets.asyncio.client import ClientConnection

import history as h
from wire import Failure, ask, enter, slices

LIMITS = (200, 50, 23, 100)


async def read_all(history: h.History, url: str, tokens: dict[str, str], conversations: Iterable[str], *, summaries: bool = True) -> None:
    """Appends a FinalRead for each user and conversation, and each user's conversation list."""
    names = sorted(conversations)
    number = 0
    backwards = list(tokens)[len(tokens) // 2] if tokens else ""
    for user, token in tokens.items():
        socket, hello, _ = await enter(url, token)
        try:
            for conversation in names:
                # Page sizes differ, so that pages end at different places; the last user named reads backwards.
                limit = LIMITS[number % len(LIMITS)]
                final = await _read(history, socket, user, conversation, limit, user == backwards)
                history.finals.append(final)
                number += 1
            if summaries:
                await _list(history, socket, user, hello["epoch"])
        finally:
            await socket.close()


async def _read(history: h.History, socket: ClientConnection, user: str, conversation: str, limit: int, backwards: bool) -> h.FinalRead:
    """One log, page by page, oldest first or newest first. The first page is short, so that every log has a second."""
    entries: list[tuple[int, int]] = []
    head, number = 0, 0
    place: dict[str, int] = {} if backwards else {"after": 0}
    while True:
        number += 1
        frame = {"type": "history", "id": number, "conversation": conversation, **place, "limit": limit if entries else 3}
        page, raw = await ask(socket, frame)
        if page["type"] == "error":
            return h.FinalRead(user, conversation, head, [], page["code"])
        head = max(head, page["head"])
        entries += [(entry["sequence"], history.body(text)) for entry, text in zip(page["entries"], slices(raw))]
        if page["more"] and not page["entries"]:
            history.notes.append(f"{conversation}: an empty page at {place} says that there is more")
        if not page["more"] or not page["entries"]:
            break
        place = {"before" if backwards else "after": page["entries"][-1]["sequence"]}
    return h.FinalRead(user, conversation, head, entries[::-1] if backwards else entries, 0)


async def _list(history: h.History, socket: ClientConnection, user: str, epoch: str) -> None:
    token, number = "", 1_000_000
    while True:
        number += 1
        frame = {"type": "sync", "id": number, "epoch": epoch, "token": token, "positions": {}}
        answer, _ = await ask(socket, frame)
        if answer["type"] == "error":
            raise Failure(answer)
        for line in answer["conversations"]:
            history.summaries.append(
                h.Summary(
                    user,
                    line["conversation"],
                    line["role"],
                    line.get("head", 0),
                    line.get("read", 0),
                    line.get("unread", 0),
                    line.get("visible_from", 0),
                )  # fmt: skip
            )
        token = answer["token"]
        if not answer["more"]:
            return


async def baseline(history: h.History, url: str, tokens: dict[str, str]) -> set[str]:
    """Records the heads before the load, and returns the conversations that these users see."""
    before = h.History()
    for user, token in tokens.items():
        socket, hello, _ = await enter(url, token)
        try:
            await _list(before, socket, user, hello["epoch"])
        finally:
            await socket.close()
    for line in before.summaries:
        history.baseline[line.conversation] = max(line.head, history.baseline.get(line.conversation, 0))
    return set(history.baseline)
