"""A server with people of every standing, and groups in which they stand so."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "judge"))

from canaries import Canaries  # noqa: E402
from server import Server  # noqa: E402
from table import STANDINGS  # noqa: E402
from taps import Tap  # noqa: E402

EXTRAS = ("target", "second", "nuisance", "late", "gone", "kicked", "stranger", "shy")
"""People who are needed, but have no column: an ordinary member to act upon, a second administrator, and those of the stories."""

INSIDE = {"muted", "member", "administrator", "owner", "target", "second"}
"""Who is a member of a group when `World.group` returns it."""

VARIANTS: dict[str, dict[str, Any]] = {
    "hall": {}, "lobby": {}, "approval": {"join": "approval"}, "closed": {"join": "closed"}, "quiet": {"send": "administrators"},
    "open": {"invite": "members"}, "unread": {"receipts": False}, "dissolved": {},
}  # fmt: skip


@dataclass
class Group:
    """A group in which every standing of the table is taken."""

    id: str
    messages: dict[str, int]
    """By who wrote it: the sequence of a message."""
    link: str
    """A link that everybody may hold."""
    theirs: str
    """The name of a link that the second administrator made."""
    recalled: int = 0
    replied: int = 0
    texts: list[str] = field(default_factory=list)


class World:
    """Everybody is registered by HTTP, so that each has a session that can be ended and refreshed."""

    def __init__(self, folder: Path) -> None:
        self.server = Server(folder / "data")
        self.canaries = Canaries()
        self.taps: dict[str, Tap] = {}
        self.epoch = ""
        self.direct = ""
        self.cids = 0

    async def start(self) -> None:
        tokens = self.server.provision("user 1 expired pass-word-1\n")
        # An account whose session ended long ago, as the store remembers it.
        with sqlite3.connect(self.server.data / "parley.sqlite") as store:
            assert store.execute("UPDATE sessions SET expires = 1000").rowcount == 1
        store.close()
        await self.server.start()
        await asyncio.gather(*(self._register(name) for name in (*STANDINGS, *EXTRAS, "revoked")))
        self.taps["expired"] = self._tap("expired", "expired", tokens["expired"])
        self.taps["anonymous"] = self._tap("anonymous")
        for name in (*STANDINGS, *EXTRAS):
            await self.taps[name].connect()
        sync = await self.taps["owner"].must({"type": "sync"})
        self.epoch = sync["epoch"]
        self.direct = (await self.make_direct("owner", "target"))["conversation"]

    def _tap(self, name: str, user: str = "", token: str = "") -> Tap:
        return Tap(name, "127.0.0.1", self.server.port, user, token)

    async def _register(self, name: str) -> None:
        tap = self.taps[name] = self._tap(name)
        password = self.canaries.plant(f"the password of {name}", set())
        device = self.canaries.plant(f"the device of {name}", {name})
        status, grant = await tap.http("POST", "/v1/register", {"name": name, "password": password, "device": device})
        assert status == 200, grant
        tap.user, tap.token, tap.refresh = grant["user"], grant["access_token"], grant["refresh_token"]
        self.canaries.needle(grant["access_token"], f"the access token of {name}", {name})
        self.canaries.needle(grant["refresh_token"], f"the refresh token of {name}", {name})

    def users(self, *names: str) -> list[str]:
        return [self.taps[name].user for name in names]

    def cid(self) -> str:
        self.cids += 1
        return f"c{self.cids}-{secrets.token_hex(4)}"

    async def command(self, who: str, type: str, conversation: str, **fields: Any) -> dict[str, Any]:
        return await self.taps[who].must({"type": type, "conversation": conversation, "client_id": self.cid(), **fields})

    async def say(self, who: str, conversation: str, text: str, **fields: Any) -> int:
        content = {"type": "text", "text": text, **fields.pop("content", {})}
        return int((await self.command(who, "send", conversation, content=content, **fields))["sequence"])

    async def make_direct(self, one: str, other: str) -> dict[str, Any]:
        return await self.taps[one].must(
            {"type": "create", "client_id": self.cid(), "kind": "direct", "members": self.users(other)}
        )

    async def group(self, variant: str = "hall", words: Callable[[str, set[str]], str] | None = None) -> Group:
        """A fresh group with everybody in his standing. `words` gives the texts to write: what it is, and who may know it."""
        words = words or (lambda where, seers: where)
        first = ("administrator", "second", "member", "muted", "ex", "banned", "target", "revoked")
        title = words("the first title", {*first, "owner"})
        created = await self.taps["owner"].must({
            "type": "create", "client_id": self.cid(), "kind": "group", "title": title, "members": self.users(*first),
            "rules": {"mention_all": "administrators", "join": "approval"},
        })  # fmt: skip
        id = created["conversation"]
        for name in ("administrator", "second"):
            await self.command("owner", "role", id, user=self.taps[name].user, role="administrator")
        group = Group(id, {}, "", "")
        for name in ("owner", "administrator", "second", "member", "muted", "ex", "banned", "target"):
            text = words(f"a message of {name} before two were gone", {*first, "owner"})
            group.texts.append(text)
            group.messages[name] = await self.say(name, id, text)
        await self.command("ex", "leave", id)
        await self.command("owner", "ban", id, user=self.taps["banned"].user)
        shown = {*INSIDE, "revoked", "invited", "requested"}
        await self.command("owner", "change", id, title=words("the second title", shown))
        link = await self.command("owner", "link", id)
        group.link = await self.link_of("owner", id, link)
        await self.command("owner", "invite", id, users=self.users("invited"))
        await self.taps["requested"].must({"type": "join", "client_id": self.cid(), "link": group.link})
        made = await self.command("second", "link", id)
        group.theirs = (await self.link_of("second", id, made)).split(".")[0]
        await self.command("owner", "mute", id, user=self.taps["muted"].user, until=4_102_444_800_000)
        rules = {"join": "link", **VARIANTS[variant]}
        await self.command("owner", "change", id, rules=rules)
        if variant == "dissolved":
            await self.command("owner", "dissolve", id)
        return group

    async def link_of(self, who: str, conversation: str, ack: dict[str, Any]) -> str:
        """The token of the link that this ack made."""
        entry = (await self.taps[who].must({"type": "history", "conversation": conversation, "after": ack["sequence"] - 1, "limit": 1}))
        name = entry["entries"][0]["content"]["link"]
        links = (await self.taps[who].must({"type": "links", "conversation": conversation}))["links"]
        return str(next(link["token"] for link in links if link["link"] == name))

    async def settle(self, *names: str) -> None:
        await asyncio.gather(*(self.taps[name].settle() for name in names or self.taps))

    async def stop(self) -> None:
        await asyncio.gather(*(tap.close() for tap in self.taps.values()), return_exceptions=True)
        if self.server.process is not None:
            self.server.kill()
