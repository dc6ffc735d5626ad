#!/usr/bin/env python3
"""Are the documents for machines right about real frames? Judged by `jsonschema` and `openapi-spec-validator`, which know nothing of Parley.

1. The documents of docs/contract are what `parley schema` prints and what a running server gives, and are well-formed themselves.
2. Every golden frame is valid, and no frame is valid any more once a field of it is renamed or has a value of no type.
3. Every frame of a live session is valid: what a client that asks everything sends and gets on sockets, pushes included.

Example:  .venv/bin/python verify/contract/frames.py
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import websockets
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "verify/judge")]

from people import World, call  # noqa: E402
from server import Server, command  # noqa: E402

ABOUT_SOCKETS_ONLY = {"auth", "typing", "follow"}


class Faults(list[str]):
    def expect(self, truth: bool, said: str) -> None:
        if not truth:
            self.append(said)


def golden(name: str) -> list[tuple[str, dict[str, Any]]]:
    lines = (ROOT / "docs/golden" / name).read_text().splitlines()
    return [(line.split("\t", 1)[0], json.loads(line.split("\t", 1)[1])) for line in lines if line and not line.startswith("#")]


def printed(name: str) -> Any:
    return json.loads(subprocess.run([*command(), "schema", name], capture_output=True, check=True, text=True).stdout)


def documents(faults: Faults) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("openapi", "asyncapi", "jsonschema"):
        found[name] = json.loads((ROOT / f"docs/contract/{name}.json").read_text())
        faults.expect(printed(name) == found[name], f"docs/contract/{name}.json is not what `parley schema {name}` prints")
    Draft202012Validator.check_schema(found["jsonschema"])
    OpenAPIV31SpecValidator(found["openapi"]).validate()
    socket = found["asyncapi"]
    faults.expect(socket["asyncapi"].startswith("3."), "no AsyncAPI 3")
    messages = socket["channels"]["socket"]["messages"]
    for name, operation in socket["operations"].items():
        faults.expect(operation["action"] in ("send", "receive"), f"asyncapi: {name}: {operation['action']}")
        named = operation["messages"] + operation.get("reply", {}).get("messages", [])
        for message in named:
            faults.expect(message["$ref"].rsplit("/", 1)[1] in messages, f"asyncapi: {name}: no message {message['$ref']}")
    for name, message in socket["components"]["messages"].items():
        schema = {"$ref": message["payload"]["$ref"].replace("#/components/schemas/", "#/$defs/"), "$defs": socket["components"]["schemas"]}
        Draft202012Validator.check_schema(schema)
        faults.expect(name in messages, f"asyncapi: {name} is no message of the channel")
    return found


class Judge:
    """The JSON Schema's word, by the name of a definition."""

    def __init__(self, document: dict[str, Any]) -> None:
        definitions = document["$defs"]
        self.of = {name: Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions}) for name in definitions}

    def named(self, side: str, frame: dict[str, Any]) -> str:
        """The definition of frames of this type: trying all of them, as a reader without types would, takes long."""
        title = "".join(word.capitalize() for word in str(frame.get("type")).split("_"))
        if side == "ClientFrame":
            return title + "Request"
        return "Refusal" if title == "Error" else title + ("Answer" if "id" in frame else "Push")

    def takes(self, side: str, frame: Any, named: str | None = None) -> bool:
        return (validator := self.of.get(named or self.named(side, frame))) is not None and validator.is_valid(frame)

    def check(self, side: str, frame: Any, faults: Faults, where: str) -> None:
        if not self.takes(side, frame):
            faults.append(f"{where}: not valid as {side}: {json.dumps(frame, ensure_ascii=False)[:600]}")


def play_golden(judge: Judge, faults: Faults) -> int:
    tried = 0
    for file, side in (("client.txt", "ClientFrame"), ("server.txt", "ServerFrame")):
        for name, frame in golden(file):
            judge.check(side, frame, faults, f"golden {name}")
            faults.expect(judge.takes(side, frame, side), f"golden {name}: not one of all frames")
            kind = judge.named(side, frame)
            for field in frame:
                changed = [{(key + "_" if key == field else key): value for key, value in frame.items()}, {**frame, field: None}]
                for other in changed:
                    tried += 1
                    faults.expect(not judge.takes(side, other, kind), f"golden {name}: valid although {field} was broken")
    return tried


class Line:
    """A socket that keeps every frame that went over it."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.sent: list[dict[str, Any]] = []
        self.got: list[dict[str, Any]] = []
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.numbers = 0

    async def open(self) -> None:
        self.socket = await websockets.connect(self.url, subprotocols=["parley.json.1"], max_size=None)  # type: ignore[list-item]
        self.reader = asyncio.create_task(self.read())
        await self.ask({"type": "auth", "token": self.token})

    async def read(self) -> None:
        async for text in self.socket:
            frame = json.loads(text)
            self.got.append(frame)
            future = self.waiting.pop(frame.get("id", -1), None)
            if future is not None:
                future.set_result(frame)

    async def ask(self, frame: dict[str, Any]) -> dict[str, Any]:
        self.numbers += 1
        whole = {"type": frame["type"], "id": self.numbers, **{key: value for key, value in frame.items() if key not in ("type", "id")}}
        future = self.waiting[self.numbers] = asyncio.get_running_loop().create_future()
        self.sent.append(whole)
        await self.socket.send(json.dumps(whole))
        return await asyncio.wait_for(future, 10)


async def live(faults: Faults, judge: Judge, document: dict[str, Any]) -> tuple[int, set[str]]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data")
        await server.start()
        try:
            with urllib.request.urlopen(server.http + "/v1/openapi.json") as answer:
                faults.expect(json.load(answer) == document, "/v1/openapi.json is not docs/contract/openapi.json")
                tag = answer.headers["ETag"]
            again = urllib.request.Request(server.http + "/v1/openapi.json", headers={"If-None-Match": tag})
            try:
                urllib.request.urlopen(again)
                faults.append("/v1/openapi.json was sent again to who has it")
            except urllib.error.HTTPError as error:
                faults.expect(error.code == 304, f"/v1/openapi.json: {error.code} in the place of 304")
            return await session(server, faults, judge)
        finally:
            server.kill()


async def session(server: Server, faults: Faults, judge: Judge) -> tuple[int, set[str]]:
    """Everything that the golden frames ask for, by the owner of a group, while another member listens and writes."""
    world = await asyncio.to_thread(World, server.http, "owner", 1)
    group, other = world.groups[0], world.helpers[1]
    mine, theirs = Line(server.url, world.me.token), Line(server.url, other.token)
    await mine.open()
    await theirs.open()
    await mine.ask({"type": "presence", "users": [other.user], "watch": True})
    names = {"general": group.id, "team": world.groups[1].id, "u1": world.me.user, "u2": other.user, "u3": world.helpers[2].user}
    last = ("leave", "dissolve", "transfer", "remove", "ban")
    frames = sorted((frame for _, frame in golden("client.txt") if frame["type"] != "auth"), key=lambda frame: frame["type"] in last)

    async def play(frame: dict[str, Any]) -> None:
        text = json.dumps(frame)
        for name, real in names.items():
            text = text.replace(f'"{name}"', f'"{real}"')
        played = json.loads(text)
        if "sequence" in played or "target" in played:
            played["sequence" if "sequence" in played else "target"] = group.mine[0]
        if "client_id" in played:
            played["client_id"] += f"-{world.number()}"
        await mine.ask(played)

    async def pushed(type: str) -> None:
        """Waits for what is told once a second; `main` says so where it does not come."""
        deadline = asyncio.get_running_loop().time() + 5
        while not any(frame["type"] == type and "id" not in frame for frame in mine.got):
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(0.02)

    await theirs.ask({"type": "typing", "conversation": group.id})
    await mine.ask({"type": "send", "conversation": group.id, "client_id": "live", "content": {"type": "text", "text": "read me"}})
    head = (await theirs.ask({"type": "history", "conversation": group.id, "limit": 1})).get("head", 1)
    await theirs.ask({"type": "read", "conversation": group.id, "sequence": head})
    await pushed("typing")
    await pushed("receipts")
    for frame in frames:
        await play(frame)
    await theirs.ask({"type": "shout"})
    await theirs.socket.close()
    await pushed("presence")
    await mine.socket.close()
    told = 0
    for line in (mine, theirs):
        for frame in line.got:
            judge.check("ServerFrame", frame, faults, "live")
            told += 1
        for frame in line.sent:
            if frame["type"] != "shout":
                judge.check("ClientFrame", frame, faults, "live")
    status, answer = call(server.http, "POST", "/v1/request", {"type": "sync", "id": 1}, world.me.token)
    judge.check("ServerFrame", answer, faults, f"over HTTP ({status})")
    seen = {frame["type"] + ("" if "id" in frame or frame["type"] == "error" else " (pushed)") for line in (mine, theirs) for frame in line.got}
    return told, seen


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    faults = Faults()
    found = documents(faults)
    judge = Judge(found["jsonschema"])
    broken = play_golden(judge, faults)
    told, seen = asyncio.run(live(faults, judge, found["openapi"]))
    wanted = {"hello (pushed)", "event (pushed)", "typing (pushed)", "presence (pushed)", "receipts (pushed)", "page", "synced", "ack", "error"}
    faults.expect(wanted <= seen, f"the live session did not get {sorted(wanted - seen)}")
    for fault in faults[:40]:
        print(fault, file=sys.stderr)
    print(json.dumps({"broken_golden_frames_noticed": broken, "live_frames": told, "live_types": len(seen), "faults": len(faults)}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
