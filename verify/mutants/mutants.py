"""One-line faults, planted one at a time into a copy of the sources: the tests that README.md names for it must turn red.

Example:  python3 verify/mutants/mutants.py --copy ../mutants     (a copy of this repository that may be changed; with its build folder it is quicker)
Exit status: 0 if every fault was caught, 1 otherwise.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

DOMAIN, SQLITE = "Sources/ParleyDomain", "Sources/ParleySQLite"
CHANGES, READER = f"{SQLITE}/SQLiteMessageReader+Changes.swift", f"{SQLITE}/SQLiteMessageReader.swift"
SETTINGS = f"{SQLITE}/SQLiteMessageStore+Settings.swift"

# Name, file, the text that stands there once, and what stands there instead; by the tests that must turn red.
BY_MODELS = [
    ("the sender is counted", f"{DOMAIN}/Receipts/ReceiptBook+Answers.swift", "            total -= 1\n", "            total -= 0\n"),
    ("read from the next message on", f"{DOMAIN}/Receipts/ReceiptBook+Answers.swift", "self.read[sender] < sequence", "self.read[sender] <= sequence"),
    ("a joiner has nothing behind him", f"{DOMAIN}/Receipts/ReceiptBook.swift", "max(1, visibleFrom) - 1", "max(1, visibleFrom) - max(1, visibleFrom)"),
    ("positions that wait are forgotten by a new desk", f"{DOMAIN}/Sequencing/Sequencer+Receipts.swift", "where update.conversation == id {", "where update.conversation != id {"),
    ("an ended membership goes on in the desk", f"{DOMAIN}/Sequencing/Sequencer+Receipts.swift", "self.desks.values[desk].book.end(slot: place.slot, at: entry.sequence)", "_ = place.slot"),
    ("who joins with receipts off is counted", f"{DOMAIN}/Sequencing/Sequencer+Receipts.swift", "if !joiner.isCounted {", "if joiner.isCounted, joiner.slot < 0 {"),
    ("receipts that go off are counted on", f"{DOMAIN}/Sequencing/Sequencer+Receipts.swift", "book.exclude(slot: receipts.slot, from: receipts.head + 1)", "book.exclude(slot: receipts.slot, from: receipts.head + 2)"),
    ("an acknowledgement moves the smaller of the two", f"{DOMAIN}/Sequencing/Sequencer+Connections.swift", "update.read = max(update.read, new.read)", "update.read = new.read"),
    ("one's own recalled messages are taken off too", f"{SQLITE}/SQLiteMessageReader+Changes.swift", "AND recalled > 0 AND sender <> ?3", "AND recalled > 0 AND sender <> -?3"),
    ("recalled messages before the position are taken off", f"{SQLITE}/SQLiteMessageReader+Changes.swift", "AND target > ?2 AND recalled > 0", "AND target >= 0 * ?2 AND recalled > 0"),
    ("one's own mentions count", f"{SQLITE}/SQLiteMessageReader+Messages.swift", "AND user = ?2 AND sequence BETWEEN ?3 AND ?4 AND sender <> ?2", "AND user = ?2 AND sequence BETWEEN ?3 AND ?4"),
    ("positions go back", f"{SQLITE}/SQLiteMessageStore.swift", "SET read = max(read, CASE", "SET read = max(0, CASE"),
    ("a recall leaves the mention", f"{SQLITE}/SQLiteMessageStore+Relations.swift", "DELETE FROM mentions WHERE conversation = ?1 AND sequence = ?2", "DELETE FROM mentions WHERE conversation = ?1 AND sequence = -?2"),
    ("sync tells of nothing that others did", CHANGES, "max(h.stamp, m.stamp) ELSE", "m.stamp ELSE"),
    ("sync does not tell of an ended membership", CHANGES, "(m.state IN (1, 3, 4) OR ?2 > 0)", "(m.state IN (1, 3, 4))"),
    ("sync tells of the newest change first", CHANGES, "ORDER BY newest LIMIT", "ORDER BY -newest LIMIT"),
    ("the list has no previews", CHANGES, "preview = folded.entries.first", "preview = nil"),
]
BY_CONTRACT = [
    ("who came back does not see his earlier time", READER, "if from > 1 { view.visible", "if from < 1 { view.visible"),
    ("an interval lasts one entry longer", READER, "let to = min(query.int64(1), before - 1)", "let to = min(query.int64(1) + 1, before - 1)"),
    ("who joins a hidden history sees one entry more", f"{SQLITE}/SQLiteMessageStore+Membership.swift", "historyVisible ? 1 : entry.sequence", "historyVisible ? 1 : entry.sequence - 1"),
    ("a preview from outside of the intervals", CHANGES, "if range.contains(view.newestMessage) { return", "if range.lowerBound > 0 { return"),
    ("a preview shows what was taken back", CHANGES, "state = folded.states[sequence]", "state = nil"),
    ("a link outlives the right of who made it", SETTINGS, "AND m.role >= ?3)", "AND m.role >= 0 * ?3)"),
]
MUTANTS = [(*mutant, "ModelTests") for mutant in BY_MODELS] + [(*mutant, "StoreContractTests") for mutant in BY_CONTRACT]


def run(copy: Path, *command: str, timeout: float = 900) -> tuple[int, str]:
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=timeout)
    return done.returncode, done.stdout + done.stderr


def tried(copy: Path, filters: str) -> str:
    """What became of the sources as they are now: caught by which tests, `survived`, or why they cannot be tried."""
    status, said = run(copy, "swift", "build", "--build-tests")
    if status != 0:
        return "does not compile: " + next((line for line in said.splitlines() if "error:" in line), said[-200:])
    try:
        status, said = run(copy, "swift", "test", "--skip-build", "--filter", filters)
    except subprocess.TimeoutExpired:
        return "caught (never ends)"
    # Names of tests are told at the start, too; a test that failed has a cross before it.
    red = sorted(set(re.findall(r"✘ Test (\w+)\(", said)))
    return "survived" if status == 0 else f"caught by {', '.join(red) or 'a crash'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copy", type=Path, required=True, help="a copy of the repository that may be changed")
    parser.add_argument("--filter", default="", help="other tests that must turn red than those named here")
    parser.add_argument("--only", default="", help="only the mutants whose name has this in it")
    options = parser.parse_args()
    failed = 0
    for name, path, old, new, tests in MUTANTS:
        if options.only not in name:
            continue
        file, began = options.copy / path, time.monotonic()
        text = file.read_text()
        if old not in text:
            print(f"?  {name}: the line is not there any more in {path}", flush=True)
            failed += 1
            continue
        try:
            file.write_text(text.replace(old, new, 1))
            outcome = tried(options.copy, options.filter or tests)
        finally:
            file.write_text(text)
        failed += not outcome.startswith("caught")
        print(f"{'ok' if outcome.startswith('caught') else '!!'} {name}: {outcome} ({time.monotonic() - began:.0f} s)", flush=True)
    print("every fault was caught" if failed == 0 else f"{failed} of {len(MUTANTS)} were not caught", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
