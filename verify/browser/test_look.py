"""Pictures of the main screens in both sizes and schemes, with what can be measured asserted; the rest is for eyes."""

import pytest

from wire import Wire

# Every element that is cut off though nothing says that it may be: text that ends in dots says so.
CLIPPED = """
return [...document.querySelectorAll('h1, h2, p, label, button, .sender, .text, .time, .badge, .banner, .day span, .notice span, input')]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.classList.contains('unseen') && !e.closest('.unseen'))
  .filter((e) => getComputedStyle(e).textOverflow !== 'ellipsis')
  .filter((e) => {
    const r = e.getBoundingClientRect();
    const sideways = r.left < -0.5 || r.right > innerWidth + 0.5;
    return sideways || (e.tagName !== 'INPUT' && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'hidden');
  }).map((e) => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
"""
SMALL_TARGETS = """
const least = matchMedia('(pointer: coarse)').matches ? 44 : 24;
return [...document.querySelectorAll('button, input, textarea, select')]
  .map((e) => e.closest('label.check') ?? e)
  .filter((e) => e.checkVisibility() && !e.closest('p') && !e.classList.contains('subtitle') && !e.classList.contains('link'))
  .filter((e) => { const r = e.getBoundingClientRect(); return Math.min(r.width, r.height) < least; })
  .map((e) => e.tagName + ' ' + e.className + ' ' + e.textContent.slice(0, 20));
"""

# Lines that are higher than the box that holds them, or wider.
OVERFLOWING = """
const wider = [...document.querySelectorAll('dt, dd, .segments, .segment')].filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
  .map((e) => `${e.tagName}.${e.className} ${e.scrollWidth} in ${e.clientWidth}: ${e.textContent.slice(0, 30)}`);
return [...wider, ...[...document.querySelectorAll('button, header, .avatar, .lines, .top, .bottom, .bubble, .meta, .badge, .banner, .me, .chat-names')]
  .filter((e) => e.checkVisibility() && !e.closest('.unseen') && e.scrollHeight > e.clientHeight + 2 && e.clientHeight > 0)
  .map((e) => `${e.tagName}.${e.className} ${e.scrollHeight} in ${e.clientHeight}: ${e.textContent.slice(0, 30)}`)];
"""

VARIANTS = [(size, scheme) for size in ('wide', 'phone') for scheme in ('light', 'dark')]

TALK = [
    ('Ben', 'Morning! The kiosk by the harbour opens at seven.'),
    ('Ben', 'Shall we meet there before the ferry?'),
    ('Cleo', 'Yes please. I bring the map and the big thermos.'),
    ('Ann', 'I can be there at a quarter past.'),
    ('Ann', 'Does anyone still have the tent pegs from last year? I only find five of them, and the small hammer is gone as well.'),
    ('Ben', 'Four here!'),
    ('Cleo', 'אני מביאה לחם'),
    ('Cleo', 'https://example.org/ferry/timetable?from=harbour&to=island&day=saturday'),
]


def shoot(page, shots, name):
    for size, scheme in VARIANTS:
        page.size(size)
        page.scheme(scheme)
        page.idle()
        page.run('return Promise.allSettled(document.getAnimations().map((each) => each.finished)).then(() => true)')
        page.driver.save_screenshot(str(shots / f'{name}-{size}-{scheme}.png'))
        assert page.run('return document.documentElement.scrollWidth <= innerWidth'), (name, size)
        assert page.run(CLIPPED) == [], (name, size)
        assert page.run(SMALL_TARGETS) == [], (name, size)
        # The colours are the same at all sizes, and so is nearly all of the tree.
        assert size != 'wide' or page.axe() == [], (name, scheme)
    page.size('wide')
    page.scheme('light')


def test_log_in(stage, shots):
    page = stage.pages[0]
    page.expect('401')
    page.open()
    shoot(page, shots, 'log-in')
    assert page.run('return document.querySelectorAll("*").length') <= 150
    page.fill_log_in('Nobody', 'wrong password')
    page.until('return !document.querySelector(".problem").hidden')
    shoot(page, shots, 'log-in-refused')


def test_nothing_yet(stage, shots):
    page = stage.enter(0, 'Ann')
    page.until('return !document.querySelector(".empty").hidden')
    shoot(page, shots, 'nothing-yet')


@pytest.fixture
def scene(stage):
    people = {who: stage.wire(who) for who in ('Ann', 'Ben', 'Cleo')}
    ids = {who: wire.user for who, wire in people.items()}
    for title in ('Reading circle', 'House 12', 'Football on Thursdays'):
        other = people['Ben'].create(title, ids['Ann'])
        people['Ben'].send(other, f'The first word in {title}')
    many = people['Cleo'].create('Recipes', ids['Ann'], ids['Ben'])
    for number in range(120):
        people['Cleo'].send(many, f'Recipe number {number + 1}: bread, salt and patience')
    direct = people['Cleo'].direct(ids['Ann'])
    people['Cleo'].send(direct, 'Are you coming tomorrow?')
    group = people['Ben'].create('Island weekend', ids['Ann'], ids['Cleo'])
    for who, text in TALK:
        people[who].send(group, text)
    page = stage.enter(0, 'Ann', register=False)
    return page, people, group


def test_list_and_conversation(stage, shots, scene):
    page, people, group = scene
    page.size('phone')
    shoot(page, shots, 'list')
    page.choose('Island weekend')
    page.send('Then we only need five more.')
    page.sent(1)
    shoot(page, shots, 'conversation')

    page.size('phone')
    assert not page.find('.side').is_displayed()
    page.button('Back to the conversations').click()
    page.until('return document.querySelector(".shell").dataset.pane === "list"')
    assert page.find('.side').is_displayed()
    page.size('wide')

    page.button('New conversation').click()
    page.find('#new-people').send_keys('B')
    page.until('return document.querySelector("dialog .person") !== null')
    page.find('dialog .person').click()
    shoot(page, shots, 'new-conversation')
    page.button('Cancel').click()


@pytest.mark.parametrize('size, text', [('narrow', '100%'), ('wide', '200%'), ('phone', '200%')])
def test_nothing_is_lost_on_a_narrow_screen_or_in_large_text(stage, shots, scene, size, text):
    page, people, group = scene
    page.choose('Island weekend')
    page.size(size)
    page.run('document.documentElement.style.fontSize = arguments[0]', text)
    for pane in ('conversation', 'list', 'preferences', 'keys'):
        if pane == 'list':
            page.run('history.replaceState(null, "", location.pathname + location.search); dispatchEvent(new PopStateEvent("popstate"))')
            page.until('return document.querySelector(".shell").dataset.pane === "list"')
        elif pane == 'preferences':
            page.press('Preferences')
            page.until('return document.querySelector("dialog[open] .preferences .hint") !== null')
        elif pane == 'keys':
            page.press('Keyboard shortcuts')
            page.until('return document.querySelector("dialog[open] .key-sheet") !== null')
        page.idle()
        page.driver.save_screenshot(str(shots / f'{pane}-{size}-{text[:-1]}.png'))
        assert page.run('return document.documentElement.scrollWidth <= innerWidth'), pane
        assert page.run(CLIPPED) == [], pane
        assert page.run(OVERFLOWING) == [], pane


def test_from_right_to_left_nothing_is_lost(stage, shots, scene):
    page, people, group = scene
    page.run('document.documentElement.dir = "rtl"')
    page.choose('Island weekend')
    page.send('Then we only need five more.')
    page.sent(1)
    shoot(page, shots, 'right-to-left')
    place = 'const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.left, innerWidth - r.right]'
    near = {part: page.run(place, part) for part in ('.side', '.own .bubble', '.message:not(.own) .avatar', '.send')}
    assert [left < right for left, right in near.values()] == [False, True, False, True], near
    page.find('.subtitle').click()
    page.until('return document.querySelectorAll("dialog[open] .person").length === 3')
    assert page.run(place, 'dialog.panel')[0] == 0
    # Each text has its own direction, whatever the page has; its time stands at its end.
    said = 'const e = [...document.querySelectorAll(".said")].find((e) => e.textContent.includes(arguments[0]));' \
        'return [getComputedStyle(e).direction, e.querySelector(".text").getBoundingClientRect().left < e.querySelector("time").getBoundingClientRect().left]'
    assert page.run(said, 'Four here!') == ['ltr', True]
    assert page.run(said, 'אני מביאה לחם') == ['rtl', False]


def test_colours_of_the_system_leave_every_line(stage, shots, scene):
    page, people, group = scene
    page.choose('Island weekend')
    page.send('Then we only need five more.')
    page.sent(1)
    page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [{'name': 'forced-colors', 'value': 'active'}]})
    page.idle()
    page.driver.save_screenshot(str(shots / 'forced-colours.png'))
    line = 'const s = getComputedStyle(document.querySelector(arguments[0]), arguments[1] ?? null); return [s.borderTopWidth, s.outlineStyle]'
    assert page.run(line, '.message:not(.own) .bubble')[0] == '1px'
    assert page.run(line, '.own .bubble')[0] == '2px'
    assert page.run(line, '.badge')[0] == '1px'
    assert page.run(line, '.new', '::before')[0] == '1px'
    assert page.run(line, '.conversation[aria-current]')[1] == 'solid'
    assert page.run(line, '.conversation:not([aria-current])')[1] == 'none'


def test_a_long_conversation(stage, shots, scene):
    page, people, group = scene
    page.choose('Recipes')
    page.until('return document.querySelector(".rows .new") !== null')
    shoot(page, shots, 'unread')


def test_offline(stage, shots, scene):
    page, people, group = scene
    page.expect('net::ERR_', 'WebSocket connection to')
    page.choose('Island weekend')
    stage.proxies[0].cut()
    page.event('phase', phase='waiting')
    page.send('Written on the ferry, without a network.')
    page.advance(2_500)
    page.until('return !document.querySelector(".banner").hidden')
    shoot(page, shots, 'offline')


def test_removed_with_a_message_waiting(stage, shots, scene):
    page, people, group = scene
    page.expect('net::ERR_', 'WebSocket connection to')
    page.choose('Island weekend')
    stage.proxies[0].cut()
    page.event('phase', phase='waiting')
    page.send('Too late.')
    people['Cleo'].send(group, 'Goodbye, Ann.')
    page.until('return document.querySelector(".rows .own:last-child").dataset.state === "queued"')
    people['Ann'].request('leave', client_id='gone', conversation=group)
    stage.proxies[0].restore()
    page.until(
        'parley.clock.advance(1000); return document.querySelector(".rows .refusal") !== null')
    assert 'not a member' in page.find('.rows .refusal').text
    assert not page.find('.composer textarea').is_displayed()
    page.until('return !document.querySelector(".composer-area .reason").hidden')
    shoot(page, shots, 'failed')
    page.button('Discard').click()
    page.until('return document.querySelector(".rows .refusal") === null')


def test_members(stage, shots, scene):
    page, people, group = scene
    page.choose('Island weekend')
    page.find('.subtitle').click()
    page.until('return document.querySelectorAll("dialog[open] .person").length === 3')
    shoot(page, shots, 'members')


def test_keyboard_alone(stage, scene):
    """Write to another conversation without a pointer."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    page, people, group = scene

    def press(*keys):
        chain = ActionChains(page.driver)
        for key in keys[:-1]:
            chain.key_down(key)
        chain.send_keys(keys[-1])
        for key in reversed(keys[:-1]):
            chain.key_up(key)
        chain.perform()

    def focused():
        return page.run('const e = document.activeElement; return e.className || e.tagName')

    after = page.mark()
    press(Keys.ALT, Keys.ARROW_DOWN)
    page.event('opened', after)
    page.idle()
    assert focused() == 'TEXTAREA'
    press(Keys.SHIFT, Keys.TAB)
    if focused() == 'jump':
        press(Keys.SHIFT, Keys.TAB)
    assert focused() == 'scroller'
    press(Keys.ARROW_UP)
    assert focused().startswith('message')
    assert page.run('return getComputedStyle(document.activeElement).outlineStyle') == 'solid'
    press(Keys.ARROW_UP)
    press(Keys.ESCAPE)
    assert focused() == 'TEXTAREA'
    press(Keys.ESCAPE)
    assert focused().startswith('conversation')
    after = page.mark()
    press(Keys.ARROW_DOWN)
    press(Keys.ENTER)
    page.event('opened', after)
    page.idle()
    page.insert('by keyboard')
    press(Keys.ENTER)
    page.sent(1)
    assert 'by keyboard' in page.texts()
