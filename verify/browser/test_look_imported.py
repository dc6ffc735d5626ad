"""Real conversations on the page: imported logs, scrolled back through, jumped in, and pictures of them.

The logs are those of PARLEY_SHARED/data/irc where there are some, else the small sample of verify/imports.
"""

import os
import pathlib
import subprocess
import tempfile

import pytest

from conftest import ROOT, command, serving
from test_chat import RECTANGLES, ROWS_MAX
from test_look import shoot
from wire import PASSWORD, Wire

ROOM = '#ubuntu'


def logs():
    shared = os.environ.get('PARLEY_SHARED', str(ROOT.parent / 'shared'))
    real = sorted(pathlib.Path(shared, 'data', 'irc').glob('*.raw.txt'))
    return real or sorted((ROOT / 'verify' / 'imports' / 'sample').glob('*.raw.txt'))


@pytest.fixture(scope='module')
def server():
    """A server on the imported logs, in the place of the empty one."""
    with tempfile.TemporaryDirectory() as folder:
        secret = pathlib.Path(folder, 'password.txt')
        secret.write_text(PASSWORD)
        subprocess.run([*command(), 'import', 'irc', '--data', os.path.join(folder, 'store'), '--owner', 'Librarian', '--title', ROOM,
                        '--owner-password-file', str(secret), *map(str, logs())], cwd=ROOT, check=True, capture_output=True, timeout=300)
        with serving(folder) as port:
            yield port


@pytest.fixture
def room(stage):
    """The owner has the room open; beside it what the server has, read over a socket of his own."""
    page = stage.pages[0]
    page.open()
    page.enter('Librarian')
    wire = Wire(stage.direct, name='Librarian')
    stage.wires.append(wire)
    page.choose(ROOM)
    page.until('return document.querySelectorAll(".rows > .message").length > 0')
    return page, wire


def settled(page):
    page.idle()
    page.run('return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
    page.idle()


def test_imported_history_is_no_news(stage, shots, room):
    page, wire = room
    assert page.summary(ROOM)['badge'] == ''
    settled(page)
    log = wire.request('history', conversation='irc', limit=60)['entries']
    newest = [entry['content']['text'] for entry in reversed(log) if entry['kind'] == 'message']
    assert page.texts()[-8:] == newest[-8:], 'the page opens at the newest'
    names = {row['user']: row['name'] for row in wire.request('users', users=sorted({entry['sender'] for entry in log}))['users']}
    page.until('return [...document.querySelectorAll(".rows .sender")].every((e) => e.textContent !== "" && !e.textContent.startsWith("irc:"))')
    shown = page.run('return [...document.querySelectorAll(".rows .sender")].map((e) => e.textContent)')
    assert set(shown) <= set(names.values()) | {'You'}
    shoot(page, shots, 'imported-newest')


def test_scrolling_back_through_an_imported_room(stage, shots, room):
    """Page by page towards the beginning: nothing moves, few rows are kept, nothing is left out."""
    page, wire = room
    steps = int(os.environ.get('PARLEY_SCROLLS', '25'))
    seen = {}
    for step in range(steps):
        for sequence, text, _ in page.rows():
            seen[sequence] = text
        if page.scroll()['top'] == 0 and step > 0:
            break
        before = page.run('document.querySelector(".scroller").scrollTop -= 1500; ' + RECTANGLES)
        settled(page)
        after = page.run(RECTANGLES)
        assert {key: top for key, top in after.items() if key in before} == {key: top for key, top in before.items() if key in after}
        assert len(page.rows()) <= ROWS_MAX
    first, last = min(seen), max(seen)
    stored = {}
    while last not in stored:
        page_of = wire.request('history', conversation='irc', after=max(stored, default=first - 1), limit=200)
        stored |= {entry['sequence']: entry for entry in page_of['entries']}
        if not page_of['more']:
            break
    expected = {number: entry['content']['text'] for number, entry in stored.items() if entry['kind'] == 'message' and number <= last}
    assert seen == expected
    shoot(page, shots, 'imported-back')


def test_a_reply_leads_to_what_it_answers(stage, shots, room):
    page, wire = room
    # The answer that reaches furthest back among the newest entries.
    entries = wire.request('history', conversation='irc', limit=200)['entries']
    answer = max((entry for entry in entries if 'reply_to' in entry), key=lambda entry: entry['sequence'] - entry['reply_to'])
    page.run('const [from] = arguments; location.hash = location.hash', 0)
    quote = '.conversation-pane li[data-id="%d"] .quote' % answer['sequence']
    for _ in range(60):
        if page.run('const e = document.querySelector(arguments[0]); e?.scrollIntoView({ block: "center" }); return e !== null', quote):
            break
        page.run('document.querySelector(".scroller").scrollTop -= 1500')
        settled(page)
    settled(page)
    page.until('return document.querySelector(arguments[0] + " .quote-text").textContent !== "…"', quote)
    shoot(page, shots, 'imported-replies')
    page.run('document.querySelector(arguments[0]).scrollIntoView({ block: "center" })', quote)
    settled(page)
    after = page.mark()
    page.find(quote).click()
    page.event('jumped', after, sequence=answer['reply_to'])
    original = wire.request('history', conversation='irc', after=answer['reply_to'] - 1, limit=1)['entries'][0]
    assert page.run('return document.querySelector(`.rows li[data-id="${arguments[0]}"] .text`).textContent', answer['reply_to']) == original['content']['text']
    assert len(page.rows()) <= ROWS_MAX


def test_members_of_an_imported_room(stage, shots, room):
    page, wire = room
    page.find('.subtitle').click()
    page.until('return document.querySelectorAll("dialog[open] .person").length >= 3')
    shoot(page, shots, 'imported-about')
