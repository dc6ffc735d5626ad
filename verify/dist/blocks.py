"""The blocks of a document between ``` and ```, or indented by four spaces, as they are printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Block:
    heading: str
    language: str
    text: str


def blocks(path: Path = ROOT / "README.md") -> list[Block]:
    """In the order in which they stand, each under the heading nearest above it."""
    found: list[Block] = []
    heading, language, lines = "", None, []
    for line in path.read_text().splitlines():
        fence = re.fullmatch(r"```(\w*)", line)
        if fence and language is None:
            language, lines = fence.group(1), []
        elif fence:
            found.append(Block(heading, language, "\n".join(lines)))
            language = None
        elif language is not None:
            lines.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    return found


def indented(path: Path) -> list[str]:
    """Blocks of lines that four spaces stand before."""
    return [re.sub(r"(?m)^ {4}", "", block).strip() for block in re.findall(r"(?:^ {4}.*\n)+", path.read_text(), re.MULTILINE)]


def block(heading: str, *, language: str = "", having: str = "") -> str:
    """The one block of the README under this heading, in this language, with these words in it."""
    matching = [b.text for b in blocks() if b.heading == heading and b.language == language and having in b.text]
    assert len(matching) == 1, f"{len(matching)} blocks under {heading!r} with {having!r}"
    return matching[0]
