"""TLS in the process: page, HTTP and socket over it; strangers to TLS bounded like any other (A3, A12; R77)."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator

import pytest

import certificates
from attack_world import answer_to
from house import CANARY, House, trusting
from wire import dump

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HELLO = bytes.fromhex("160301") + (200).to_bytes(2, "big") + b"\x01"
"""The beginning of a ClientHello of 200 bytes."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("tls")
    house = House(folder, limits=True).with_tls(*certificates.make(folder))
    asyncio.run(house.start())
    yield house
    assert house.alive() and asyncio.run(house.drain()) == 0
    assert CANARY not in house.log.read_text()


def ended(end: socket.socket, seconds: float) -> tuple[bytes, float]:
    """What the server says until it ends the connection, and how long that took; a time of -1: it did not end."""
    started, said = time.monotonic(), b""
    end.settimeout(seconds)
    try:
        while data := end.recv(65536):
            said += data
    except TimeoutError:
        return said, -1
    except OSError:
        pass
    return said, time.monotonic() - started


def dial(house: House) -> socket.socket:
    return socket.create_connection(("127.0.0.1", house.port), timeout=10)


def test_silent_and_trickling_handshakes_are_cut(house: House) -> None:
    """Within the ten seconds that a request head has, and the second of the sweep: none is answered."""

    def trickle(end: socket.socket) -> tuple[bytes, float]:
        started = time.monotonic()
        try:
            for byte in HELLO + bytes(200):
                end.sendall(bytes([byte]))
                time.sleep(0.2)
        except OSError:
            pass
        return ended(end, 1)[0], time.monotonic() - started

    cases = [(b"", ended), (HELLO, ended), (HELLO[:3], ended), (b"", lambda end, _: trickle(end))]
    with ThreadPoolExecutor(len(cases)) as pool:
        ends = [dial(house) for _ in cases]
        for end, (first, _) in zip(ends, cases):
            end.sendall(first)
        results = list(pool.map(lambda pair: pair[1][1](pair[0], 14), zip(ends, cases)))
    for said, seconds in results:
        assert 8 <= seconds <= 13.5 and b"HTTP" not in said, (said, seconds)


def test_page_http_and_header(house: House) -> None:
    assert house.said().count(f"https://127.0.0.1:{house.port}/") == 1
    answer = house.ask("GET", "/")
    assert answer.status == 200 and "<!doctype html" in answer.text.lower()
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert house.ask("GET", "/v1/me").headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_that_are_spoken(house: House, version: ssl.TLSVersion) -> None:
    context = trusting(house.options[1])
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with dial(house) as plain, context.wrap_socket(plain, server_hostname="localhost") as end:
        assert end.selected_alpn_protocol() == "http/1.1"
        end.sendall(REQUEST)
        assert end.recv(65536).startswith(b"HTTP/1.1 200")


def test_versions_that_are_not_spoken(house: House) -> None:
    context = trusting(house.options[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with dial(house) as plain, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("data", [
    REQUEST, b"\x00" * 300, b"GET", b"\x16\x03\x01\xff\xff" + b"A" * 70000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x80\x2e\x01\x00\x02",
    HELLO + b"\xff" * 199,
])  # fmt: skip
def test_what_is_no_tls_gets_nothing(house: House, data: bytes) -> None:
    with dial(house) as end:
        try:
            end.sendall(data)
            end.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        said, seconds = ended(end, 5)
        assert 0 <= seconds < 3 and b"HTTP" not in said and len(said) <= 32, (said, seconds)
    assert house.ask("GET", "/healthz").status == 200


def test_socket_over_tls(house: House) -> None:
    async def talk() -> None:
        grant, other = house.register("Tess"), house.register("Theo")
        ticket = house.ask("POST", "/v1/ticket", token=grant["access_token"]).body["ticket"]
        answer, end = await house.auth({"ticket": ticket})
        assert answer["type"] == "ready"
        await end.send(dump({"type": "create", "id": 2, "client_id": "c", "kind": "group", "title": "T", "members": [other["user"]]}))
        group = (await answer_to(end, 2))["conversation"]
        # Longer than a record of TLS, and than a read of ours.
        text = "ü" * 8000
        for number in range(3, 23):
            await end.send(dump({"type": "send", "id": number, "conversation": group, "client_id": f"m{number}", "content": {"type": "text", "text": text}}))
            assert (await answer_to(end, number))["type"] == "ack"
        await end.send(dump({"type": "history", "id": 30, "conversation": group, "after": 11, "limit": 10}))
        page = await answer_to(end, 30)
        assert [entry["content"].get("text") for entry in page["entries"]] == [text] * 10
        await end.close()
        assert end.close_code == 1000

    asyncio.run(talk())


def test_many_requests_on_one_connection_and_an_end(house: House) -> None:
    with dial(house) as plain, trusting(house.options[1]).wrap_socket(plain, server_hostname="localhost") as end:
        end.settimeout(10)
        for _ in range(20):
            end.sendall(REQUEST)
            said = b""
            while not said.endswith(b'{"status":"ok"}'):
                said += end.recv(65536)
            assert said.startswith(b"HTTP/1.1 200")
        end.sendall(b"GET / HTTP/1.0\r\nConnection: close\r\n\r\n")
        said, seconds = ended(end, 5)
        assert said.startswith(b"HTTP/1.1 200") and said.rstrip().endswith(b"</html>") and 0 <= seconds < 3


def test_strangers_are_counted_before_the_handshake(tmp_path: Path) -> None:
    """1,024 connections of one address that have not logged in; one more is closed without a word."""
    house = House(tmp_path, limits=True).with_tls(*certificates.make(tmp_path))
    asyncio.run(house.start())
    ends: list[socket.socket] = []
    try:
        for _ in range(1_020):
            ends.append(dial(house))
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            ends.append(dial(house))
            said, seconds = ended(ends[-1], 0.2)
            if seconds >= 0:
                break
        assert said == b"" and seconds >= 0 and len(ends) <= 1_030, (said, seconds, len(ends))
        for end in ends[:50]:
            end.close()
        while not house.healthy():
            assert time.monotonic() < deadline
    finally:
        for end in ends:
            end.close()
    assert asyncio.run(house.drain()) == 0


def test_certificate_is_read_again_at_a_hang_up(tmp_path: Path) -> None:
    certificate, key = certificates.make(tmp_path)
    second, second_key = certificates.make(tmp_path, "second")
    house = House(tmp_path).with_tls(certificate, key)
    asyncio.run(house.start())
    first = trusting(certificate)
    with dial(house) as plain, first.wrap_socket(plain, server_hostname="localhost") as kept:
        # The certificate of one pair with the key of the other: all stays as it was.
        shutil.copy(second, certificate)
        house.hang_up("could not be read again")
        assert house.ask("GET", "/healthz").status == 200
        shutil.copy(second_key, key)
        house.hang_up("were read again")
        house.tls = trusting(second)
        assert house.ask("GET", "/healthz").status == 200
        kept.sendall(REQUEST)
        assert kept.recv(65536).startswith(b"HTTP/1.1 200"), "a connection keeps its certificate"
    assert asyncio.run(house.drain()) == 0


def test_hang_up_without_certificate_and_keys_says_that_there_is_nothing_to_read(tmp_path: Path) -> None:
    house = House(tmp_path)
    asyncio.run(house.start())
    house.hang_up("there is nothing to read again")
    assert "were read again" not in house.log.read_text()
    assert asyncio.run(house.drain()) == 0


def test_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    certificate, key = certificates.make(tmp_path)
    _, other = certificates.make(tmp_path, "other")
    swapped = tmp_path / "swapped.key"
    shutil.copy(certificate, swapped)
    swapped.chmod(0o600)
    loose = tmp_path / "loose.key"
    shutil.copy(key, loose)
    loose.chmod(0o640)
    wrong: list[tuple[list[str], str]] = [
        (["--tls-certificate", certificate, "--tls-key", other], "not that of the first certificate"),
        (["--tls-certificate", key, "--tls-key", key], "no certificate"), (["--tls-certificate", certificate, "--tls-key", str(swapped)], "no private key"),
        (["--tls-certificate", certificate, "--tls-key", str(loose)], "chmod 600"),
        (["--tls-certificate", str(tmp_path / "none"), "--tls-key", key], "Cannot read"), (["--tls-certificate", certificate], "go together"),
    ]  # fmt: skip
    for options, words in wrong:
        said = House(tmp_path, *options).refused_start()
        assert words in said and "PRIVATE KEY" not in said, (options, said)


def test_warning_where_anybody_could_read(tmp_path: Path) -> None:
    for host, warns in (("0.0.0.0", True), ("127.0.0.1", False)):
        folder = tmp_path / host
        folder.mkdir()
        house = House(folder, host=host)
        asyncio.run(house.start())
        assert asyncio.run(house.drain()) == 0
        assert ("--tls-certificate" in house.log.read_text()) is warns, house.said()


def test_browser_over_tls(house: House) -> None:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("acceptInsecureCerts", True)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        browser.set_script_timeout(15)
        browser.get(f"https://localhost:{house.port}/")
        script = """
            const done = arguments[arguments.length - 1];
            (async () => {
                const post = (path, body, token) => fetch(path, {method: 'POST', body: body && JSON.stringify(body),
                    headers: {...(body && {'Content-Type': 'application/json'}), ...(token && {Authorization: `Bearer ${token}`})}}).then((r) => r.json());
                const grant = await post('/v1/register', {name: 'Browser', password: 'correct horse'});
                const {ticket} = await post('/v1/ticket', undefined, grant.access_token);
                const socket = new WebSocket(`wss://${location.host}/v1/ws`, 'parley.json.1');
                socket.onmessage = (event) => {
                    const frame = JSON.parse(event.data);
                    if (frame.type === 'hello') socket.send(JSON.stringify({type: 'auth', id: 1, ticket}));
                    else done([frame.type, frame.name, isSecureContext, document.title]);
                };
                socket.onerror = () => done(['socket error']);
            })().catch((error) => done([String(error)]));
        """
        result: Any = browser.execute_async_script(script)
        assert result[:3] == ["ready", "Browser", True] and result[3], result
    finally:
        browser.quit()
