"""Connections that are too slow or too many, and the end of the server (A3, A12, A52)."""

import time

import pytest
from conftest import Client, Server, error_name, frame


@pytest.fixture(scope="module")
def hasty():
    server = Server("--head-ms", 1500, "--idle-ms", 1500, "--body-ms", 1500)
    yield server
    assert server.is_alive
    assert server.stop() == 0


def test_a12_trickled_head_is_cut(hasty):
    with hasty.connect() as client:
        started = time.monotonic()
        for byte in b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100:
            if not client.send(bytes([byte])):
                break
            time.sleep(0.1)
        assert time.monotonic() - started < 6
        assert client.ended_within(2)


def test_a12_trickled_second_head_is_cut(hasty):
    with hasty.connect() as client:
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response()[2] == b"ok"
        client.send(b"GET /he")
        status, _, body = client.response()
        assert status == 408 and error_name(body) == "timeout"
        assert client.ended_within(1)


def test_a12_idle_connection_is_cut(hasty):
    with hasty.connect() as client:
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response()[2] == b"ok"
        assert client.ended_within(4)


def test_a12_trickled_body_is_cut(hasty):
    with hasty.connect() as client:
        client.send(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            if not client.send(b"a"):
                break
            time.sleep(0.1)
        assert client.ended_within(2)


def test_a3_silent_connections_are_cut_and_cost_little(hasty):
    before = hasty.rss()
    clients = [hasty.connect() for _ in range(1_000)]
    assert hasty.rss() - before < 16 * 1_024
    time.sleep(4.5)
    assert all(client.ended_within(1) for client in clients)
    for client in clients:
        client.close()


def test_a3_connections_per_address_are_capped():
    server = Server("--connections-per-address", 20)
    clients = [server.open() for _ in range(20)]
    with server.connect() as client:
        status, _, body = client.response()
        assert status == 429 and error_name(body) == "too_many_connections"
        assert client.ended_within(1)
    clients.pop().close()
    time.sleep(0.2)
    clients.append(server.open())
    for client in clients:
        client.close()
    assert server.stop() == 0


def test_a52_more_connections_than_files():
    server = Server(files=256)
    clients = []
    for _ in range(400):
        try:
            clients.append(Client(server.address, timeout=5))
        except OSError:
            break
    time.sleep(1)
    assert server.is_alive
    for client in clients:
        client.close()
    time.sleep(1.5)
    with server.open() as client:
        client.send(frame(1, b"still there"))
        assert client.frame() == (1, b"still there")
    assert server.stop() == 0


def test_request_under_way_is_answered_at_shutdown():
    server = Server()
    with server.connect() as client:
        client.send(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
        time.sleep(0.2)
        server.process.terminate()
        time.sleep(0.3)
        client.send(b"lo")
        status, fields, body = client.response()
        assert (status, body, fields["connection"]) == (200, b"hello", "close")
    assert server.process.wait(10) == 0
