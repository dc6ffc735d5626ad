"""How the stand-in decides, stores and delivers one batch, and most of its planted bugs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from stand_in_log import Conversation, Refused, dump, now, refusal

if TYPE_CHECKING:
    from stand_in import Link, StandIn

Step = tuple["Link", dict[str, Any], Conversation, dict[str, Any], bool]
"""Who asked, the request, the conversation, the entry, and whether it is new."""


async def commit(server: StandIn, batch: list[tuple[Link, dict[str, Any]]]) -> None:
    # One at a time where a bug needs the state between two entries; decisions of one batch see each other's entries.
    for link, frame in batch:
        try:
            if (step := _decide(server, link, frame)) is not None:
                await _store(server, step)
        except Refused as error:
            link.put(refusal(frame, error))
        except (KeyError, ValueError, TypeError) as error:
            # A planted bug has hurt the state: the server lives on, as a real one would.
            link.put(refusal(frame, Refused(50000, "internal_error", repr(error))))


def _decide(server: StandIn, link: Link, frame: dict[str, Any]) -> Step | None:
    store, user, client_id, kind = server.store, link.user, frame["client_id"], frame["type"]
    if kind == "create":
        name = f"g-{user}-{client_id}"
        if frame["kind"] == "direct":
            name = "d-" + "-".join(sorted([user, *frame["members"]]))
        if name in store.conversations:
            conversation = store.conversations[name]
            return link, frame, conversation, conversation.entries[1], False
        hidden = not frame.get("history_visible", True)
        store.append([{"op": "conversation", "name": name, "kind": frame["kind"], "title": frame.get("title", ""), "hidden": hidden}])
        conversation = store.conversations[name]
        users = frame["members"]
        content = {
            "type": "created",
            "kind": frame["kind"],
            "title": frame.get("title", ""),
            "users": users,
            "slots": list(range(1, len(users) + 2)),
        }
        return link, frame, conversation, store.entry(conversation, 0, "created", user, client_id, content, now()), True

    named = store.conversations.get(frame["conversation"])
    if named is None:
        raise Refused(40300, "not_member")
    conversation = named
    known = conversation.known.get((user, client_id))
    content, entry_kind = _content(conversation, frame, user, known is None)
    if known is not None and "dedupe_off" not in server.faults:
        first = conversation.entries[known]
        if kind == "send" and first["content"] != content and "conflict_acked" not in server.faults:
            raise Refused(40900, "client_id_conflict")
        if server.has("wrong_ack_on_resend"):
            first = {**first, "sequence": first["sequence"] + 1}
        return link, frame, conversation, first, False
    if user not in conversation.roles:
        raise Refused(40300, "not_member")
    if server.has("acked_never_stored", 0.05):
        ghost = store.entry(conversation, 0, entry_kind, user, client_id, content, now())
        return link, frame, conversation, ghost, False
    if server.has("mutated_log", 0.05) and kind == "send":
        content = {**content, "text": content["text"] + " "}
    ahead = 1 if server.has("hole", 0.02) else 0
    entry = store.entry(conversation, ahead, entry_kind, user, client_id, content, now(), frame.get("reply_to", 0))
    if server.has("refused_but_stored", 0.05):
        store.append([{"op": "entry", "conversation": conversation.name, "entry": entry}])
        raise Refused(40014, "bad_request")
    if server.has("invented", 0.05):
        extra = store.entry(conversation, 0, "message", user, f"own-{entry['message']}", {"type": "text", "text": "boo"}, now())
        store.append([{"op": "entry", "conversation": conversation.name, "entry": extra}])
        entry["sequence"] += 1
    return link, frame, conversation, entry, True


def _content(conversation: Conversation, frame: dict[str, Any], user: str, fresh: bool) -> tuple[Any, str]:
    match frame["type"]:
        case "add":
            if fresh and conversation.roles.get(user) not in ("owner", "administrator"):
                raise Refused(40301, "forbidden")
            users = [u for u in frame["users"] if u not in conversation.roles]
            return {"type": "added", "users": users, "slots": [conversation.slot(u) for u in users]}, "added"
        case "remove":
            if fresh and conversation.roles.get(user) not in ("owner", "administrator"):
                raise Refused(40301, "forbidden")
            if fresh and frame["user"] not in conversation.roles:
                raise Refused(40300, "not_member")
            return {"type": "ended", "user": frame["user"]}, "removed"
        case "leave":
            return {"type": "ended", "user": user}, "left"
        case _:
            return frame["content"], "message"


async def _store(server: StandIn, step: Step) -> None:
    link, frame, conversation, entry, fresh = step
    store = server.store
    line = {"op": "entry", "conversation": conversation.name, "entry": entry}
    members = set(conversation.roles)
    if not fresh:
        _acknowledge(server, link, frame, conversation, entry)
        return
    held = server.reserved.pop(conversation.name, None)
    if held is None and server.has("late_fill", 0.1) and frame["type"] == "send":
        # Keeps the next place free for a message that comes later.
        entry["sequence"] += 1
        server.reserved[conversation.name] = (link, frame, entry)
    elif held is not None:
        entry["sequence"] = held[2]["sequence"] - 1

    if server.has("ack_before_write", 0.3) or server.has("push_before_write", 0.3):
        conversation.apply(entry)
        late_ack = "push_before_write" in server.faults
        _deliver(server, link, frame, conversation, entry, members, not late_ack)
        await asyncio.sleep(0.15)
        store.write([line])
        if late_ack:
            _acknowledge(server, link, frame, conversation, entry)
        return
    try:
        store.append([line])
    except OSError as error:
        full = error.errno == 28
        link.put(
            dump(
                {
                    "type": "error",
                    "id": frame["id"],
                    "code": 50301 if full else 50300,
                    "name": "disk_full" if full else "unavailable",
                    "message": "The server's disk is full: try again with the same client_id when there is room.",
                    "retry": "later",
                }
            )
        )
        return
    _deliver(server, link, frame, conversation, entry, members, True)


def _acknowledge(server: StandIn, link: Link, frame: dict[str, Any], conversation: Conversation, entry: dict[str, Any]) -> None:
    sequence = entry["sequence"] + (1 if server.has("wrong_ack", 0.05) else 0)
    time = entry["time"] + (1 if server.has("ack_time_differs", 0.1) else 0)
    kind = "created" if frame["type"] == "create" else "ack"
    ack = dump(
        {
            "type": kind,
            "id": frame["id"],
            "conversation": conversation.name,
            "client_id": entry["client_id"],
            "sequence": sequence,
            "message": entry["message"],
            "time": time,
        }
    )
    if kind == "created":
        link.put(ack)
    elif link.held:
        link.put(ack)
        link.put(link.held)
        link.held = ""
    elif server.has("ack_order", 0.2):
        link.held = ack
    else:
        link.put(ack)


def _deliver(
    server: StandIn, link: Link, frame: dict[str, Any], conversation: Conversation, entry: dict[str, Any], before: set[str], ack: bool
) -> None:
    """Pushes to the members, to those too whose membership this entry ends, and the ack in the place of the event."""
    pushed = entry
    if server.has("mutated_push", 0.05) and entry["kind"] == "message":
        pushed = {**entry, "content": {**entry["content"], "text": "?"}}
    event = dump({"type": "event", "conversation": conversation.name, **pushed})
    members = before | set(conversation.roles)
    if server.has("event_to_non_member", 0.2):
        members = set(server.store.users)
    if server.has("event_after_removal", 0.5):
        members |= set(conversation.ended)
    for other in list(server.links):
        if other.user not in members:
            continue
        other.changed.add(conversation.name)
        if other is link:
            if ack:
                _acknowledge(server, link, frame, conversation, entry)
            continue
        if server.has("drop_push", 0.05) or server.has("drop_push_and_lie", 0.3):
            continue
        if server.has("duplicate_push", 0.2):
            other.put(event)
        if other.held:
            other.put(event)
            other.put(other.held)
            other.held = ""
        elif server.has("reorder_pushes", 0.1):
            other.held = event
        else:
            other.put(event)
