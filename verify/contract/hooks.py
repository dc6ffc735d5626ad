"""What schemathesis runs around every call: real ids in the place of generated ones, who asks, counts, and what a schema cannot say.

A generated value is replaced only where the schema takes it, by another that the schema takes: what was generated to be wrong
stays wrong. Read by schemathesis from the file that `fuzz.py` names in SCHEMATHESIS_HOOKS.
"""

from __future__ import annotations

import atexit
import collections
import json
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Any

import schemathesis

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "conformance")]

import parley_bin  # noqa: E402
from people import PASSWORD, Group, World  # noqa: E402

BASE = os.environ["PARLEY_FUZZ_BASE"]
STANDING = os.environ["PARLEY_FUZZ_STANDING"]
OUT = Path(os.environ["PARLEY_FUZZ_OUT"])
IDENTIFIER = re.compile(r"[A-Za-z0-9._:@-]{1,64}")
LAST = 2**53 - 1

world = World(BASE, STANDING, int(os.environ["PARLEY_FUZZ_SEED"]))
counts: collections.Counter[str] = collections.Counter()
codes: collections.Counter[str] = collections.Counter()


@atexit.register
def _write() -> None:
    OUT.write_text(json.dumps({"calls": sum(counts.values()), "by_call": dict(counts), "codes": dict(codes)}))


# In which encoding: where the document names application/cbor too, half of the calls are made in it, by an encoder of our own.


@schemathesis.serializer("application/cbor")
def to_cbor(ctx: Any, value: Any) -> bytes:
    return parley_bin.encode(parley_bin.read_json(json.dumps(value)))


@schemathesis.deserializer("application/cbor")
def from_cbor(ctx: Any, response: Any) -> Any:
    return parley_bin.decode(response.content)


def told(response: Any) -> Any:
    """The answer, whatever encoding it came in; None for what is none."""
    try:
        if (response.headers.get("content-type") or [""])[0] == "application/cbor":
            return parley_bin.decode(response.content)
        return response.json()
    except ValueError:
        return None


# Who asks.

if STANDING != "anonymous":

    @schemathesis.auth(refresh_interval=None)
    class Bearer:
        def get(self, case: Any, context: Any) -> str:
            # A log-out ends the log-in that asks for it: each has one of its own.
            return world.fresh_token() if case.operation.path == "/v1/logout" else world.my_token()

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers = case.headers or {}
            case.headers["Authorization"] = f"Bearer {data}"


# About what.


def is_id(value: Any) -> bool:
    return isinstance(value, str) and IDENTIFIER.fullmatch(value) is not None


def is_sequence(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LAST


def whole(value: Any) -> Any:
    """1.0 as 1: a schema takes both for an integer, the protocol asks for digits."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= LAST:
        return int(value)
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    return [whole(inner) for inner in value] if isinstance(value, list) else value


def people() -> list[str]:
    return [helper.user for helper in world.helpers] + [world.me.user]


def users(values: Any) -> Any:
    """Real users in the place of made-up ones, as many and as different as before."""
    if not isinstance(values, list) or not all(is_id(v) for v in values) or len(set(values)) != len(values):
        return values
    real = people()
    world.random.shuffle(real)
    return real[: len(values)] + values[len(real) :]


def deepen(body: dict[str, Any], group: Group, type: str) -> None:
    draw = world.random.random
    for name, value in list(body.items()):
        if name == "conversation" and is_id(value) and draw() < 0.95:
            body[name] = group.id
        elif name == "client_id" and is_id(value) and draw() < 0.9:
            body[name] = f"f{world.number()}-{secrets.token_hex(3)}"
        elif name == "user" and is_id(value) and draw() < 0.9:
            body[name] = world.random.choice(people())
        elif name in ("users", "members") and draw() < 0.9:
            body[name] = users(value)
        elif name in ("target", "sequence", "root", "reply_to", "thread", "before") and is_sequence(value) and draw() < 0.9:
            mine = type in ("edit", "recall", "readers", "receipt_record") or draw() < 0.3
            body[name] = world.random.choice(group.mine if mine else group.messages)
        elif name == "link" and is_id(value) and group.links and draw() < 0.8:
            token = world.random.choice(group.links)
            body[name] = token.split(".")[0] if type == "unlink" else token
        elif name == "emoji" and isinstance(value, str) and 1 <= len(value) <= 8 and draw() < 0.5:
            body[name] = "👍"
        elif name == "version" and value == "" and draw() < 0.5:
            body[name] = world.version
        elif name == "token" and value == "" and type == "sync":
            body[name] = world.token
        elif name == "epoch" and isinstance(value, str) and len(value) < 4_000 and draw() < 0.9:
            body[name] = world.epoch
        elif name == "positions" and isinstance(value, dict) and len(value) > 1 and all(is_id(key) for key in value):
            key = world.random.choice(list(value))
            if group.id not in value:
                value[group.id] = value.pop(key)
        elif name == "from" and isinstance(value, dict):
            deepen(value, world.random.choice(world.groups), "from")
        elif name == "content" and isinstance(value, dict) and draw() < 0.7:
            value.update({"mentions": users(value["mentions"])} if "mentions" in value else {})


@schemathesis.hook
def before_call(ctx: Any, case: Any, **kwargs: Any) -> None:
    path, body = case.operation.path, whole(case.body)
    if not isinstance(body, dict):
        return
    case.body = body
    if path in ("/v1/login", "/v1/register") and world.random.random() < 0.5:
        if path == "/v1/login" and isinstance(body.get("name"), str) and isinstance(body.get("password"), str):
            if 1 <= len(body["name"]) <= 64 and 1 <= len(body["password"]) <= 1_000:
                body.update({"name": world.me.name, "password": PASSWORD})
    elif path == "/v1/refresh" and isinstance(body.get("refresh_token"), str) and world.random.random() < 0.5:
        body["refresh_token"] = world.fresh_refresh()
    elif path.startswith("/v1/request") and world.groups:
        type = body.get("type") if path == "/v1/request" else path.rsplit("/", 1)[1]
        with world.lock:
            deepen(body, world.random.choice(world.groups), type if isinstance(type, str) else "")


@schemathesis.hook
def after_call(ctx: Any, case: Any, response: Any) -> None:
    path = case.operation.path
    with world.lock:
        counts[f"{case.operation.method.upper()} {path} {response.status_code}"] += 1
    answer = told(response)
    code = answer.get("code", 0) if isinstance(answer, dict) else 0
    if code:
        codes[f"{code} {answer.get('name')}"] += 1
    body = case.body if isinstance(case.body, dict) else {}
    ended = path.endswith(("/leave", "/dissolve", "/transfer", "/remove", "/ban")) or body.get("type") in ("leave", "dissolve", "transfer")
    if path.startswith("/v1/request") and isinstance(body.get("conversation"), str):
        if (response.status_code == 200 and ended) or code in (40300, 40306, 40304):
            world.spoil(body["conversation"])


# What a schema cannot say.


def documented(case: Any, response: Any) -> bool:
    """Whether the document names this refusal beside the schema: number and field."""
    answer = told(response)
    if not isinstance(answer, dict):
        return False
    rows = case.operation.definition.raw.get("x-parley-refused", [])
    field = str(answer.get("field", ""))
    return any(row["code"] == answer.get("code") and (field == row["field"] or field.startswith(row["field"] + ".")) for row in rows)


@schemathesis.hook
def filter_failure(ctx: Any, failure: Any, case: Any, response: Any) -> bool:
    if type(failure).__name__ == "RejectedPositiveData" and documented(case, response):
        return False
    # What cannot be a link is a wrong link, which is told as one: 404.
    if type(failure).__name__ == "AcceptedNegativeData" and response.status_code == 404 and told(response).get("code") == 40403:
        return False
    return True
