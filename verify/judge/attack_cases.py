"""Tables for protocol_attacks.py: every request of docs/PROTOCOL.md with its fields, and what to try with each."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Iterator

# What a field holds.
IDENTIFIER, TEXT, INTEGER, BOOLEAN, OBJECT, USERS = "identifier", "text", "integer", "boolean", "object", "users"
SEQUENCES, WORD = "sequences", "word"


@dataclass(frozen=True)
class Field:
    """A field of a request; a dot in its name leads into an object of the request."""

    name: str
    kind: str
    value: Any
    required: bool = True
    lowest: int = 0
    highest: int = (1 << 53) - 1
    """Of a number; of a text or a list, the longest."""


# The placeholders are filled in by the suite: a group of the user, a fresh client id, another user.
GROUP, CLIENT_ID, OTHER, EPOCH = "$group", "$client_id", "$other", "$epoch"
CONTENT = {"type": "text", "text": "hello"}

conversation = Field("conversation", IDENTIFIER, GROUP)
client_id = Field("client_id", IDENTIFIER, CLIENT_ID)
target = Field("target", INTEGER, 2, True, 1)
sequence = Field("sequence", INTEGER, 2, True, 1)
user = Field("user", IDENTIFIER, OTHER)
limit = Field("limit", INTEGER, 50, False, 1, 200)
emoji = Field("emoji", TEXT, "👍", True, 1, 32)


def rules() -> list[Field]:
    """The rules of a group, where a request carries some."""
    who = [Field(f"rules.{name}", WORD, "administrators", False) for name in ("send", "invite", "mention_all")]
    return [
        Field("rules", OBJECT, {}, False), *who, Field("rules.join", WORD, "link", False),
        Field("rules.slow_ms", INTEGER, 0, False, 0, 86_400_000), Field("rules.recall_ms", INTEGER, 120_000, False, 0, 315_360_000_000),
        Field("rules.receipts", BOOLEAN, True, False),
    ]  # fmt: skip


REQUESTS: dict[str, list[Field]] = {
    "send": [
        conversation, client_id, Field("content", OBJECT, CONTENT), Field("reply_to", INTEGER, 1, False, 1),
        Field("content.mentions", USERS, [OTHER], False, 0, 50), Field("content.mention_all", BOOLEAN, False, False),
    ],
    "send in a thread": [conversation, client_id, Field("content", OBJECT, CONTENT), Field("thread", INTEGER, 2, False, 1)],
    "history": [
        conversation, Field("after", INTEGER, 0, False), Field("limit", INTEGER, 50, False, 1, 200),
    ],
    "history before": [conversation, Field("before", INTEGER, 3, False, 1), Field("limit", INTEGER, 50, False, 1, 200)],
    "sync": [Field("epoch", TEXT, EPOCH, False), Field("token", TEXT, "", False), Field("positions", OBJECT, {}, False)],
    "read": [conversation, Field("sequence", INTEGER, 1, False, 1), Field("delivered", INTEGER, 1, False, 1)],
    "create": [
        client_id, Field("kind", TEXT, "group"), Field("title", TEXT, "General"), Field("members", USERS, [OTHER]),
        Field("member_cap", INTEGER, 500, False, 2, 1_000_000), Field("history_visible", BOOLEAN, True, False),
        Field("description", TEXT, "", False, 0, 1_000), Field("avatar", TEXT, "", False, 0, 64), *rules(),
    ],
    "change": [
        conversation, client_id, Field("title", TEXT, "General", False, 1, 64), Field("description", TEXT, "", False, 0, 1_000),
        Field("avatar", TEXT, "", False, 0, 64), Field("member_cap", INTEGER, 500, False, 2, 1_000_000),
        Field("history_visible", BOOLEAN, True, False), *rules(),
    ],
    "edit": [conversation, client_id, target, Field("content", OBJECT, CONTENT)],
    "recall": [conversation, client_id, target],
    "react": [conversation, client_id, target, emoji, Field("on", BOOLEAN, True)],
    "pin": [conversation, client_id, target, Field("on", BOOLEAN, True)],
    "forward": [
        conversation, client_id, Field("from", OBJECT, {}), Field("from.conversation", IDENTIFIER, GROUP),
        Field("from.sequence", INTEGER, 2, True, 1),
    ],
    "add": [conversation, client_id, Field("users", USERS, [OTHER])],
    "invite": [conversation, client_id, Field("users", USERS, [OTHER], True, 1, 100)],
    "join": [conversation, client_id],
    "join link": [client_id, Field("link", TEXT, "k7.x2", False)],
    "decline": [conversation, client_id, Field("user", IDENTIFIER, OTHER, False)],
    "remove": [conversation, client_id, user],
    "ban": [conversation, client_id, user],
    "unban": [conversation, client_id, user],
    "leave": [conversation, client_id],
    "role": [conversation, client_id, user, Field("role", WORD, "administrator")],
    "transfer": [conversation, client_id, user],
    "mute": [conversation, client_id, user, Field("until", INTEGER, 0)],
    "link": [conversation, client_id, Field("expires", INTEGER, 0, False), Field("uses", INTEGER, 0, False, 0, 1_000_000)],
    "unlink": [conversation, client_id, Field("link", IDENTIFIER, "k7")],
    "dissolve": [conversation, client_id],
    "links": [conversation],
    "link_info": [Field("link", TEXT, "k7.x2")],
    "members": [conversation, Field("after_slot", INTEGER, 0, False, 0, (1 << 31) - 1), limit],
    "members version": [conversation, Field("version", TEXT, "", False), limit],
    "members state": [conversation, Field("state", WORD, "banned", False), Field("after", TEXT, "", False), limit],
    "thread": [conversation, Field("root", INTEGER, 2, True, 1), Field("after", INTEGER, 0, False), limit],
    "revisions": [conversation, sequence, Field("after", INTEGER, 0, False), limit],
    "reactions": [conversation, sequence, emoji, Field("after", TEXT, "", False), limit],
    "pins": [conversation],
    "mentions": [conversation, Field("after", INTEGER, 0, False), limit],
    "audit": [conversation, Field("before", INTEGER, 3, False, 1), limit],
    "receipts": [conversation, Field("sequences", SEQUENCES, [2], False, 1, 200)],
    "readers": [
        conversation, sequence, Field("list", WORD, "unread"), Field("after_slot", INTEGER, 0, False, 0, (1 << 31) - 1), limit,
    ],
    "receipt_record": [conversation, sequence],
    "notify": [conversation, Field("level", WORD, "all")],
    "preferences": [Field("receipts", BOOLEAN, True, False), Field("presence", BOOLEAN, True, False)],
    "block": [user, Field("on", BOOLEAN, False)],
    "blocks": [],
    "report": [conversation, sequence, Field("reason", TEXT, "spam", True, 1, 500)],
    "reports": [conversation, Field("before", INTEGER, 3, False, 1), limit],
    "resolve": [conversation, sequence],
    "data": [Field("conversation", IDENTIFIER, GROUP, False), Field("data", OBJECT, {"color": "red"}, False)],
    "typing": [conversation],
    "presence": [Field("users", USERS, [OTHER], True, 1, 200), Field("watch", BOOLEAN, False, False)],
    "presence conversation": [Field("conversation", IDENTIFIER, GROUP, False), Field("watch", BOOLEAN, False, False)],
    "follow": [conversation, Field("push", BOOLEAN, True)],
    "users": [Field("users", USERS, [OTHER])],
    "ping": [],
}  # fmt: skip

HARMLESS_REQUESTS = (
    "send", "history", "history before", "sync", "read", "members", "users", "ping", "thread", "revisions", "reactions", "mentions",
    "audit", "readers", "receipt_record", "reports", "receipts", "data", "report", "link",
)  # fmt: skip
"""Those that change no membership, for trying values that may be accepted."""

WRONG: dict[str, list[Any]] = {
    IDENTIFIER: [5, True, 1.5, [], {}, None],
    TEXT: [5, True, 1.5, [], {}, None],
    INTEGER: ["5", True, 1.5, [], {}, None],
    BOOLEAN: ["true", 1, [], {}, None],
    OBJECT: ["{}", 5, True, [], None],
    USERS: ["u1", 5, True, {}, None, [5], [None], [["u1"]], [{"user": "u1"}]],
    SEQUENCES: ["2", 5, True, {}, None, ["2"], [None], [[2]], [{"sequence": 2}], [True]],
    WORD: [5, True, 1.5, [], {}, None],
}

NUMBERS = (
    "0", "-0", "-1", "1", "2", "199", "200", "201", "2147483646", "2147483647", "2147483648", "4294967296", "9007199254740990",
    "9007199254740991", "9007199254740992", "9007199254740993", "9223372036854775806", "9223372036854775807", "9223372036854775808",
    "-9223372036854775807", "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "1e400",
    "-1e400", "1e-400", "1e308", "1.0", "1E0", "0.5", "1" + "0" * 30, "1" + "0" * 5000,
)  # fmt: skip

SERVER_OWNED = ("sender", "sequence", "time", "role", "slot", "message")

IDENTIFIERS_REFUSED = ("", "a b", "x" * 65, "é", "a/b", "a\n", "a\u202eb", "<b>", "'", "%00", "a\u0000")

# Text that is no JSON object: an error, then close.
NOT_JSON = {
    "an array": "[1]", "a string": '"x"', "a number": "5", "null": "null", "empty": "", "spaces": "  ", "half": '{"type":"ping","id":1',
    "trailing junk": '{"type":"ping","id":1} x', "two objects": '{"type":"ping","id":1}{"type":"ping","id":2}',
    "byte order mark": '\ufeff{"type":"ping","id":1}', "NaN": '{"type":"ping","id":NaN}', "Infinity": '{"type":"ping","id":Infinity}',
    "single quotes": "{'type':'ping','id':1}", "trailing comma": '{"type":"ping","id":1,}', "comment": '{"type":"ping",/*x*/"id":1}',
    "leading zero": '{"type":"ping","id":01}', "plus": '{"type":"ping","id":+1}', "hexadecimal": '{"type":"ping","id":0x1}',
    "raw newline in a string": '{"type":"pi\nng","id":1}', "raw tab in a string": '{"type":"pi\tng","id":1}',
    "unknown escape": '{"type":"ping\\x","id":1}', "short unicode escape": '{"type":"ping\\u12","id":1}', "no value": '{"type":}',
    "no colon": '{"type" "ping"}', "depth without end": "[" * 60_000, "deep object without end": '{"a":' * 20_000,
    "dot without digits": '{"type":"ping","id":1.}', "exponent without digits": '{"type":"ping","id":1e}', "minus": '{"type":"ping","id":-}',
    "bare word": '{"type":ping,"id":1}', "truncated literal": '{"type":tru,"id":1}',
}  # fmt: skip

# JSON objects that break a rule: a numbered error, the connection stays unless the number says otherwise.
BAD_OBJECTS = {
    "no type": ('{"id":1}', {40002}),
    "empty object": ("{}", {40002}),
    "no id": ('{"type":"ping"}', {40002}),
    "unknown type": ('{"type":"shout","id":1}', {40001}),
    "server's type": ('{"type":"ack","id":1}', {40001}),
    "type in capitals": ('{"type":"PING","id":1}', {40001}),
    "type with NUL": ('{"type":"ping\\u0000","id":1}', {40001, 40004, 40013}),
    "type number": ('{"type":5,"id":1}', {40003}),
    "id string": ('{"type":"ping","id":"1"}', {40003}),
    "id null": ('{"type":"ping","id":null}', {40003, 40002}),
    "id negative": ('{"type":"ping","id":-1}', {40004, 40003}),
    "id 2^53": ('{"type":"ping","id":9007199254740992}', {40004}),
    "id 2^63": ('{"type":"ping","id":9223372036854775808}', {40004}),
    "id 1e400": ('{"type":"ping","id":1e400}', {40003, 40004}),
    "duplicate type": ('{"type":"ping","type":"ping","id":1}', {40007}),
    "duplicate id": ('{"type":"ping","id":1,"id":2}', {40007}),
    "duplicate by escape": ('{"type":"ping","id":1,"\\u0069d":2}', {40007, 40004}),
    "unknown field": ('{"type":"ping","id":1,"extra":1}', {40006}),
    "prototype": ('{"type":"ping","id":1,"__proto__":{}}', {40006}),
    "deep extra": ('{"type":"ping","id":1,"x":' + "[" * 100 + "]" * 100 + "}", {40011}),
    "depth 60,000": ('{"type":"ping","id":1,"x":' + "[" * 60_000 + "]" * 60_000 + "}", {40011}),
    "deep objects": ('{"type":"ping","id":1,"x":' + '{"a":' * 15_000 + "1" + "}" * 15_000 + "}", {40011}),
    "lone high surrogate": ('{"type":"ping\\ud800","id":1}', {40001, 40004, 40013}),
    "lone low surrogate": ('{"type":"ping\\udc00","id":1}', {40001, 40004, 40013}),
    "swapped surrogates": ('{"type":"ping\\udc00\\ud800","id":1}', {40001, 40004, 40013}),
    "many keys": ('{"type":"ping","id":1,' + ",".join(f'"k{n}":1' for n in range(9_000)) + "}", {40005, 40006}),
}

BAD_CONTENT: dict[str, tuple[str, set[int]]] = {
    "empty object": ("{}", {40002}),
    "no text": ('{"type":"text"}', {40002}),
    "no type": ('{"text":"x"}', {40002}),
    "text number": ('{"type":"text","text":5}', {40003}),
    "text null": ('{"type":"text","text":null}', {40003, 40002}),
    "type number": ('{"type":5,"text":"x"}', {40003}),
    "empty text": ('{"type":"text","text":""}', {40010}),
    "type with a space": ('{"type":"te xt","text":"x"}', {40009}),
    "type system": ('{"type":"system","text":"x"}', {40008}),
    "type created": ('{"type":"created","text":"x"}', {40008}),
    "type added": ('{"type":"added","text":"x"}', {40008}),
    "type ended": ('{"type":"ended","text":"x"}', {40008}),
    "type role": ('{"type":"role","text":"x"}', {40008}),
    "NUL": ('{"type":"text","text":"a\\u0000b"}', {40004, 40013}),
    "lone surrogate": ('{"type":"text","text":"a\\ud83d"}', {40004, 40013}),
    "duplicate text": ('{"type":"text","text":"a","text":"b"}', {40007}),
    "duplicate deep": ('{"type":"text","text":"a","x":{"y":[{"z":1,"z":2}]}}', {40007}),
    "depth 40": ('{"type":"text","text":"a","x":' + "[" * 40 + "]" * 40 + "}", {40011}),
    "8,001 characters": ('{"type":"text","text":"' + "a" * 8001 + '"}', {40005}),
    "8,001 astral": ('{"type":"text","text":"' + "😀" * 8001 + '"}', {40005}),
    "8,001 combining": ('{"type":"text","text":"' + "e\u0301" * 4000 + 'x"}', {40005}),
    "8,001 escaped": ('{"type":"text","text":"' + "\\u00e9" * 8001 + '"}', {40005}),
}

GOOD_CONTENT: dict[str, str] = {
    "8,000 characters": '{"type":"text","text":"' + "a" * 8000 + '"}',
    "8,000 astral": '{"type":"text","text":"' + "😀" * 8000 + '"}',
    "8,000 astral escaped": '{"type":"text","text":"' + "\\ud83d\\ude00" * 8000 + '"}',
    "8,000 combining": '{"type":"text","text":"' + "e\u0301" * 4000 + '"}',
    "unknown fields": '{"type":"text","text":"x","n":9007199254740993,"f":1.50,"e":1e2,"big":123456789012345678901234,"o":{"b":[null,true]}}',
    "escapes": '{"type":"text","text":"\\u0041\\n\\"\\/\\\\ \u2028 <script>&amp;"}',
    "own type": '{"type":"my.own-type:1","text":"fallback"}',
    "type last": '{"text":"x","type":"text"}',
    "space inside": '{ "type" : "text" ,\t"text" : "x" }',
    "bidi": '{"type":"text","text":"\u202eabc\u202c \u200d \ufeff"}',
    "server words as content": '{"type":"text","text":"x","sender":"u9","sequence":1,"role":"owner","entries":[{"sequence":5}]}',
}

ORIGINS_REFUSED = (
    "http://evil.example", "https://evil.example", "null", "http://localhost.evil.example", "http://127.0.0.1.evil.example",
    "http://127.0.0.1:1", "https://127.0.0.1", "file://", "http://", "garbage", "http://127.0.0.1@evil.example",
)  # fmt: skip


def valid(name: str, fill: dict[str, Any], number: int) -> dict[str, Any]:
    """The request with every field, placeholders filled in."""
    frame: dict[str, Any] = {"type": name.split()[0], "id": number}
    for field in REQUESTS[name]:
        put(frame, field.name, filled(field.value, fill))
    return frame


def put(frame: dict[str, Any], path: str, value: Any) -> None:
    """Sets a field, by its path."""
    *outer, last = path.split(".")
    for name in outer:
        frame = frame[name]
    frame[last] = value


def put_in(frame: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The same frame, with the field set."""
    put(frame, path, value)
    return frame


def drop(frame: dict[str, Any], path: str) -> None:
    *outer, last = path.split(".")
    for name in outer:
        frame = frame[name]
    del frame[last]


def filled(value: Any, fill: dict[str, Any]) -> Any:
    if isinstance(value, str):
        return fill.get(value, value)
    if isinstance(value, list):
        return [filled(item, fill) for item in value]
    return copy.deepcopy(value)


def filled_in(value: Any, fill: dict[str, Any]) -> Any:
    """As `filled`, inside objects too."""
    if isinstance(value, dict):
        return {key: filled_in(item, fill) for key, item in value.items()}
    return filled(value, fill)


def wrong_types() -> Iterator[tuple[str, Field, Any]]:
    for name, fields in REQUESTS.items():
        for field in fields:
            for value in WRONG[field.kind]:
                yield name, field, value


def bad_values(field: Field) -> Iterator[tuple[Any, set[int]]]:
    """Values of the right type that a field must refuse, and with which numbers."""
    match field.kind:
        case "integer":
            for value in (field.lowest - 1, field.highest + 1, -(1 << 63), 1 << 63, 1 << 64):
                yield value, {40004}
        case "word":
            for value in ("", "ADMINISTRATOR", "owner", "everybody", "all ", "x" * 100):
                yield value, {40004}
        case "users":
            longest = field.highest if field.highest < 1 << 20 else 1_000
            if field.lowest or longest >= 1_000:
                yield [], {40004, 40010}
            yield [f"x{n}" for n in range(longest + 1)], {40004}
            yield [f"{n}" for n in range(12_000)], {40004, 40005}
            yield ["u2", "u3", "u2"], {40007}
            for text in IDENTIFIERS_REFUSED:
                yield [text], {40009, 40004, 40010, 40013}
        case "sequences":
            yield [], {40004, 40010}
            yield list(range(1, field.highest + 2)), {40004}
            yield [2, 3, 2], {40007}
            for number in (0, -1, 1 << 53, 1 << 63, 1.5):
                yield [number], {40004, 40003}
        case "identifier":
            for text in IDENTIFIERS_REFUSED:
                yield text, {40009, 40004, 40010, 40013}
        case "text" if field.highest < 1 << 20 and field.name != "emoji":
            yield "x" * (field.highest + 1), {40005}
            yield "x" * 100_000, {40005}
            if field.lowest:
                yield "", {40010}
        # What `data` holds is its owner's business; `positions` has names of conversations for fields.
        case "object" if field.name not in ("data", "positions"):
            yield {"surprise": 1} if field.name in ("rules", "from") else {"type": "created", "text": "x"}, {40006, 40008, 40002}


def numeric_fields() -> Iterator[tuple[str, Field]]:
    for name in (*HARMLESS_REQUESTS, "create"):
        for field in REQUESTS[name]:
            if field.kind == INTEGER:
                yield name, field
