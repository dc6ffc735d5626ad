"""One conversation as the final reads show it, and who was a member of it when."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from typing import Any


class Intervals:
    """When one user was a member of one conversation, in sequences: from joining up to the entry that ended it."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int | None] = []

    @property
    def open(self) -> bool:
        return bool(self.ends) and self.ends[-1] is None

    def begin(self, sequence: int) -> None:
        if not self.open:
            self.starts.append(sequence)
            self.ends.append(None)

    def end(self, sequence: int) -> None:
        if self.open:
            self.ends[-1] = sequence

    def inside(self, sequence: int) -> bool:
        place = bisect_right(self.starts, sequence) - 1
        if place < 0:
            return False
        end = self.ends[place]
        return end is None or sequence <= end

    def readable(self, sequence: int, hidden: bool) -> bool:
        """Whether a page may show the entry: within an interval, or before one where history is visible."""
        if not self.starts:
            return False
        if hidden:
            return self.inside(sequence)
        return self.ends[-1] is None or sequence <= self.ends[-1]


class Log:
    """One conversation as the final reads have it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.head = 0
        self.bodies: dict[int, int] = {}
        self.entries: dict[int, dict[str, Any]] = {}
        self.members: dict[str, Intervals] = defaultdict(Intervals)
        self.others_messages: list[tuple[int, str]] = []

    def parse(self, bodies: list[str]) -> None:
        for sequence in sorted(self.bodies):
            entry = json.loads(bodies[self.bodies[sequence]])
            self.entries[sequence] = entry
            content = entry["content"]
            if entry["kind"] == "message":
                self.others_messages.append((sequence, entry["sender"]))
            elif entry["kind"] == "created":
                for user in [entry["sender"], *content["users"]]:
                    self.members[user].begin(sequence)
            elif entry["kind"] == "added":
                for user in content["users"]:
                    self.members[user].begin(sequence)
            elif entry["kind"] in ("removed", "left"):
                self.members[content["user"]].end(sequence)
