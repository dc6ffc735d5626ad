"""Cheap, at every run: each mutant's line is still there, once, and README.md lists it. Whether it is caught, `make soak` tells.

Run:  .venv/bin/python -m pytest -q verify/mutants
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant[0])
def test_a_mutant_finds_its_line_once(mutant: tuple[str, str, str, str, str]) -> None:
    _, path, old, new, _ = mutant
    assert (ROOT / path).read_text().count(old) == 1, f"{path} has not once: {old}"
    assert old != new


def test_the_list_is_whole() -> None:
    rows = [line.split("|")[1].strip() for line in Path(__file__).with_name("README.md").read_text().splitlines() if line.startswith("| ")]
    assert rows[2:] == [mutant[0] for mutant in MUTANTS]
