"""The way to a conversation: an order that does not run away, and keys that lead there."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from test_look import shoot

ORDER = 'return [...document.querySelectorAll(".conversation .title")].map((e) => e.textContent)'


@pytest.fixture
def scene(stage):
    """Ann on a page, in none of her three groups."""
    ben = stage.wire('Ben')
    ann = stage.wire('Ann')
    groups = {title: ben.create(title, ann.user) for title in ('Anchor', 'Buoy', 'Čluny')}
    for title, group in groups.items():
        ben.send(group, f'first in {title}')
        ann.request('read', conversation=group, sequence=2)
        # The next one is of another millisecond: the list goes by time.
        now = ann.request('ping')['time']
        while ann.request('ping')['time'] == now:
            pass
    page = stage.enter(0, 'Ann', register=False)
    page.until('return document.querySelectorAll(".conversation").length === 3')
    page.idle()
    return page, ben, groups


def test_what_arrives_moves_neither_focus_nor_the_row_under_the_pointer(scene):
    page, ben, groups = scene
    assert page.run(ORDER) == ['Čluny', 'Buoy', 'Anchor']
    page.run('document.querySelectorAll(".conversation")[1].focus()')
    ActionChains(page.driver).move_to_element(page.all('.conversation')[0]).perform()
    ben.send(groups['Anchor'], 'news')
    page.until('return document.querySelector(".conversation.unread .title")?.textContent === "Anchor"')
    assert page.run(ORDER) == ['Čluny', 'Buoy', 'Anchor']
    # The pointer rests: the order is mended, and the focus goes along with its row.
    page.advance(3_000)
    page.until('return document.querySelector(".conversation .title").textContent === "Anchor"')
    assert page.run('return document.activeElement.querySelector(".title").textContent') == 'Buoy'
    # Without a pointer it is right at once.
    ActionChains(page.driver).move_to_element(page.find('.main')).perform()
    ben.send(groups['Buoy'], 'more news')
    page.until('return document.querySelector(".conversation .title").textContent === "Buoy"')


def test_keys_lead_to_a_conversation(scene, shots):
    page, ben, groups = scene
    page.keys((Keys.CONTROL, 'k'))
    page.until('return document.activeElement.matches(".switcher input")')
    shoot(page, shots, 'switcher')
    page.insert('clu')
    page.until('return document.querySelectorAll(".switcher [role=option]").length === 1')
    after = page.mark()
    page.keys(Keys.ENTER)
    page.event('opened', after, conversation=groups['Čluny'])
    page.until('return document.activeElement.matches(".composer textarea")')

    page.keys((Keys.CONTROL, 'k'))
    page.until('return document.activeElement.matches(".switcher input")')
    page.insert('nothing like it')
    page.until('return document.querySelector(".switcher [role=status]").textContent.startsWith("No conversation")')
    page.keys(Keys.ENTER, Keys.ESCAPE)
    page.until('return document.querySelector("dialog[open]") === null && document.activeElement.matches(".composer textarea")')

    ben.send(groups['Anchor'], 'news')
    page.until('return document.querySelector(".conversation.unread") !== null')
    after = page.mark()
    page.keys((Keys.ALT, Keys.SHIFT, Keys.ARROW_UP))
    page.event('opened', after, conversation=groups['Anchor'])


def test_the_sheet_of_keys_is_found_by_key_and_in_the_preferences(scene, shots):
    page, *_ = scene
    page.choose('Buoy')
    page.keys((Keys.CONTROL, '/'))
    page.until('return document.querySelector("dialog[open] .key-sheet") !== null')
    shoot(page, shots, 'keys')
    said = page.run('return [...document.querySelectorAll(".key-sheet dt")].map((e) => e.textContent)')
    assert {'Go to a conversation', 'Reply', 'Latest message', 'New line'} <= set(said)
    page.keys(Keys.ESCAPE)
    page.until('return document.querySelector("dialog[open]") === null && document.activeElement.matches(".composer textarea")')
    page.press('Preferences')
    page.press('Keyboard shortcuts')
    page.until('return document.querySelector("dialog[open] .key-sheet") !== null')


def focused_title(page):
    return page.run('return document.activeElement.querySelector?.(".title")?.textContent')


def unread(page):
    return page.run('return [...document.querySelectorAll(".conversation.unread .title")].map((e) => e.textContent)')


def test_keys_mark_as_read_and_find_the_unread(scene):
    page, ben, groups = scene
    # Where only administrators write one reads as well.
    ben.act('change', groups['Buoy'], rules={'send': 'administrators'})
    for title in ('Anchor', 'Buoy'):
        for number in range(3):
            last = ben.send(groups[title], f'{title} {number}')
    page.until('return document.querySelectorAll(".conversation.unread").length === 2')
    page.until('return document.querySelector(".conversation .title").textContent === "Buoy"')
    page.run('document.querySelectorAll(".conversation")[2].focus()')
    assert focused_title(page) == 'Čluny'
    page.keys('n')
    assert focused_title(page) == 'Buoy'
    after = page.mark()
    page.keys('m')
    page.until('return document.querySelectorAll(".conversation.unread").length === 1')
    assert unread(page) == ['Anchor']
    page.advance(1_000)
    assert page.event('read', after, conversation=groups['Buoy'])['sequence'] == last
    assert focused_title(page) == 'Buoy'
    page.keys('n', 'n')
    assert focused_title(page) == 'Anchor', 'the only one that is left'
    assert page.run('return document.querySelector("[aria-current]")') is None, 'nothing was opened'
    page.reload()
    page.event('synced')
    page.until('return document.querySelectorAll(".conversation").length === 3')
    page.until('return document.querySelectorAll(".conversation.unread").length === 1')
    assert unread(page) == ['Anchor']


def row_menu(page, open_it):
    open_it()
    page.until('return document.querySelector(".message-menu:popover-open") !== null')
    return page.run('return [...document.querySelectorAll(".message-menu:popover-open .menu-text")].map((e) => e.textContent)')


def test_a_row_has_a_menu_for_the_mouse_the_keyboard_and_the_finger(scene, shots):
    page, ben, groups = scene
    ben.send(groups['Anchor'], 'news')
    page.until('return document.querySelector(".conversation.unread .title")?.textContent === "Anchor"')
    row = page.all('.conversation')[0]
    assert row_menu(page, lambda: ActionChains(page.driver).context_click(row).perform()) == ['Mark as read', 'Notifications off', 'About this conversation']
    shoot(page, shots, 'list-menu')
    page.press('Mark as read', '.message-menu:popover-open')
    page.until('return document.querySelector(".conversation.unread") === null')
    assert focused_title(page) == 'Anchor'
    assert row_menu(page, lambda: page.keys((Keys.SHIFT, Keys.F10))) == ['Notifications off', 'About this conversation']
    page.keys(Keys.ENTER)
    page.until('return document.querySelector(".conversation .silent") !== null')
    page.size('phone')
    point = page.run('const r = document.querySelector(".conversation").getBoundingClientRect(); return { x: r.x + 40, y: r.y + 20 }')
    page.driver.execute_cdp_cmd('Input.dispatchTouchEvent', {'type': 'touchStart', 'touchPoints': [point]})
    assert row_menu(page, lambda: page.advance(600)) == ['Notifications on', 'About this conversation']
    page.driver.execute_cdp_cmd('Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []})
    assert page.run('return document.querySelector(".shell").dataset.pane') == 'list', 'the end of the press opens nothing'
    page.press('About this conversation', '.message-menu:popover-open')
    page.until('return document.querySelector("dialog.panel[open] .big-title")?.textContent === "Anchor"')


def test_f6_goes_through_the_parts_of_the_page(scene):
    page, ben, groups = scene

    def part():
        return page.run('const e = document.activeElement; return e.closest("aside, .conversation-pane > .composer-area, .timeline, .list-scroll, .welcome")?.className')

    page.run('document.activeElement.blur()')
    page.keys(Keys.F6)
    assert part() == 'list-scroll'
    page.keys(Keys.F6)
    assert part() == 'welcome'
    page.choose('Buoy')
    ring = ['composer-area', 'list-scroll', 'timeline', 'composer-area']
    assert part() == ring[0]
    for expected in ring[1:]:
        page.keys(Keys.F6)
        assert part() == expected
    for expected in reversed(ring[:-1]):
        page.keys((Keys.SHIFT, Keys.F6))
        assert part() == expected
    # A thread is one more part; where nothing can be written, the composer is none.
    page.keys((Keys.SHIFT, Keys.F6))
    page.keys(Keys.ARROW_UP, 't')
    page.until('return document.activeElement.matches("aside textarea")')
    assert part() == 'thread-pane'
    ben.act('change', groups['Buoy'], rules={'send': 'administrators'})
    page.until('return document.querySelectorAll(".composer-area .reason:not([hidden])").length === 2')
    page.run('document.querySelector("aside .scroller").focus()')
    page.keys((Keys.SHIFT, Keys.F6))
    assert part() == 'timeline'
    page.keys(Keys.F6)
    assert part() == 'thread-pane'
