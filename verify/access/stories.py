"""Who must not learn what: stories that plant words, let somebody be removed, come late, or take back, and go on."""

from __future__ import annotations

from typing import Any

from prowl import prowl
from table import STANDINGS
from world import INSIDE, Group, World


def words(world: World) -> Any:
    """Texts of the hall, each planted for those who may know it."""
    return lambda where, seers: world.canaries.plant(f"{where} (hall)", seers)


async def hall(world: World, group: Group) -> list[str]:
    """More words in the hall, after two have gone and before anybody asks; an edit, a text that is recalled, secrets of few.

    Returns the words that nobody may be told from now on.
    """
    plant, taps = world.canaries.plant, world.taps
    inside = {*INSIDE, "revoked"}
    await world.settle()
    for text in group.texts:
        world.canaries.forbid(taps["ex"], text)
        world.canaries.forbid(taps["banned"], text)
    # The rows of `forward` copy the target's message to everybody's conversation with the stranger, as members may.
    world.canaries.allow(group.texts[-1], "stranger")
    await world.command("owner", "change", group.id, description=plant("the description", inside), avatar=plant("the avatar", inside))
    root = await world.say("target", group.id, plant("a message with a thread", inside))
    await world.say("member", group.id, plant("a message of a thread", inside), thread=root, content={"mention_all": False})
    mentioned = await world.say("member", group.id, plant("a mention", inside), content={"mentions": world.users("administrator")})
    await world.say("member", group.id, plant("a reply", inside), reply_to=mentioned)
    new = plant("the new text of an edit", inside)
    await world.command("member", "edit", group.id, target=group.messages["member"], content={"type": "text", "text": new})
    await world.command("owner", "pin", group.id, target=group.messages["member"], on=True)
    await world.command("member", "react", group.id, target=group.messages["target"], emoji="👍", on=True)
    for name in ("member", "muted", "owner", "administrator"):
        await taps[name].must({"type": "data", "conversation": group.id, "data": {"w": plant(f"{name}'s data of the group", {name})}})
    for name in STANDINGS:
        await taps[name].must({"type": "data", "data": {"w": plant(f"{name}'s data", {name})}})
    reason = plant("the reason of a report", {"owner", "administrator", "second"})
    await taps["member"].must({"type": "report", "conversation": group.id, "sequence": root, "reason": reason})
    ack = await world.command("owner", "link", group.id, uses=3)
    token = await world.link_of("owner", group.id, ack)
    world.canaries.needle(token.split(".", 1)[1], "the secret of a link", {"owner", "administrator", "second"})
    await world.say("owner", world.direct, plant("a word between two", {"owner", "target"}))
    return await recalled(world, group, inside)


async def recalled(world: World, group: Group, inside: set[str]) -> list[str]:
    """A message that was edited, pinned, answered, mentioned in, reacted to, and then taken back: no version of it comes again."""
    first, second = world.canaries.plant("what was recalled", inside), world.canaries.plant("an edit of what was recalled", inside)
    target = await world.say("member", group.id, first, content={"mentions": world.users("owner")})
    await world.command("member", "edit", group.id, target=target, content={"type": "text", "text": second})
    await world.command("owner", "pin", group.id, target=target, on=True)
    await world.command("target", "react", group.id, target=target, emoji="🎉", on=True)
    await world.say("target", group.id, world.canaries.plant("a reply to what is recalled", inside), reply_to=target)
    await world.command("member", "recall", group.id, target=target)
    await world.settle()
    for name in world.taps:
        world.canaries.forbid(world.taps[name], first, second)
    group.recalled = target
    for who in ("member", "owner"):
        home = (await world.make_direct(who, "stranger"))["conversation"]
        again = await world.taps[who].ask({
            "type": "forward", "conversation": home, "client_id": world.cid(), "from": {"conversation": group.id, "sequence": target},
        })  # fmt: skip
        assert again["type"] == "error", f"{who} forwarded a message that was recalled: {again}"
    return [first, second]


async def ends(world: World) -> list[str]:
    """Somebody leaves, one is removed, one is banned, each with a live socket: nothing of the group reaches them from then on."""
    wrong: list[str] = []
    owner = world.taps["owner"]
    for who, how in (("gone", "leave"), ("kicked", "remove"), ("late", "ban")):
        tap = world.taps[who]
        created = await owner.must({
            "type": "create", "client_id": world.cid(), "kind": "group", "title": "Ends", "members": world.users(who, "member", "target"),
        })  # fmt: skip
        id = created["conversation"]
        seen = await world.say("member", id, world.canaries.plant(f"said to {who} before he went", {"owner", "member", "target", who}))
        watched = await tap.must({"type": "presence", "users": world.users("target"), "watch": True})
        assert watched["users"], watched
        await tap.must({"type": "presence", "conversation": id})
        await tap.must({"type": "typing", "conversation": id})
        if how == "leave":
            await world.command(who, "leave", id)
        else:
            await world.command("owner", how, id, user=tap.user)
        await world.settle()
        mark = tap.mark()
        ended = [text for text in tap.got if f'"conversation":"{id}"' in text and '"type":"ended"' in text]
        if how != "leave" and len(ended) != 1:
            wrong.append(f"{who}: the entry that ended his membership came {len(ended)} times")
        inside = {"owner", "member", "target"}
        new = world.canaries.plant(f"said after {who} had gone ({how})", inside)
        await world.say("member", id, new)
        edited = world.canaries.plant(f"an edit after {who} had gone ({how})", inside)
        await world.command("member", "edit", id, target=seen, content={"type": "text", "text": edited})
        await world.command("target", "react", id, target=seen, emoji="👀", on=True)
        await world.command("owner", "change", id, title=world.canaries.plant(f"a title after {who} had gone ({how})", inside))
        await world.taps["member"].must({"type": "typing", "conversation": id})
        await world.taps["member"].must({"type": "read", "conversation": id, "sequence": seen})
        await world.say("member", id, world.canaries.plant(f"a mention of {who} after he had gone", inside),
                        content={"mentions": [tap.user], "mention_all": False})  # fmt: skip
        await prowl(world, who, id, 12)
        await world.settle()
        wrong += [f"{who} ({how}) got {text[:300]}" for text in tap.got[mark:] if id in text and not _harmless(text, id)]
    return wrong


def _harmless(text: str, conversation: str) -> bool:
    """A line of `sync` that says that one is out, and no more."""
    return text.startswith('{"type":"synced"') and all(
        part.startswith(f'{conversation}","kind":"group","role":"none"}}') for part in text.split('{"conversation":"')[1:]
        if part.startswith(conversation)
    )  # fmt: skip


async def hidden(world: World) -> list[str]:
    """Where history is hidden, who comes later sees nothing from before: not by any question, not by what is pushed to him."""
    wrong: list[str] = []
    plant, owner, late = world.canaries.plant, world.taps["owner"], world.taps["shy"]
    inside = {"owner", "member", "target"}
    old_title = plant("the title before he came", inside)
    created = await owner.must({
        "type": "create", "client_id": world.cid(), "kind": "group", "title": old_title, "members": world.users("member", "target"),
        "history_visible": False,
    })  # fmt: skip
    id = created["conversation"]
    root = await world.say("member", id, plant("a root before he came", inside))
    await world.say("target", id, plant("a thread before he came", inside), thread=root)
    mention = await world.say("member", id, plant("a mention before he came", inside), content={"mentions": world.users("shy")})
    edited = await world.say("member", id, plant("an edited message before he came", inside))
    await world.command("member", "edit", id, target=edited, content={"type": "text", "text": plant("its edit before he came", inside)})
    await world.command("owner", "pin", id, target=root, on=True)
    await world.command("target", "react", id, target=root, emoji="🎈", on=True)
    await world.taps["member"].must({"type": "report", "conversation": id, "sequence": root, "reason": plant("a reason before he came", {"owner"})})
    await world.command("owner", "change", id, title="Hidden")
    came = (await world.command("owner", "add", id, users=world.users("shy")))["sequence"]
    await world.settle()
    mark = late.mark()
    synced = await late.must({"type": "sync", "positions": {id: 0}})
    line = next(line for line in synced["conversations"] if line["conversation"] == id)
    if "preview" in line or line.get("unread", 0) or line.get("mentions", 0) or any(e["sequence"] < came for e in line.get("entries", [])):
        wrong.append(f"shy: his first sync tells of what was before: {line}")
    await world.command("member", "edit", id, target=root, content={"type": "text", "text": plant("an edit live of what was before", inside)})
    await world.command("target", "react", id, target=mention, emoji="🎯", on=True)
    await world.say("target", id, "a reply to what was before", reply_to=root)
    await world.say("target", id, "in a thread from before", thread=root)
    await world.command("member", "recall", id, target=mention)
    await world.settle()
    told = [text for text in late.got[mark:] if f'"target":{root}' in text or f'"target":{mention}' in text]
    if len(told) < 2 or not all('"withheld":true' in text and '"content"' not in text for text in told):
        wrong.append(f"shy: entries about what was before are not withheld: {told}")
    await prowl(world, "shy", id, came + 8)
    wrong += await _acts_upon_hidden(world, id, root)
    # An administrator who came later sees no more.
    await world.command("owner", "role", id, user=late.user, role="administrator")
    await prowl(world, "shy", id, came + 8)
    wrong += await _away(world, id, came)
    return wrong


async def _away(world: World, id: str, came: int) -> list[str]:
    """Who left and came back sees what was said and done while he was there, and nothing of what was between."""
    plant, inside = world.canaries.plant, {"owner", "member", "target"}
    edited = await world.say("member", id, "said while he was there", content={"mentions": world.users("shy")})
    marked = await world.say("member", id, "the last that he saw")
    await world.command("target", "react", id, target=marked, emoji="🎈", on=True)
    await world.command("shy", "leave", id)
    await world.say("member", id, plant("said between his two stays", inside))
    for target in (edited, marked):
        text = plant("an edit between his two stays", inside)
        await world.command("member", "edit", id, target=target, content={"type": "text", "text": text})
    await world.say("target", id, plant("a message of a thread between his two stays", inside), thread=edited)
    emoji = world.canaries.needle("between🎉", "an emoji of between his two stays", inside)
    await world.command("target", "react", id, target=marked, emoji=emoji, on=True)
    await world.command("owner", "react", id, target=marked, emoji="🎈", on=True)
    await world.command("owner", "pin", id, target=edited, on=True)
    await world.command("owner", "add", id, users=world.users("shy"))
    await prowl(world, "shy", id, came + 24)
    page = await world.taps["shy"].must({"type": "history", "conversation": id, "limit": 200})
    shown = {entry["sequence"]: entry for entry in page["entries"]}
    counts = shown[marked].get("reactions")
    wrong = [] if counts == [{"emoji": "🎈", "count": 1, "mine": False}] else [f"shy: reactions of between his two stays show: {counts}"]
    told = [name for name in ("edited", "pinned", "replies") if name in shown[edited]]
    return wrong + ([f"shy: {told} of between his two stays show"] if told else [])


async def _acts_upon_hidden(world: World, id: str, root: int) -> list[str]:
    """What is done to a message that one may not see is refused as if it were not there."""
    wrong = []
    home = (await world.make_direct("shy", "stranger"))["conversation"]
    content = {"type": "text", "text": "x"}
    attempts: dict[str, dict[str, Any]] = {
        "react": {"conversation": id, "target": root, "emoji": "👍", "on": True},
        "edit": {"conversation": id, "target": root, "content": content},
        "recall": {"conversation": id, "target": root},
        "send in thread": {"conversation": id, "thread": root, "content": content},
        "send in reply": {"conversation": id, "reply_to": root, "content": content},
        "forward": {"conversation": home, "from": {"conversation": id, "sequence": root}},
        "report": {"conversation": id, "sequence": root, "reason": "spam"},
    }
    for name, fields in attempts.items():
        type = name.split()[0]
        extra = {} if type == "report" else {"client_id": world.cid()}
        answers = [
            await world.taps["shy"].ask({"type": type, **extra, **fields}),
            await world.taps["shy"].ask({"type": type, **extra, **_elsewhere(fields, 100_000)}),
        ]
        for answer in answers[:1]:
            if answer.get("code") != 40402:
                wrong.append(f"{name} upon a message from before: {answer}")
        if answers[1].get("code") not in (40402, 40004):
            wrong.append(f"{name} upon a message that there is not: {answers[1]}")
    return wrong


def _elsewhere(fields: dict[str, Any], sequence: int) -> dict[str, Any]:
    fields = {key: sequence if key in ("target", "thread", "reply_to", "sequence") else value for key, value in fields.items()}
    if "from" in fields:
        fields["from"] = {**fields["from"], "sequence": sequence}
    return fields


def receipts_go_to_senders(world: World, senders: dict[str, dict[int, str]]) -> list[str]:
    """No tap may hold counts or names of readers for a message that somebody else wrote."""
    import json

    wrong = []
    for tap in world.taps.values():
        for text in tap.got:
            if not text.startswith(('{"type":"receipts"', '{"type":"readers"', '{"type":"receipt_record"')):
                continue
            frame = json.loads(text)
            known = senders.get(frame["conversation"], {})
            sequences = [count["sequence"] for count in frame.get("counts", [])] or [frame.get("sequence", 0)]
            wrong += [f"{tap.name} was told who read {s} of {known[s]}: {text[:200]}" for s in sequences if known.get(s, tap.name) != tap.name]
    return wrong
