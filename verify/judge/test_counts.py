"""The counts of the crowd, the storm and the large group with small numbers; the programs run them in full.

Run:  PARLEY_BIN=.build/release/parley .venv/bin/python -m pytest -q verify/judge/test_counts.py
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import crowd
import large
import storm


def test_a_cap_holds_when_all_join_at_once(tmp_path: Path) -> None:
    found = asyncio.run(crowd.crowd(tmp_path, people=60, cap=40))
    assert found["wrong"] == [] and found["members"] == 40, found


def test_a_storm_is_told_alike_in_three_ways_within_its_bounds(tmp_path: Path) -> None:
    _, wrong = asyncio.run(storm.run(tmp_path, messages=60, members=30, online=8, interval=0.5, naive=False))
    assert wrong == []


def test_a_message_is_stored_once_whatever_the_members(tmp_path: Path) -> None:
    found = asyncio.run(large.large(tmp_path, members=1_200, online=20, messages=30, rate=20))
    assert found["wrong"] == [], found
    assert found["frames_to_followers"].get("< heads", 0) > 0, found
