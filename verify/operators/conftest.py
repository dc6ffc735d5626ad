"""The programs of this folder import each other, and those of verify/judge and verify/identity, by their plain names."""

from __future__ import annotations

import sys
from pathlib import Path

VERIFY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(VERIFY / "operators"), str(VERIFY / "judge"), str(VERIFY / "identity")]
