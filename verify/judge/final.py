"""The final reads: every user reads every conversation from its first entry to its head, over a fresh connection."""

from __future__ import annotations

from typing import Iterable

import history as h
from client import PAGE, Failure, ask, enter, slices


async def read_all(
    history: h.History, url: str, tokens: dict[str, str], conversations: Iterable[str], *, summaries: bool = True
) -> None:
    """Appends a FinalRead for each user and conversation, and each user's conversation list."""
    names = sorted(conversations)
    for user, token in tokens.items():
        socket, hello, _ = await enter(url, token)
        try:
            number = 1
            for conversation in names:
                entries: list[tuple[int, int]] = []
                after, head, refused = 0, 0, 0
                while True:
                    number += 1
                    frame = {"type": "history", "id": number, "conversation": conversation, "after": after, "limit": PAGE}
                    page, raw = await ask(socket, frame)
                    if page["type"] == "error":
                        refused = page["code"]
                        break
                    head = max(head, page["head"])
                    texts = slices(raw)
                    entries += [(e["sequence"], history.body(t)) for e, t in zip(page["entries"], texts)]
                    if not page["more"]:
                        break
                    if not page["entries"]:
                        history.notes.append(f"{conversation}: an empty page after {after} says that there is more")
                        break
                    after = page["entries"][-1]["sequence"]
                history.finals.append(h.FinalRead(user, conversation, head, entries, refused))
            if summaries:
                await _list(history, socket, user, hello["epoch"])
        finally:
            await socket.close()


async def _list(history: h.History, socket: object, user: str, epoch: str) -> None:
    token, number = "", 1_000_000
    while True:
        number += 1
        frame = {"type": "sync", "id": number, "epoch": epoch, "token": token, "positions": {}}
        answer, _ = await ask(socket, frame)  # type: ignore[arg-type]
        if answer["type"] == "error":
            raise Failure(answer)
        for line in answer["conversations"]:
            history.summaries.append(
                h.Summary(
                    user, line["conversation"], line["role"], line.get("head", 0), line.get("read", 0), line.get("unread", 0),
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
