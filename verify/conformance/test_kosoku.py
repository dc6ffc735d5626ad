"""Autobahn's cases for a WebSocket server, run by kosoku: every one must pass."""

import collections
import json
import pathlib
import subprocess
import sys

import pytest
from conftest import Server, handshake

GROUPS = [1, 2, 3, 4, 5, 6, 7, 9, 10]


@pytest.fixture(scope="module")
def large():
    """Group 9 sends messages of 16 MiB and fragments of 64 bytes, far over what the product allows."""
    server = Server("--message-bytes", 33554432, "--fragments", 200000)
    yield server
    assert server.is_alive
    server.stop()


def test_every_case_passes(large, tmp_path):
    kosoku = pathlib.Path(sys.executable).with_name("kosoku")
    groups = [argument for group in GROUPS for argument in ("-i", f"{group}.*")]
    subprocess.run([kosoku, f"ws://127.0.0.1:{large.port}/v1/ws", *groups, "-o", tmp_path], timeout=600, check=False)
    (cases,) = json.loads((tmp_path / "index.json").read_text()).values()
    counts = collections.Counter(case["behavior"] for case in cases.values())
    print(f"kosoku: {len(cases)} cases, {dict(counts)}")
    assert len(cases) >= 301
    failed = {
        name: (case["behavior"], case["behaviorClose"])
        for name, case in cases.items()
        if case["behavior"] not in ("OK", "INFORMATIONAL") or case["behaviorClose"] not in ("OK", "INFORMATIONAL")
    }
    assert not failed, f"FAILED, NON-STRICT or unclean: {failed}"


@pytest.mark.parametrize("offer", [
    "permessage-deflate", "permessage-deflate; client_max_window_bits", "permessage-deflate; server_no_context_takeover",
    "x-webkit-deflate-frame", "permessage-bzip2, permessage-deflate",
])
def test_compression_is_declined(echo, offer):
    with echo.connect() as client:
        client.send(handshake(echo.port, Sec_WebSocket_Extensions=offer))
        status, fields, _ = client.response()
        assert status == 101
        assert "sec-websocket-extensions" not in fields
