"""Secrets and defaults, tried from outside: A2, A29, A30, A32, A33, A49, A50 of docs/coverage.md."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
import sqlite3
import stat
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator
from urllib.parse import quote

import pytest

from house import CANARY, House, Secrets, ask
from server import free_port
from wire import open_socket

SECRETS = Secrets()
PASSWORD = f"pass {CANARY}"
LEVELS = "trace|debug|info|notice|warning|error|critical"
READY = r"Parley is ready: open http[\x20-\x7e]*"
LINES = {
    "text": re.compile(rf"{READY}|\d{{4}}-\d\d-\d\dT[\d:.]+Z ({LEVELS}) [\x20-\x7e]*"),
    "json": re.compile(rf'{READY}|{{"time":"[\dTZ:.-]+","level":"({LEVELS})",[\x20-\x7e]*}}'),
}


@pytest.fixture(scope="module", params=LINES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server as it comes, logging all it can; at the end its log must be lines, and know no secret, nor may its metrics."""
    door = free_port()
    house = House(tmp_path_factory.mktemp("secrets"), "--log-format", request.param, "--metrics", f"127.0.0.1:{door}", limits=True)
    asyncio.run(house.start())
    yield house
    for path in ("/metrics", "/readyz?verbose", f"/{CANARY}"):
        answer = ask(door, "GET", path)
        assert SECRETS.found(answer.text) == [] and re.fullmatch(r"[\x20-\x7e\n]+", answer.text), path
    assert house.alive() and asyncio.run(house.drain()) == 0
    log = house.log.read_text()
    assert SECRETS.found(log) == []
    assert [form for form in own_secrets(house) if form in log] == []
    # A50: whatever was written into names, headers and paths, a log has lines of one form, without escapes for terminals.
    assert [line for line in log.split("\n")[:-1] if not LINES[request.param].fullmatch(line)] == []
    if request.param == "json":
        assert all(json.loads(line)["message"] for line in log.splitlines() if not line.startswith("Parley is ready"))


def own_secrets(house: House) -> list[str]:
    """Beginnings of the keys that the server made for itself, in every form that a careless log would give them."""
    with sqlite3.connect(house.data / "parley.sqlite") as database:
        keys = [bytes(value) for (value,) in database.execute("SELECT value FROM secrets")]
    assert len(keys) >= 3
    return [form for key in keys for form in (key.hex()[:16], base64.b64encode(key).decode()[:16], ", ".join(map(str, key[:6])))]


def grant(house: House, name: str) -> dict[str, str]:
    body = house.register(name)
    for field in ("access_token", "refresh_token"):
        SECRETS.add(body[field])
    return body


# A2: a secret in a URL opens nothing, and no secret gets into a log


def test_a2_a_token_in_a_url_opens_nothing(house: House) -> None:
    token = grant(house, "Url")["access_token"]
    ticket = SECRETS.add(house.ask("POST", "/v1/ticket", token=token).body["ticket"])
    for name in ("token", "access_token", "ticket", "authorization", "auth", "jwt"):
        for secret in (token, ticket):
            assert house.ask("GET", f"/v1/me?{name}={secret}").body["code"] == 40100

            async def socket_with_query() -> str:
                end = await open_socket(f"{house.url}?{name}={secret}")
                assert json.loads(await end.recv())["type"] == "hello"
                await end.send('{"type":"sync","id":1,"positions":{}}')
                answer = json.loads(await end.recv())
                await end.close()
                return answer["name"]

            assert asyncio.run(socket_with_query()) == "not_authenticated"


def test_a2_a_ticket_opens_one_socket(house: House) -> None:
    async def twice() -> None:
        token = grant(house, "Ticket")["access_token"]
        ticket = SECRETS.add(house.ask("POST", "/v1/ticket", token=token).body["ticket"])
        answers = await asyncio.gather(*(house.auth({"ticket": ticket}) for _ in range(8)))
        kinds = sorted(answer["type"] for answer, _ in answers)
        assert kinds == ["error"] * 7 + ["ready"]
        assert {answer["code"] for answer, _ in answers if answer["type"] == "error"} == {40101}
        # Bound to its session: over with it.
        ticket = SECRETS.add(house.ask("POST", "/v1/ticket", token=token).body["ticket"])
        house.ask("POST", "/v1/logout", token=token)
        answer, _ = await house.auth({"ticket": ticket})
        assert answer["code"] == 40104

    asyncio.run(twice())


def test_a50_secrets_and_escapes_in_every_place(house: House) -> None:
    """Nothing of this may change the form of a log, or stand in one; what comes back is checked by the log at the end."""
    evil = f"{CANARY}\r\n2026-01-01T00:00:00 error parley: forged \x1b[31m\x00"
    for path in (f"/{quote(evil)}", f"/v1/me?{quote(evil)}", f"/v1/users?prefix={quote(evil)}", f"/{CANARY}/../{CANARY}"):
        assert house.ask("GET", path).status in (400, 401, 404)
    for body in (
        {"name": evil, "password": PASSWORD}, {"name": CANARY, "password": evil}, {"name": f"nobody {CANARY}"[:60], "password": PASSWORD},
        {CANARY: "x"}, {"name": [CANARY], "password": PASSWORD}, CANARY, f'{{"name":"{CANARY}', {"refresh_token": evil},
        {"refresh_token": CANARY},
    ):  # fmt: skip
        for route in ("register", "login", "refresh"):
            answer = house.ask("POST", f"/v1/{route}", body)
            assert answer.status in (400, 401, 200) and "\x1b" not in answer.text
    for head in (
        f"GET /healthz HTTP/1.1\r\nHost: a\r\nUser-Agent: {CANARY}\x1b[31m\r\nAuthorization: Bearer {CANARY}\r\nCookie: {CANARY}\r\n\r\n",
        f"GET /healthz HTTP/1.1\r\nHost: a\r\n{CANARY}\r\n\r\n", f"{CANARY} / HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET / {CANARY}\r\n\r\n", f"GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nOrigin: {CANARY}\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {CANARY}\r\nSec-WebSocket-Protocol: {CANARY}\r\n\r\n",
    ):  # fmt: skip
        with socket.create_connection(("127.0.0.1", house.port), 5) as end:
            end.sendall(head.encode("latin-1"))
            assert end.recv(4096).startswith(b"HTTP/1.1 ")

    async def frames() -> None:
        for raw in (CANARY, f'{{"type":"{CANARY}","id":1}}', f'{{"type":"auth","id":1,"token":"{CANARY}"}}', f'{{"{CANARY}":1}}'):
            end = await open_socket(house.url)
            await end.recv()
            await end.send(raw)
            await asyncio.wait_for(end.recv(), 5)
            await end.close()

    asyncio.run(frames())


def test_a50_the_search_would_find_a_secret() -> None:
    secret = "pa1.abcdefghijklmnopqrstuvwxyz.0123456789abcdefghij"
    known = Secrets({secret})
    assert known.found(f"x {secret} y") and known.found("a log with mnopqrstuvwxyz") and not known.found("pa1. and no more")


# A29, A32: refresh tokens and sessions


def test_a29_parallel_reuse_ends_the_family(house: House) -> None:
    first = grant(house, "Family")

    async def race() -> None:
        answer, end = await house.auth({"token": first["access_token"]})
        assert answer["type"] == "ready"
        with ThreadPoolExecutor(20) as pool:
            refresh = lambda _: house.ask("POST", "/v1/refresh", {"refresh_token": first["refresh_token"]})
            answers = await asyncio.to_thread(lambda: list(pool.map(refresh, range(20))))
        won = [answer.body for answer in answers if answer.status == 200]
        assert len(won) <= 1 and all(answer.body["code"] in (40101, 40104) for answer in answers if answer.status != 200), answers
        await asyncio.wait_for(end.wait_closed(), 2)
        assert end.close_code == 4401
        for body in won:
            # Whoever won the race, nobody keeps the session.
            assert house.ask("GET", "/v1/me", token=SECRETS.add(body["access_token"])).body["code"] == 40104
            assert house.ask("POST", "/v1/refresh", {"refresh_token": SECRETS.add(body["refresh_token"])}).body["code"] == 40104

    asyncio.run(race())


def test_a32_each_log_in_is_a_new_session(house: House) -> None:
    first = grant(house, "Fixed")
    login = lambda **more: house.ask("POST", "/v1/login", {"name": "Fixed", "password": PASSWORD, **more})
    sessions = {first["session"], *(login().body["session"] for _ in range(3))}
    assert len(sessions) == 4
    # A client cannot bring one along.
    assert login(session=first["session"]).body["code"] == 40006
    fixed = house.ask("POST", "/v1/login", {"name": "Fixed", "password": PASSWORD}, first["access_token"], {"Cookie": f"session={first['session']}"})
    assert fixed.body["session"] not in sessions


# A30: guessing


def test_a30_an_unknown_name_looks_and_costs_like_a_wrong_password(tmp_path: Path) -> None:
    house = House(tmp_path)
    asyncio.run(house.start())
    house.register("Known")
    times: dict[str, list[float]] = {"Known": [], "Unknown": []}
    answers = set()
    for turn in range(24):
        name = ("Known", "Unknown")[turn % 2]
        started = time.perf_counter()
        answer = house.ask("POST", "/v1/login", {"name": name, "password": f"wrong {CANARY}"})
        times[name].append(time.perf_counter() - started)
        answers.add((answer.status, answer.text))
    house.kill()
    assert len(answers) == 1 and answers.pop()[0] == 401
    known, unknown = (statistics.median(values) for values in times.values())
    # A hash is most of it: left out, a log-in would take a tenth.
    assert 0.5 < known / unknown < 2, (known, unknown)


def test_a30_wrong_passwords_are_slowed_down_per_name_and_per_address(house: House) -> None:
    grant(house, "Guessed")
    wrong = lambda name: house.ask("POST", "/v1/login", {"name": name, "password": f"wrong {CANARY}"})
    answers = [wrong("Guessed") for _ in range(12)]
    assert [answer.status for answer in answers[:10]] == [401] * 10 and answers[-1].status == 429
    assert answers[-1].body["retry_ms"] > 0 and int(answers[-1].headers["retry-after"]) >= 1
    # Even the right one, from anywhere: else the eleventh guess would be told.
    assert house.ask("POST", "/v1/login", {"name": "Guessed", "password": PASSWORD}).status == 429
    spray = [wrong(f"name {number}").status for number in range(60)]
    assert spray[0] == 401 and spray[-1] == 429


# A33: other sites


def test_a33_a_cookie_is_nothing_and_no_other_page_may_ask(house: House) -> None:
    token = grant(house, "Cookie")["access_token"]
    cookies = {"Cookie": f"token={token}; access_token={token}; Authorization=Bearer {token}", "Origin": "https://evil.example"}
    for method, path in (("GET", "/v1/me"), ("POST", "/v1/logout"), ("POST", "/v1/ticket"), ("POST", "/v1/request")):
        answer = house.ask(method, path, headers=cookies)
        assert answer.body["code"] == 40100, (path, answer)
        assert "set-cookie" not in answer.headers
    # What a form or an image of another site can send without being asked first.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        body = json.dumps({"name": "Cookie", "password": PASSWORD})
        answer = house.ask("POST", "/v1/login", body, headers={"Content-Type": kind, "Origin": "https://evil.example"})
        assert (answer.status, answer.body["field"]) == (415, "content-type"), (kind, answer)
    # What it may send after asking: it is not allowed to.
    asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for path in ("/v1/login", "/v1/me", "/v1/request", "/"):
        for method in ("OPTIONS", "GET", "POST"):
            answer = house.ask(method, path, headers=asks)
            assert not [name for name in answer.headers if name.startswith("access-control")], answer
        assert house.ask("OPTIONS", path, headers=asks).status in (404, 405)
    assert house.ask("GET", "/v1/me", token=token).status == 200


# A49: as it comes


def test_a49_nothing_is_open_that_nobody_asked_for(house: House) -> None:
    for path in (
        "/debug", "/debug/pprof", "/debug/vars", "/metrics", "/admin", "/v1/admin", "/v1/metrics", "/v1/debug", "/actuator", "/actuator/env",
        "/server-status", "/status", "/swagger", "/openapi.json", "/graphql", "/.env", "/.git/config", "/parley.sqlite", "/../data/parley.sqlite",
        "/%2e%2e/data/parley.sqlite", "/v1/provision", "/v1/check", "/v1/users/all", "/phpinfo.php", "/config", "/console", "/test", "/v1/test",
    ):  # fmt: skip
        answer = house.ask("GET", path)
        assert answer.status in (400, 404) and answer.body["type"] == "error", (path, answer)
    for method in ("TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "DEBUG"):
        answer = house.ask(method, "/v1/me")
        assert answer.status in (400, 404, 405), (method, answer)
        assert CANARY not in answer.text


def test_a49_answers_tell_nothing_about_the_program(house: House) -> None:
    for method, path in (("GET", "/"), ("GET", "/v1/me"), ("GET", "/none"), ("POST", "/v1/login"), ("DELETE", "/healthz")):
        answer = house.ask(method, path)
        assert not {"server", "x-powered-by", "via", "access-control-allow-origin"} & set(answer.headers), answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        for word in ("swift", "Sources/", "Fatal", "sqlite", str(house.data)):
            assert path == "/" or word not in answer.text, (word, answer)


def test_a49_files_are_the_owners_alone(house: House) -> None:
    assert stat.S_IMODE(house.data.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in house.data.iterdir()}
    assert "parley.sqlite" in modes and "parley.sock" in modes
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_a49_each_server_makes_its_own_secrets(house: House, tmp_path: Path) -> None:
    other = House(tmp_path)
    asyncio.run(other.start())
    name = other.register("Same")["access_token"]
    for credential in (name, SECRETS.add(grant(house, "Same")["access_token"])):
        assert {house.ask("GET", "/v1/me", token=credential).status, other.ask("GET", "/v1/me", token=credential).status} == {200, 401}
    # Nobody is there before somebody registers: no administrator, no password that everybody knows.
    for user in ("admin", "root", "parley", "test"):
        for password in ("admin", "password", "parley", "changeme", "12345678"):
            assert other.ask("POST", "/v1/login", {"name": user, "password": password}).status == 401
    assert other.ask("GET", "/v1/users?prefix=", token=name).status == 400
    listening = Path(f"/proc/{other.process.pid}/net/tcp").read_text() if other.process else ""
    assert f"0100007F:{other.port:04X} 00000000:0000 0A" in listening and f"00000000:{other.port:04X} " not in listening
    other.kill()
