#!/usr/bin/env python3
"""The judge: what clients did and saw, and what the server has in the end, in; counts of broken promises, out.

A pure function of the history, linear in its length. It shares nothing with the server: it knows docs/PROTOCOL.md.

Example:  .venv/bin/python verify/judge/checker.py history.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import history as h
from log import Log

VIOLATIONS = (
    "lost", "duplicated", "reordered", "holes", "phantom", "mutated", "pushed_not_stored", "diverged", "gaps",
    "seen_without_right", "unequal_acks", "ack_order", "conflict_acked", "wrong_summary", "protocol",
)  # fmt: skip

EXAMPLES = 5


@dataclass
class Verdict:
    """How often each promise was broken, with the first few examples of each, and how much was looked at."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VIOLATIONS, 0))
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not any(self.counts.values())

    @property
    def broken(self) -> list[str]:
        return [name for name, count in self.counts.items() if count]

    def add(self, name: str, example: str) -> None:
        self.counts[name] += 1
        if len(self.examples[name]) < EXAMPLES:
            self.examples[name].append(example)

    def json(self) -> dict[str, Any]:
        return {"clean": self.clean, "violations": self.counts, "seen": self.seen, "examples": dict(self.examples)}

    def line(self) -> str:
        seen = self.seen
        broken = " ".join(f"{name}={self.counts[name]}" for name in self.broken) or "no violation"
        return (
            f"{broken}; {seen['acked']} acked of {seen['invoked']} invoked ({seen['unknown']} unknown, {seen['refused']} refused), "
            f"{seen['entries']} entries in {seen['conversations']} conversations, {seen['received']} received and "
            f"{seen['accepted']} accepted by {seen['clients']} clients over {seen['connections']} connections"
        )


def check(history: h.History) -> Verdict:
    """Judges a history that has its final reads."""
    verdict = Verdict()
    logs = _logs(history, verdict)
    places = _final_log(history, logs, verdict)
    _records(history, logs, places, verdict)
    _final_reads(history, logs, verdict)
    _summaries(history, logs, verdict)
    for note in history.notes:
        verdict.add("protocol", note)
    verdict.seen["entries"] = sum(len(log.bodies) for log in logs.values())
    verdict.seen["conversations"] = len(logs)
    verdict.seen["told_behind"] = history.behind
    return verdict


def _logs(history: h.History, verdict: Verdict) -> dict[str, Log]:
    """The logs that the final reads show together; readers who disagree are counted."""
    logs: dict[str, Log] = {}
    for final in history.finals:
        log = logs.setdefault(final.conversation, Log(final.conversation))
        if final.refused:
            continue
        log.head = max(log.head, final.head)
        have = log.bodies
        for sequence, body in final.entries:
            if have.setdefault(sequence, body) != body:
                verdict.add(
                    "diverged",
                    f"{log.name} {sequence}: {final.user} reads {history.bodies[body]}, another {history.bodies[have[sequence]]}",
                )
    for log in logs.values():
        if log.bodies:
            log.head = max(log.head, max(log.bodies))
        for sequence in range(1, log.head + 1):
            if sequence not in log.bodies:
                verdict.add("holes", f"{log.name} {sequence}: nobody reads it, the head is {log.head}")
        log.parse(history.bodies)
    return logs


Key = tuple[str, str, str]


def _final_log(history: h.History, logs: dict[str, Log], verdict: Verdict) -> dict[Key, int]:
    """Where each (conversation, sender, client id) stands; one that stands twice is counted."""
    places: dict[Key, int] = {}
    messages: dict[str, str] = {}
    for log in logs.values():
        for sequence, entry in log.entries.items():
            where = f"{log.name} {sequence}"
            if entry["sequence"] != sequence:
                verdict.add("mutated", f"{where}: says that it is {entry['sequence']}")
            key = (log.name, entry["sender"], entry["client_id"])
            other = places.setdefault(key, sequence)
            if other != sequence:
                verdict.add("duplicated", f"{where}: {entry['sender']} {entry['client_id']} stands also at {other}")
            twin = messages.setdefault(entry["message"], where)
            if twin != where:
                verdict.add("duplicated", f"{where}: message id {entry['message']} is also {twin}")
    return places


class _Sent:
    """What a history says of one client id."""

    __slots__ = ("content", "kind", "floor", "times", "ack", "results")

    def __init__(self, invoke: h.Invoke, floor: int) -> None:
        self.content = invoke.content
        self.kind = invoke.kind
        self.floor = floor
        self.times = 1
        self.ack: h.Ack | None = None
        self.results: set[tuple[str, int]] = set()


def _records(history: h.History, logs: dict[str, Log], places: dict[Key, int], verdict: Verdict) -> None:
    users: dict[int, str] = {}
    sent: dict[Key, _Sent] = {}
    newest_ack: dict[str, int] = defaultdict(int)
    stream: dict[tuple[int, str], tuple[int, set[int]]] = {}
    accepted: dict[tuple[int, str], list[int]] = defaultdict(list)
    client_of: dict[int, str] = {}
    counts: dict[str, int] = defaultdict(int)
    nothing = Log("")

    for record in history.records:
        if isinstance(record, h.Received):
            counts["received"] += 1
            log = logs.get(record.conversation, nothing)
            sequence = record.sequence
            if log.bodies.get(sequence) != record.body:
                stored = log.bodies.get(sequence)
                what = "nothing" if stored is None else history.bodies[stored]
                verdict.add(
                    "pushed_not_stored", f"{record.conversation} {sequence}: {record.source} {history.bodies[record.body]}; stored: {what}"
                )
            user = users[record.connection]
            member = log.members.get(user) if log.members else None
            if record.source == h.EVENT:
                if member is None or not member.inside(sequence):
                    verdict.add("seen_without_right", f"{record.conversation} {sequence}: pushed to {user}, not a member then")
                place = (record.connection, record.conversation)
                state = stream.get(place)
                if state is None:
                    stream[place] = (sequence, {sequence})
                else:
                    top, had = state
                    if sequence < top and sequence not in had:
                        verdict.add("reordered", f"{record.conversation} {sequence}: pushed after {top} on connection {record.connection}")
                    had.add(sequence)
                    stream[place] = (max(top, sequence), had)
            elif member is None or not member.readable(sequence, record.conversation in history.hidden):
                verdict.add("seen_without_right", f"{record.conversation} {sequence}: {record.source} to {user}, who may not read it")
        elif isinstance(record, h.Accepted):
            counts["accepted"] += 1
            accepted[(record.client, record.conversation)].append(record.sequence)
        elif isinstance(record, h.Invoke):
            key = (record.conversation, record.user, record.client_id)
            known = sent.get(key)
            if known is None:
                counts["invoked"] += 1
                sent[key] = _Sent(record, newest_ack[record.conversation])
            else:
                known.times += 1
        elif isinstance(record, h.Ack):
            _ack(record, sent, stream, verdict)
            newest_ack[record.conversation] = max(newest_ack[record.conversation], record.sequence)
        elif isinstance(record, h.Outcome):
            known = sent.get((record.conversation, record.user, record.client_id))
            if known is not None:
                known.results.add((record.result, record.code))
        elif isinstance(record, h.Head):
            if record.head > logs.get(record.conversation, nothing).head:
                verdict.add("pushed_not_stored", f"{record.conversation}: told head {record.head}, the log ends before")
        elif isinstance(record, h.Opened):
            users[record.connection] = record.user
            client_of[record.client] = record.user

    _sent(sent, logs, places, history, counts, verdict)
    _accepted(accepted, client_of, logs, history, verdict)
    counts["connections"] = len(users)
    counts["clients"] = len(client_of)
    for name in ("received", "accepted", "invoked", "acked", "unknown", "refused", "connections", "clients"):
        verdict.seen[name] = counts[name]


def _ack(ack: h.Ack, sent: dict[Key, _Sent], stream: dict[tuple[int, str], tuple[int, set[int]]], verdict: Verdict) -> None:
    where = f"{ack.conversation} {ack.sequence}"
    known = sent.get((ack.conversation, ack.user, ack.client_id))
    if known is None:
        verdict.add("protocol", f"{where}: ack of {ack.client_id}, which was never sent")
        return
    if ack.conflict:
        verdict.add("conflict_acked", f"{where}: {ack.client_id} acked with other content than the first")
        return
    if known.ack is None:
        known.ack = ack
    elif known.ack[5:8] != ack[5:8]:
        verdict.add("unequal_acks", f"{where}: {ack.client_id} was {known.ack[5:8]}, is now {ack[5:8]}")
    # The answer to a send that may have been stored before can come at any time; a first one keeps the log's order.
    if known.times == 1 and known.kind != "create":
        place = (ack.connection, ack.conversation)
        state = stream.get(place)
        if state is None:
            stream[place] = (ack.sequence, {ack.sequence})
        else:
            top, had = state
            if ack.sequence < top and ack.sequence not in had:
                verdict.add("ack_order", f"{where}: ack of {ack.client_id} after {top} on connection {ack.connection}")
            had.add(ack.sequence)
            stream[place] = (max(top, ack.sequence), had)


def _sent(
    sent: dict[Key, _Sent], logs: dict[str, Log], places: dict[Key, int], history: h.History, counts: dict[str, int], verdict: Verdict
) -> None:
    nothing = Log("")
    for key, known in sent.items():
        conversation, user, client_id = key
        log = logs.get(conversation, nothing)
        place = places.get(key)
        if known.ack is not None:
            counts["acked"] += 1
            ack = known.ack
            entry = log.entries.get(ack.sequence)
            if entry is None or (entry["sender"], entry["client_id"]) != (user, client_id):
                verdict.add("lost", f"{conversation} {ack.sequence}: {client_id} acked there, stands at {place}")
            elif (entry["message"], entry["time"]) != (ack.message, ack.time):
                verdict.add(
                    "pushed_not_stored",
                    f"{conversation} {ack.sequence}: ack says {ack.message} {ack.time}, log {entry['message']} {entry['time']}",
                )
        elif known.kind == "create" and (h.OK, 0) in known.results:
            counts["acked"] += 1
        elif any(result == h.FAIL for result, _ in known.results):
            counts["refused"] += 1
            if place is not None and known.times == 1:
                verdict.add("phantom", f"{conversation} {place}: {client_id} was refused and is stored")
        else:
            counts["unknown"] += 1
        if place is not None:
            if place <= known.floor:
                verdict.add("reordered", f"{conversation} {place}: {client_id} sent after the ack of {known.floor}")
            if known.kind == "send":
                content = json.dumps(log.entries[place]["content"], ensure_ascii=False, separators=(",", ":"))
                if content != known.content:
                    verdict.add("mutated", f"{conversation} {place}: stored {content[:200]}, sent {known.content[:200]}")
    for key, place in places.items():
        if key not in sent and place > history.baseline.get(key[0], 0) and logs[key[0]].entries[place]["kind"] != "created":
            verdict.add("phantom", f"{key[0]} {place}: {key[1]} {key[2]} was never sent")


def _accepted(
    accepted: dict[tuple[int, str], list[int]], client_of: dict[int, str], logs: dict[str, Log], history: h.History, verdict: Verdict
) -> None:
    for client, user in client_of.items():
        for log in logs.values():
            taken = accepted.get((client, log.name), [])
            have = set(taken)
            if len(have) != len(taken):
                verdict.add("duplicated", f"{log.name}: client {client} accepted an entry twice")
            if any(later <= earlier for earlier, later in zip(taken, taken[1:])):
                verdict.add("reordered", f"{log.name}: client {client} accepted out of order")
            member = log.members.get(user)
            if member is None:
                continue
            last = taken[-1] if taken else 0
            for start, end in zip(member.starts, member.ends):
                # Who was away when his membership ended can no longer read up to its end.
                until = log.head if end is None and client in history.settled else min(last, log.head if end is None else end)
                if end is not None and until == end and end not in have:
                    place = bisect_right(taken, end)
                    until = taken[place - 1] if place else 0
                for sequence in range(start, until + 1):
                    if sequence not in have:
                        verdict.add("gaps", f"{log.name} {sequence}: client {client} ({user}) never got it, its last is {last}")


def _final_reads(history: h.History, logs: dict[str, Log], verdict: Verdict) -> None:
    """What a user reads at the end is exactly what he has a right to."""
    for final in history.finals:
        log = logs[final.conversation]
        where = f"{final.conversation}: final read of {final.user}"
        member = log.members.get(final.user)
        active = member is not None and member.open
        if final.refused:
            if active:
                verdict.add("gaps", f"{where} was refused with {final.refused}, though he is a member")
            continue
        if member is None or not active:
            if final.entries or final.head:
                verdict.add("seen_without_right", f"{where} was answered, though he is not a member")
            continue
        hidden = final.conversation in history.hidden
        have = {sequence for sequence, _ in final.entries}
        if any(later[0] <= earlier[0] for earlier, later in zip(final.entries, final.entries[1:])):
            verdict.add("reordered", f"{where} came out of order")
        for sequence in range(member.starts[-1] if hidden else 1, log.head + 1):
            if sequence not in have and sequence in log.bodies:
                verdict.add("gaps", f"{where} lacks {sequence}")
        for sequence in have:
            if not member.readable(sequence, hidden):
                verdict.add("seen_without_right", f"{where} shows {sequence}")


def _summaries(history: h.History, logs: dict[str, Log], verdict: Verdict) -> None:
    """The conversation list agrees with the logs: head, membership, unread."""
    for line in history.summaries:
        log = logs.get(line.conversation)
        if log is None:
            verdict.add("wrong_summary", f"{line.conversation}: listed for {line.user}, read by nobody")
            continue
        member = log.members.get(line.user)
        active = member is not None and member.open
        where = f"{line.conversation}: the list of {line.user}"
        if (line.role != "none") != active:
            verdict.add("wrong_summary", f"{where} has role {line.role}, member: {active}")
        if not active or line.role == "none":
            continue
        if line.head != log.head:
            verdict.add("wrong_summary", f"{where} has head {line.head}, the log {log.head}")
        after = max(line.read, line.visible_from - 1)
        unread = sum(1 for sequence, sender in log.others_messages if sequence > after and sender != line.user)
        if line.unread != unread and not (line.unread >= 99 and unread >= 99):
            verdict.add("wrong_summary", f"{where} has unread {line.unread}, counted {unread} after {after}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("history", help="a file that kill.py --history wrote")
    verdict = check(h.History.load(parser.parse_args().history))
    print(json.dumps(verdict.json(), indent=2, ensure_ascii=False))
    print(verdict.line(), file=sys.stderr)
    return 0 if verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main())
