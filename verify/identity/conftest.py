"""The programs of this folder import each other, and those of verify/judge, by their plain names."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "judge")]
