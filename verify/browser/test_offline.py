"""What a network does: cut, stall, refuse, lose one direction. Nothing is lost, nothing comes twice, all in order."""

import pytest
from selenium.webdriver.common.keys import Keys

from wire import Wire

# The page notices that the network is gone; the browser says so on its console.
CONSOLE = ('net::ERR_', 'WebSocket connection to')


@pytest.fixture
def talk(stage):
    """Ann on a page behind a network that can break, Ben on a wire, one group that Ann looks at."""
    ben = stage.wire('Ben')
    ann = stage.enter(0, 'Ann')
    ann.expect(*CONSOLE)
    group = ben.create('Group', Wire(stage.direct, name=stage.name('Ann')).user)
    ben.send(group, 'before')
    ann.choose('Group')
    return ann, ben, group, stage.proxies[0]


def cut(page, proxy):
    after = page.mark()
    proxy.cut()
    page.event('phase', after, phase='waiting')


def back(page, proxy):
    """The network is there again, and the page's next try need not be waited for."""
    proxy.restore()
    after = page.mark()
    page.until(
        'const [after] = arguments; if (parley.log.some((e) => e.n > after && e.name === "synced")) return true;'
        'parley.clock.advance(1000); return false;', after, what='synced again')
    page.idle()


def test_sixty_messages_missed(talk):
    ann, ben, group, proxy = talk
    cut(ann, proxy)
    expected = ['before'] + [f'missed {number}' for number in range(60)]
    for text in expected[1:]:
        ben.send(group, text)
    back(ann, proxy)
    ann.shows(expected[-1])
    ann.until('return document.querySelectorAll(".rows > .message").length >= 61')
    assert ann.texts() == expected
    ben.send(group, 'and live again')
    ann.shows('and live again')
    assert ann.texts() == [*expected, 'and live again']


def test_the_divider_stands_before_what_was_missed(talk):
    ann, ben, group, proxy = talk
    ann.event('read')
    ann.run('parley.attention.force({ visible: false, focused: false })')
    cut(ann, proxy)
    for number in range(3):
        ben.send(group, f'missed {number}')
    back(ann, proxy)
    ann.shows('missed 2')
    assert ann.run('return document.querySelector(".rows .new + li .text").textContent') == 'missed 0'
    assert ann.summary('Group')['badge'] == '3'


def test_written_offline_goes_out_once_and_in_order(talk):
    ann, ben, group, proxy = talk
    cut(ann, proxy)
    words = [f'offline {number}' for number in range(5)]
    for text in words:
        ann.send(text)
    assert [state for _, _, state in ann.rows()[1:]] == ['queued'] * 5
    ben.send(group, 'meanwhile')
    back(ann, proxy)
    ann.sent(5)
    assert ben.texts(group) == ['before', 'meanwhile', *words]
    assert ann.texts() == ['before', 'meanwhile', *words]


def test_a_cut_between_send_and_ack(talk):
    ann, ben, group, proxy = talk
    proxy.set('deaf')
    ann.send('did it arrive?')
    # The server has it; the page was never told.
    wait_until(lambda: ben.texts(group) == ['before', 'did it arrive?'])
    assert ann.rows()[-1][2] == 'sending'
    cut(ann, proxy)
    ann.until('return document.querySelector(".rows .own:last-child").dataset.state === "queued"')
    ann.send('and this?')
    back(ann, proxy)
    ann.sent(2)
    expected = ['before', 'did it arrive?', 'and this?']
    assert ben.texts(group) == expected
    assert ann.texts() == expected


def wait_until(condition, attempts=200):
    """For what only the server knows; each look is a request of its own."""
    for _ in range(attempts):
        if condition():
            return
    raise AssertionError('waited in vain')


def test_an_ack_takes_nothing_from_the_field(talk):
    ann, ben, group, proxy = talk
    proxy.set('deaf')
    ann.send('the first')
    ann.type('half of the sec')
    ann.until('return document.querySelector(".rows .own").dataset.state === "sending"')
    proxy.set('refuse')
    proxy.drop()
    ann.event('phase', phase='waiting')
    back(ann, proxy)
    ann.sent(1)
    assert ann.find('.composer textarea').get_attribute('value') == 'half of the sec'
    ann.insert('ond')
    ann.find('.composer textarea').send_keys(Keys.ENTER)
    ann.sent(2)
    assert ben.texts(group) == ['before', 'the first', 'half of the second']


def test_logging_out_asks_about_what_was_not_sent(talk):
    ann, ben, group, proxy = talk
    cut(ann, proxy)
    ann.send('on its way')
    ann.press('Log out')
    ann.until('return document.querySelector("dialog.confirm")?.textContent.includes("1 message has not been sent")')
    ann.press('Cancel', 'dialog.confirm')
    back(ann, proxy)
    ann.sent(1)
    assert ben.texts(group) == ['before', 'on its way']
    ann.press('Log out')
    ann.until('return !document.querySelector(".login").hidden')


def test_a_panel_that_cannot_be_loaded_says_so(talk):
    ann, ben, group, proxy = talk
    ann.driver.execute_cdp_cmd('Network.clearBrowserCache', {})
    cut(ann, proxy)
    ann.press('About this conversation')
    ann.until('return document.querySelector("dialog.confirm")?.textContent.includes("could not be loaded")')
    proxy.restore()
    ann.press('Try again', 'dialog.confirm')
    ann.until('return document.querySelector("dialog.panel[open] .big-title")?.textContent === "Group"')
    back(ann, proxy)


def test_a_reload_while_messages_wait(talk):
    ann, ben, group, proxy = talk
    proxy.set('refuse_sockets')
    proxy.drop(sockets_only=True)
    ann.event('phase', phase='waiting')
    words = ['kept one', 'kept two', 'kept three']
    for text in words:
        ann.send(text)
    ann.reload()
    # The list needs the server, the outbox does not: its rows are there before anything else.
    ann.until('return document.querySelector(".shell:not([hidden])") !== null')
    back(ann, proxy)
    ann.until('return document.querySelectorAll(".rows > .message").length >= 4')
    ann.sent(3)
    assert ben.texts(group) == ['before', *words]
    assert ann.texts() == ['before', *words]
    assert ann.driver.execute_async_script(
        'const done = arguments[0]; const open = indexedDB.open("parley"); open.onsuccess = () => {'
        ' const all = open.result.transaction("outbox").objectStore("outbox").getAll();'
        ' all.onsuccess = () => { open.result.close(); done(all.result.length); }; };') == 0


def test_a_load_that_failed_is_tried_again_in_its_place(talk):
    ann, ben, group, proxy = talk
    me = Wire(ben.base, name=ann.find('.me bdi').text)
    long = ben.create('Long', me.user)
    ben.pour(long, [f'line {number}' for number in range(120)])
    # Or all of it would be loaded at once.
    me.request('read', conversation=long, sequence=121)
    me.close()
    status = 'return document.querySelector(".conversation-pane .timeline-status").checkVisibility() && document.querySelector(".conversation-pane .timeline-status").textContent'
    ann.until('return document.querySelectorAll(".conversation").length === 2')
    ann.idle()
    cut(ann, proxy)
    # Nothing of it is here yet: it comes by itself.
    ann.run('[...document.querySelectorAll(".conversation")].find((e) => e.querySelector(".title").textContent === "Long").click()')
    ann.until(status)
    assert ann.run(status) == 'Loading messages …'
    back(ann, proxy)
    ann.until('return document.querySelectorAll(".rows > .message").length > 0')
    ann.idle()
    cut(ann, proxy)
    ann.until('const s = document.querySelector(".scroller"); s.scrollTop = 0; return document.querySelector(".timeline-status button") !== null')
    first = ann.texts()[0]
    back(ann, proxy)
    assert ann.texts()[0] == first
    ann.press('Try again')
    ann.until('return document.querySelector(".rows .text").textContent !== arguments[0]', first)
    ann.until('return !document.querySelector(".conversation-pane .timeline-status").checkVisibility()')


def test_the_list_stands_before_the_socket(talk):
    ann, ben, group, proxy = talk
    # The server has heard that the first was read: what is told while a socket breaks is lost with it.
    ann.advance(1_100)
    ann.event('read')
    ann.idle()
    ann.run('parley.attention.force({ visible: false, focused: false })')
    for number in range(3):
        ben.send(group, f'unread {number}')
    ann.shows('unread 2')
    before = ann.summary('Group')
    assert before['badge'] == '3'
    after = ann.mark()
    ann.advance(1_100)
    ann.event('cached', after)
    proxy.set('refuse_sockets')
    proxy.drop(sockets_only=True)
    ann.reload()
    ann.run('parley.attention.force({ visible: false, focused: false })')
    ann.until('return document.querySelector(".conversation .badge") !== null')
    assert ann.summary('Group') == before
    ben.send(group, 'unread 3')
    back(ann, proxy)
    ann.until('return document.querySelector(".conversation .badge")?.firstChild.textContent === "4"')


def test_a_dead_socket_is_found_by_its_silence(talk):
    ann, ben, group, proxy = talk
    # What is not answered is noticed sooner; here nothing is asked, and what the page loads later has been loaded.
    ann.advance(5_000)
    ann.event('read')
    ann.idle()
    proxy.set('stall')
    ben.send(group, 'into the silence')
    after = ann.mark()
    ann.advance(59_000)
    ann.idle()
    assert ann.run('return parley.log.filter((e) => e.n > arguments[0] && e.name === "lost").length', after) == 0
    ann.advance(2_000)
    assert ann.event('lost', after)['reason'] == 'two heartbeats missed'
    back(ann, proxy)
    ann.shows('into the silence')
    assert ann.texts() == ['before', 'into the silence']


def test_the_banner_is_calm_and_offers_to_retry(talk):
    ann, ben, group, proxy = talk
    banner = 'return !document.querySelector(".banner").hidden'
    cut(ann, proxy)
    assert not ann.run(banner)
    ann.advance(2_500)
    ann.until(banner)
    ann.until('return document.querySelector(".banner [role=status]").textContent === "Offline"')
    proxy.restore()
    after = ann.mark()
    ann.until(
        'const retry = document.querySelector(".banner button"); if (!retry.disabled) retry.click();'
        'return parley.log.some((e) => e.n > arguments[0] && e.name === "synced")', after)
    ann.until('return document.querySelector(".banner").hidden')


def test_two_pages_through_a_flapping_network(stage):
    """Both write while one network breaks again and again: both end with the server's log."""
    ben = stage.enter(1, 'Ben')
    ann = stage.enter(0, 'Ann')
    ann.expect(*CONSOLE)
    wire = Wire(stage.direct, name=stage.name('Ben'))
    group = wire.create('Flap', Wire(stage.direct, name=stage.name('Ann')).user)
    ann.choose('Flap')
    ben.choose('Flap')
    for turn in range(4):
        ann.send(f'ann {turn} a')
        ben.send(f'ben {turn} a')
        cut(ann, stage.proxies[0])
        ann.send(f'ann {turn} b')
        ben.send(f'ben {turn} b')
        back(ann, stage.proxies[0])
    ann.sent(8)
    ben.sent(8)
    for page in (ann, ben):
        page.until('return document.querySelectorAll(".rows > .message").length === 16')
    truth = wire.texts(group)
    assert sorted(truth) == sorted(f'{who} {turn} {part}' for who in ('ann', 'ben') for turn in range(4) for part in 'ab')
    assert [text for text in truth if text.startswith('ann')] == [f'ann {turn} {part}' for turn in range(4) for part in 'ab']
    assert ann.texts() == truth
    assert ben.texts() == truth
