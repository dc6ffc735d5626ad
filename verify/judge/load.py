"""The load: users who talk, repeat themselves, read, and are added to and removed from groups while they do."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import history as h
from client import Client
from wire import BROKEN, Failure

WORDS = ("hello", "na und?", "¿qué tal?", "你好世界", "смотри", "😀👍🏽", 'a"b\\c', "line\nbreak", "ﷺ", "e\u0301")

BURSTS = (1, 1, 1, 5)
"""How many messages a client sends at once."""


@dataclass
class Plan:
    """Who there is. User and group names are what the server provisions; every group's first member owns it."""

    users: int = 12
    groups: int = 4
    members: int = 8
    hidden: int = 1
    connections: int = 16
    rate: float = 200.0
    in_flight: int = 16
    changes_per_second: float = 6.0
    repeat: float = 0.05
    pad: int = 400
    sleepers: int = 0
    """How many clients stop reading now and then."""
    rosters: dict[str, list[str]] = field(default_factory=dict)

    def text(self, rng: random.Random) -> str:
        """The plan as `provision` takes it. The last user is in no group."""
        names = [f"u{n}" for n in range(1, self.users + 1)]
        lines = [f"user {n} {name} pass-word-{n}" for n, name in enumerate(names, 1)]
        for group in range(1, self.groups + 1):
            chosen = rng.sample(range(1, self.users), min(self.members, self.users - 1))
            self.rosters[f"g{group}"] = [names[n - 1] for n in chosen]
            lines.append(" ".join([f"group g{group}", *map(str, chosen)]))
        return "\n".join(lines) + "\n"


class Load:
    """Clients and what they do. `begin` starts it, `quiet` ends the talking and waits until all is known."""

    def __init__(self, history: h.History, url: str, tokens: dict[str, str], plan: Plan, rng: random.Random, run: str = "r") -> None:
        self.history, self.plan, self.rng, self.run, self.tokens = history, plan, rng, run, tokens
        users = list(tokens)
        self.clients = [
            Client(history, url, users[n % len(users)], tokens[users[n % len(users)]], random.Random(rng.random()))
            for n in range(max(plan.connections, len(users)))
        ]
        self.wrote = asyncio.Event()
        for client in self.clients:
            client.wrote = self.wrote
        self.by_user: dict[str, list[Client]] = {}
        for client in self.clients:
            self.by_user.setdefault(client.user, []).append(client)
        self.inside = {group: set(roster) for group, roster in plan.rosters.items()}
        self.leaving: set[tuple[str, str]] = set()
        """Groups and users who asked to leave them: who is removed meanwhile may have left before."""
        self.owners = {group: roster[0] for group, roster in plan.rosters.items()}
        self.directs: list[str] = []
        self.outsider = users[-1]
        self.acked = 0
        self.old: list[tuple[str, dict[str, Any]]] = []
        """Some of the messages that were acked, with their senders: they can be sent again at any time."""
        self._numbers = 0
        self._lives: list[asyncio.Task[None]] = []
        self._work: list[asyncio.Task[None]] = []

    # Life.

    async def connect(self, timeout: float = 30) -> None:
        """Brings every client online, and makes the groups whose history new members do not see."""
        self._lives = [asyncio.create_task(client.run()) for client in self.clients]
        await asyncio.wait_for(asyncio.gather(*(client.online.wait() for client in self.clients)), timeout)
        users = [user for user in self.tokens if user != self.outsider]
        for number in range(self.plan.hidden):
            owner, *others = self.rng.sample(users, min(self.plan.members, len(users)))
            frame = {
                "type": "create", "client_id": self._id(), "kind": "group", "title": f"Hidden {number}", "members": others,
                "history_visible": False,
            }  # fmt: skip
            made = await asyncio.wait_for(self.by_user[owner][0].submit(frame), timeout)
            group = made["conversation"]
            self.history.hidden.add(group)
            self.owners[group] = owner
            self.inside[group] = {owner, *others}
            for client in self.by_user[owner]:
                client.roles[group] = "owner"
        one, two = self.rng.sample(users, 2)
        await self._direct(one, two, timeout)

    async def _direct(self, one: str, two: str, timeout: float) -> None:
        """Both make the direct conversation of the two at the same moment: there must be one."""
        made = [
            self.by_user[user][0].submit({"type": "create", "client_id": self._id(), "kind": "direct", "members": [other]})
            for user, other in ((one, two), (two, one))
        ]
        first, second = await asyncio.wait_for(asyncio.gather(*made), timeout)
        if first["conversation"] != second["conversation"]:
            self.history.notes.append(f"two direct conversations of {one} and {two}: {first} and {second}")
        self.directs.append(first["conversation"])
        for client in self.by_user[one] + self.by_user[two]:
            client.roles[first["conversation"]] = "member"

    def begin(self) -> None:
        self._work = [asyncio.create_task(self._talk(client)) for client in self.clients]
        self._work += [asyncio.create_task(self._administer(group)) for group in self.owners]
        self._work += [asyncio.create_task(self._doze(client)) for client in self.clients[: self.plan.sleepers]]

    async def quiet(self, timeout: float = 30) -> bool:
        """Stops talking and waits until every send has an outcome. False where some had none in time."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        return await self._until(lambda: not any(client._pending for client in self.clients), timeout)

    async def settle(self, heads: dict[str, int], members: dict[str, set[str]], timeout: float) -> bool:
        """Waits until every client has reached the heads of its conversations by what the server told it."""
        done = await self._until(lambda: not self._behind(heads, members), timeout)
        self.history.settled |= {client.number for client in self.clients if client.online.is_set()}
        return done

    def _behind(self, heads: dict[str, int], members: dict[str, set[str]]) -> bool:
        return any(
            client.positions.get(name, 0) < head
            for client in self.clients
            for name, head in heads.items()
            if client.user in members.get(name, set())
        )

    async def _until(self, condition: Any, timeout: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not condition():
            left = deadline - loop.time()
            if left <= 0:
                return False
            changes = [asyncio.ensure_future(client.changed.wait()) for client in self.clients]
            await asyncio.wait(changes, timeout=min(left, 0.5), return_when=asyncio.FIRST_COMPLETED)
            for change in changes:
                change.cancel()
            for client in self.clients:
                client.changed.clear()
        return True

    def stuck(self) -> list[str]:
        """The sends without an outcome, and the clients that died of a fault of their own."""
        found = [
            f"{c.user} (client {c.number}): no outcome of {p.frame}, sent: {p in c._sends.values()}, online: {c.online.is_set()}"
            for c in self.clients
            for p in c._pending
        ]
        for client, life in zip(self.clients, self._lives):
            if life.done() and not life.cancelled() and (error := life.exception()):
                found.append(f"client {client.number} ended: {error!r}")
        return found

    async def close(self) -> None:
        for client in self.clients:
            await client.stop()
        for task in self._lives:
            task.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)

    @property
    def in_flight(self) -> int:
        return sum(len(client._sends) for client in self.clients)

    async def some_online(self, timeout: float = 30) -> float:
        """Waits until every client is back; returns how long that took."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.wait_for(asyncio.gather(*(client.online.wait() for client in self.clients)), timeout)
        return loop.time() - start

    async def under_way(self, timeout: float = 0.5) -> bool:
        """Waits until a send is on its way; True where one is."""
        if not self.in_flight:
            self.wrote.clear()
            try:
                await asyncio.wait_for(self.wrote.wait(), timeout)
            except TimeoutError:
                pass
        return self.in_flight > 0

    # What they do.

    def _id(self) -> str:
        self._numbers += 1
        return f"{self.run}-{self._numbers}"

    async def _talk(self, client: Client) -> None:
        pause = len(self.clients) / self.plan.rate * sum(BURSTS) / len(BURSTS)
        while True:
            await asyncio.sleep(client.rng.expovariate(1 / pause))
            groups = [name for name, role in client.roles.items() if role != "none"]
            if not groups or len(client._pending) >= self.plan.in_flight:
                continue
            group = client.rng.choice(groups)
            dice = client.rng.random()
            if dice < 0.003 and group in self.owners and self.owners[group] != client.user:
                self.leaving.add((group, client.user))
                self._submit(client, {"type": "leave", "client_id": self._id(), "conversation": group}, leaves=(group, client.user))
            elif dice < 0.05 and self.old:
                user, frame = client.rng.choice(self.old)
                self._submit(client.rng.choice(self.by_user[user]), frame)
            elif dice < 0.07 and client.online.is_set():
                client._spawn(self._read, client, group)
            else:
                for _ in range(client.rng.choice(BURSTS)):
                    self._say(client, group)

    async def _doze(self, client: Client) -> None:
        while True:
            await asyncio.sleep(client.rng.uniform(0.2, 1))
            await asyncio.shield(client.sleep(client.rng.uniform(0.5, 6)))

    def _say(self, client: Client, group: str) -> None:
        client_id = self._id()
        content: dict[str, Any] = {"type": "text", "text": f"{client_id} {client.rng.choice(WORDS)}"}
        if client.rng.random() < (0.1 if self.plan.pad <= 400 else 0.7):
            content |= {"extra": {"n": [1, None, True, "x"]}, "pad": "." * client.rng.randrange(self.plan.pad)}
        frame = {"type": "send", "conversation": group, "client_id": client_id, "content": content}
        answer = self._submit(client, frame)
        if client.rng.random() < self.plan.repeat:
            # The same again, at once, from any of the user's devices.
            self._submit(client.rng.choice(self.by_user[client.user]), frame)
        elif client.rng.random() < self.plan.repeat:
            answer.add_done_callback(lambda done: self._repeat(client, frame, done))

    def _repeat(self, client: Client, frame: dict[str, Any], done: asyncio.Future[Any]) -> None:
        """After the ack: the same again must give the same ack; the same id with other content an error."""
        if done.cancelled() or done.exception() or client._stopped:
            return
        self.old.append((client.user, frame))
        if client.rng.random() < 0.7:
            self._submit(client.rng.choice(self.by_user[client.user]), frame)
        else:
            other = {**frame, "content": {"type": "text", "text": "something else"}}
            client.submit(other, conflict=True)

    def _submit(self, client: Client, frame: dict[str, Any], leaves: tuple[str, str] | None = None) -> asyncio.Future[Any]:
        answer = client.submit(frame)

        def note(done: asyncio.Future[Any]) -> None:
            if not done.cancelled() and not done.exception():
                self.acked += 1
                if leaves is not None:
                    self.inside[leaves[0]].discard(leaves[1])
                    for device in self.by_user[leaves[1]]:
                        device.roles[leaves[0]] = "none"

        answer.add_done_callback(note)
        return answer

    async def _read(self, client: Client, group: str) -> None:
        try:
            await client.request({"type": "read", "conversation": group, "sequence": max(1, client.positions.get(group, 1))})
        except (Failure, *BROKEN):
            pass

    async def _administer(self, group: str) -> None:
        """The owner adds and removes, one after the other, so that he knows who is in."""
        owner = self.by_user[self.owners[group]][0]
        users = [user for user in self.tokens if user not in (owner.user, self.outsider)]
        while True:
            await asyncio.sleep(owner.rng.expovariate(self.plan.changes_per_second / max(1, len(self.owners))))
            inside = self.inside[group]
            some = owner.rng.sample(users, min(len(users), 2))
            frame = {"client_id": self._id(), "conversation": group}
            try:
                if len(inside) > self.plan.members // 2 and some[0] in inside:
                    await asyncio.shield(owner.submit({"type": "remove", **frame, "user": some[0]}))
                    inside.discard(some[0])
                elif new := [user for user in some if user not in inside]:
                    await asyncio.shield(owner.submit({"type": "add", **frame, "users": new}))
                    inside.update(new)
                    self.leaving.difference_update((group, user) for user in new)
            except Failure as failure:
                had_left = failure.code == 40401 and (group, some[0]) in self.leaving
                if failure.code not in (40300, 40904) and not had_left:
                    self.history.notes.append(f"the owner of {group} could not change it: {failure}")
                inside.discard(some[0])
