"""What is chosen for this browser: theme, density, keys. It is there from the first frame, and in every tab at once."""

import pytest
from panels import Panel
from selenium.webdriver.common.keys import Keys
from test_look import shoot
from test_tabs import Tabs
from wire import Wire

DARK, LIGHT = 'rgb(21, 24, 28)', 'rgb(255, 255, 255)'
GROUND = 'getComputedStyle(document.documentElement).backgroundColor'
# Every ground that a frame is painted with, from the first one on.
WATCH = 'window.grounds = []; (function look() { if (document.documentElement) grounds.push(%s); requestAnimationFrame(look); })();' % GROUND
FIELD = '.conversation-pane .composer textarea'


def prefer(page, name, value):
    """Chooses in the panel, as a person does."""
    page.press('Preferences')
    page.until('const e = document.querySelector(`input[name=own-${arguments[0]}][value=${arguments[1]}]`); if (!e) return false; e.click(); return true', name, value)
    page.press('Close', 'dialog.panel[open]')
    page.until('return document.querySelector("dialog[open]") === null')


@pytest.fixture
def talk(stage):
    """Ann on a page, in a group where Ben wrote."""
    ben = stage.wire('Ben')
    page = stage.enter(0, 'Ann')
    group = ben.create('Harbour', Wire(stage.direct, name=stage.name('Ann')).user)
    for number in range(3):
        ben.send(group, f'word {number}')
    page.choose('Harbour')
    return page, ben, group


def test_the_chosen_theme_is_there_from_the_first_frame(talk):
    page, *_ = talk
    assert page.run(f'return {GROUND}') == LIGHT
    prefer(page, 'theme', 'dark')
    page.until(f'return {GROUND} === arguments[0]', DARK)
    assert page.run('return [...document.querySelectorAll("meta[name=theme-color]")].filter((e) => matchMedia(e.media).matches).map((e) => e.content)') == ['#1e2227']
    # A script that takes its time: whatever could be painted before it has run is painted.
    page.driver.execute_cdp_cmd('Network.enable', {})
    page.driver.execute_cdp_cmd('Network.clearBrowserCache', {})
    page.driver.execute_cdp_cmd('Network.emulateNetworkConditions', {'offline': False, 'latency': 20, 'downloadThroughput': 100_000, 'uploadThroughput': 100_000})
    script = page.driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': WATCH})
    try:
        page.reload()
        page.event('synced')
    finally:
        page.driver.execute_cdp_cmd('Page.removeScriptToEvaluateOnNewDocument', {'identifier': script['identifier']})
        page.driver.execute_cdp_cmd('Network.emulateNetworkConditions', {'offline': False, 'latency': 0, 'downloadThroughput': -1, 'uploadThroughput': -1})
    assert set(page.run('return window.grounds')) == {DARK}
    # Whoever chose one does not follow the system; whoever did not does, also while the page is open.
    page.scheme('dark')
    prefer(page, 'theme', 'light')
    page.until(f'return {GROUND} === arguments[0]', LIGHT)
    prefer(page, 'theme', 'system')
    page.until(f'return {GROUND} === arguments[0]', DARK)
    page.scheme('light')
    page.until(f'return {GROUND} === arguments[0]', LIGHT)


def test_a_choice_is_every_tabs_and_outlives_the_log_in(stage):
    tabs = Tabs(stage)
    tabs[1].press('Preferences')
    tabs[1].until('return document.querySelector("dialog.panel[open] input[name=own-theme]") !== null')
    prefer(tabs[0], 'theme', 'dark')
    prefer(tabs[0], 'density', 'compact')
    tabs[1].until(f'return {GROUND} === arguments[0] && document.documentElement.dataset.density === "compact"', DARK)
    # The panel that is open there says so, too.
    tabs[1].until('return document.querySelector("input[name=own-theme]:checked").value === "dark"')
    tabs.close()
    page = tabs[0]
    page.press('Log out')
    page.event('logged-out')
    assert page.run(f'return {GROUND}') == DARK
    page.reload()
    page.until('return !document.querySelector(".login").hidden')
    assert page.run(f'return {GROUND}') == DARK


def test_enter_breaks_the_line_where_that_was_chosen(talk):
    page, ben, group = talk
    prefer(page, 'enter', 'break')
    field = page.find(FIELD)
    field.click()
    page.insert('one')
    page.keys(Keys.ENTER)
    page.insert('two')
    page.keys((Keys.SHIFT, Keys.ENTER))
    page.insert('three')
    assert field.get_attribute('value') == 'one\ntwo\nthree'
    page.keys((Keys.CONTROL, Keys.ENTER))
    page.sent(1)
    assert ben.texts(group)[-1] == 'one\ntwo\nthree'
    page.keys((Keys.CONTROL, '/'))
    page.until('return document.querySelector("dialog[open] .key-sheet") !== null')
    said = page.run('return Object.fromEntries([...document.querySelectorAll(".key-section dl > div")].map((e) => [e.querySelector("dt").textContent, e.querySelector("dd").innerText.replace(/\\s+/g, " ")]))')
    assert (said['Send'], said['New line']) == ('Ctrl Enter', 'Enter')


def test_on_a_touch_keyboard_enter_breaks_the_line(talk):
    page, ben, group = talk
    page.size('phone')
    field = page.find(FIELD)
    field.click()
    page.insert('one')
    page.keys(Keys.ENTER)
    page.insert('two')
    assert field.get_attribute('value') == 'one\ntwo'
    page.press('Send')
    page.sent(1)
    assert ben.texts(group)[-1] == 'one\ntwo'


def test_single_letters_can_be_switched_off(talk):
    page, ben, group = talk
    reply = 'return !document.querySelector(".conversation-pane .mode").hidden'
    focused = 'return document.activeElement.dataset.id'
    newest = ben.send(group, 'the newest')
    page.until('return document.querySelector(`li[data-id="${arguments[0]}"]`) !== null', newest)

    def focus():
        page.run('document.querySelector(`li[data-id="${arguments[0]}"]`).focus()', newest)

    focus()
    page.keys('k')
    assert page.run(focused) == str(newest - 1)
    page.press('Preferences')
    page.until('const e = document.querySelector("#own-letters"); if (!e?.checked) return false; e.click(); return true')
    Panel(page).close()
    focus()
    page.keys('k', 'r', '+', 'e')
    assert page.run(focused) == str(newest)
    assert not page.run(reply)
    # What is no letter goes on.
    page.keys(Keys.ARROW_UP)
    assert page.run(focused) == str(newest - 1)


def test_compact_shows_more(talk, shots):
    page, ben, group = talk
    heights = 'return [document.querySelector(".conversation").offsetHeight, document.querySelector(".rows").offsetHeight]'
    before = page.run(heights)
    prefer(page, 'density', 'compact')
    page.until('return document.documentElement.dataset.density === "compact"')
    assert all(after < at for after, at in zip(page.run(heights), before))
    # Whoever was at the end still is.
    state = page.scroll()
    assert state['height'] - state['port'] - state['top'] < 1
    shoot(page, shots, 'compact')
