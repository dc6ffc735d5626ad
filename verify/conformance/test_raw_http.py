"""Requests that no client of ours sends, one threat after the other (A1, A13 to A15, A18)."""

import pytest
from conftest import KEY, error_name, frame, handshake


def refused(server, request, status, name=None):
    with server.connect() as client:
        client.send(request)
        got, fields, body = client.response()
        assert got == status, (got, body)
        assert fields.get("connection") == "close"
        if name:
            assert error_name(body) == name
        assert client.ended_within(1)
        return fields


# A1: cross-site hijack


@pytest.mark.parametrize("origin", [
    "null", "https://evil.example", "https://app.example.com.evil.example", "https://evil-app.example.com",
    "http://app.example.com", "https://app.example.com:8443", "https://APP.example.com", "HTTPS://app.example.com",
    "https://app.example.com/", "https://app.example.com@evil.example", "http://localhost", "http://127.0.0.1",
    "http://127.0.0.1:1", "http://[::1]:80", "file://", "", "*",
])
def test_a1_foreign_origin_is_refused(steady, origin):
    refused(steady, handshake(steady.port, Origin=origin), 403, "origin_not_allowed")


def test_a1_two_origins_are_refused(steady):
    both = ["https://app.example.com", "https://evil.example"]
    refused(steady, handshake(steady.port, Origin=both), 403, "origin_not_allowed")


@pytest.mark.parametrize("origin", ["https://app.example.com", "http://127.0.0.1:{port}", "https://127.0.0.1:{port}", None])
def test_a1_own_origin_and_programs_are_allowed(steady, origin):
    steady.open(Origin=origin.format(port=steady.port) if origin else None).close()


# A13: upgrade tricks


@pytest.mark.parametrize("headers,status,name", [
    ({"Sec_WebSocket_Version": "8"}, 426, "upgrade_required"),
    ({"Sec_WebSocket_Version": None}, 426, "upgrade_required"),
    ({"Sec_WebSocket_Version": ["13", "13"]}, 426, "upgrade_required"),
    ({"Sec_WebSocket_Version": "13, 8"}, 426, "upgrade_required"),
    ({"Sec_WebSocket_Key": None}, 400, "bad_request"),
    ({"Sec_WebSocket_Key": ""}, 400, "bad_request"),
    ({"Sec_WebSocket_Key": "short"}, 400, "bad_request"),
    ({"Sec_WebSocket_Key": [KEY, KEY]}, 400, "bad_request"),
    ({"Connection": "keep-alive"}, 400, "bad_request"),
    ({"Host": ["a", "b"]}, 400, "bad_request"),
    ({"Host": None}, 400, "bad_request"),
    ({"version": "HTTP/1.0"}, 400, "bad_request"),
    ({"Content_Length": "5"}, 400, "bad_request"),
    ({"Transfer_Encoding": "chunked"}, 400, "bad_request"),
    ({"Sec_WebSocket_Protocol": "chat"}, 400, "bad_request"),
    ({"path": "/v1/wss"}, 404, "not_found"),
    ({"path": "/"}, 404, "not_found"),
    ({"method": "POST"}, 405, "method_not_allowed"),
])
def test_a13_wrong_upgrade_is_refused(steady, headers, status, name):
    fields = refused(steady, handshake(steady.port, **headers), status, name)
    if status == 426:
        assert fields["sec-websocket-version"] == "13"


def test_a13_plain_get_of_the_socket_path_is_told_to_upgrade(steady):
    refused(steady, handshake(steady.port, Upgrade=None, Connection=None), 426, "upgrade_required")


def test_a13_upgrade_to_something_else_is_plain_http(steady):
    with steady.connect() as client:
        client.send(handshake(steady.port, path="/healthz", Upgrade="h2c", Connection="Upgrade, HTTP2-Settings"))
        status, fields, body = client.response()
        assert (status, body, fields["connection"]) == (200, b"ok", "close")
        assert client.ended_within(2)


def test_a13_bytes_after_the_request_are_frames_after_the_101(steady):
    with steady.connect() as client:
        client.send(handshake(steady.port) + frame(1, b"early") + frame(9, b"p"))
        assert client.response()[0] == 101
        assert client.frame() == (1, b"early")
        assert client.frame() == (10, b"p")


def test_a13_bytes_after_a_refused_upgrade_are_not_read(steady):
    with steady.connect() as client:
        client.send(handshake(steady.port, Origin="null") + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response()[0] == 403
        assert client.rest == b"" and client.ended_within(1)


def test_upgrade_after_other_requests_on_one_connection(steady):
    """A proxy may send an upgrade over a connection that it kept."""
    with steady.connect() as client:
        for _ in range(3):
            client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.response()[2] == b"ok"
        client.send(handshake(steady.port))
        assert client.response()[0] == 101
        client.send(frame(1, b"hello"))
        assert client.frame() == (1, b"hello")


@pytest.mark.parametrize("offer,chosen", [
    (None, None), ("parley.json.1", "parley.json.1"), ("other, parley.json.1", "parley.json.1"),
    ("parley.bin.1", "parley.bin.1"), ("parley.bin.2, parley.bin.1, parley.json.1", "parley.bin.1"),
])
def test_subprotocol_is_agreed(steady, offer, chosen):
    with steady.connect() as client:
        client.send(handshake(steady.port, Sec_WebSocket_Protocol=offer))
        status, fields, _ = client.response()
        assert status == 101 and fields.get("sec-websocket-protocol") == chosen
        assert fields["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


# A14: message boundaries


@pytest.mark.parametrize("request_bytes", [
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nhello",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nhello",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"POST /v1/echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET http://b/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
    b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n",
    b"GET /healthz\r\n\r\n",
    b"GARBAGE\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    b"\x00" * 100,
    b"GET /he althz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHo st: a\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
    b"CONNECT /healthz HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
])
def test_a14_malformed_request_is_refused_and_the_connection_closed(steady, request_bytes):
    with steady.connect() as client:
        client.send(request_bytes)
        status, fields, _ = client.response()
        assert status in (400, 413), status
        assert fields["connection"] == "close"
        assert client.ended_within(1)


@pytest.mark.parametrize("request_bytes", [
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: 1\r\n  folded\r\n\r\n",
    b"GET /healthz HTTP/1.1\nHost: a\n\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n",
])
def test_a14_doubtful_request_is_read_in_one_way_or_refused(steady, request_bytes):
    """What the decoder reads leniently must at least not become two requests."""
    with steady.connect() as client:
        client.send(request_bytes)
        status, _, _ = client.response()
        assert status in (200, 400)
        client.socket.settimeout(0.5)
        try:
            assert client.socket.recv(1000) == b""
        except TimeoutError:
            pass


def test_requests_in_one_piece_are_answered_in_order(steady):
    with steady.connect() as client:
        client.send(b"".join(
            b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%02d" % number for number in range(50)))
        for number in range(50):
            status, _, body = client.response()
            assert (status, body) == (200, b"%02d" % number)


def test_client_that_ends_its_direction_gets_its_answers(steady):
    import socket

    with steady.connect() as client:
        client.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        client.socket.shutdown(socket.SHUT_WR)
        for _ in range(3):
            assert client.response()[2] == b"ok"
        assert client.ended_within(1)


def test_http_1_0_is_answered_and_closed(steady):
    with steady.connect() as client:
        client.send(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert client.response()[2] == b"ok"
        assert client.ended_within(1)


def test_head_has_no_body(steady):
    with steady.connect() as client:
        client.send(b"HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response(has_body=False)[0] == 404
        assert client.response()[2] == b"ok"


def test_a_whole_url_of_this_host_is_a_target(steady):
    """RFC 9112, 3.2.2; that of another host is among the doubtful requests of A14."""
    with steady.connect() as client:
        client.send(b"GET http://a/healthz?x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response()[2] == b"ok"
        client.send(b"GET //healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.response()[0] == 404
        client.send(handshake(steady.port, path=f"http://127.0.0.1:{steady.port}/v1/ws"))
        assert client.response()[0] == 101


def test_packed_body_is_not_read(steady):
    request = b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"
    assert refused(steady, request, 415, "unsupported_media_type")["accept-encoding"] == "identity"


def test_wrong_method_is_told_which_there_are(steady):
    with steady.connect() as client:
        for request, methods in ((b"DELETE /healthz", "GET, HEAD"), (b"GET /v1/echo", "POST"), (b"POST /v1/ws", "GET")):
            client.send(request + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            status, fields, body = client.response()
            assert (status, fields["allow"]) == (405, methods) and b"rule" not in body


def test_expectation_is_met_before_the_body(steady):
    with steady.connect() as client:
        client.send(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.response()[0] == 100
        client.send(b"hello")
        assert client.response()[2] == b"hello"


def test_a18_mutated_requests_do_no_harm(steady):
    """Half-right requests from a seed: each connection ends or is answered, and the server stays well."""
    import random

    random.seed(18)
    request = bytearray(handshake(steady.port, Content_Length="5", Transfer_Encoding="chunked", Expect="100-continue"))
    for _ in range(1_000):
        data = bytearray(request)
        for _ in range(random.randint(1, 6)):
            place = random.randrange(len(data))
            match random.randrange(3):
                case 0:
                    data[place] = random.randrange(256)
                case 1:
                    del data[place:place + random.randint(1, 20)]
                case _:
                    data[place:place] = random.randbytes(random.randint(1, 5))
        with steady.connect() as client:
            client.send(bytes(data))


# A15: too much


def test_a15_long_uri(steady):
    for size in (8_193, 100_000, 1_000_000):
        refused(steady, b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long")


def test_a15_endless_uri(steady):
    with steady.connect() as client:
        client.send(b"GET /")
        for _ in range(1_000):
            if not client.send(b"a" * 10_000):
                break
        try:
            assert client.response()[0] == 414
        except OSError:
            pass  # Reset, since we went on sending.


@pytest.mark.parametrize("headers", [
    b"X: " + b"a" * 9_000, b"X" * 9_000 + b": a", b"\r\n".join(b"X-%d: a" % n for n in range(120)),
    b"\r\n".join(b"X-%d: " % n + b"a" * 4_000 for n in range(6)),
])
def test_a15_large_headers(steady, headers):
    refused(steady, b"GET / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n\r\n", 431, "headers_too_large")


def test_a15_three_hundred_thousand_headers(steady):
    """CVE-2026-28980."""
    with steady.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        for _ in range(300):
            if not client.send(b"a: b\r\n" * 1_000):
                break
        try:
            assert client.response()[0] == 431
        except OSError:
            pass


def test_a15_trailers_are_bounded_too(steady):
    with steady.connect() as client:
        client.send(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        for _ in range(300):
            if not client.send(b"a: b\r\n" * 1_000):
                break
        assert client.ended_within(2)


@pytest.mark.parametrize("request_bytes", [
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 131073\r\n\r\n",
    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    + b"10001\r\n" + b"a" * 0x10001 + b"\r\n",
])
def test_a15_large_body(steady, request_bytes):
    refused(steady, request_bytes, 413, "frame_too_large")


def test_largest_body_passes(steady):
    with steady.connect() as client:
        client.send(b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 131072\r\n\r\n" + b"a" * 131072)
        assert client.response()[2] == b"a" * 131072
