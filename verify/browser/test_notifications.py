"""Notifications of the browser: asked for by a click, one a message, none for what somebody looks at."""

import pytest
from panels import Panel
from wire import Wire

# Headless, nobody sees one: what the page asks for is noted instead.
STAND_IN = """
window.told = [];
window.asked = 0;
window.Notification = class {
  static permission = 'default';
  static requestPermission() {
    window.asked += 1;
    Notification.permission = window.answer ?? 'granted';
    return Promise.resolve(Notification.permission);
  }
  constructor(title, { body, tag }) {
    window.told.push([title, body, tag]);
    window.last = this;
  }
  close() {}
};
"""


@pytest.fixture
def scene(stage):
    ben = stage.wire('Ben')
    driver = stage.pages[0].driver
    script = driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': STAND_IN})
    page = stage.enter(0, 'Ann')
    ann = Wire(stage.direct, name=stage.name('Ann'))
    group = ben.create('Harbour', ann.user)
    page.choose('Harbour')
    yield page, ben, ann, group, stage.name
    ann.close()
    driver.execute_cdp_cmd('Page.removeScriptToEvaluateOnNewDocument', {'identifier': script['identifier']})


def allow(page):
    page.press('Preferences')
    page.until('const e = document.querySelector("#own-notifying"); if (!e) return false; e.click(); return true')
    page.idle()


def look(page, there):
    page.run('parley.attention.force({ visible: arguments[0], focused: arguments[0], active: true })', there)
    page.until('return navigator.locks.query().then(({ held }) => held.some((e) => e.name === "parley-in-front") === arguments[0])', there)


def test_who_looks_elsewhere_is_notified_once(scene):
    page, ben, ann, group, name = scene
    assert page.run('return window.asked') == 0
    allow(page)
    assert page.run('return [window.asked, document.querySelector("#own-notifying").checked]') == [1, True]
    Panel(page).close()
    look(page, True)
    ben.send(group, 'You see this')
    page.shows('You see this')
    look(page, False)
    after = page.mark()
    ann.send(group, 'My own, from elsewhere')
    sequence = ben.send(group, 'You do not see this')
    page.event('notified', after, sequence=sequence)
    message = ben.log(group)[-1]['message']
    assert page.run('return window.told') == [['Harbour', f'{name("Ben")}: You do not see this', message]]

    # At the level of mentions only those; a press on one leads to its conversation.
    ann.request('notify', conversation=group, level='mentions')
    page.until('parley.clock.advance(0); return true')
    page.reload()
    page.event('synced')
    assert page.run('return window.asked') == 0
    page.run('Notification.permission = "granted"')
    look(page, False)
    page.run('location.hash = ""')
    after = page.mark()
    ben.send(group, 'Just talk')
    content = {'type': 'text', 'text': 'Ann?', 'mentions': [ann.user]}
    ben.request('send', conversation=group, client_id='call', content=content)
    page.event('notified', after)
    assert [body for _, body, _ in page.run('return window.told')] == [f'{name("Ben")}: Ann?']
    page.run('window.last.onclick()')
    page.event('opened', after, conversation=group)


def test_a_browser_that_refuses_says_so(scene):
    page, *_ = scene
    page.run('window.answer = "denied"')
    allow(page)
    Panel(page).refused('does not let this page notify you')
    assert not page.run('return document.querySelector("#own-notifying").checked')


def test_two_tabs_tell_of_a_message_once(scene):
    page, ben, ann, group, name = scene
    allow(page)
    Panel(page).close()
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window('tab')
    second = page.driver.current_window_handle
    page.driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': STAND_IN})
    page.open()
    page.event('synced')
    page.run('Notification.permission = "granted"')
    page.run('parley.attention.force({ visible: true, focused: true, active: true })')
    page.driver.switch_to.window(first)
    page.run('parley.attention.force({ visible: false, focused: false, active: true })')
    page.until('return navigator.locks.query().then(({ held }) => held.some((e) => e.name === "parley-in-front"))')
    # Somebody is in front of the other tab.
    seen = ben.send(group, 'You see this')
    page.event('entry', sequence=seen)
    page.idle()
    assert page.run('return window.told') == []
    page.driver.switch_to.window(second)
    page.event('entry', sequence=seen)
    look(page, False)
    missed = ben.send(group, 'You do not see this')
    message = ben.log(group)[-1]['message']
    # Both make it, under one tag: the browser shows one.
    for tab in (second, first):
        page.driver.switch_to.window(tab)
        page.event('notified', sequence=missed)
        assert [tag for *_, tag in page.run('return window.told')] == [message]
    # Off in one is off in all.
    page.run('document.querySelector("button[aria-label=Preferences]").click()')
    page.until('const e = document.querySelector("#own-notifying"); if (!e?.checked) return false; e.click(); return true')
    page.driver.switch_to.window(second)
    page.until('return JSON.parse(localStorage.getItem("parley-preferences")).notifying === false')
    last = ben.send(group, 'Nobody is told of this')
    page.event('entry', sequence=last)
    page.idle()
    assert len(page.run('return window.told')) == 1
    page.driver.close()
    page.driver.switch_to.window(first)
