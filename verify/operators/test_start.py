"""What an operator is told of a server that cannot start as he said: which flag, and what to do; and never that it is ready."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
from pathlib import Path

import pytest

from house import House
from server import free_port
from wire import open_socket


@pytest.mark.parametrize("flag", ["--listen", "--metrics"])
def test_a_port_that_is_taken(tmp_path: Path, flag: str) -> None:
    house = House(tmp_path, *(["--metrics", f"127.0.0.1:{free_port()}"] if flag == "--metrics" else []))
    words = house.arguments()
    address = words[words.index(flag) + 1]
    with socket.create_server(("127.0.0.1", int(address.rsplit(":", 1)[1]))):
        done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and done.stdout == "", done
    assert f"{flag} {address}: something listens there already. End it, or give another port." in done.stderr, done


@pytest.mark.parametrize("host,words", [("no..host", "no address is known by that name"), ("192.0.2.1", "this machine does not have that address")])
def test_an_address_that_nobody_can_listen_on(tmp_path: Path, host: str, words: str) -> None:
    house = House(tmp_path, host=host)
    said = house.refused_start()
    assert f"--listen {host}:{house.port}: {words}. Give " in said and "ready" not in said, said


@pytest.mark.parametrize("option", [
    ("--trusted-proxy", "foo"), ("--trusted-proxy", "localhost"), ("--trusted-proxy", "10.0.0.0/33"), ("--trusted-proxy", "127.0.0.1:80"),
    ("--allow-origin", "foo"), ("--allow-origin", "*"), ("--allow-origin", "http://app.example/"), ("--allow-origin", "http://APP.example"),
    ("--allow-origin", "https://app.example:443"),
])  # fmt: skip
def test_what_could_never_match(tmp_path: Path, option: tuple[str, str]) -> None:
    said = House(tmp_path, *option).refused_start()
    assert f"{option[0]} {option[1]}: " in said and "such as" in said, said
    assert not (tmp_path / "data").exists(), "nothing was touched"


@pytest.mark.parametrize("proxies", [["127.0.0.1"], ["127.0.0.0/8"], ["10.0.0.0/8", "::ffff:127.0.0.1"]])
def test_a16_a_proxy_is_known_however_the_socket_shows_it(tmp_path: Path, proxies: list[str]) -> None:
    """A server that listens on IPv6 and IPv4 at once sees 127.0.0.1 as ::ffff:127.0.0.1."""
    house = House(tmp_path, *(word for proxy in proxies for word in ("--trusted-proxy", proxy)), host="[::]")

    async def come() -> None:
        await house.start()
        for forwarded in ("203.0.113.9", "198.51.100.1, ::ffff:203.0.113.9", "nonsense"):
            end = await open_socket(house.url, additional_headers={"X-Forwarded-For": forwarded})
            await end.recv()
            await end.close()

    asyncio.run(come())
    assert asyncio.run(house.drain()) == 0
    told = re.findall(r"connection opened address=(\S+)", house.log.read_text())
    assert told == ["203.0.113.9", "203.0.113.9", "127.0.0.1"], told
