"""People and groups that generated calls can meet: real ids, so that calls get past the first check."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
import secrets
from dataclasses import dataclass, field
from typing import Any

PASSWORD = "correct horse battery"
HELPERS = 6
"""People besides the one who asks."""
GROUPS = 6
"""Groups that are ready at any time; one that is spoiled (left, dissolved) is replaced."""


def call(base: str, method: str, path: str, body: dict[str, Any] | None = None, token: str | None = None) -> tuple[int, dict[str, Any]]:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@dataclass
class Account:
    name: str
    user: str
    token: str
    refresh: str


@dataclass
class Group:
    """A group in which there is something of everything."""

    id: str
    head: int
    messages: list[int]
    mine: list[int]
    links: list[str] = field(default_factory=list)


class World:
    """What one run asks about. `standing` is how the one who asks stands in the groups: member, administrator or owner."""

    def __init__(self, base: str, standing: str, seed: int) -> None:
        self.base, self.standing = base, standing
        self.random = random.Random(seed)
        self.lock = threading.RLock()
        self.numbers = 0
        self.me = self.register()
        self.logged_in = time.monotonic()
        self.helpers = [self.register() for _ in range(HELPERS)]
        self.groups: list[Group] = []
        self.epoch = self.token = self.version = ""
        if standing != "anonymous":
            for _ in range(GROUPS):
                self.add_group()
            sync = self.ask("sync", self.me)
            self.epoch, self.token = sync["epoch"], sync["token"]
            self.version = self.ask("members", self.me, conversation=self.groups[0].id)["version"]

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def register(self) -> Account:
        name = f"n{secrets.token_hex(6)}"
        status, grant = call(self.base, "POST", "/v1/register", {"name": name, "password": PASSWORD, "device": "d"})
        assert status == 200, grant
        return Account(name, grant["user"], grant["access_token"], grant["refresh_token"])

    def fresh_token(self) -> str:
        """Of a log-in that nothing else needs: it can be ended."""
        status, grant = call(self.base, "POST", "/v1/login", {"name": self.me.name, "password": PASSWORD})
        assert status == 200, grant
        return grant["access_token"]

    def fresh_refresh(self) -> str:
        status, grant = call(self.base, "POST", "/v1/login", {"name": self.me.name, "password": PASSWORD})
        assert status == 200, grant
        return grant["refresh_token"]

    def my_token(self) -> str:
        """Logged in again every few minutes: access tokens end."""
        with self.lock:
            if time.monotonic() - self.logged_in > 240:
                self.me.token, self.logged_in = self.fresh_token(), time.monotonic()
            return self.me.token

    def ask(self, type: str, who: Account, **fields: Any) -> dict[str, Any]:
        status, answer = call(self.base, "POST", f"/v1/requests/{type}", fields, who.token)
        if status == 401:
            status, grant = call(self.base, "POST", "/v1/login", {"name": who.name, "password": PASSWORD})
            who.token = grant["access_token"]
            status, answer = call(self.base, "POST", f"/v1/requests/{type}", fields, who.token)
        assert status == 200, (type, fields, answer)
        return answer

    def command(self, type: str, who: Account, conversation: str, **fields: Any) -> dict[str, Any]:
        return self.ask(type, who, conversation=conversation, client_id=f"s{self.number()}-{secrets.token_hex(3)}", **fields)

    def add_group(self) -> None:
        """The owner of every third one is who asks, if he may be more than a member."""
        with self.lock:
            owner, *others = self.helpers
            mine = self.standing == "owner"
            maker = self.me if mine else owner
            members = [a.user for a in (*others, owner if mine else self.me)]
            for line in self.ask("blocks", self.me)["users"]:
                self.ask("block", self.me, user=line["user"], on=False)
            created = self.ask("create", maker, client_id=secrets.token_hex(8), kind="group", title="A group", members=members,
                               rules={"invite": "members", "mention_all": "members"})  # fmt: skip
            id = created["conversation"]
            if self.standing == "administrator":
                self.command("role", owner, id, user=self.me.user, role="administrator")
            group = Group(id, 0, [], [])
            for who in (self.me, *others[:2], self.me):
                sent = self.command("send", who, id, content={"type": "text", "text": "hello", "mentions": [self.me.user]})
                group.messages.append(sent["sequence"])
                if who is self.me:
                    group.mine.append(sent["sequence"])
            first = group.messages[0]
            self.command("send", others[0], id, thread=first, reply_to=first, content={"type": "text", "text": "aside"})
            self.command("edit", self.me, id, target=first, content={"type": "text", "text": "hello!"})
            self.command("react", others[0], id, target=first, emoji="👍", on=True)
            self.command("pin", maker, id, target=first, on=True)
            self.command("link", self.me, id)
            group.links = [line["token"] for line in self.ask("links", self.me, conversation=id)["links"]]
            group.head = self.command("recall", self.me, id, target=group.mine[-1])["sequence"]
            self.groups.append(group)

    def spoil(self, id: str) -> None:
        """A group that the one who asks is no member of any more, or where nobody writes: another takes its place."""
        with self.lock:
            kept = [group for group in self.groups if group.id != id]
            if len(kept) < len(self.groups):
                self.groups = kept
                self.add_group()
