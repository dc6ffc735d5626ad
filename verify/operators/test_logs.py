"""R119, F40, A50: a log line names the connection as the client knows it, forges nothing, and holds nobody up."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from house import House, ask
from scrape import Scrape
from server import free_port
from wire import enter

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
AGENT = "Browser/1 " + "x" * 300


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("logs"), "--log-format", "json")
    asyncio.run(house.start())
    yield house
    assert asyncio.run(house.drain()) == 0


def lines(house: House) -> list[dict[str, Any]]:
    """The log; every line of it is one object of printable characters."""
    found = []
    for line in house.log.read_text().splitlines():
        if line.startswith("Parley is ready: open http"):
            continue
        assert re.fullmatch(r"[\x20-\x7e]+", line), line
        row = json.loads(line)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["time"]) and {"level", "logger", "message"} <= set(row), row
        found.append(row)
    return found


def of(house: House, key: str, value: str, count: int) -> list[dict[str, Any]]:
    """The lines with this field, as soon as there are so many."""
    deadline = time.monotonic() + 10
    while len(found := [row for row in lines(house) if row.get(key) == value]) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def test_r119_a_log_line_names_the_connection_as_the_client_knows_it(house: House) -> None:
    grant = house.register("Named")

    async def visit(headers: list[tuple[str, str]]) -> str:
        end, _, ready = await enter(house.url, grant["access_token"], additional_headers=headers, user_agent_header=AGENT)
        await end.send('{"type":"ping","id":7}')
        await end.recv()
        await end.close()
        return ready["connection"]

    name = asyncio.run(visit([("traceparent", PARENT)]))
    opened, entered, closed = of(house, "connection", name, 3)
    assert [row["message"] for row in (opened, entered, closed)] == ["connection opened", "logged in", "connection closed"]
    assert {row["trace_id"] for row in (opened, entered, closed)} == {TRACE} and {row["level"] for row in (opened, entered, closed)} == {"info"}
    assert (opened["address"], opened["subprotocol"]) == ("127.0.0.1", "parley.json.1")
    assert opened["agent"].startswith("Browser/1 ") and len(opened["agent"]) == 100
    assert (entered["user"], entered["session"]) == (grant["user"], grant["session"])
    assert (closed["cause"], closed["frames_in"], closed["frames_out"]) == ("closed by the client", 2, 3) and closed["seconds"] in range(10)

    # A trace of our own where the client names none, a wrong one, or two.
    seen = {TRACE}
    for headers in ([], [("traceparent", PARENT.upper())], [("traceparent", PARENT), ("traceparent", PARENT)], [("traceparent", PARENT[:-1])]):
        rows = of(house, "connection", asyncio.run(visit(headers)), 3)
        (trace,) = {row["trace_id"] for row in rows}
        assert re.fullmatch("[0-9a-f]{32}", trace) and trace not in seen
        seen.add(trace)


def test_requests_over_http_have_a_trace_and_a_name(house: House) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = house.ask("GET", "/v1/me", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-00"})
    assert answer.status == 401 and trace not in answer.text and "traceparent" not in answer.headers
    (row,) = [row for row in of(house, "trace_id", trace, 1) if row["message"] == "request answered"]
    assert row["status"] == 401 and re.fullmatch(r"[0-9a-f]+-1", row["request"])


def test_why_a_connection_ended_is_told(house: House) -> None:
    token = house.register("Ended")["access_token"]

    async def visit(last: Any) -> str:
        end, _, ready = await enter(house.url, token)
        await last(end)
        await end.wait_closed()
        return ready["connection"]

    async def breaks(end: Any) -> None:
        await end.send("no json")

    async def vanishes(end: Any) -> None:
        end.transport.abort()

    async def logs_out(_: Any) -> None:
        await asyncio.to_thread(house.ask, "POST", "/v1/logout", None, token)

    for last, cause in ((breaks, "not_json"), (vanishes, ("lost", "socket failed", "left without a close")), (logs_out, "session_ended")):
        closed = of(house, "connection", asyncio.run(visit(last)), 3)[-1]
        assert closed["message"] == "connection closed" and closed["cause"] in cause, closed


def test_f40_a_log_that_nobody_reads_holds_nobody_up(tmp_path: Path) -> None:
    """The pipe is full after 64 KiB: from then on lines are dropped and counted, and clients notice nothing."""
    house, door = House(tmp_path, limits=True), free_port()
    house.process = subprocess.Popen(house.arguments(["--metrics", f"127.0.0.1:{door}"]), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        asyncio.run(house.ready())
        slowest = 0.0
        for _ in range(3_000):
            started = time.monotonic()
            assert house.ask("GET", "/livez").status == 200
            slowest = max(slowest, time.monotonic() - started)
        assert Scrape(ask(door, "GET", "/metrics").text).value("parley_log_lines_dropped_total") > 100
        assert slowest < 2
        house.process.terminate()
        # Its last lines are waited for a second, not for ever.
        assert house.process.wait(12) == 0
    finally:
        house.kill()


def test_a_log_is_whole_when_the_server_has_ended(tmp_path: Path) -> None:
    house = House(tmp_path, "--log-format", "json")
    asyncio.run(house.start())
    assert asyncio.run(house.drain()) == 0
    assert lines(house)[-1]["message"] == "the loops end"


def test_a50_text_lines_are_of_one_form(tmp_path: Path) -> None:
    house = House(tmp_path, "--log-format", "text")
    asyncio.run(house.start())
    with socket.create_connection(("127.0.0.1", house.port), 5) as end:
        agent = 'Evil a=b" level=error \u202e\u9f8d\x85'.encode()
        end.sendall(
            b"GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nUser-Agent: " + agent + b"\r\n\r\n"
        )
        assert end.recv(4096).startswith(b"HTTP/1.1 101 ")
    assert asyncio.run(house.drain()) == 0
    log = house.log.read_text()
    (opened,) = [line for line in log.splitlines() if "connection opened" in line]
    assert re.fullmatch(r'[\d-]+T[\d:.]+Z info parley: connection opened address=127\.0\.0\.1 agent="Evil a=b\\" level=error [\x20-\x7e]*" connection=[0-9a-f]+ subprotocol=parley\.json\.1 trace_id=[0-9a-f]{32}', opened), opened
