"""What the judge knows: everything its clients did and saw, in the order in which it happened.

A history is one list of records, appended to by all clients of one process, so that its order is the order of
time. The text of an entry is kept once, whoever received it: two receivers saw the same bytes exactly when they
hold the same body number.
"""

from __future__ import annotations

import json
import time
from typing import Any, Iterable, NamedTuple

# Where an entry came from.
EVENT = "event"
PAGE = "page"
SYNCED = "synced"
PREVIEW = "preview"

# What became of a send.
OK = "ok"
FAIL = "fail"
UNKNOWN = "unknown"


class Opened(NamedTuple):
    """A connection is ready."""

    at: float
    connection: int
    client: int
    user: str


class Invoke(NamedTuple):
    """A request that may make an entry is about to be written to the socket. `kind` is the request's type."""

    at: float
    connection: int
    user: str
    kind: str
    conversation: str
    client_id: str
    content: str


class Conflict(NamedTuple):
    """A client id that was used before is about to be sent with other content: an ack would be wrong."""

    at: float
    connection: int
    user: str
    conversation: str
    client_id: str


class Ack(NamedTuple):
    """An `ack` as it came. `conflict` where it answers a send with other content than the first."""

    at: float
    connection: int
    user: str
    conversation: str
    client_id: str
    sequence: int
    message: str
    time: int
    conflict: bool


class Outcome(NamedTuple):
    """What a client learned about one client id in the end. `code` is the error's number, 0 without one."""

    at: float
    user: str
    conversation: str
    client_id: str
    result: str
    code: int


class Received(NamedTuple):
    """An entry as it came over a socket, before anything is dropped."""

    at: float
    connection: int
    source: str
    conversation: str
    sequence: int
    body: int


class Accepted(NamedTuple):
    """An entry that a client took as the next of its conversation. `body` is -1 for the ack of its own message."""

    at: float
    client: int
    conversation: str
    sequence: int
    body: int


class Head(NamedTuple):
    """A head that the server told (heartbeat, behind, page, synced)."""

    at: float
    connection: int
    conversation: str
    head: int


class FinalRead(NamedTuple):
    """All that one user can read of one conversation at the end, over a fresh connection.

    `refused` is the number of the error that the server gave instead, 0 where it answered.
    """

    user: str
    conversation: str
    head: int
    entries: list[tuple[int, int]]
    refused: int


class Summary(NamedTuple):
    """One line of one user's conversation list at the end."""

    user: str
    conversation: str
    role: str
    head: int
    read: int
    unread: int
    visible_from: int


Record = Opened | Invoke | Conflict | Ack | Outcome | Received | Accepted | Head
_RECORDS = {t.__name__: t for t in (Opened, Invoke, Conflict, Ack, Outcome, Received, Accepted, Head)}


class History:
    """Records, bodies, final reads. Written by the clients, read by the checker, kept in a file on request."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.bodies: list[str] = []
        self._numbers: dict[str, int] = {}
        self.finals: list[FinalRead] = []
        self.summaries: list[Summary] = []
        self.baseline: dict[str, int] = {}
        """Heads before the load: entries up to here were made by nobody in this history."""
        self.hidden: set[str] = set()
        """Conversations whose new members do not see what was said before."""
        self.settled: set[int] = set()
        """Clients that stayed, or came back, until the end: they must have everything."""
        self.notes: list[str] = []
        """What broke the protocol in a way that no record holds."""
        self._connections = 0
        self._clients = 0

    def now(self) -> float:
        return time.monotonic()

    def new_connection(self) -> int:
        self._connections += 1
        return self._connections

    def new_client(self) -> int:
        self._clients += 1
        return self._clients

    def body(self, text: str) -> int:
        """The number of this text: the same text, the same number."""
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self.bodies)
            self.bodies.append(text)
        return number

    def save(self, path: str) -> None:
        """Writes one JSON value per line; `load` reads it back."""
        with open(path, "w", encoding="utf-8") as file:
            head = {
                "baseline": self.baseline,
                "hidden": sorted(self.hidden),
                "settled": sorted(self.settled),
                "notes": self.notes,
            }
            file.write(json.dumps(["history", head]) + "\n")
            for text in self.bodies:
                file.write(json.dumps(["body", text]) + "\n")
            for record in self.records:
                file.write(json.dumps([type(record).__name__, *record]) + "\n")
            for final in self.finals:
                file.write(json.dumps(["FinalRead", *final]) + "\n")
            for summary in self.summaries:
                file.write(json.dumps(["Summary", *summary]) + "\n")

    @classmethod
    def load(cls, path: str) -> History:
        history = cls()
        with open(path, encoding="utf-8") as file:
            history._read(json.loads(line) for line in file)
        return history

    def _read(self, lines: Iterable[list[Any]]) -> None:
        for tag, *values in lines:
            if tag == "body":
                self.body(values[0])
            elif tag == "history":
                self.baseline = values[0]["baseline"]
                self.hidden = set(values[0]["hidden"])
                self.settled = set(values[0]["settled"])
                self.notes = values[0]["notes"]
            elif tag == "FinalRead":
                user, conversation, head, entries, refused = values
                self.finals.append(FinalRead(user, conversation, head, [(s, b) for s, b in entries], refused))
            elif tag == "Summary":
                self.summaries.append(Summary(*values))
            else:
                self.records.append(_RECORDS[tag](*values))
