"""The programs of this folder import each other, and those of verify/judge, by their plain names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "judge")]

from profile_client import Stage  # noqa: E402


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory):
    """One server for the tests of a file: users u1 to u9, who is in no group but where a test makes one."""
    stage = Stage(tmp_path_factory.mktemp("compat"))
    yield stage
    stage.end()
