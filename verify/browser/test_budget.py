"""What the page costs: requests, bytes, rows, frames. Counts are gated; seconds are not."""

import re
import urllib.parse
import urllib.request

import pytest
from wire import Wire

# Every entry with what came over the network for it; a file that was kept has none.
LOADED = """
return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .map((e) => [new URL(e.name).pathname, e.transferSize]);
"""
SHIFTS = """
const [done] = arguments;
new PerformanceObserver((list) => done(list.getEntries().filter((e) => !e.hadRecentInput).map((e) => [e.value, ...e.sources.map((s) => s.node?.className ?? '')])))
  .observe({ type: 'layout-shift', buffered: true });
requestAnimationFrame(() => requestAnimationFrame(() => done([])));
"""
# Where each row stands that is on the screen.
SHOWN = """
const port = document.querySelector('.scroller').getBoundingClientRect();
return Object.fromEntries([...document.querySelectorAll('.rows > .message')].map((e) => [e.dataset.key, e.getBoundingClientRect()])
  .filter(([, r]) => r.top >= port.top && r.bottom <= port.bottom).map(([key, r]) => [key, r.top]));
"""
STATIC = re.compile(r"^import [^;]*'(\.[^']+)';|import\('(\.[^']+)'\)", re.MULTILINE)
ROWS_MAX = 160


def depth(url, above=()):
    """The longest chain of scripts that begins with this one: each is asked for only when the one before has come."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    targets = {urllib.parse.urljoin(url, first or second) for first, second in STATIC.findall(text)} - {url, *above}
    return 1 + max((depth(target, (url, *above)) for target in targets), default=0)


def counters(page):
    return page.run('return { ...parley.counters }')


def spent(page, before):
    return {name: value - before[name] for name, value in counters(page).items()}


def metric(page, name):
    page.driver.execute_cdp_cmd('Performance.enable', {})
    return next(each['value'] for each in page.driver.execute_cdp_cmd('Performance.getMetrics', {})['metrics'] if each['name'] == name)


def painted(page):
    page.idle()
    page.run('return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
    page.idle()


def test_a_first_visit_is_small_and_a_later_one_smaller(stage):
    page = stage.pages[0]
    page.driver.execute_cdp_cmd('Network.clearBrowserCache', {})
    page.open()
    assert page.driver.execute_async_script(SHIFTS) == []
    page.enter(stage.name('Ann'), register=True)
    loaded = page.run(LOADED)
    assert len(loaded) <= 12, loaded
    for ending, limit in (('', 180_000), ('.js', 120_000), ('.css', 20_000)):
        assert 0 < sum(size for path, size in loaded if path.endswith(ending)) <= limit, ending
    script = next(path for path, _ in loaded if path.startswith('/app/main.'))
    assert depth(page.base + script) <= 3

    # All that is loaded later, too.
    page.advance(5_000)
    page.until('return performance.getEntriesByType("resource").some((e) => e.name.includes("/app/panels/"))')
    assert sum(size for path, size in page.run(LOADED) if path.endswith('.js')) <= 120_000

    page.reload()
    page.event('synced')
    page.idle()
    assert page.driver.execute_async_script(SHIFTS) == []
    again = [path for path, size in page.run(LOADED) if size > 0 and not path.startswith('/v1/')]
    assert set(again) <= {'/', '/icon.svg'}


def test_a_long_conversation_costs_what_a_short_one_does(stage):
    ann, ben = stage.wire('Ann'), stage.wire('Ben')
    groups = {title: ann.create(title, ben.user) for title in ('First', 'Short', 'Long')}
    for title in ('First', 'Short'):
        ann.pour(groups[title], [f'{number}: a line' for number in range(100)])
    ann.pour(groups['Long'], [f'{number}: a line' for number in range(2_000)])
    page = stage.enter(0, 'Ann', register=False)
    page.choose('First')
    costs = {}
    for title in ('Short', 'Long'):
        before, layouts = counters(page), metric(page, 'LayoutCount')
        page.choose(title)
        costs[title] = {**spent(page, before), 'layouts': metric(page, 'LayoutCount') - layouts}
        assert len(page.rows()) <= 60
        assert costs[title]['requests'] <= 2, costs
    for name in ('requests', 'framesOut', 'transactions', 'commits'):
        assert costs['Long'][name] == costs['Short'][name], (name, costs)
    # A row of the list may have got another time meanwhile.
    for name in ('rowsBuilt', 'layouts'):
        assert costs['Long'][name] <= costs['Short'][name] + 2, (name, costs)


@pytest.mark.parametrize('scrolled', [False, True])
def test_a_flood_costs_a_frame_at_a_time(stage, scrolled):
    """Three hundred messages as fast as the server takes them: more than a hundred a second."""
    ben = stage.wire('Ben')
    page = stage.enter(0, 'Ann')
    group = ben.create('Busy', Wire(stage.direct, name=stage.name('Ann')).user)
    ben.pour(group, [f'{number}: before the flood' for number in range(120)])
    page.choose('Busy')
    page.find('.jump').click() if page.find('.jump').is_displayed() else None
    painted(page)
    if scrolled:
        page.run('document.querySelector(".scroller").scrollTop -= 400')
        painted(page)
    at = page.run(SHOWN)
    page.run('window.frames_seen = 0; (function next() { window.frames_seen += 1; requestAnimationFrame(next); })()')
    before, start = counters(page), page.run('return performance.now()')
    ben.pour(group, [f'{number}: in the flood' for number in range(300)])
    page.until('return document.querySelector(".conversation .preview").textContent.includes("299: in the flood")')
    painted(page)
    frames, seconds = page.run('return [window.frames_seen, (performance.now() - arguments[0]) / 1000]', start)
    cost = spent(page, before)
    assert cost['commits'] <= frames + 1, (cost, frames)
    assert cost['announcements'] <= seconds / 2 + 1
    assert cost['transactions'] <= 8 * seconds + 1
    assert cost['framesOut'] <= 300 / 10 + seconds + 8
    assert len(page.rows()) <= ROWS_MAX
    if scrolled:
        assert at and {key: top for key, top in page.run(SHOWN).items() if key in at} == at
        assert cost['rowsBuilt'] <= ROWS_MAX + cost['commits'], cost


def test_typing_builds_no_row(stage):
    ben = stage.wire('Ben')
    page = stage.enter(0, 'Ann')
    group = ben.create('Words', Wire(stage.direct, name=stage.name('Ann')).user)
    ben.pour(group, [f'{number}: a line' for number in range(100)])
    page.choose('Words')
    page.find('.composer textarea').click()
    painted(page)
    before, layouts = counters(page), metric(page, 'LayoutCount')
    for letter in 'a few words, and no line break among them':
        page.insert(letter)
    page.advance(1_000)
    painted(page)
    cost = spent(page, before)
    assert (cost['rowsBuilt'], cost['commits'], cost['requests']) == (0, 0, 0), cost
    assert metric(page, 'LayoutCount') - layouts <= 41 + 5


def test_switching_leaves_nothing_behind(stage):
    ben = stage.wire('Ben')
    page = stage.enter(0, 'Ann')
    me = Wire(stage.direct, name=stage.name('Ann')).user
    for title in ('One', 'Two', 'Three'):
        group = ben.create(title, me)
        ben.pour(group, [f'{number}: a line with a link, https://example.org/{number}' for number in range(80)])

    def level():
        painted(page)
        page.driver.execute_cdp_cmd('HeapProfiler.collectGarbage', {})
        return [metric(page, name) for name in ('Nodes', 'JSEventListeners', 'Documents')]

    def around(times):
        for _ in range(times):
            for title in ('One', 'Two', 'Three'):
                page.choose(title)
        return level()

    page.driver.execute_cdp_cmd('HeapProfiler.enable', {})
    around(2)
    first = around(1)
    last = around(10)
    # The same conversation is open both times; a few nodes are the list's times and badges.
    assert all(after <= before * 1.02 + 5 for before, after in zip(first, last)), (first, last)


def test_an_idle_page_does_nothing(stage):
    """For as long as the server may be silent: its heartbeats are its own clock's."""
    ben = stage.wire('Ben')
    page = stage.enter(0, 'Ann')
    group = ben.create('Quiet', Wire(stage.direct, name=stage.name('Ann')).user)
    ben.pour(group, ['hello', 'and good night'])
    page.choose('Quiet')
    page.advance(10_000)
    painted(page)
    before, layouts = counters(page), metric(page, 'LayoutCount')
    for _ in range(4):
        page.advance(10_000)
        painted(page)
    cost = spent(page, before)
    assert {name: value for name, value in cost.items() if value and name != 'framesIn'} == {}
    assert metric(page, 'LayoutCount') == layouts
