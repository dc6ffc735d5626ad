"""Words that must not be told: where each was planted, who may know it, and from when on who else may not."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from taps import Tap

PATTERN = re.compile(r"cnry-[0-9a-f]{20}")


@dataclass
class Canary:
    word: str
    where: str
    seers: set[str]
    until: dict[str, int] = field(default_factory=dict)
    """By tap: from which mark on it must not come again."""


@dataclass
class Leak:
    tap: str
    where: str
    word: str
    shown: str


class Canaries:
    def __init__(self) -> None:
        self.words: dict[str, Canary] = {}
        self.needles: dict[str, Canary] = {}

    def plant(self, where: str, seers: set[str]) -> str:
        """A fresh word for a place; only these taps may ever receive it."""
        word = f"cnry-{secrets.token_hex(10)}"
        self.words[word] = Canary(word, where, set(seers))
        return word

    def needle(self, text: str, where: str, seers: set[str]) -> str:
        """A text of the server's making that only these taps may receive."""
        self.needles[text] = Canary(text, where, set(seers))
        return text

    def forbid(self, tap: Tap, *words: str) -> None:
        """From now on this tap must not receive these words again. Settle it first."""
        for word in words:
            self.words[word].until[tap.name] = tap.mark()

    def allow(self, word: str, *names: str) -> None:
        self.words[word].seers |= set(names)

    def leaks(self, taps: list[Tap]) -> list[Leak]:
        """Searches all that everybody received."""
        found = []
        for tap in taps:
            for place, text in enumerate(tap.got):
                for word in set(PATTERN.findall(text)):
                    canary = self.words.get(word)
                    if canary is not None and self._wrong(canary, tap, place):
                        found.append(Leak(tap.name, canary.where, word, _around(text, word)))
                for word, canary in self.needles.items():
                    if word in text and self._wrong(canary, tap, place):
                        found.append(Leak(tap.name, canary.where, word, _around(text, word)))
        return found

    @staticmethod
    def _wrong(canary: Canary, tap: Tap, place: int) -> bool:
        return tap.name not in canary.seers or place >= canary.until.get(tap.name, place + 1)

    def bytes(self, taps: list[Tap]) -> int:
        return sum(len(text.encode()) for tap in taps for text in tap.got)


def _around(text: str, word: str) -> str:
    at = text.index(word)
    return text[:160] + " ... " + text[max(0, at - 120) : at + len(word) + 60]
