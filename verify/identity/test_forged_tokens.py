"""A28: forged tokens of another application get 401 bad_token on every way in, and leave no trace of themselves in a log.

Run:  PARLEY_BIN=.build/debug/parley .venv/bin/python -m pytest -q verify/identity
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Iterator

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from house import CANARY, House, Secrets
from smith import AUDIENCE, ISSUER, SECRET, Smith, b64, claims, jwk, private_file, public_pem
from wire import dump

SMITH = Smith()
FORGED = SMITH.forged()
SECRETS = Secrets()
PING = {"type": "ping", "id": 1}


def identity(algorithm: str, *keys: str) -> list[str]:
    return ["--jwt-algorithm", algorithm, *keys, "--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server that trusts the RS256 keys of a set. At the end its log must know nothing of what was shown to it."""
    folder = tmp_path_factory.mktemp("rs256")
    house = House(folder, *identity("RS256", "--jwt-jwks", private_file(folder / "keys", SMITH.key_set())))
    asyncio.run(house.start())
    yield house
    assert house.alive()
    assert asyncio.run(house.drain()) == 0
    log = house.log.read_text()
    assert SECRETS.found(log) == [] and "eyJ" not in log, log[:2000]


def test_there_are_enough() -> None:
    assert len(FORGED) >= 60 and len(set(FORGED.values())) == len(FORGED), len(FORGED)


def test_good_tokens_open_every_door(house: House) -> None:
    """Else all that follows would prove nothing."""
    token = SECRETS.add(SMITH.good(sid=CANARY))
    assert house.ask("GET", "/v1/me", token=token).body["user"] == "x:ann"
    ticket = SECRETS.add(house.ask("POST", "/v1/ticket", token=token).body["ticket"])
    assert house.ask("POST", "/v1/request", PING, token=token).body["type"] == "pong"

    async def sockets() -> None:
        for credential in ({"token": token}, {"ticket": ticket}):
            answer, socket = await house.auth(credential)
            assert (answer["type"], answer["user"], answer["name"]) == ("ready", "x:ann", "Ann"), answer
            await socket.close()

    asyncio.run(sockets())


@pytest.mark.parametrize("name", FORGED)
def test_forged_token_is_refused_over_http(house: House, name: str) -> None:
    token = SECRETS.add(FORGED[name])
    if not token.isprintable() or token != token.strip():
        token = token.strip() + "%"  # Cannot stand in a header: the socket tries it as it is.
    for method, path, body in (("GET", "/v1/me", None), ("POST", "/v1/ticket", None), ("POST", "/v1/request", PING)):
        answer = house.ask(method, path, body, token)
        assert (answer.status, answer.body["code"], answer.body["name"]) == (401, 40101, "bad_token"), (name, answer)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert SECRETS.found(answer.text) == [], answer


def test_forged_token_is_refused_on_the_socket(house: House) -> None:
    async def one(name: str, key: str, limit: asyncio.Semaphore) -> None:
        async with limit:
            answer, socket = await house.auth({key: FORGED[name]})
            # A text that is too long for a field is refused before anybody looks at it.
            allowed = {40101} if len(FORGED[name]) <= 4000 else {40101, 40005, 41300}
            assert answer["type"] == "error" and answer["code"] in allowed, (name, answer)
            assert SECRETS.found(json.dumps(answer)) == [], answer
            await socket.wait_closed()
            assert socket.close_code in (4401, 4413, 4400), (name, socket.close_code)

    async def every() -> None:
        limit = asyncio.Semaphore(16)
        await asyncio.gather(*(one(name, key, limit) for name in FORGED for key in ("token", "ticket")))

    asyncio.run(every())


def test_own_tokens_are_not_forged_either(house: House, tmp_path: Path) -> None:
    """A29's refresh token as an access token, a ticket over HTTP, tokens of another server, tokens that grew."""
    grant = house.register("Own")
    for name in ("access_token", "refresh_token"):
        SECRETS.add(grant[name])
    ticket = SECRETS.add(house.ask("POST", "/v1/ticket", token=grant["access_token"]).body["ticket"])
    other = House(tmp_path)
    asyncio.run(other.start())
    strange = other.register("Own")
    other.kill()
    access = grant["access_token"]
    bad = [
        grant["refresh_token"], ticket, strange["access_token"], access[:-1], access + "A", access + ".", access.upper(), "pa1." + SMITH.good(),
        access.replace("pa1.", "pl1."), access.replace("pa1.", ""), "", "null", "undefined", "pa1.", "Bearer " + access,
    ]  # fmt: skip
    for token in bad:
        answer = house.ask("GET", "/v1/me", token=token)
        assert (answer.status, answer.body["code"]) == (401, 40101), (token, answer)
    for body in (access, SMITH.good(), ticket):
        assert house.ask("POST", "/v1/refresh", {"refresh_token": body}).body["code"] == 40101
    assert house.ask("GET", "/v1/me", token=access).status == 200


def test_external_session_ends_like_any_other(house: House) -> None:
    async def both() -> None:
        token = SECRETS.add(SMITH.good(sub="carl", sid="phone"))
        answer, socket = await house.auth({"token": token})
        assert answer["type"] == "ready"
        assert house.ask("POST", "/v1/logout", token=token).status == 200
        await asyncio.wait_for(socket.wait_closed(), 2)
        assert socket.close_code == 4401
        for again in (token, SMITH.good(sub="carl", sid="phone", exp=int(time.time()) + 900)):
            assert house.ask("GET", "/v1/me", token=again).body["code"] == 40104
        assert house.ask("GET", "/v1/me", token=SMITH.good(sub="carl", sid="laptop")).status == 200

    asyncio.run(both())


def test_socket_ends_when_its_token_expires(house: House) -> None:
    async def wait() -> None:
        answer, socket = await house.auth({"token": SECRETS.add(SMITH.good(sub="dora", exp=int(time.time()) + 3))})
        assert answer["type"] == "ready"
        frames = []
        try:
            while True:
                frames.append(json.loads(await asyncio.wait_for(socket.recv(), 8)))
        except asyncio.TimeoutError:
            raise AssertionError("the socket outlived its token") from None
        except Exception:
            assert frames[-1]["code"] == 40101 and socket.close_code == 4401, frames

    asyncio.run(wait())


def test_two_kinds_of_users_write_to_each_other(house: House) -> None:
    """An external user is a user: found by name, added, heard."""
    own = house.register("Nora")
    token = SMITH.good(sub="otto", name="Otto")
    assert house.ask("GET", "/v1/me", token=token).body["name"] == "Otto"
    found = house.ask("GET", "/v1/users?prefix=Ott", token=own["access_token"]).body["users"]
    assert found == [{"user": "x:otto", "name": "Otto"}]
    create = {"type": "create", "id": 1, "client_id": "c", "kind": "direct", "members": ["x:otto"]}
    group = house.ask("POST", "/v1/request", create, own["access_token"]).body["conversation"]
    send = {"type": "send", "id": 2, "conversation": group, "client_id": "m", "content": {"type": "text", "text": "hello"}}
    assert house.ask("POST", "/v1/request", send, token).body["type"] == "ack"


def test_keys_are_read_again_at_a_hang_up(tmp_path: Path) -> None:
    first, second = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    keys = tmp_path / "keys"
    private_file(keys, dump({"keys": [jwk(first, "1")]}).encode())
    house = House(tmp_path, *identity("EdDSA", "--jwt-jwks", str(keys)))
    asyncio.run(house.start())
    old = jwt.encode(claims(), first, "EdDSA", headers={"kid": "1"})
    new = jwt.encode(claims(), second, "EdDSA", headers={"kid": "2"})
    status = lambda token: house.ask("GET", "/v1/me", token=token).status
    assert (status(old), status(new)) == (200, 401)
    private_file(keys, b"{")
    house.hang_up("could not be read again")
    assert (status(old), status(new)) == (200, 401)
    private_file(keys, dump({"keys": [jwk(second, "2")]}).encode())
    house.hang_up("were read again")
    assert (status(old), status(new)) == (401, 200)
    assert asyncio.run(house.drain()) == 0
    assert "eyJ" not in house.log.read_text()


def test_hs256_and_its_forgeries(tmp_path: Path) -> None:
    house = House(tmp_path, *identity("HS256", "--jwt-key", private_file(tmp_path / "secret", SECRET + b"\n")))
    asyncio.run(house.start())
    assert house.ask("GET", "/v1/me", token=jwt.encode(claims(), SECRET, "HS256")).status == 200
    assert house.ask("GET", "/v1/me", token=jwt.encode(claims(), SECRET, "HS256", headers={"typ": "at+jwt"})).status == 200
    forged: list[Any] = [
        jwt.encode(claims(), SECRET, "HS512"), jwt.encode(claims(), SECRET + b"\n", "HS256"), jwt.encode(claims(), SECRET[:-1], "HS256"),
        jwt.encode(claims(), b"x" * 32, "HS256"), jwt.encode(claims(), None, "none"), SMITH.good(),
        jwt.encode(claims(), b64(SECRET).encode(), "HS256"),
    ]  # fmt: skip
    for token in forged:
        assert house.ask("GET", "/v1/me", token=token).body["code"] == 40101, token
    assert asyncio.run(house.drain()) == 0
    assert CANARY not in house.log.read_text()


def test_doors_that_are_set_wrong_do_not_open(tmp_path: Path) -> None:
    """Each mistake is said in one sentence at start; none of them quotes a key."""
    good = private_file(tmp_path / "good", SMITH.key_set())
    secret = private_file(tmp_path / "secret", SECRET)
    short = private_file(tmp_path / "short", SECRET[:31])
    pem = private_file(tmp_path / "pem", public_pem(SMITH.keys["a"]))
    open_ = tmp_path / "open"
    open_.write_bytes(SECRET)
    open_.chmod(0o644)
    loose = tmp_path / "loose"
    loose.write_bytes(SMITH.key_set())
    loose.chmod(0o666)
    twice = json.loads(SMITH.key_set())
    twice["keys"].append(twice["keys"][0])
    double = private_file(tmp_path / "double", dump(twice).encode())
    wrong: list[tuple[list[str], str]] = [
        (identity("HS256", "--jwt-key", short), "at least 32"), (identity("HS256", "--jwt-key", pem), "PEM"),
        (identity("HS256", "--jwt-key", str(open_)), "chmod 600"), (identity("RS256", "--jwt-jwks", str(loose)), "chmod go-w"),
        (identity("RS256", "--jwt-jwks", double), "kid"), (identity("RS256", "--jwt-key", secret), "PEM"),
        (identity("EdDSA", "--jwt-key", pem), "Ed25519"), (identity("RS256", "--jwt-jwks", str(tmp_path / "none")), "Cannot read"),
        (identity("none", "--jwt-jwks", good), "--jwt-algorithm"), (identity("RS512", "--jwt-jwks", good), "--jwt-algorithm"),
        (identity("RS256", "--jwt-jwks", good, "--jwt-key", pem), "one of"), (identity("RS256"), "one of"),
        (["--jwt-algorithm", "RS256", "--jwt-jwks", good], "--jwt-issuer"), (["--jwt-issuer", ISSUER], "--jwt-audience"),
    ]  # fmt: skip
    for options, words in wrong:
        said = House(tmp_path, *options).refused_start()
        assert words in said and CANARY not in said, (options, said)


def test_data_of_one_issuer_is_not_given_to_another(tmp_path: Path) -> None:
    keys = private_file(tmp_path / "keys", SMITH.key_set())
    house = House(tmp_path, *identity("RS256", "--jwt-jwks", keys))
    asyncio.run(house.start())
    house.kill()
    other = House(tmp_path, "--jwt-algorithm", "RS256", "--jwt-jwks", keys, "--jwt-issuer", "https://other.example", "--jwt-audience", AUDIENCE)
    assert "another issuer" in other.refused_start()
