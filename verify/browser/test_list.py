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
