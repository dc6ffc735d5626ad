"""R117, B13: what operators are told is what happened, as clients counted it; and nobody else is told."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Iterator

import pytest
import websockets
import yaml
from websockets.asyncio.client import connect

from counting import Counted, Meter
from house import CANARY, ask
from scrape import Scrape, Watched, documented
from server import ROOT

MEMBERS, MESSAGES, REPEATS = 7, 100, 5
PLAN = "".join(f"user {n} member{n} password-{n}\n" for n in range(MEMBERS)) + f"group Hall {' '.join(map(str, range(MEMBERS)))}\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    house = Watched(tmp_path_factory.mktemp("watched"))
    house.tokens = list(house.provision(PLAN).values())
    yield house.begin()
    assert house.alive() and asyncio.run(house.drain()) == 0


async def hall(end: Counted) -> str:
    answer = await end.must({"type": "sync", "positions": {}})
    return next(row["conversation"] for row in answer["conversations"] if row["title"] == "Hall")


def grown(before: Scrape, after: Scrape, metric: str, /, **labels: object) -> float:
    return after.value(metric, **labels) - before.value(metric, **labels)


def test_every_metric_is_there_and_counters_only_rise(house: Watched) -> None:
    first, second = house.scrape(), house.scrape()
    assert first.types == second.types == documented()
    later = second.rising()
    assert [key for key, value in first.rising().items() if later[key] < value] == []
    assert set(first.samples) == set(second.samples), "no label comes or goes with what happens"
    assert first.value("parley_ready") == first.value("parley_store_up") == 1
    assert 0 < first.value("process_open_fds") < first.value("process_max_fds")
    assert first.value("process_resident_memory_bytes") == pytest.approx(house.memory(), rel=0.2)
    assert 0 <= time.time() - first.value("process_start_time_seconds") < 120
    assert first.value("parley_database_bytes") > 0 and first.value("parley_data_free_bytes") > 0
    assert [labels for (name, labels) in first.samples if name == "parley_build_info"] == [frozenset({("version", version(house))})]


def version(house: Watched) -> str:
    return subprocess.run([*house.tool, "--version"], capture_output=True, text=True, timeout=20).stdout.strip()


def test_numbers_are_what_clients_counted(house: Watched) -> None:
    def written() -> float:
        return grown(before, house.scrape(), "parley_positions_written_total")

    async def talk() -> tuple[Meter, Scrape, int]:
        meter = Meter()
        ends = [await Counted.open(house.url, f"member{n}", token, meter) for n, token in enumerate(house.tokens)]
        group = await hall(ends[0])
        send = lambda number: {"type": "send", "conversation": group, "client_id": f"c{number}", "content": {"type": "text", "text": f"message {number} 好"}}
        acks = []
        # Two at once, so that batches are mixed, and no more than may be in flight.
        for first in range(0, MESSAGES, 50):
            acks += await asyncio.gather(*[await ends[number % 2].put(send(number)) for number in range(first, first + 50)])
        assert [ack for ack in acks if ack["type"] != "ack"] == []
        again = [await ends[number % 2].ask(send(number)) for number in range(REPEATS)]
        assert [ack["sequence"] for ack in again] == [ack["sequence"] for ack in acks[:REPEATS]]
        for _ in range(4):
            assert (await ends[1].ask({"type": "send", "conversation": "nowhere", "client_id": "x", "content": {"type": "text", "text": "x"}}))["code"] == 40300
        assert (await ends[2].ask({"type": "history", "conversation": "nowhere", "after": 0, "limit": 1}))["code"] == 40300
        for _ in range(3):
            assert (await ends[2].ask({"type": "nonsense"}))["code"] == 40001
        last = max(ack["sequence"] for ack in acks)
        for end in ends[1:4]:
            await end.must({"type": "read", "conversation": group, "sequence": last, "delivered": last})
        async with asyncio.timeout(20):
            while meter.frames["< event"] < (MEMBERS - 1) * MESSAGES or written() < 3:
                await asyncio.sleep(0.05)
        # Nobody asks and nobody is told anything between this look and the count.
        scraped = await asyncio.to_thread(house.scrape)
        open_now = len(ends)
        for end in ends:
            await end.close()
        return meter, scraped, open_now

    before = house.scrape()
    for _ in range(3):
        assert house.ask("POST", "/v1/login", {"name": "member1", "password": f"wrong {CANARY}"}).status == 401
    meter, after, open_now = asyncio.run(talk())
    sent, told = ([key for key in meter.frames if key.startswith(way)] for way in "><")
    expected = {
        "parley_messages_accepted_total": MESSAGES,
        "parley_entries_stored_total": MESSAGES,
        "parley_deliveries_total": meter.frames["< event"],
        "parley_acks_total": meter.frames["< ack"],
        "parley_duplicates_answered_total": REPEATS,
        "parley_frames_received_total": sum(meter.frames[key] for key in sent),
        "parley_frames_sent_total": sum(meter.frames[key] for key in told),
        "parley_received_bytes_total": sum(meter.bytes[key] for key in sent),
        "parley_sent_bytes_total": sum(meter.bytes[key] for key in told),
        "parley_connections_opened_total": open_now,
        "parley_commit_rows_sum": MESSAGES,
        "parley_positions_written_total": 3,
    }
    assert {name: grown(before, after, name) for name in expected} == expected
    assert meter.frames["< event"] == (MEMBERS - 1) * MESSAGES and meter.frames["< ack"] == MESSAGES + REPEATS
    assert 1 <= grown(before, after, "parley_commit_rows_count") <= MESSAGES
    assert grown(before, after, "parley_commit_duration_seconds_count") == grown(before, after, "parley_commit_rows_count")
    assert grown(before, after, "parley_refusals_total", code=40300, name="not_member") == 5
    assert grown(before, after, "parley_refusals_total", code=40001, name="unknown_type") == 3
    assert grown(before, after, "parley_account_requests_total", request="login", outcome="wrong") == 3
    assert after.value("parley_connections", encoding="json", state="live") == open_now


def test_connections_by_state_and_encoding(house: Watched) -> None:
    def connections(scrape: Scrape) -> dict[str, float]:
        return {f"{e} {s}": scrape.value("parley_connections", encoding=e, state=s) for e in ("json", "binary") for s in ("live", "waiting")}

    async def settled(wanted: dict[str, float]) -> None:
        async with asyncio.timeout(10):
            while connections(await asyncio.to_thread(house.scrape)) != wanted:
                await asyncio.sleep(0.02)

    async def come_and_go() -> None:
        none = {"json live": 0, "json waiting": 0, "binary live": 0, "binary waiting": 0}
        await settled(none)
        binary = await connect(house.url, subprotocols=[websockets.Subprotocol("parley.bin.1")], proxy=None)
        plain = await Counted.open(house.url, "member0", house.tokens[0], Meter())
        await settled({**none, "binary waiting": 1, "json live": 1})
        await binary.close()
        await plain.close()
        await settled(none)

    asyncio.run(come_and_go())


def test_receipts_are_counted_as_they_go_out(house: Watched) -> None:
    async def talk() -> tuple[Meter, Scrape]:
        meter = Meter()
        writer, reader = [await Counted.open(house.url, f"member{n}", house.tokens[n], meter) for n in (5, 6)]
        group = await hall(writer)
        ack = await writer.must({"type": "send", "conversation": group, "client_id": "receipts", "content": {"type": "text", "text": "seen?"}})
        await writer.must({"type": "receipts", "conversation": group, "sequences": [ack["sequence"]]})
        asked = meter.frames["< receipts"]
        await reader.must({"type": "read", "conversation": group, "sequence": ack["sequence"], "delivered": ack["sequence"]})
        async with asyncio.timeout(10):
            while meter.frames["< receipts"] == asked:
                await asyncio.sleep(0.02)
        scraped = await asyncio.to_thread(house.scrape)
        for end in (writer, reader):
            await end.close()
        meter.frames["< receipts"] -= asked
        return meter, scraped

    before = house.scrape()
    meter, after = asyncio.run(talk())
    assert grown(before, after, "parley_receipt_frames_total") == meter.frames["< receipts"] == 1
    assert 40 < grown(before, after, "parley_receipt_bytes_total") < 400


# A49: for operators only


def test_a49_the_two_doors_do_not_mix(house: Watched) -> None:
    assert house.ask("GET", "/metrics").status == 404
    for method, path in (
        ("GET", "/"), ("GET", "/v1/me"), ("POST", "/v1/login"), ("GET", "/v1/openapi.json"), ("GET", "/metrics/"), ("GET", "//metrics"), ("GET", "/debug/pprof"),
    ):  # fmt: skip
        answer = ask(house.door, method, path)
        assert answer.status == 404 and not [name for name in answer.headers if name.startswith("access-control")], (path, answer)
    assert ask(house.door, "POST", "/metrics", "x").status == ask(house.door, "DELETE", "/readyz").status == 405
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert ask(house.door, "GET", "/v1/ws", headers=upgrade).status == ask(house.door, "GET", "/metrics", headers=upgrade).status == 404


def test_the_operators_door_is_bounded_too(house: Watched) -> None:
    idle = [socket.create_connection(("127.0.0.1", house.door), 5) for _ in range(80)]
    refused = 0
    for end in idle:
        end.settimeout(0.05)
        try:
            refused += end.recv(64).startswith(b"HTTP/1.1 429 ")
        except TimeoutError:
            pass
        except ConnectionError:
            refused += 1
    for end in idle:
        end.close()
    assert refused == 16, "64 at once, the others are sent away"
    assert ask(house.door, "GET", "/metrics", headers={"X": "y" * 9_000}).status == 431


# F32: liveness is not readiness


def test_f32_life_and_readiness_are_two_questions(house: Watched) -> None:
    for port in (house.port, house.door):
        for path in ("/livez", "/readyz", "/healthz"):
            assert ask(port, "GET", path).body == {"status": "ok"}
            head = ask(port, "HEAD", path)
            assert (head.status, head.headers["content-length"], head.text) == (200, "15", ""), "wget --spider, and many that ask so"
            for other in ("/" + path, path + "/"):
                assert ask(port, "GET", other).status == 404, "a path has one spelling"
    assert ask(house.port, "GET", "/readyz?verbose").body == {"status": "ok"}, "the public door says no more"
    assert ask(house.door, "GET", "/readyz?verbose").body == {"status": "ok", "checks": {"started": True, "accepting": True, "storing": True}}


def test_f32_who_drains_lives_and_is_not_ready(tmp_path: Path) -> None:
    """A client that does not answer the close holds the drain up for some seconds: time to look."""
    house = Watched(tmp_path).begin()
    key = b"GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    with socket.create_connection(("127.0.0.1", house.port), 5) as silent:
        silent.sendall(key)
        assert silent.recv(4096).startswith(b"HTTP/1.1 101 ")
        assert house.process is not None
        house.process.terminate()
        deadline = time.monotonic() + 3
        while (ready := ask(house.door, "GET", "/readyz?verbose")).status != 503:
            assert time.monotonic() < deadline
        assert ready.body == {"status": "unavailable", "failed": ["accepting"], "checks": {"started": True, "accepting": False, "storing": True}}
        assert ask(house.door, "GET", "/livez").status == 200 and house.scrape().value("parley_ready") == 0
    assert house._wait(15) == 0


# docs/deploy/alerts.yml


def test_alerts_are_about_metrics_that_exist() -> None:
    groups = yaml.safe_load((ROOT / "docs/deploy/alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 3
    known = set(documented())
    for rule in rules:
        assert {"alert", "expr", "for", "labels", "annotations"} <= set(rule) and rule["annotations"]["summary"]
        for name in re.findall(r"\b(?:parley|process)_[a-z_]+", rule["expr"]):
            assert re.sub(r"_(bucket|count|sum)$", "", name) in known or name in known, name
