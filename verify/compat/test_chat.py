"""The callbacks of the articles' server (section 2.4 of the digest), with Parley's own clients in the same conversations."""

from __future__ import annotations

import asyncio

from profile_client import Stage


def test_a_group_of_both_kinds_of_clients_sees_the_same_messages(stage: Stage) -> None:
    async def work() -> None:
        owner, conversation, number = await stage.group("u1", "u2", "u3")
        ann, ben = await stage.compat("u2"), await stage.compat("u3")
        init = await ann.join(number)
        assert init["mode"] == 2 and init["group_id"] == number and init["client_id"] and init["sequence"] == 1
        assert init["from_user_id"] == ann.number and init["from_username"] == "u2"
        await ben.join(str(number))

        ack = await ann.speak("from the profile", group=number, client_msg_id="one")
        assert ack["client_msg_id"] == "one" and ack["sequence"] == 2 and ack["message_id"] and ack["time"]
        told = [await ann.expect("speak"), await ben.expect("speak")]
        assert told[0] == told[1], "the speaker hears what everybody hears"
        assert told[0] == {
            "event": "speak", "mode": 2, "group_id": number, "from_user_id": ann.number, "from_username": "u2", "from_avatar": "",
            "content": "from the profile", "client_msg_id": "one", "sequence": 2, "message_id": ack["message_id"],
            "time": ack["time"],
        }  # fmt: skip
        event = await owner.event()
        assert event["content"] == {"type": "text", "text": "from the profile"} and event["sequence"] == 2
        assert event["message"] == ack["message_id"] and event["client_id"] == "one" and event["conversation"] == conversation

        stored = await owner.send(conversation, "from a native client")
        for client in (ann, ben):
            line = await client.expect("speak")
            assert line["content"] == "from a native client" and line["sequence"] == stored["sequence"] == 3
            assert line["from_username"] == "u1" and line["message_id"] == stored["message"]
        await owner.ask(
            "send", conversation=conversation, client_id="p", content={"type": "image", "text": "[a picture]", "media": "m1"})
        assert (await ann.expect("speak"))["content"] == "[a picture]", "the plain text of another type"
        assert (await ben.expect("speak"))["content"] == "[a picture]"
        page = (await owner.ask("history", conversation=conversation, after=0))["entries"]
        assert [entry["content"].get("text") for entry in page[1:]] == ["from the profile", "from a native client", "[a picture]"]

    stage.run(work())


def test_entries_that_are_no_messages_are_notices_or_left_out(stage: Stage) -> None:
    async def work() -> None:
        owner, conversation, number = await stage.group("u1", "u2")
        ann = await stage.compat("u2")
        await ann.join(number)
        await owner.send(conversation, "a")
        await ann.expect("speak")
        await owner.ask("edit", conversation=conversation, client_id="e", target=2, content={"type": "text", "text": "b"})
        await owner.ask("react", conversation=conversation, client_id="r", target=2, emoji="👍", on=True)
        await owner.ask("ban", conversation=conversation, client_id="ban", user="u9")
        await ann.silent()
        await owner.ask("add", conversation=conversation, client_id="add", users=["u3", "u4"])
        for name in ("u3", "u4"):
            notice = await ann.expect("join")
            assert notice["from_username"] == name and notice["group_id"] == number and notice["sequence"] == 6
        await owner.ask("remove", conversation=conversation, client_id="rem", user="u3")
        notice = await ann.expect("leave")
        assert notice["from_username"] == "u3" and notice["sequence"] == 7
        await owner.ask("remove", conversation=conversation, client_id="rem2", user="u2")
        assert (await ann.expect("leave"))["from_user_id"] == ann.number
        await owner.send(conversation, "without her")
        await ann.silent()
        assert (await ann.refused(ann.spoken("x", group=number)))["data"]["error"] == 40300

    stage.run(work())


def test_a_private_message_reaches_all_connections_of_the_target(stage: Stage) -> None:
    async def work() -> None:
        ann, other = await stage.compat("u1"), await stage.compat("u1")
        bens = [await stage.compat("u2"), await stage.compat("u2")]
        native = await stage.native("u2")
        unbound, stranger = await stage.compat("u2"), await stage.compat("u3")
        for client in (ann, other, *bens, stranger):
            init = await client.bind()
            assert init["mode"] == 1 and init["group_id"] == 0
        ack = await ann.speak("just you", to=bens[0].number, client_msg_id="p1")
        assert ack["mode"] == 1 and ack["to_user_id"] == bens[0].number and ack["sequence"] == 2
        for client in (*bens, other):
            line = await client.expect("speak")
            assert line["content"] == "just you" and line["mode"] == 1 and line["group_id"] == 0
            assert line["from_user_id"] == ann.number and line["to_user_id"] == bens[0].number
        event = await native.event()
        assert event["content"]["text"] == "just you" and event["sequence"] == 2
        for client in (ann, unbound, stranger):
            await client.silent()
        await native.send(event["conversation"], "and you")
        for client in (ann, other, *bens):
            line = await client.expect("speak")
            assert line["content"] == "and you" and line["from_username"] == "u2" and line["to_user_id"] == ann.number
        ack = await ann.speak("again", to=int(bens[0].number))
        assert ack["sequence"] == 4, "the conversation is there already"

    stage.run(work())


def test_leave_is_told_when_the_last_connection_closes(stage: Stage) -> None:
    async def work() -> None:
        _, conversation, number = await stage.group("u5", "u6", "u7")
        seer = await stage.compat("u5")
        await seer.join(number)
        first, second = await stage.compat("u6"), await stage.compat("u6")
        native = await stage.native("u6")
        for client in (first, second):
            await client.join(number)
        for client in (first, native):
            await client.close()
        await asyncio.sleep(2.5)
        await seer.silent()
        await second.close()
        envelope = await seer.next()
        assert envelope == {
            "code": 0, "msg": "close",
            "data": {
                "event": "leave", "group_id": number, "client_id": second.me["client_id"], "content": "leaving group",
                "from_user_id": second.number, "from_username": "u6", "from_avatar": "",
            },
        }  # fmt: skip
        hidden = await stage.native("u7")
        await hidden.ask("preferences", presence=False)
        await hidden.close()
        await asyncio.sleep(2.5)
        await seer.silent()
        page = await seer.ask({"event": "history", "mode": 2, "group_id": number, "after": 0})
        assert page["data"]["sequence"] == 1, "it is no entry of the log"

    stage.run(work())


def test_what_comes_twice_is_stored_once(stage: Stage) -> None:
    async def work() -> None:
        _, _, number = await stage.group("u1", "u2")
        ann, ben = await stage.compat("u1"), await stage.compat("u2")
        await ann.join(number)
        await ben.join(number)
        first = await ann.speak("once", group=number, client_msg_id="same")
        await ann.expect("speak")
        await ben.expect("speak")
        assert await ann.speak("once", group=number, client_msg_id="same") == first
        again = await stage.compat("u1")
        assert await again.speak("once", group=number, client_msg_id="same") == first
        for client in (ann, ben):
            await client.silent()
        error = await ann.refused(ann.spoken("other", group=number, client_msg_id="same"))
        assert error["data"]["error"] == 40900 and error["data"]["client_msg_id"] == "same"
        minted = [await ann.speak("twice", group=number) for _ in range(1)]
        await ann.expect("speak")
        minted.append(await ann.speak("twice", group=number))
        assert minted[0]["client_msg_id"] != minted[1]["client_msg_id"] and minted[0]["sequence"] != minted[1]["sequence"]

    stage.run(work())


def test_history_read_and_sync(stage: Stage) -> None:
    async def work() -> None:
        owner, conversation, number = await stage.group("u3", "u4")
        for n in range(1, 8):
            await owner.send(conversation, f"m{n}")
        ann, twin = await stage.compat("u4"), await stage.compat("u4")
        await twin.join(number)
        place = {"mode": "2", "group_id": number}
        await ann.say({"event": "history", **place, "limit": 3})
        page = await ann.expect("history")
        assert [line["content"] for line in page["list"]] == ["m7", "m6", "m5"] and page["more"] and page["sequence"] == 8
        await ann.say({"event": "history", **place, "before": page["next"], "limit": 3})
        assert [line["content"] for line in (await ann.expect("history"))["list"]] == ["m4", "m3", "m2"]
        await ann.say({"event": "history", **place, "after": "6"})
        page = await ann.expect("history")
        assert [line["content"] for line in page["list"]] == ["m6", "m7"] and not page["more"] and page["next"] == 8

        async def line() -> dict[str, object]:
            await ann.say({"event": "sync", "token": ""})
            answer = await ann.expect("sync")
            assert not answer["more"]
            return next(line for line in answer["list"] if line.get("group_id") == number)

        before = await line()
        assert before["mode"] == 2 and before["unread"] == 7 and before["read"] == 0 and before["sequence"] == 8
        await ann.say({"event": "read", **place, "sequence": 5})
        assert (await ann.expect("read"))["sequence"] == 5
        assert (await twin.expect("read"))["sequence"] == 5, "his other connection learns it"
        error = await ann.refused({"event": "read", **place, "sequence": 99})
        assert error["data"]["error"] == 40004
        await twin.close()
        await asyncio.sleep(1.2)
        after = await line()
        assert after["unread"] == 3 and after["read"] == 5

        peer = await stage.compat("u3")
        await peer.speak("hello", to=ann.number)
        await ann.say({"event": "history", "mode": 1, "group_id": 0, "to_user_id": peer.number})
        page = await ann.expect("history")
        assert [line["content"] for line in page["list"]] == ["hello"] and page["to_user_id"] == peer.number
        await ann.say({"event": "sync"})
        mine = [one for one in (await ann.expect("sync"))["list"] if one["mode"] == 1 and one["to_user_id"] == peer.number]
        assert mine[0]["name"] == "u3" and mine[0]["unread"] == 1

    stage.run(work())


def test_many_frames_at_once_keep_their_order(stage: Stage) -> None:
    async def work() -> None:
        _, _, number = await stage.group("u8", "u9")
        ann, ben = await stage.compat("u8"), await stage.compat("u9")
        await ben.join(number)
        await ben.bind()
        # Nothing is looked up yet: each of these frames waits for the names of the one before it.
        for n in range(20):
            await ann.say(ann.spoken(f"g{n}", group=number))
            await ann.say(ann.spoken(f"p{n}", to=ben.number))
        lines = [await ben.expect("speak") for _ in range(40)]
        assert [line["content"] for line in lines if line["mode"] == 2] == [f"g{n}" for n in range(20)]
        assert [line["content"] for line in lines if line["mode"] == 1] == [f"p{n}" for n in range(20)]

    stage.run(work())
