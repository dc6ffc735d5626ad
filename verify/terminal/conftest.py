"""A server with Ann, Ben and Carl, who are in a group; and terminals that are closed at the end."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from stage import House, Terminal  # noqa: E402

PLAN = "user 1 ann x\nuser 2 ben x\nuser 3 carl x\ngroup team 1 2 3\ngroup duo 1 2\n"


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    house.provision(PLAN)
    house.start()
    yield house
    house.kill()


@pytest.fixture
def person(house):
    """Opens terminals: person("ann", ...) is Ann's."""
    opened = []

    def open_one(user, *arguments, **options):
        terminal = Terminal(house, "chat", house.url, "--token-file", str(house.folder / f"{user}.token"), *arguments, **options)
        opened.append(terminal)
        return terminal

    yield open_one
    for terminal in opened:
        terminal.close()
