"""The programs of this folder import each other by their plain names; the suites that attack share a server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from attack_world import World

    world = World(tmp_path_factory.mktemp("attacks"))
    try:
        yield world
        assert world.server.alive(), world.server.said()
    finally:
        world.server.kill()


@pytest.fixture(autouse=True)
def alive(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every attack the server must still run."""
    yield
    if "world" in request.fixturenames:
        server = request.getfixturevalue("world").server
        assert server.alive(), f"the server died: {server.said()}"
