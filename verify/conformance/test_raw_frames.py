"""Frames that no client of ours sends, one threat after the other (A5 to A12, A18). After each the server must be well."""

import struct
import time

import pytest
from conftest import Server, frame, handshake

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def closes_with(server, data, code):
    with server.open() as client:
        client.send(data)
        assert client.close_code() == code
        assert client.ended_within(1)


def test_a5_unmasked_frame_is_refused(steady):
    closes_with(steady, frame(TEXT, b"hello", mask=None), 1002)


@pytest.mark.parametrize("data", [
    *[frame(0, b"a", first=0x80 | bit | TEXT) for bit in (0x40, 0x20, 0x10, 0x70)],
    *[frame(opcode) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    frame(PING, b"", final=False), frame(CLOSE, b"", final=False), frame(PONG, b"", final=False),
    frame(PING, b"x" * 126), frame(CLOSE, b"\x03\xe8" + b"x" * 124), frame(PONG, b"", length=1 << 40, width=8),
    frame(0, b"nothing to continue"), frame(TEXT, b"a", final=False) + frame(TEXT, b"b"),
])
def test_a6_malformed_frame_is_refused(steady, data):
    closes_with(steady, data, 1002)


@pytest.mark.parametrize("length,code", [
    (1 << 63, 1002), ((1 << 64) - 1, 1002), ((1 << 63) + 5, 1002), ((1 << 63) - 1, 1009), (1 << 32, 1009), (131073, 1009),
])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("cut", [10, None])
def test_a7_monstrous_length_is_refused_before_anything_is_allocated(steady, length, code, opcode, cut):
    """CVE-2026-43678: such a frame ended whole processes. With ten bytes not even the mask has come."""
    closes_with(steady, frame(opcode, b"", length=length, width=8)[:cut], code)


@pytest.mark.parametrize("length,width", [(0, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8)])
def test_a7_length_not_in_the_fewest_bytes_is_refused(steady, length, width):
    closes_with(steady, frame(TEXT, b"", length=length, width=width), 1002)


def test_a8_endless_fragments_are_cut_off(steady):
    with steady.open() as client:
        client.send(frame(TEXT, b"a", final=False))
        burst = frame(0, b"a", final=False) * 10_000
        for _ in range(100):
            if not client.send(burst):
                break
        assert client.close_code() == 1009


def test_a8_empty_fragments_are_cut_off(steady):
    with steady.open() as client:
        client.send(frame(TEXT, b"", final=False) + frame(0, b"", final=False) * 1_000)
        assert client.close_code() == 1009


def test_a8_message_over_fragments_has_the_same_limit(steady):
    with steady.open() as client:
        client.send(frame(BINARY, b"x" * 65_536, final=False) + frame(0, b"x" * 65_536, final=False) + frame(0, b"x"))
        assert client.close_code() == 1009


@pytest.mark.parametrize("payload", [
    b"\xc0\x80", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80", b"\xff", b"\xfe", b"\x80", b"\xe2\x82", b"ok \xed\xa0\xbd\xed\xb8\x80",
])
def test_a9_text_that_is_not_utf8_is_refused(steady, payload):
    closes_with(steady, frame(TEXT, payload), 1007)


def test_a9_bad_text_is_refused_before_the_message_ends(steady):
    with steady.open() as client:
        client.send(frame(TEXT, b"a\xff", final=False))
        assert client.close_code() == 1007
    with steady.open() as client:
        client.send(frame(TEXT, b"a\xff" + b"b" * 100)[:12])
        assert client.close_code() == 1007


def test_a9_characters_may_be_cut_anywhere(steady):
    text = "é学😀".encode()
    with steady.open() as client:
        for cut in range(1, len(text)):
            client.send(frame(TEXT, text[:cut], final=False) + frame(0, text[cut:]))
            assert client.frame() == (TEXT, text)


def test_a10_compressed_frame_is_refused(steady):
    closes_with(steady, frame(0, b"\x00" * 100, first=0xC1), 1002)


def test_a11_ping_flood_ends_the_connection(steady):
    with steady.open() as client:
        burst = frame(PING, b"x" * 125) * 1_000
        for _ in range(100):
            if not client.send(burst):
                break
        try:
            assert client.close_code() == 4429
        except OSError:
            pass  # Reset: what we still sent was on its way when the server had had enough.


def test_a11_pong_flood_ends_the_connection(steady):
    closes_with(steady, frame(PONG) * 5_000, 4429)


def test_a11_modest_pings_are_answered(steady):
    with steady.open() as client:
        for number in range(20):
            client.send(frame(PING, b"%d" % number))
            assert client.frame() == (PONG, b"%d" % number)


def test_close_is_echoed_and_what_follows_ignored(steady):
    with steady.open() as client:
        client.send(frame(CLOSE, struct.pack(">H", 3456) + b"bye") + frame(TEXT, b"late"))
        assert client.frame() == (CLOSE, struct.pack(">H", 3456))
        assert client.ended_within(1)


def test_bytes_come_one_by_one(steady):
    with steady.open() as client:
        for byte in frame(TEXT, "Grüße".encode()) + frame(PING, b"x"):
            client.send(bytes([byte]))
        assert client.frame() == (TEXT, "Grüße".encode())
        assert client.frame() == (PONG, b"x")


def test_a18_random_bytes_do_no_harm(steady):
    import random

    random.seed(18)
    for _ in range(200):
        with steady.open() as client:
            client.send(random.randbytes(random.randint(1, 300)))


@pytest.fixture(scope="module")
def hasty():
    """A server with deadlines of a second or two."""
    server = Server(
        "--message-ms", 1500, "--write-ms", 1500, "--heartbeat-ms", 1000)
    yield server
    assert server.is_alive
    assert server.stop() == 0


def test_a12_trickled_frame_is_cut(hasty):
    with hasty.open() as client:
        started = time.monotonic()
        for byte in frame(TEXT, b"x" * 100):
            if not client.send(bytes([byte])):
                break
            time.sleep(0.1)
        assert time.monotonic() - started < 6
        assert client.ended_within(1)


def test_silent_client_is_pinged_then_cut(hasty):
    with hasty.open() as client:
        started = time.monotonic()
        assert client.frame() == (PING, b"")
        assert client.ended_within(5)
        assert 1.5 < time.monotonic() - started < 5


def test_a_sign_of_life_keeps_the_connection(hasty):
    with hasty.open() as client:
        started = time.monotonic()
        while time.monotonic() - started < 5:
            opcode, _ = client.frame()
            assert opcode == PING
            client.send(frame(PONG))
        client.send(frame(TEXT, b"here"))
        while (answer := client.frame())[0] == PING:
            pass
        assert answer == (TEXT, b"here")


def test_a12_a44_reader_that_takes_nothing_is_cut_and_costs_little(hasty):
    before = hasty.rss()
    clients = [hasty.open() for _ in range(20)]
    message = frame(BINARY, b"x" * 60_000)
    for client in clients:
        client.socket.settimeout(0.2)
        for _ in range(200):
            if not client.send(message):
                break
    assert hasty.rss() - before < 20 * 512, f"{hasty.rss() - before} KiB for 20 readers that take nothing"
    time.sleep(4.5)
    for client in clients:
        client.close()
    with hasty.open() as client:
        client.send(frame(TEXT, b"still there"))
        assert client.frame() == (TEXT, b"still there")


def test_shutdown_says_going_away_and_ends_the_process():
    server = Server()
    polite, rude = server.open(), server.open()
    server.process.terminate()
    started = time.monotonic()
    assert polite.close_code() == 1001
    assert time.monotonic() - started < 1
    polite.send(frame(CLOSE, struct.pack(">H", 1001)))
    assert polite.ended_within(1)
    # The other never answers the close: it is cut after 5 s.
    assert rude.close_code() == 1001
    assert server.process.wait(10) == 0
    assert time.monotonic() - started < 7
