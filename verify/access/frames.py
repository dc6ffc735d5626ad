"""What each row of the table sends: a valid request, so that only the standing of who asks decides the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from world import Group, World

TEXT = {"type": "text", "text": "hello"}
FAR = 4_102_444_800_000


@dataclass
class Case:
    """One cell: who asks, about which group."""

    world: World
    group: Group
    asker: str
    home: str = ""
    """A conversation of the asker's own."""
    numbers: int = 0

    @property
    def own(self) -> int:
        """A message of the asker's, or of somebody where he never wrote."""
        return self.group.messages.get(self.asker, self.group.messages["target"])

    def user(self, name: str) -> str:
        return self.world.taps[name].user


def frame(row: str, case: Case) -> dict[str, Any]:
    """The request of a row, without its `id`."""
    type = row.split("@")[0]
    group, world = case.group, case.world
    conversation = world.direct if row.endswith("@direct") and row != "create@direct" else group.id
    base: dict[str, Any] = {"type": type, "conversation": conversation, "client_id": world.cid()}
    plain = {"type": type, "conversation": conversation}
    theirs = group.messages["target"]
    commands: dict[str, dict[str, Any]] = {
        "send": {"content": TEXT}, "send@everybody": {"content": {**TEXT, "mention_all": True}},
        "edit": {"target": case.own, "content": TEXT}, "edit@theirs": {"target": theirs, "content": TEXT},
        "recall": {"target": case.own}, "recall@theirs": {"target": theirs},
        "react": {"target": theirs, "emoji": "👍", "on": True}, "pin": {"target": theirs, "on": True},
        "change": {"title": "Another"}, "add": {"users": [case.user("stranger")]}, "add@requested": {"users": [case.user("requested")]},
        "invite": {"users": [case.user("stranger")]}, "join": {}, "decline": {}, "decline@other": {"user": case.user("requested")},
        "remove": {"user": case.user("target")}, "remove@administrator": {"user": case.user("second")},
        "remove@owner": {"user": case.user("owner")}, "ban": {"user": case.user("target")}, "ban@stranger": {"user": case.user("stranger")},
        "ban@administrator": {"user": case.user("second")}, "ban@owner": {"user": case.user("owner")},
        "unban": {"user": case.user("banned")}, "leave": {}, "role": {"user": case.user("target"), "role": "administrator"},
        "transfer": {"user": case.user("target")}, "mute": {"user": case.user("target"), "until": FAR},
        "mute@administrator": {"user": case.user("second"), "until": FAR}, "link": {}, "unlink": {"link": group.theirs}, "dissolve": {},
    }  # fmt: skip
    queries: dict[str, dict[str, Any]] = {
        "history": {"after": 0}, "history@before": {"before": 5}, "thread": {"root": theirs}, "revisions": {"sequence": theirs},
        "reactions": {"sequence": theirs, "emoji": "👍"}, "pins": {}, "mentions": {}, "audit": {}, "read": {"sequence": 1}, "links": {},
        "members": {}, "members@banned": {"state": "banned"}, "members@invited": {"state": "invited"},
        "members@requested": {"state": "requested"}, "receipts": {}, "readers": {"sequence": case.own, "list": "unread"},
        "readers@theirs": {"sequence": theirs, "list": "unread"}, "receipt_record": {"sequence": case.own},
        "receipt_record@theirs": {"sequence": theirs}, "notify": {"level": "all"}, "report": {"sequence": theirs, "reason": "spam"},
        "reports": {}, "resolve": {"sequence": theirs}, "data": {}, "data@set": {"data": {"color": "red"}}, "typing": {}, "follow": {"push": True},
    }  # fmt: skip
    others: dict[str, dict[str, Any]] = {
        "forward@from": {**base, "conversation": case.home, "from": {"conversation": group.id, "sequence": theirs}},
        "forward@into": {**base, "from": {"conversation": case.home, "sequence": 2}},
        "sync": {"type": "sync"}, "ping": {"type": "ping"}, "blocks": {"type": "blocks"}, "data@account": {"type": "data"},
        "create": {"type": "create", "client_id": world.cid(), "kind": "group", "title": "T", "members": [case.user("stranger")]},
        "create@direct": {"type": "create", "client_id": world.cid(), "kind": "direct", "members": [case.user("stranger")]},
        "join@link": {"type": "join", "client_id": world.cid(), "link": group.link},
        "join@wrong": {"type": "join", "client_id": world.cid(), "link": group.link[:-4] + "AAAA"},
        "link_info": {"type": "link_info", "link": group.link}, "link_info@wrong": {"type": "link_info", "link": group.link[:-4] + "AAAA"},
        "users": {"type": "users", "users": [case.user("target")]}, "preferences": {"type": "preferences", "receipts": True},
        "block": {"type": "block", "user": case.user("nuisance"), "on": True},
        "presence": {"type": "presence", "users": [case.user("target")]},
        "presence@conversation": {"type": "presence", "conversation": group.id},
        "presence@watch": {"type": "presence", "users": [case.user("target")], "watch": True},
    }  # fmt: skip
    others["join@approval"] = others["join@closed"] = others["join@link"]
    for table, begin in ((commands, base), (queries, plain)):
        for name in (row, type):
            if name in table and row not in others:
                return {**begin, **table[name]}
    return others[row]
