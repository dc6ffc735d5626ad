"""Reports, the audit log, blocking, and what the conversation list says: as people press it, on a real server."""

import pytest

from panels import PANEL, Panel
from test_messages import menu
from wire import Refused


@pytest.fixture
def group(stage):
    """Ann owns it and sits before the first page; Ben and Cleo are members."""
    people = {who: stage.wire(who) for who in ('Ann', 'Ben', 'Cleo')}
    conversation = people['Ann'].create('Island weekend', people['Ben'].user, people['Cleo'].user)
    page = stage.enter(0, 'Ann', register=False)
    page.choose('Island weekend')
    return page, Panel(page), people, conversation, stage.name


def test_a_report_reaches_the_administrators(stage, group):
    page, panel, people, conversation, name = group
    sequence = people['Cleo'].send(conversation, 'Buy my watches')
    ben = stage.enter(1, 'Ben', register=False)
    ben.choose('Island weekend')
    menu(ben, sequence, 'Report')
    Panel(ben).title('Report a message')
    assert not ben.find('.report-form [type=submit]').is_enabled()
    ben.run('[...document.querySelectorAll("input[name=reason]")].at(-1).click()')
    assert not ben.find('.report-form [type=submit]').is_enabled(), 'something else needs words'
    ben.find('#report-words').click()
    ben.insert('He sells watches')
    ben.press('Report', PANEL)
    Panel(ben).told('Thank you. The administrators will see it.')

    panel.about()
    panel.go('Reports')
    page.until('return document.querySelector(".quote p")?.textContent === "Buy my watches"')
    assert page.find('.report-reason').text == 'Something else: He sells watches'
    assert page.find('.report-head').get_attribute('textContent').startswith(f'{name("Ben")} reported')
    assert page.find('.quote-name').text == name('Cleo')
    page.press('Recall the message', PANEL)
    panel.agree('Recall')
    panel.told('The message was recalled.')
    assert page.find('.quote p').text == 'This message was recalled.'
    assert 'recall' in [entry['kind'] for entry in people['Ann'].log(conversation)]


def test_an_administrator_settles_a_report(stage, group):
    page, panel, people, conversation, name = group
    first, second = [people['Cleo'].send(conversation, text) for text in ('Buy my watches', 'Or my lamps')]
    for who, sequence in (('Ben', first), ('Ann', first), ('Ben', second)):
        people[who].request('report', conversation=conversation, sequence=sequence, reason='Spam')
    panel.about()
    panel.go('Reports')
    page.until('return document.querySelectorAll(".report").length === 3')
    page.run('document.querySelectorAll(".report .quiet")[2].click()')
    panel.told('The reports of this message are settled.')
    left = 'return [...document.querySelectorAll(".report")].map((e) => Number(e.dataset.sequence)).join()'
    page.until(left + f' === "{second}"')
    assert [each['sequence'] for each in people['Ann'].request('reports', conversation=conversation)['reports']] == [second]
    assert page.run('return document.activeElement.id') == 'panel-heading'


def test_the_audit_log_tells_it_in_words(stage, group):
    page, panel, people, conversation, name = group
    people['Ann'].act('role', conversation, user=people['Ben'].user, role='administrator')
    people['Ann'].send(conversation, 'No part of it')
    people['Ben'].act('change', conversation, title='Lake weekend')
    people['Ben'].act('remove', conversation, user=people['Cleo'].user)
    panel.about()
    panel.go('Audit log')
    page.until('return document.querySelectorAll(".audit-row").length === 4')
    assert [e.text for e in page.all('.audit-row span')] == [
        f'{name("Ben")} removed {name("Cleo")}', f'{name("Ben")} renamed the group to Lake weekend', f'You made {name("Ben")} an administrator', 'You created the group',
    ]


def test_the_audit_log_loads_as_one_scrolls(stage, group):
    page, panel, people, conversation, name = group
    for number in range(60):
        people['Ann'].act('change', conversation, description=f'Version {number}')
    panel.about()
    panel.go('Audit log')
    page.until('return document.querySelectorAll(".audit-row").length === 50')
    page.run('const e = document.querySelector(".audit"); e.scrollTop = e.scrollHeight')
    page.until('return document.querySelectorAll(".audit-row").length === 61')
    page.until('return [...document.querySelectorAll(".audit-row span")].at(-1).textContent === "You created the group"')


def test_blocking_closes_the_conversation_until_it_is_lifted(stage, group):
    page, panel, people, conversation, name = group
    people['Cleo'].send(people['Cleo'].direct(people['Ann'].user), 'Hello Ann')
    page.choose(name('Cleo'))
    page.press('About this conversation')
    panel.title('Profile')
    page.press('Block', PANEL)
    panel.agree('Block')
    panel.told(f'{name("Cleo")} is blocked.')
    page.until('return document.querySelector(".composer-area .reason").textContent === "One of you has blocked the other."')
    with pytest.raises(Refused, match='blocked'):
        people['Cleo'].send(people['Cleo'].direct(people['Ann'].user), 'Are you there?')
    panel.close()
    page.press('Preferences')
    panel.title('Preferences')
    page.until(f'return document.querySelectorAll("{PANEL} .person").length === 1')
    page.press(f'Unblock: {name("Cleo")}', PANEL)
    panel.told(f'{name("Cleo")} is not blocked any more.')
    page.until('return document.querySelector(".preferences .people").textContent === "You have blocked nobody."')
    page.until('return document.querySelector(".composer-area .reason").hidden')
    people['Cleo'].send(people['Cleo'].direct(people['Ann'].user), 'Thank you')
    page.shows('Thank you')


def test_a_profile_leads_to_a_conversation(stage, group):
    page, panel, people, conversation, name = group
    page.find('.subtitle').click()
    panel.menu(name('Ben'))
    panel.choose('Profile')
    panel.title('Profile')
    after = page.mark()
    page.press('Write a message', PANEL)
    page.event('opened', after)
    assert page.find('.chat-title').text == name('Ben')
    assert not page.find('dialog.panel').is_displayed()


def test_preferences_are_kept(stage, group):
    page, panel, people, conversation, name = group
    page.press('Preferences')
    panel.title('Preferences')
    page.until('return !document.querySelector("#own-receipts").disabled && document.querySelector("#own-receipts").checked')
    page.run('document.querySelector("#own-presence").click()')
    panel.told('Saved.')
    panel.close()
    page.reload()
    page.event('opened')
    page.press('Preferences')
    panel.title('Preferences')
    page.until('return !document.querySelector("#own-receipts").disabled')
    assert page.run('return [document.querySelector("#own-receipts").checked, document.querySelector("#own-presence").checked]') == [True, False]
    assert people['Ben'].request('presence', users=[people['Ann'].user])['users'] == []


def marks(page, title):
    """What the list says of a conversation: its count, whether it is a quiet one, its mentions, and whether it is silent."""
    return page.run(
        'const row = [...document.querySelectorAll(".conversation")].find((e) => e.querySelector(".title").textContent === arguments[0]);'
        'const count = row.querySelector(".badge:not(.at)");'
        'return [count?.firstChild.textContent ?? "", Boolean(count?.classList.contains("quiet-count")), row.querySelector(".at")?.textContent ?? "", row.querySelector(".silent") !== null]', title)


def test_the_list_counts_what_one_wants_to_be_told_of(stage, group):
    page, panel, people, conversation, name = group
    quiet = people['Ben'].create('Quiet', people['Ann'].user)
    loud = people['Ben'].create('Loud', people['Ann'].user)
    for number in range(3):
        people['Ben'].send(quiet, f'word {number}')
    for number in range(104):
        people['Ben'].send(loud, f'word {number}')
    content = {'type': 'text', 'text': 'Ann?', 'mentions': [people['Ann'].user]}
    people['Ben'].request('send', conversation=quiet, client_id='m1', content=content)
    # The mention was sent last: what it comes after is there too.
    page.until('return [...document.querySelectorAll(".conversation .at")].length === 1')
    page.until('return document.title.startsWith("(99+) ")')
    assert marks(page, 'Loud') == ['99+', False, '', False]
    assert marks(page, 'Quiet') == ['4', False, '@ 1 mention you', False]

    def level(title, name):
        page.choose(title)
        page.run('parley.attention.force({ visible: true, focused: false })')
        panel.about()
        page.run('document.querySelector(`input[name=notify][value=${arguments[0]}]`).click()', name)
        page.idle()
        panel.close()

    page.run('parley.attention.force({ visible: true, focused: false })')
    level('Loud', 'none')
    page.until('return document.title.startsWith("(4) ")')
    assert marks(page, 'Loud') == ['99+', True, '', True]
    level('Quiet', 'mentions')
    page.until('return document.title.startsWith("(1) ")')
    assert marks(page, 'Quiet') == ['4', True, '@ 1 mention you', False]
    # It belongs to the account, not to the page.
    page.reload()
    page.event('synced')
    page.until('return document.title.startsWith("(1) ")')
    assert marks(page, 'Loud')[1:] == [True, '', True]
