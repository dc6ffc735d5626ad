"""The matrix on trial: the table is whole, and what searches for leaks finds those that are planted.

Run:  .venv/bin/python -m pytest -q verify/access
"""

from __future__ import annotations

from pathlib import Path

import pytest

import names
from canaries import Canaries
from cells import Tally, bare
from table import ALWAYS, STANDINGS, rows
from taps import Tap


def test_every_request_and_route_has_a_row() -> None:
    assert names.missing() == []


def test_an_unlisted_request_and_an_unlisted_route_are_noticed(tmp_path: Path) -> None:
    for folder in ("Sources/ParleyWire/Frames", "Sources/ParleyGateway/HTTP", "docs/golden"):
        (tmp_path / folder).mkdir(parents=True)
    decoder = "".join(f'        case "{name}": return .x\n' for name in sorted({row.type for row in rows()} | {"auth", "grant_all"}))
    (tmp_path / "Sources/ParleyWire/Frames/FrameDecoder.swift").write_text(decoder + '        case "peek", "spy": return .y\n')
    routes = "".join(f'routes.{r.split()[0].lower()}("{r.split()[1]}") {{\n' for r in names.ROUTES)
    (tmp_path / "Sources/ParleyGateway/HTTP/Routes.swift").write_text(routes + 'routes.get("/v1/everything") {\n')
    (tmp_path / "docs/golden/client.txt").write_text('# c\nsecret\t{"type":"secret","id":1}\n')
    (tmp_path / "docs/PROTOCOL.md").write_text((names.ROOT / "docs/PROTOCOL.md").read_text())
    found = " ".join(names.missing(tmp_path))
    for name in ("grant_all", "peek", "spy", "secret", "GET /v1/everything"):
        assert name in found, f"{name} was not noticed: {found}"


def test_each_row_says_something_of_each_standing() -> None:
    for row in rows():
        assert set(row.expected) == set(STANDINGS)
        assert all(code is None or code == 0 or 40000 <= code < 60000 for code in row.expected.values())
    assert set(ALWAYS) == {"anonymous", "expired", "revoked"}


@pytest.mark.parametrize("standing", STANDINGS)
def test_no_standing_is_above_another(standing: str) -> None:
    """Who is not in the group is granted nothing that names it, but the ways in."""
    ways_in = {"join", "join@link", "join@approval", "decline", "decline@other", "link_info"}
    if standing not in ("outsider", "ex", "banned", "invited", "requested"):
        return
    about = {"sync", "create", "create@direct", "users", "preferences", "block", "blocks", "data@account", "presence", "presence@watch", "ping"}
    granted = {row.name for row in rows() if row.expected[standing] == 0}
    assert granted - about <= ways_in | {"join@closed"}
    if standing == "banned":
        assert granted - about == {"link_info"}


def test_a_word_in_the_wrong_hands_is_found() -> None:
    words, ann, ben = Canaries(), Tap("ann", "", 0), Tap("ben", "", 0)
    word = words.plant("a message", {"ann"})
    needle = words.needle("pa1.secret", "a token", {"ben"})
    for tap in (ann, ben):
        tap.keep('{"type":"event","content":{"text":"' + word + '"}}')
    assert [(leak.tap, leak.where) for leak in words.leaks([ann, ben])] == [("ben", "a message")]
    ann.keep(needle)
    assert [(leak.tap, leak.where) for leak in words.leaks([ann, ben])] == [("ann", "a token"), ("ben", "a message")]


def test_a_word_that_comes_again_after_it_was_taken_back_is_found() -> None:
    words, ann = Canaries(), Tap("ann", "", 0)
    word = words.plant("what was recalled", {"ann"})
    ann.keep(f"event {word}")
    words.forbid(ann, word)
    assert words.leaks([ann]) == []
    ann.keep(f"page {word}")
    assert len(words.leaks([ann])) == 1


def test_a_wrong_answer_is_counted() -> None:
    tally = Tally()
    tally.cell("send by outsider", {"type": "ack"}, {40300}, "ack")
    tally.cell("send by member", {"type": "error", "code": 40300, "name": "not_member"}, {0}, "ack")
    tally.cell("send by owner", {"type": "page"}, {0}, "ack")
    tally.cell("send by admin", {"type": "ack"}, {0}, "ack")
    assert (tally.cells, len(tally.wrong)) == (4, 3)
    assert bare({"id": 1, "retry_ms": 5, "code": 2}) == bare({"id": 2, "retry_ms": 6, "code": 2})
