"""Pictures of every group screen in both sizes and schemes, with what can be measured asserted; the rest is for eyes."""

import pytest

from panels import PANEL, Panel
from test_look import TALK, shoot
from test_messages import menu

DAY = 86_400_000


@pytest.fixture
def scene(stage):
    """Ann owns a group where much has happened, and sits before the first page."""
    people = {who: stage.wire(who) for who in ('Ann', 'Ben', 'Cleo', 'Dan', 'Eve', 'Freya Annemarie von der Hohenau', 'Giovanni', 'Max')}
    ids = {who: wire.user for who, wire in people.items()}
    ann = people['Ann']
    silent = people['Ben'].create('Reading circle', ids['Ann'])
    for number in range(120):
        people['Ben'].send(silent, f'Page {number}')
    ann.request('notify', conversation=silent, level='none')
    mentioned = people['Cleo'].create('House 12', ids['Ann'])
    people['Cleo'].request('send', conversation=mentioned, client_id='m', content={'type': 'text', 'text': 'Ann, the key?', 'mentions': [ids['Ann']]})
    over = people['Ben'].create('Football on Thursdays', ids['Ann'])
    people['Ben'].act('dissolve', over)
    people['Dan'].act('invite', people['Dan'].create('Choir', ids['Eve']), users=[ids['Ann']])

    group = ann.create('Island weekend', *(ids[who] for who in ('Ben', 'Cleo', 'Dan', 'Eve')))
    ann.act('change', group, description='Tents, a map, and no hurry.\nThe ferry leaves at eight.', avatar='⛺', rules={'join': 'approval', 'slow_ms': 30_000})
    ann.act('role', group, user=ids['Ben'], role='administrator')
    for who, text in TALK:
        people[who].send(group, text) if who != 'Cleo' or text.startswith('Yes') else None
    token = ann.link(group)
    ann.link(group, uses=10, expires=ann.request('ping')['time'] + DAY)
    for who in ('Freya Annemarie von der Hohenau', 'Giovanni'):
        people[who].request('join', client_id='ask', link=token)
    ann.act('mute', group, user=ids['Dan'], until=ann.request('ping')['time'] + DAY)
    ann.act('ban', group, user=ids['Max'])
    people['Eve'].request('report', conversation=group, sequence=4, reason='Spam: every day the same')
    ann.request('block', user=ids['Max'], on=True)
    page = stage.enter(0, 'Ann', register=False)
    page.choose('Island weekend')
    return page, Panel(page), people, group, token


def said(page, begin):
    """The sequence of the message that begins like this."""
    return page.until('return [...document.querySelectorAll(".rows > .message")].find((e) => e.querySelector(".text").textContent.startsWith(arguments[0]))?.dataset.id', begin)


def test_list_marks(stage, shots, scene):
    page, *_ = scene
    page.until('return document.querySelector(".answers") !== null && document.querySelector(".at") !== null')
    page.press('Back to the conversations') if page.find('.chat-head .back').is_displayed() else None
    shoot(page, shots, 'groups-conversation')
    page.run('history.replaceState(null, "", location.pathname + location.search); dispatchEvent(new PopStateEvent("popstate"))')
    page.until('return document.querySelector(".shell").dataset.pane === "list"')
    shoot(page, shots, 'groups-list')
    page.run('[...document.querySelectorAll(".conversation")].find((e) => e.textContent.includes("Choir")).click()')
    page.until('return document.querySelector(".join-title")?.textContent === "Choir"')
    shoot(page, shots, 'groups-invitation')
    page.choose('Football on Thursdays')
    shoot(page, shots, 'groups-dissolved')


def test_panels(stage, shots, scene):
    page, panel, people, group, token = scene
    name = stage.name
    panel.about()
    page.until('return document.querySelector(".overview .badge")?.textContent === "2"')
    shoot(page, shots, 'groups-overview')
    panel.go('Members')
    panel.shows(name('Eve'))
    shoot(page, shots, 'groups-members')
    panel.menu(name('Cleo'))
    shoot(page, shots, 'groups-member-menu')
    panel.choose('Ban …')
    shoot(page, shots, 'groups-ban')
    panel.agree('Cancel')
    page.press('Add people', PANEL)
    page.find('#pick-people').send_keys('M')
    page.until('return document.querySelector(".pick .person") !== null')
    page.find('.pick .person').click()
    shoot(page, shots, 'groups-add')
    panel.back()
    panel.back()
    for title, ready in (
        ('Requests to join', '.asked .person'), ('Invite links', '.link-item'), ('Group settings', '.settings'), ('Muted members', 'button.person'),
        ('Banned people', '.asked .person'), ('Reports', '.quote-name'), ('Audit log', '.audit-row'),
    ):
        panel.go(title)
        page.until(f'return document.querySelector("{PANEL} {ready}") !== null', what=title)
        shoot(page, shots, 'groups-' + title.lower().replace(' ', '-'))
        if title == 'Group settings':
            page.run('document.querySelector(".settings").scrollTop = 9999')
            shoot(page, shots, 'groups-settings-end')
        if title == 'Invite links':
            page.press('Show code', '.link-item')
            page.until('return document.querySelector(".qr svg") !== null')
            shoot(page, shots, 'groups-code')
            panel.back()
        panel.back()
    page.press('Dissolve the group', PANEL)
    shoot(page, shots, 'groups-dissolve')
    panel.agree('Cancel')
    panel.close()


def test_ones_own(stage, shots, scene):
    page, panel, people, group, token = scene
    page.press('Preferences')
    page.until(f'return document.querySelector("{PANEL} .person") !== null')
    shoot(page, shots, 'groups-preferences')
    panel.close()
    menu(page, said(page, 'Yes please'), 'About the sender')
    page.until(f'return document.querySelector("{PANEL} .lead.danger") !== null')
    shoot(page, shots, 'groups-profile')
    panel.close()
    menu(page, said(page, 'Morning!'), 'Report')
    panel.title('Report a message')
    shoot(page, shots, 'groups-report')


def test_pages_of_links(stage, shots, scene):
    page, panel, people, group, token = scene
    other = people['Ben'].create('Chess', people['Cleo'].user)
    for name, link, words in (
        ('join', people['Ben'].link(other), '2 members'), ('bad-link', 'k7no.x2no', 'It was revoked'), ('member', token, '5 members. You are'),
    ):
        page.run('location.hash = `join=${arguments[0]}`', link)
        page.until('return document.querySelector(".join-words")?.textContent.startsWith(arguments[0])', words)
        shoot(page, shots, f'groups-{name}')
