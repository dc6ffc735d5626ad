"""Every cell of the table, tried on the socket and over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from frames import TEXT, Case, frame
from table import ALWAYS, ROUTES, SOCKET_ONLY, STANDINGS, Row, rows
from taps import Tap
from world import VARIANTS, Group, World

BAD_REQUEST = 40014


@dataclass
class Tally:
    """What was tried, and what was wrong."""

    cells: int = 0
    granted: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)

    def cell(self, name: str, answer: dict[str, Any], expected: set[int], kind: str) -> None:
        """An answer, beside what the table says: 0 stands for granted."""
        self.cells += 1
        code = answer.get("code", 0) if answer["type"] in ("error", "closed") else 0
        self.granted += code == 0
        self.refused += code != 0
        if code not in expected or code == 0 and answer["type"] != kind:
            told = f"{answer.get('code', '')} {answer.get('name', '')} {answer.get('rule', '')}"
            self.wrong.append(f"{name}: {answer['type']} {told}, the table says {sorted(expected)} {kind if 0 in expected else ''}")


def bare(answer: dict[str, Any]) -> dict[str, Any]:
    """An error without what may differ between two times of asking."""
    return {key: value for key, value in answer.items() if key not in ("id", "retry_ms")}


class Matrix:
    """Tries the cells of people who have a standing."""

    def __init__(self, world: World, halls: dict[str, Group], homes: dict[str, str]) -> None:
        self.world, self.halls, self.homes, self.tally = world, halls, homes, Tally()
        self.gate = asyncio.Semaphore(12)

    async def run(self) -> None:
        await asyncio.gather(*(self.row(row) for row in rows()), self.auth())

    async def row(self, row: Row) -> None:
        for standing in STANDINGS:
            expected = row.expected[standing]
            if expected is None:
                continue
            async with self.gate:
                await self.cell(row, standing, expected)

    async def cell(self, row: Row, standing: str, expected: int) -> None:
        """Both doors: the same answer. What changes the group gets one of its own for each door."""
        world, tap = self.world, self.world.taps[standing]
        name = f"{row.name} by {standing}"
        own = row.makes and expected == 0
        group = await self.world.group(row.group) if own else self.halls[row.group]
        case = Case(world, group, standing, self.homes[standing])
        first = await tap.ask(frame(row.name, case))
        self.tally.cell(f"{name} on the socket", first, {expected}, row.answer)
        if own:
            group = await self.world.group(row.group)
        case = Case(world, group, standing, self.homes[standing])
        second = await tap.post(frame(row.name, case))
        if row.name in SOCKET_ONLY:
            self.tally.cell(f"{name} over HTTP", second, {BAD_REQUEST}, "error")
            return
        self.tally.cell(f"{name} over HTTP", second, {expected}, row.answer)
        if expected and bare(first) != bare(second):
            self.tally.wrong.append(f"{name}: the doors differ: {bare(first)}, {bare(second)}")
        if standing == "outsider" and "conversation" in frame(row.name, case) and row.name != "forward@from":
            absent = await tap.ask({**frame(row.name, case), "conversation": "there-is-none"})
            if bare(absent) != bare(first):
                self.tally.wrong.append(f"{name}: what is foreign and what is absent differ: {bare(first)}, {bare(absent)}")

    async def auth(self) -> None:
        """A second log-in on a connection that has one, and one over HTTP."""
        for standing in STANDINGS:
            tap = self.world.taps[standing]
            self.tally.cell(f"auth by {standing} on the socket", await tap.ask({"type": "auth", "token": tap.token}), {40103}, "")
            self.tally.cell(f"auth by {standing} over HTTP", await tap.post({"type": "auth", "token": tap.token}), {40103}, "")


async def without_login(world: World, halls: dict[str, Group], tally: Tally) -> None:
    """Nobody, and somebody whose token expired: every row of the table, on a socket of its own and over HTTP."""
    gate = asyncio.Semaphore(12)

    async def one(row: str, group: Group, asker: str) -> None:
        tap = world.taps[asker]
        case = Case(world, group, "outsider", world.direct)
        request = frame(row, case) if row != "auth" else {"type": "auth", "token": tap.token or "pa1.x.y"}
        expected = ALWAYS[asker] if row != "auth" else {40101}
        async with gate:
            line = await tap.connect("")
            if asker == "expired":
                answer = await line.ask({"type": "auth", "token": tap.token})
                tally.cell(f"{row} by {asker} on the socket", answer, expected, "")
                # What comes behind a log-in that failed must not be answered.
                late = await line.ask(request)
                if late != {"type": "closed", "code": 4401}:
                    tally.wrong.append(f"{row} by {asker}: answered after the log-in failed: {late}")
            else:
                answer = await line.ask(request)
                tally.cell(f"{row} by {asker} on the socket", answer, expected, "")
            await asyncio.wait_for(line.ended.wait(), 10)
            if line.socket.close_code != 4401:
                tally.wrong.append(f"{row} by {asker}: closed with {line.socket.close_code}")
            _, answer = await tap.http("POST", "/v1/request", {"type": request["type"], "id": 1, **request})
            tally.cell(f"{row} by {asker} over HTTP", answer, ALWAYS[asker], "")

    table = [(row.name, halls[row.group]) for row in rows()] + [("auth", halls["hall"])]
    await asyncio.gather(*(one(row, group, asker) for row, group in table for asker in ("anonymous", "expired")))


async def revoked(world: World, halls: dict[str, Group], tally: Tally) -> Tap:
    """A device with a socket for each row, logged out over HTTP: the sockets end within a second, and nothing is answered after.

    Returns the device's tap: what it received after the end must hold nothing that was said since.
    """
    tap = world.taps["revoked"]
    table = [(row.name, halls[row.group]) for row in rows()] + [("auth", halls["hall"])]
    lines = [await tap.connect() for _ in table]
    # The owner's canary is live on all of them before the end.
    word = world.canaries.plant("said while the device was logged in", {"owner", "administrator", "second", "member", "muted", "target", "revoked"})
    await world.say("owner", halls["lobby"].id, word)
    await tap.settle()
    if sum(word in text for text in tap.got) != len(lines):
        tally.wrong.append("revoked: not every socket of the device got the message before the log-out")
    status, answer = await tap.http("POST", "/v1/logout")
    assert status == 200, answer
    began = asyncio.get_running_loop().time()
    await asyncio.wait_for(asyncio.gather(*(line.ended.wait() for line in lines)), 5)
    took = asyncio.get_running_loop().time() - began
    if took > 2:
        tally.wrong.append(f"revoked: the sockets of an ended session lived {took:.1f} s, the protocol says a second")
    world.canaries.forbid(tap, word)
    after = world.canaries.plant("said after the device was logged out", {"owner", "administrator", "second", "member", "muted", "target"})
    await world.say("owner", halls["lobby"].id, after)
    for (row, group), line in zip(table, lines):
        case = Case(world, group, "member", world.direct)
        request = frame(row, case) if row != "auth" else {"type": "auth", "token": tap.token}
        told = line.errors[-1] if line.errors else {"type": "none"}
        tally.cell(f"{row} by revoked on the socket", told, {40104}, "")
        late = await line.ask(request)
        if late != {"type": "closed", "code": 4401}:
            tally.wrong.append(f"{row} by revoked: answered after the end: {late}")
        _, answer = await tap.http("POST", "/v1/request", {"type": request["type"], "id": 1, **request})
        tally.cell(f"{row} by revoked over HTTP", answer, ALWAYS["revoked"], "")
    return tap


async def routes(world: World, tally: Tally) -> None:
    """Every HTTP route by everybody. Registering, logging in, refreshing and logging out are of an account made for it."""
    passwords: dict[str, str] = {}
    grants: dict[str, dict[str, Any]] = {}
    for address, needs in ROUTES.items():
        method, path = address.replace(":type", "ping").split()
        for name in (*ALWAYS, *STANDINGS):
            tap, body, token = world.taps[name], None, None
            if path in ("/v1/register", "/v1/login"):
                password = passwords.setdefault(name, world.canaries.plant(f"the second password of {name}", set()))
                body = {"name": f"n{name}", "password": password}
            elif path == "/v1/refresh":
                body = {"refresh_token": grants[name]["refresh_token"]}
            elif path.startswith("/v1/request"):
                body = {"type": "ping", "id": 1} if path == "/v1/request" else {"id": 1}
            elif path == "/v1/logout" and name in STANDINGS:
                token = grants[name]["access_token"]
            status, answer = await tap.http(method, path + ("?prefix=ow" if path == "/v1/users" else ""), body, token)
            if answer.get("type") == "grant":
                grants[name] = answer
                for key in ("access_token", "refresh_token"):
                    world.canaries.needle(answer[key], f"the second {key} of {name}", {name})
            expected = ALWAYS[name] if needs and name in ALWAYS else {0}
            tally.cell(f"{address} by {name}", {"type": "", **answer}, expected, answer.get("type", ""))
            if (status // 100 == 2) != (expected == {0}):
                tally.wrong.append(f"{address} by {name}: status {status}")
        other = "DELETE" if method == "GET" else "GET"
        _, answer = await world.taps["owner"].http(other, path)
        tally.cell(f"{other} {path}", answer, {40500}, "")


async def homes(world: World) -> dict[str, str]:
    """A conversation of everybody's own, with a message to forward."""
    found = {}
    for standing in STANDINGS:
        made = await world.make_direct(standing, "stranger")
        found[standing] = made["conversation"]
        await world.taps[standing].must(
            {"type": "send", "conversation": made["conversation"], "client_id": world.cid(), "content": TEXT}
        )
    return found


async def make_halls(world: World, words: Any) -> dict[str, Group]:
    """The groups of the cells that change nothing: those of the hall bear canaries."""
    return {variant: await world.group(variant, words if variant == "hall" else None) for variant in VARIANTS}
