"""Members, their roles and measures against them, and a group's settings: as people press it, on a real server."""

import json

import pytest
from selenium.webdriver.common.keys import Keys

from panels import PANEL, Panel
from wire import Refused, Wire

ROWS_IN_A_LIST = 60


@pytest.fixture
def group(stage):
    """Ann owns it and sits before the first page; Ben, Cleo and Dan are members."""
    people = {who: stage.wire(who) for who in ('Ann', 'Ben', 'Cleo', 'Dan')}
    conversation = people['Ann'].create('Island weekend', *(people[who].user for who in ('Ben', 'Cleo', 'Dan')))
    page = stage.enter(0, 'Ann', register=False)
    page.choose('Island weekend')
    return page, Panel(page), people, conversation, stage.name


def test_members_are_listed_with_roles_and_who_is_online(stage, group):
    page, panel, people, conversation, name = group
    people['Ann'].act('role', conversation, user=people['Ben'].user, role='administrator')
    page.find('.subtitle').click()
    panel.title('Members')
    panel.shows(name('Ben'), 'Administrator')
    assert panel.people() == [(name('Ann'), 'You, Owner'), (name('Ben'), 'Administrator'), (name('Cleo'), ''), (name('Dan'), '')]
    page.until('return document.querySelector(".members .count").textContent === "4 members, 4 online"')
    assert len(page.all(f'{PANEL} .online-dot')) == 4
    page.find('.members input[type=search]').send_keys('cle')
    page.until(f'return document.querySelectorAll("{PANEL} .person").length === 1')
    assert panel.people() == [(name('Cleo'), '')]
    page.find('.members input[type=search]').send_keys('xx')
    page.until('return document.querySelector(".windowed-foot").textContent === "Nobody here has such a name."')


def test_the_owner_gives_and_takes_roles(stage, group):
    page, panel, people, conversation, name = group
    ben = stage.enter(1, 'Ben', register=False)
    ben.choose('Island weekend')
    page.find('.subtitle').click()
    assert panel.menu(name('Ben')) == ['Profile', 'Make administrator', 'Make owner …', 'Mute for 10 minutes', 'Mute for 1 hour', 'Mute for 1 day', 'Mute until unmuted', 'Remove …', 'Ban …']
    panel.choose('Make administrator')
    panel.told(f'{name("Ben")} is an administrator now.')
    panel.shows(name('Ben'), 'Administrator')
    ben.tells(f'{name("Ann")} made you an administrator')
    page.tells(f'You made {name("Ben")} an administrator')

    # What an administrator is offered, and what not.
    of_ben = Panel(ben)
    ben.find('.subtitle').click()
    of_ben.shows(name('Ann'), 'Owner')
    assert of_ben.menu(name('Ann')) == ['Profile']
    ben.keys(Keys.ESCAPE)
    assert of_ben.menu(name('Cleo')) == ['Profile', 'Mute for 10 minutes', 'Mute for 1 hour', 'Mute for 1 day', 'Mute until unmuted', 'Remove …', 'Ban …']

    # His menu still stands there when he is made an ordinary member: the server has the last word.
    people['Ann'].act('role', conversation, user=people['Ben'].user, role='member')
    ben.tells(f'{name("Ann")} made you an ordinary member')
    of_ben.choose('Mute for 1 hour')
    of_ben.refused('administrators')
    assert of_ben.menu(name('Cleo')) == ['Profile']


def test_muting_stops_who_writes_until_it_ends(stage, group):
    page, panel, people, conversation, name = group
    cleo = stage.enter(1, 'Cleo', register=False)
    cleo.choose('Island weekend')
    cleo.type('Half a sentence')
    page.find('.subtitle').click()
    panel.menu(name('Cleo'))
    panel.choose('Mute for 10 minutes')
    panel.told(f'{name("Cleo")} is muted.')
    page.until(f'return [...document.querySelectorAll("{PANEL} .detail")].some((e) => e.textContent.startsWith("Muted until"))')
    cleo.until('return document.querySelector(".composer-area .reason").textContent.startsWith("You are muted here until ")')
    assert not cleo.find('.composer textarea').is_displayed()
    with pytest.raises(Refused):
        people['Cleo'].send(conversation, 'no')
    panel.close()
    panel.about()
    panel.go('Muted members')
    page.until(f'return document.querySelectorAll("{PANEL} .person").length === 1')
    panel.menu(name('Cleo'))
    panel.choose('Unmute')
    panel.told(f'{name("Cleo")} may write again.')
    page.until('return document.querySelector(".windowed-foot").textContent === "Nobody is muted."')
    cleo.until('return document.querySelector(".composer-area .reason").hidden')
    assert cleo.find('.composer textarea').get_attribute('value') == 'Half a sentence'

    # Time alone ends it as well, on the page's own clock.
    people['Ann'].act('mute', conversation, user=people['Cleo'].user, until=page.run('return parley.clock.now()') + 3_600_000)
    cleo.until('return !document.querySelector(".composer-area .reason").hidden')
    cleo.advance(3_600_000)
    cleo.until('return document.querySelector(".composer-area .reason").hidden')


def test_who_is_removed_or_banned_goes_at_once(stage, group):
    page, panel, people, conversation, name = group
    dan = stage.enter(1, 'Dan', register=False)
    dan.choose('Island weekend')
    page.find('.subtitle').click()
    panel.menu(name('Cleo'))
    panel.choose('Remove …')
    panel.agree('Cancel')
    panel.shows(name('Cleo'))
    panel.menu(name('Cleo'))
    panel.choose('Remove …')
    panel.agree('Remove')
    panel.told(f'{name("Cleo")} was removed.')
    panel.lacks(name('Cleo'))
    page.find('.members .check').click()
    panel.shows(name('Cleo'), 'No longer a member')
    page.find('.members .check').click()

    panel.menu(name('Dan'))
    panel.choose('Ban …')
    panel.agree('Ban')
    panel.told(f'{name("Dan")} was banned.')
    dan.until('return document.querySelector(".composer-area .reason").textContent.startsWith("You are no longer a member")')
    assert dan.notices()[-1] == f'{name("Ann")} banned you'
    after = dan.mark()
    people['Ann'].send(conversation, 'Not for Dan')
    page.shows('Not for Dan')
    dan.idle()
    assert dan.run('return parley.log.some((e) => e.n > arguments[0] && e.name === "entry")', after) is False

    panel.close()
    panel.about()
    panel.go('Banned people')
    panel.shows(name('Dan'))
    page.press(f'Lift the ban: {name("Dan")}', PANEL)
    panel.told(f'{name("Dan")} may join again.')
    panel.lacks(name('Dan'))
    page.tells(f'You lifted the ban on {name("Dan")}')


def test_people_are_added(stage, group):
    page, panel, people, conversation, name = group
    stage.wire('Eve')
    page.find('.subtitle').click()
    panel.title('Members')
    page.press('Add people', PANEL)
    page.find('#pick-people').send_keys(name('Eve'))
    page.until('return document.querySelector(".pick .person") !== null')
    page.find('.pick .person').click()
    page.press('Add', PANEL)
    panel.told('One person was added.')
    panel.title('Members')
    panel.shows(name('Eve'))
    page.tells(f'You added {name("Eve")}')
    assert page.find('.subtitle').text == '5 members'


def test_an_owner_gives_the_group_away_before_leaving(stage, group):
    page, panel, people, conversation, name = group
    panel.about()
    page.press('Leave the group', PANEL)
    panel.agree('Choose a member')
    panel.title('Members')
    panel.menu(name('Ben'))
    panel.choose('Make owner …')
    panel.agree('Make owner')
    panel.shows(name('Ben'), 'Owner')
    panel.shows(name('Ann'), 'You, Administrator')
    page.tells(f'You made {name("Ben")} the owner')
    panel.back()
    page.press('Leave the group', PANEL)
    panel.agree('Leave')
    page.until('return document.querySelector("dialog.panel").open === false')
    page.until('return document.querySelector(".composer-area .reason").textContent.startsWith("You are no longer a member")')
    assert [entry['kind'] for entry in people['Ben'].log(conversation)][-2:] == ['transferred', 'left']


def test_a_group_is_dissolved_by_typing_its_title(stage, group):
    page, panel, people, conversation, name = group
    ben = stage.enter(1, 'Ben', register=False)
    ben.choose('Island weekend')
    panel.about()
    page.press('Dissolve the group', PANEL)
    page.insert('Island')
    assert not page.find('dialog.confirm .danger').is_enabled()
    page.insert(' weekend')
    panel.agree('Dissolve')
    panel.told('The group was dissolved.')
    panel.lacks('Dissolve the group')
    for each in (page, ben):
        each.until('return document.querySelector(".composer-area .reason").textContent.startsWith("This group was dissolved")')
        each.until('return document.querySelector(".conversation .tag")?.textContent === "Dissolved"')
    ben.tells(f'{name("Ann")} dissolved the group')
    with pytest.raises(Refused):
        people['Ben'].send(conversation, 'too late')


def test_settings_are_saved_and_seen_by_all(stage, group):
    page, panel, people, conversation, name = group
    ben = stage.enter(1, 'Ben', register=False)
    ben.choose('Island weekend')
    panel.about()
    panel.go('Group settings')
    page.press('Save', PANEL)
    panel.told('Nothing was changed.')
    page.run('const e = document.querySelector("#set-title"); e.value = ""; e.focus()')
    page.insert('Lake weekend')
    page.find('#set-description').click()
    page.insert('Tents, a map, and no hurry.')
    page.find('#set-avatar').click()
    page.insert('⛺')
    page.run('document.querySelector("input[name=set-send][value=administrators]").click()')
    page.run('document.querySelector("#set-slow_ms").value = "30000"')
    page.press('Save', PANEL)
    panel.told('Saved.')
    ben.until('return document.querySelector(".chat-title").textContent === "Lake weekend"')
    assert ben.find('.chat-head .avatar').text == '⛺'
    ben.tells(f'{name("Ann")} renamed the group to Lake weekend, changed the description, changed the picture, let only administrators write and set slow mode to 30 seconds')
    ben.until('return document.querySelector(".composer-area .reason").textContent === "Only administrators write here."')
    of_ben = Panel(ben)
    of_ben.about()
    assert ben.find('.group-about').text == 'Tents, a map, and no hurry.'
    assert 'Group settings' not in of_ben.labels()

    # What another administrator changes is not undone by a form that was opened before.
    people['Ann'].act('change', conversation, rules={'send': 'members'})
    page.until('return document.querySelector("input[name=set-send][value=members]").checked')
    page.run('const e = document.querySelector("#set-title"); e.value = ""; e.focus()')
    page.insert('a\u200bb')
    page.press('Save', PANEL)
    panel.refused('Title')
    assert page.find('#set-title').get_attribute('aria-invalid') == 'true'


CROWD = """
(() => {
  const send = WebSocket.prototype.send;
  window.asked = [];
  WebSocket.prototype.send = function (text) {
    const frame = JSON.parse(text);
    if (frame.type !== 'members') return send.call(this, text);
    if (frame.state) return send.call(this, text);
    window.asked.push(frame);
    const members = Array.from({ length: 100 }, (_, at) => frame.after_slot + at + 1)
      .map((slot) => ({ user: `crowd${slot}`, name: `Member ${slot}`, slot, role: 'member', active: slot % 50 !== 0 }));
    const answer = { type: 'members', id: frame.id, conversation: frame.conversation, members, more: frame.after_slot < 999_900, version: '1.1' };
    setTimeout(() => this.onmessage({ data: JSON.stringify(answer) }));
  };
})();
"""


def test_a_million_members_cost_a_window(stage, group):
    """The pages come from a stand-in for the socket; everything else is the server's."""
    page, panel, *_ = group
    script = page.driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': CROWD})
    try:
        page.reload()
        page.event('opened')
        page.find('.subtitle').click()
        page.until(f'return document.querySelectorAll("{PANEL} .person").length > 5')
        assert page.run('return asked.length') <= 2
        for step in range(30):
            page.run('document.querySelector(".windowed").scrollTop += 2000')
            page.idle()
            assert page.run(f'return document.querySelectorAll("{PANEL} .person").length') <= ROWS_IN_A_LIST, step
        assert page.run('return asked.map((each) => each.after_slot)') == [100 * at for at in range(page.run('return asked.length'))]
        page.until(
            'const port = document.querySelector(".windowed").getBoundingClientRect();'
            f'const rows = [...document.querySelectorAll("{PANEL} .person")].map((e) => e.getBoundingClientRect()).filter((r) => r.bottom > port.top && r.top < port.bottom);'
            'return Math.min(...rows.map((r) => r.top)) <= port.top + 60 && Math.max(...rows.map((r) => r.bottom)) >= port.bottom - 1')
        # A search goes through ten pages and then asks.
        page.idle()
        before = page.run('return asked.length')
        page.run('const e = document.querySelector(".members input[type=search]"); e.value = "nobody"; e.dispatchEvent(new Event("input"))')
        page.until('return document.querySelector(".windowed-foot").textContent.includes("Look further")')
        assert page.run('return asked.length') == before + 10
        page.press('Look further', PANEL)
        page.until('return asked.length === arguments[0]', before + 20)
        # The keys reach every row.
        page.run('const e = document.querySelector(".members input[type=search]"); e.value = ""; e.dispatchEvent(new Event("input"))')
        page.until(f'return document.querySelectorAll("{PANEL} .person").length > 5')
        page.run('document.querySelector(".windowed").scrollTop = 0')
        page.run(f'document.querySelector("{PANEL} button.person").focus()')
        page.keys(Keys.END)
        assert int(page.run('return document.activeElement.querySelector("bdi").textContent').split()[1]) > 1_000
        page.keys(Keys.HOME, Keys.ARROW_DOWN)
        assert page.run('return document.activeElement.querySelector("bdi").textContent') == 'Member 2'
    finally:
        page.driver.execute_cdp_cmd('Page.removeScriptToEvaluateOnNewDocument', {'identifier': script['identifier']})


def test_the_panel_by_keyboard_alone(stage, group):
    page, panel, people, conversation, name = group
    page.run('document.querySelector("button.about").focus()')
    page.keys(Keys.ENTER)
    panel.title('Group')
    assert page.focused() == 'Group'
    # Tab stays inside, once around.
    for _ in range(40):
        page.keys(Keys.TAB)
        assert page.run('return document.activeElement === document.body || document.querySelector("dialog.panel").contains(document.activeElement)')
    page.run('[...document.querySelectorAll(".lead")].find((e) => e.textContent.startsWith("Members")).focus()')
    page.keys(Keys.ENTER)
    panel.title('Members')
    panel.shows(name('Dan'))
    page.run(f'document.querySelector("{PANEL} button.person").focus()')
    page.keys(Keys.ARROW_DOWN, Keys.ENTER)
    assert page.focused() == 'Profile'
    page.keys(Keys.ARROW_DOWN)
    assert page.focused() == 'Make administrator'
    page.keys(Keys.ARROW_UP, Keys.ARROW_UP)
    assert page.focused() == 'Ban …'
    page.keys(Keys.ESCAPE)
    page.until('return document.querySelector(".message-menu:popover-open") === null && document.querySelector("dialog.panel").open')
    assert name('Ben') in page.focused()
    page.keys(Keys.ENTER, Keys.END, Keys.ENTER)
    page.until('return document.querySelector("dialog.confirm") !== null')
    assert page.focused() == 'Cancel', 'a careless Enter destroys nothing'
    page.keys(Keys.ESCAPE)
    page.until('return document.querySelector("dialog.confirm") === null')
    assert name('Ben') in page.focused()
    panel.back()
    assert page.focused().startswith('Members')
    page.keys(Keys.ESCAPE)
    page.until('return !document.querySelector("dialog.panel").open')
    assert page.focused() == 'About this conversation'
