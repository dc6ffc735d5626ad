"""Links, their codes, invitations and requests to join, on a real server."""

import base64
import struct
import zlib

import pytest

from panels import PANEL, Panel
from wire import Refused


@pytest.fixture
def group(stage):
    """Ann owns it and sits before the first page."""
    ann, cleo = stage.wire('Ann'), stage.wire('Cleo')
    conversation = ann.create('Island weekend', cleo.user)
    page = stage.enter(0, 'Ann', register=False)
    page.choose('Island weekend')
    return page, Panel(page), ann, conversation, stage.name


def heading(page, text):
    page.until('return document.querySelector(".join-title")?.textContent === arguments[0] && !document.querySelector(".place").hidden', text, what=f'page {text!r}')


def words(page, text):
    page.until('return document.querySelector(".join-words").textContent === arguments[0]', text, what=f'words {text!r}')


def at(page, token):
    """Follows a link, as another program of the machine would open it."""
    page.driver.get('about:blank')
    page.open(f'/?test#join={token}')


def test_a_link_leads_through_signing_up_into_the_group(stage, group):
    page, panel, ann, conversation, name = group
    panel.about()
    panel.go('Invite links')
    page.run('document.querySelector("#link-expires").value = "86400000"; document.querySelector("#link-uses").value = "1"')
    page.press('Make a link', PANEL)
    panel.title('Invite link')
    address = page.find('.link-field').get_attribute('value')
    assert address.startswith(f'{page.base}/#join=k')
    token = address.split('#join=')[1]

    ben = stage.pages[1]
    at(ben, token)
    assert 'invited' in ben.find('.login-notice').text
    ben.enter(name('Ben'), register=True)
    heading(ben, 'Island weekend')
    words(ben, '2 members')
    after = ben.mark()
    ben.press('Join')
    ben.event('opened', after)
    ben.idle()
    assert ben.find('.chat-title').text == 'Island weekend'
    assert ben.notices()[-1].startswith('You joined')
    page.until('return [...document.querySelectorAll(".rows > .notice")].some((e) => e.textContent.startsWith(arguments[0]))', f'{name("Ben")} joined')
    assert page.find('.subtitle').get_attribute('textContent') == '3 members'
    panel.back()
    # What is used up is listed no more.
    page.until('return document.querySelector(".link-item") === null && !document.querySelector(".links-screen > .hint:not(.link-notice)").hidden')

    # It was for one: it is spent for him as well, and for whoever comes later.
    at(ben, token)
    ben.event('synced')
    heading(ben, 'This link does not work any more')
    stage.wire('Dan')
    ben.press('Log out')
    ben.event('logged-out')
    at(ben, token)
    ben.enter(name('Dan'))
    heading(ben, 'This link does not work any more')
    ben.press('Go to my conversations')
    ben.until('return location.hash === "" && document.querySelector(".place").hidden')


def test_a_bad_link_says_so(stage, group):
    page, *_ = group
    at(page, 'k7nonsense.x2nonsense')
    heading(page, 'This link does not work any more')
    at(page, '%20<b>')
    page.until('return document.querySelector(".join-buttons button") !== null')
    assert page.run('return document.querySelectorAll(".join b").length') == 0


def test_links_are_listed_copied_and_revoked(stage, group):
    page, panel, ann, conversation, name = group
    first, second = ann.link(conversation), ann.link(conversation, uses=10)
    panel.about()
    panel.go('Invite links')
    page.until('return document.querySelectorAll(".link-item").length === 2')
    assert {e.text.split('#join=')[1] for e in page.all('.link-text')} == {first, second}
    page.driver.execute_cdp_cmd('Browser.grantPermissions', {'permissions': ['clipboardReadWrite', 'clipboardSanitizedWrite']})
    shown = page.find('.link-item .link-text').text
    page.press('Copy', '.link-item')
    panel.told('The link was copied.')
    assert page.driver.execute_async_script('navigator.clipboard.readText().then(arguments[0])') == shown
    page.press('Revoke', '.link-item')
    panel.agree('Revoke')
    panel.told('The link was revoked.')
    page.until('return document.querySelectorAll(".link-item").length === 1')
    with pytest.raises(Refused, match='bad_link'):
        ann.request('link_info', link=shown.split('#join=')[1])
    page.tells('You revoked an invite link')


def pixels(png):
    """Width, height and the brightness of each pixel of a picture with 8 bits a colour."""
    at, data = 8, b''
    while at < len(png):
        length, kind = struct.unpack('>I4s', png[at:at + 8])
        body = png[at + 8:at + 8 + length]
        if kind == b'IHDR':
            width, height, depth, colour = struct.unpack('>IIBB', body[:10])
        if kind == b'IDAT':
            data += body
        at += length + 12
    assert depth == 8
    step = {2: 3, 6: 4}[colour]
    raw, lines, last = zlib.decompress(data), [], bytes(width * step)
    for row in range(height):
        start = row * (width * step + 1)
        kind, line = raw[start], bytearray(raw[start + 1:start + 1 + width * step])
        for i in range(len(line)):
            left = line[i - step] if i >= step else 0
            corner = last[i - step] if i >= step else 0
            above = last[i]
            if kind == 1:
                line[i] = line[i] + left & 255
            elif kind == 2:
                line[i] = line[i] + above & 255
            elif kind == 3:
                line[i] = line[i] + (left + above) // 2 & 255
            elif kind == 4:
                guess = left + above - corner
                nearest = min((abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner))
                line[i] = line[i] + nearest[2] & 255
        lines.append(bytes(line[::step]))
        last = bytes(line)
    return width, height, lines


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_the_code_can_be_read_in_both_schemes(stage, group, scheme):
    page, panel, ann, conversation, name = group
    page.scheme(scheme)
    panel.about()
    panel.go('Invite links')
    page.press('Make a link', PANEL)
    panel.title('Invite link')
    page.until('return document.querySelector(".qr svg") !== null')
    address = page.find('.link-field').get_attribute('value')
    assert page.find('.link-field').is_displayed(), 'the link as text beside it'

    width, height, lines = pixels(base64.b64decode(page.find('.qr').screenshot_as_base64))
    assert {value for line in lines for value in (line[width // 2], line[8])} >= {0, 255}, 'black on white'
    modules = page.driver.execute_async_script('import("./app/panels/qr.js").then((each) => each.qrModules(arguments[0])).then(arguments[1])', address)
    size = len(modules) + 8
    for row in range(size):
        for column in range(size):
            dark = 4 <= row < size - 4 and 4 <= column < size - 4 and modules[row - 4][column - 4]
            seen = lines[int((row + 0.5) * height / size)][int((column + 0.5) * width / size)]
            assert seen == (0 if dark else 255) or (not dark and (row in (0, size - 1) or column in (0, size - 1))), (row, column, seen)

    decode = pytest.importorskip('pyzbar.pyzbar', exc_type=ImportError, reason='needs libzbar0').decode
    found = decode((b''.join(lines), width, height))
    assert [each.data.decode() for each in found] == [address]


def test_an_administrator_approves_who_asks(stage, group):
    page, panel, ann, conversation, name = group
    ann.act('change', conversation, rules={'join': 'approval'})
    token = ann.link(conversation)
    ben = stage.pages[1]
    stage.wire('Ben')
    at(ben, token)
    ben.enter(name('Ben'))
    heading(ben, 'Island weekend')
    words(ben, '2 members. An administrator approves who joins.')
    ben.press('Ask to join')
    words(ben, 'You asked to join. You will find the group in your list when an administrator has approved.')
    ben.until('return document.querySelector(".conversation .preview").textContent === "You asked to join"')

    page.until('return document.querySelector("button.about .badge").firstChild?.textContent === "1"')
    panel.about()
    panel.go('Requests to join')
    panel.shows(name('Ben'))
    page.press(f'Approve: {name("Ben")}', PANEL)
    panel.told(f'{name("Ben")} is a member now.')
    page.until('return document.querySelector(".asked-screen .hint").textContent === "Nobody waits for an answer."')
    page.until('return document.querySelector("button.about .badge").hidden')
    ben.until('return document.querySelector(".join-words").textContent.endsWith("You are a member already.")')
    after = ben.mark()
    ben.press('Open')
    ben.event('opened', after)

    dan = stage.wire('Dan')
    dan.request('join', client_id='ask', link=token)
    page.until('return document.querySelector(".asked .person") !== null')
    page.press(f'Decline: {name("Dan")}', PANEL)
    panel.told(f'{name("Dan")} was declined.')
    page.tells(f'You declined {name("Dan")}')
    assert dan.request('link_info', link=token)['role'] == 'none'


def test_invitations_stand_in_the_list(stage, group):
    page, panel, ann, conversation, name = group
    other = ann.create('Second group', stage.wires[1].user)
    ben = stage.enter(1, 'Ben')
    page.find('.subtitle').click()
    panel.title('Members')
    page.press('Invite', PANEL)
    page.find('#pick-people').send_keys(name('Ben'))
    page.until('return document.querySelector(".pick .person") !== null')
    page.find('.pick .person').click()
    page.press('Invite', '.pick')
    panel.told('One person was invited.')
    page.tells(f'You invited {name("Ben")}')

    ben.reload()
    ben.until('return document.querySelector(".conversation .preview")?.textContent === "You are invited"')
    assert ben.run('return document.title') == 'Parley', 'an invitation is no unread message'
    after = ben.mark()
    ben.press('Accept', '.answers')
    ben.event('opened', after)
    assert ben.find('.chat-title').text == 'Island weekend'
    page.until('return document.querySelector(".subtitle").textContent === "3 members"')

    ann.act('invite', other, users=[person(ben)])
    ben.reload()
    ben.until('return document.querySelector(".answers") !== null')
    ben.run('[...document.querySelectorAll(".conversation")].find((e) => e.textContent.includes("Second group")).click()')
    heading(ben, 'Second group')
    words(ben, 'You are invited to this group.')
    ben.press('Decline', '.join-buttons')
    ben.until('return [...document.querySelectorAll(".conversation .title")].every((e) => e.textContent !== "Second group")')
    assert [entry['kind'] for entry in ann.log(other)][-1] == 'declined'


def person(page):
    """The id of who is logged in there."""
    return page.driver.execute_async_script(
        'const done = arguments[0]; const open = indexedDB.open("parley");'
        'open.onsuccess = () => { const get = open.result.transaction("settings").objectStore("settings").get("user");'
        ' get.onsuccess = () => { open.result.close(); done(get.result); }; };')
