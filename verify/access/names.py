"""Which requests and routes there are, as the server's own sources, its golden frames and its document name them.

The table must have each of them: a command that somebody adds without a row here fails the run.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "judge"))

from server import ROOT  # noqa: E402
from table import ROUTES, rows  # noqa: E402

UNAUTHENTICATED = {"auth"}
"""Requests that have no row, because they are how a log-in is shown; tried apart."""


def decoded(root: Path = ROOT) -> set[str]:
    """The types that the decoder takes."""
    found: set[str] = set()
    for path in sorted((root / "Sources/ParleyWire/Frames").glob("FrameDecoder*.swift")):
        found |= set(re.findall(r'case "(\w+)"', path.read_text()))
        for more in re.findall(r'case ("\w+"(?:, "\w+")+)', path.read_text()):
            found |= set(re.findall(r'"(\w+)"', more))
    return found


def golden(root: Path = ROOT) -> set[str]:
    lines = (root / "docs/golden/client.txt").read_text().splitlines()
    return {match.group(1) for line in lines if not line.startswith("#") and (match := re.search(r'\t\{"type":"(\w+)"', line))}


def documented(root: Path = ROOT) -> set[str]:
    """What stands in the document as a client's frame, or as a row of the table of requests with `conversation` and `client_id`."""
    text = (root / "docs/PROTOCOL.md").read_text()
    found = set(re.findall(r'^client +\{"type":"(\w+)"', text, re.M))
    table = text[text.index("| request | fields | who may |") : text.index("`rules`: {") if "`rules`: {" in text else None]
    table = table[: table.index("\n\n")]
    for line in table.splitlines()[2:]:
        found |= set(re.findall(r"`(\w+)`", line.split("|")[1]))
    return found


def routed(root: Path = ROOT) -> set[str]:
    """Method and path of every route that the gateway adds."""
    found: set[str] = set()
    for path in sorted((root / "Sources").rglob("*.swift")):
        if path.name == "OperatorRoutes.swift":
            continue  # On a listener of their own: verify/operators.
        text = path.read_text()
        for method, address, rest in re.findall(r'routes\.(get|post|put|delete|patch|head)\("(/[^"]*)"(?: \+ (\w+))?', text):
            found.add(f"{method.upper()} {address}" + (f":{rest}" if rest else ""))
        found |= {f"GET /{name}" for name in re.findall(r'StaticAssets\(files: \["([^"]+)"', text)}
    return found


def missing(root: Path = ROOT) -> list[str]:
    """What the table lacks, or has without need."""
    table = {row.type for row in rows()} | UNAUTHENTICATED
    found = [f"the decoder takes {name}, the table has no row for it" for name in sorted(decoded(root) - table)]
    found += [f"the golden frames have {name}, the table has no row for it" for name in sorted(golden(root) - table)]
    found += [f"the document has {name}, the table has no row for it" for name in sorted(documented(root) - table)]
    found += [f"the table has {name}, the decoder does not take it" for name in sorted(table - decoded(root))]
    found += [f"the decoder takes {name}, the document does not name it" for name in sorted(decoded(root) - documented(root))]
    found += [f"the gateway has {name}, the table has no row for it" for name in sorted(routed(root) - set(ROUTES))]
    found += [f"the table has {name}, the gateway does not" for name in sorted(set(ROUTES) - routed(root))]
    return found


if __name__ == "__main__":
    print("\n".join(missing()) or "nothing is missing")
