"""parley.bin.1 in a page, from docs/parley.cddl and a library for CBOR: a second implementation, to judge the server's.

    .venv/bin/python verify/conformance/parley_bin.py        prints docs/golden/binary.txt
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cbor2

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = re.findall(r"([a-z_]+): \d+", re.search(r"name = &\(([^)]*)\)", (DOCS / "parley.cddl").read_text()).group(1))
NUMBERS = {name: number for number, name in enumerate(NAMES)}
SAFE = 2**53 - 1


class Digits(str):
    """A number that is kept as JSON writes it."""

    def __repr__(self) -> str:
        return f"Digits({str(self)})"


def read_json(text: str) -> Any:
    """A JSON value with each number as the binary encoding has it."""
    return json.loads(
        text, parse_int=lambda digits: int(digits) if str(int(digits)) == digits and abs(int(digits)) <= SAFE else Digits(digits),
        parse_float=lambda digits: float(digits) if repr(float(digits)) == digits else Digits(digits))


def write_json(value: Any) -> str:
    """The JSON text of a value, numbers as they were written."""
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(write_json(str(key)) + ":" + write_json(item) for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _pack(value: Any) -> Any:
    if isinstance(value, Digits):
        return value.encode()
    if isinstance(value, str):
        return bytes([NUMBERS[value]]) if value in NUMBERS else value
    if isinstance(value, dict):
        return {NUMBERS.get(key, key): _pack(item) for key, item in value.items()}
    return list(map(_pack, value)) if isinstance(value, list) else value


def _unpack(value: Any) -> Any:
    if isinstance(value, bytes):
        return NAMES[value[0]] if len(value) == 1 else Digits(value.decode())
    if isinstance(value, dict):
        return {NAMES[key] if isinstance(key, int) else key: _unpack(item) for key, item in value.items()}
    return list(map(_unpack, value)) if isinstance(value, list) else value


def encode(value: Any) -> bytes:
    return cbor2.dumps(_pack(value))


def decode(data: bytes) -> Any:
    """The value; what is not written in its one form is refused."""
    value = _unpack(cbor2.loads(data))
    assert encode(value) == data, f"not in its one form: {data.hex()}"
    return value


def golden() -> dict[str, str]:
    """The frames of docs/golden/client.txt and server.txt by file and name, as JSON."""
    frames = {}
    for side in ("client", "server"):
        for line in (DOCS / "golden" / f"{side}.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                name, frame = line.split("\t", 1)
                frames[f"{side}/{name}"] = frame
    return frames


if __name__ == "__main__":
    print("# The frames of client.txt and server.txt in the binary encoding, in hexadecimal. Made by verify/conformance/parley_bin.py.")
    for name, frame in golden().items():
        print(f"{name}\t{encode(read_json(frame)).hex()}")
