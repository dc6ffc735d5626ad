"""Two people talk: log in, make a group, write, read, scroll back."""

import pytest
from selenium.webdriver.common.keys import Keys

from wire import Refused, Wire, call

ROWS_MAX = 150
RECTANGLES = (
    'const port = document.querySelector(".scroller").getBoundingClientRect();'
    'return Object.fromEntries([...document.querySelectorAll(".rows > .message")]'
    '.map((e) => [e.dataset.key, e.querySelector(".text").getBoundingClientRect()])'
    '.filter(([, r]) => r.bottom > port.top && r.top < port.bottom).map(([k, r]) => [k, r.top]))')


def test_log_in_names_the_cause(stage):
    stage.wire('Ann')
    page = stage.pages[0]
    page.expect('401', '409')
    page.open()
    # What a password manager goes by.
    hints = 'return [...document.querySelectorAll(".login form input")].map((e) => [e.name, e.type, e.autocomplete])'
    assert page.run(hints) == [['username', 'text', 'username'], ['password', 'password', 'current-password']]
    page.fill_log_in(stage.name('Ann'), 'not the password')
    page.until('return !document.querySelector(".problem").hidden')
    assert 'password' in page.find('.login .problem').text
    assert page.run('return document.activeElement.className') == 'problem'
    assert page.find('#name').get_attribute('value') == stage.name('Ann')

    page.fill_log_in(stage.name('Ann'), register=True)
    page.until('return document.querySelector(".problem").textContent.includes("taken")')
    assert page.run(hints) == [['username', 'text', 'username'], ['password', 'password', 'new-password']]

    page.fill_log_in(stage.name('Ben'), 'short')
    page.until('return document.querySelector(".problem").textContent.includes("8 characters")')
    assert page.run('return document.activeElement.id') == 'password'


def test_a_group_is_made_and_both_write(stage):
    ben = stage.enter(1, 'Ben')
    ann = stage.enter(0, 'Ann')
    ann.button('New conversation').click()
    ann.find('#new-title').send_keys('Trip to the sea')
    ann.find('#new-people').send_keys('Ben ' + stage.label)
    ann.until('return document.querySelector("dialog .person") !== null')
    ann.find('dialog .person').click()
    after = ann.mark()
    ann.button('Create group').click()
    ann.event('opened', after)
    ann.send('Shall we go on Saturday?')
    ann.send('Or on Sunday.')
    ann.sent(2)

    ben.until('return document.querySelector(".badge")?.firstChild.textContent === "2"')
    assert 'Or on Sunday.' in ben.summary('Trip to the sea')['preview']
    ben.choose('Trip to the sea')
    assert ben.texts() == ['Shall we go on Saturday?', 'Or on Sunday.']
    assert ben.find('.rows .new').text == 'New'
    ben.until('return document.querySelector(".conversation .badge") === null')

    ben.send('Sunday, then.')
    ann.shows('Sunday, then.')
    assert ann.rows() == ben.rows()
    assert ann.summary('Trip to the sea')['preview'].endswith('Sunday, then.')
    assert 'created the group' in ann.find('.rows .notice').text


def test_a_direct_conversation_is_named_after_the_other(stage):
    ben = stage.enter(1, 'Ben')
    ann = stage.enter(0, 'Ann')
    ann.button('New conversation').click()
    ann.find('.segment input[value=direct]').click()
    ann.find('#new-people').send_keys('Ben ' + stage.label)
    ann.until('return document.querySelector("dialog .person") !== null')
    after = ann.mark()
    ann.find('dialog .person').click()
    ann.event('opened', after)
    ann.send('Hello')
    assert ann.find('.chat-title').text == stage.name('Ben')
    ben.choose(stage.name('Ann'))
    ben.shows('Hello')


def test_scrolling_back_moves_nothing(stage):
    ann = stage.wire('Ann')
    ben = stage.enter(0, 'Ben')
    group = ann.create('Long', Wire(stage.direct, name=stage.name('Ben')).user)
    # Several lines of several lengths, so that heights differ.
    expected = [f'{number}: ' + 'word ' * (number * 7 % 60) for number in range(1, 321)]
    for text in expected:
        ann.send(group, text)
    ben.choose('Long')
    ben.until('return document.querySelectorAll(".rows > .message").length > 0')
    ben.button('Jump to the latest message').click() if ben.find('.jump').is_displayed() else None
    seen = {}
    for _ in range(400):
        for sequence, text, _ in ben.rows():
            seen[sequence] = text
        if ben.scroll()['top'] == 0 and 2 in seen:
            break
        before = ben.run('document.querySelector(".scroller").scrollTop -= 500; ' + RECTANGLES)
        ben.idle()
        ben.run('return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
        ben.idle()
        after = ben.run(RECTANGLES)
        assert before and {key: top for key, top in after.items() if key in before} == before
        assert len(ben.rows()) <= ROWS_MAX
    assert [seen[sequence] for sequence in sorted(seen)] == expected


def test_a_leap_to_the_very_top_moves_nothing(stage):
    """What is loaded above takes the day and the name off the first row, where there is no room to scroll by the difference."""
    ann = stage.wire('Ann')
    ben = stage.enter(0, 'Ben')
    group = ann.create('Long', Wire(stage.direct, name=stage.name('Ben')).user)
    for number in range(250):
        ann.send(group, f'{number}: ' + 'word ' * (number * 7 % 60))
    ben.choose('Long')
    ben.until('return document.querySelectorAll(".rows > .message").length > 0')
    ben.button('Jump to the latest message').click() if ben.find('.jump').is_displayed() else None
    ben.idle()
    for _ in range(3):
        before = ben.run('document.querySelector(".scroller").scrollTop = 0; ' + RECTANGLES)
        ben.until('return document.querySelector(".scroller").scrollTop > 0')
        ben.idle()
        ben.run('return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
        ben.idle()
        after = ben.run(RECTANGLES)
        assert before and {key: top for key, top in after.items() if key in before} == before
        assert len(ben.rows()) <= ROWS_MAX


def test_nobody_is_pulled_down(stage):
    ann = stage.wire('Ann')
    ben = stage.enter(0, 'Ben')
    group = ann.create('Busy', Wire(stage.direct, name=stage.name('Ben')).user)
    for number in range(60):
        ann.send(group, f'earlier {number}')
    ben.choose('Busy')
    ben.find('.jump').click() if ben.find('.jump').is_displayed() else None
    ben.idle()
    ben.run('document.querySelector(".scroller").scrollTop -= 700')
    ben.idle()
    ben.until('return !document.querySelector(".jump").hidden')
    before = ben.run(RECTANGLES)
    after = ben.mark()
    for number in range(12):
        last = ann.send(group, f'later {number}')
    ben.event('entry', after, sequence=last)
    ben.idle()
    assert ben.run(RECTANGLES) == before
    assert ben.find('.jump .badge').text == '12'
    ben.button('Jump to the latest message').click()
    ben.until('return document.querySelector(".jump").hidden')
    state = ben.scroll()
    assert state['height'] - state['port'] - state['top'] < 1
    ben.until('return document.querySelector(".conversation .badge") === null')
    after = ben.mark()
    last = ann.send(group, 'followed')
    ben.event('entry', after, sequence=last)
    ben.idle()
    state = ben.scroll()
    assert state['height'] - state['port'] - state['top'] < 1


def test_reading_needs_a_reader(stage):
    ann = stage.wire('Ann')
    ben = stage.enter(0, 'Ben')
    group = ann.create('Quiet', Wire(stage.direct, name=stage.name('Ben')).user)
    ben.choose('Quiet')
    ben.run('parley.attention.force({ visible: true, focused: false })')
    for number in range(3):
        last = ann.send(group, f'unseen {number}')
    ben.event('entry', sequence=last)
    ben.idle()
    assert ben.summary('Quiet')['badge'] == '3'
    assert ben.find('.rows .new').is_displayed()
    after = ben.mark()
    ben.run('parley.attention.force({ visible: true, focused: true })')
    ben.advance(1_000)
    assert ben.event('read', after)['sequence'] == last
    ben.until('return document.querySelector(".conversation .badge") === null')


def test_drafts_stay_and_long_texts_are_counted(stage):
    ann = stage.enter(0, 'Ann')
    wire = Wire(stage.direct, name=stage.name('Ann'))
    other = stage.wire('Ben').user
    first, second = wire.create('First', other), wire.create('Second', other)
    ann.choose('First')
    after = ann.mark()
    ann.type('half a thought')
    ann.choose('Second')
    ann.event('draft', after)
    assert ann.find('.composer textarea').get_attribute('value') == ''
    assert ann.summary('First')['preview'] == 'Draft: half a thought'
    ann.reload()
    ann.event('synced')
    ann.choose('First')
    assert ann.find('.composer textarea').get_attribute('value') == 'half a thought'

    ann.choose('Second')
    ann.type('\U0001F40B' * 7_900)
    assert ann.find('.remainder').text == '100 left'
    ann.insert('b' * 101)
    assert ann.find('.remainder').text == '1 too many'
    assert not ann.find('.send').is_enabled()
    ann.find('.composer textarea').send_keys(Keys.BACKSPACE)
    assert ann.find('.remainder').text == '0 left'
    ann.find('.composer textarea').send_keys(Keys.ENTER)
    ann.sent(1)
    assert wire.texts(second) == ['\U0001F40B' * 7_900 + 'b' * 100]
    assert wire.texts(first) == []


def typed(page):
    return page.find('.conversation-pane .composer textarea').get_attribute('value')


def test_what_was_cleared_comes_back(stage):
    ann = stage.enter(0, 'Ann')
    wire = Wire(stage.direct, name=stage.name('Ann'))
    for title in ('First', 'Second'):
        wire.create(title, stage.wire(f'Ben {title}').user)
    words = 'A thought that took me quite a while'
    undo = 'return document.querySelector(".conversation-pane .undo").checkVisibility()'
    ann.choose('First')
    ann.type(words)
    ann.keys((Keys.CONTROL, 'a'), Keys.DELETE)
    assert typed(ann) == ''
    # Nothing of it gets into another conversation, and a look there loses nothing.
    ann.choose('Second')
    assert not ann.run(undo)
    ann.keys((Keys.CONTROL, 'z'))
    assert typed(ann) == ''
    ann.choose('First')
    ann.keys((Keys.CONTROL, 'z'))
    assert typed(ann) == words
    # Escape leaves, and takes nothing along.
    ann.keys(Keys.ESCAPE)
    assert typed(ann) == words
    ann.find('.composer textarea').click()
    # By hand, for as long as it is offered.
    ann.keys((Keys.CONTROL, 'a'), Keys.BACKSPACE)
    assert ann.run(undo)
    ann.press('Undo')
    assert typed(ann) == words
    assert ann.run('return document.activeElement.tagName') == 'TEXTAREA'
    ann.keys((Keys.CONTROL, 'a'), Keys.BACKSPACE)
    ann.advance(10_000)
    ann.until('return !document.querySelector(".conversation-pane .undo").checkVisibility()')
    ann.keys((Keys.CONTROL, 'z'), Keys.ENTER)
    ann.sent(1)
    assert ann.texts() == [words]
    # Whoever logs in after one finds nothing of it.
    ann.type('Nobody else may read this')
    ann.keys((Keys.CONTROL, 'a'), Keys.BACKSPACE)
    ann.press('Log out')
    ann.event('logged-out')
    ann.enter(stage.name('Ben First'))
    ann.choose('First')
    ann.find('.composer textarea').click()
    ann.keys((Keys.CONTROL, 'z'))
    assert typed(ann) == ''


DROP = """
const data = new DataTransfer();
if (arguments[0]) data.items.add(new File(['x'], 'x.txt'));
else data.setData('text/plain', 'words');
return ['dragover', 'drop'].map((kind) => !document.querySelector(arguments[1]).dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true })));
"""


def test_a_dropped_file_does_not_lead_away(stage):
    ann = stage.enter(0, 'Ann')
    Wire(stage.direct, name=stage.name('Ann')).create('Words', stage.wire('Ben').user)
    ann.choose('Words')
    for place in ('.composer textarea', '.side', '.scroller'):
        assert ann.run(DROP, True, place) == [True, True], place
    ann.until('return document.querySelector(".toast").checkVisibility() && document.querySelector(".toast").textContent.startsWith("Files cannot")')
    assert ann.run(DROP, False, '.composer textarea') == [False, False]


def test_an_input_method_never_sends(stage):
    ann = stage.enter(0, 'Ann')
    wire = Wire(stage.direct, name=stage.name('Ann'))
    group = wire.create('Words', stage.wire('Ben').user)
    ann.choose('Words')
    ann.find('.composer textarea').click()
    compose = ann.driver.execute_cdp_cmd
    compose('Input.imeSetComposition', {'text': 'にほん', 'selectionStart': 3, 'selectionEnd': 3})
    compose('Input.dispatchKeyEvent', {'type': 'keyDown', 'key': 'Enter', 'code': 'Enter', 'windowsVirtualKeyCode': 229})
    compose('Input.insertText', {'text': '日本'})
    # Safari's order: the key arrives after the commit and says nothing of a composition.
    compose('Input.dispatchKeyEvent', {'type': 'keyDown', 'key': 'Enter', 'code': 'Enter', 'windowsVirtualKeyCode': 229})
    assert ann.rows() == []
    field = ann.find('.composer textarea')
    field.send_keys(Keys.SHIFT, Keys.ENTER)
    ann.insert('二')
    field.send_keys(Keys.ENTER)
    ann.sent(1)
    assert wire.texts(group) == ['日本\n二']


HOSTILE = [
    '<img src=x onerror=alert(1)><script>alert(2)</script>',
    '</textarea><style>*{display:none}</style>',
    '\u202eevil\u202c \u2067right\u2069 to left',
    'עברית and English and العربية',
    'Z\u0300\u0301\u0302' * 40,
    'W' * 8_000,
    'javascript:alert(1) https://example.org/?a=1&b=2',
    'line\nline\n\n\nline\ttab  two spaces',
    '👩‍👩‍👧‍👦🏳️‍🌈 ☠️',
]


def test_hostile_names_and_texts_are_only_text(stage):
    # The server lets no invisible characters into names and titles; texts may have them.
    evil = f'<b onclick=x>{stage.label}&amp; עברית'
    grant = call(stage.direct, 'POST', 'register', {'name': evil, 'password': 'correct horse 9', 'device': 'wire'})
    mallory = Wire(stage.direct, grant=grant)
    ann = stage.enter(0, 'Ann')
    title = '<i>title</i> ' + 'long ' * 10
    group = mallory.create(title.strip(), Wire(stage.direct, name=stage.name('Ann')).user)
    for text in HOSTILE:
        mallory.send(group, text)
    ann.until('return document.querySelector(".conversation") !== null')
    ann.find('.conversation').click()
    ann.shows(HOSTILE[-1])
    assert ann.texts() == HOSTILE
    assert ann.run('return document.querySelector(".rows .sender").textContent') == evil
    assert ann.run('return document.querySelectorAll(".rows img, .rows script, .rows style, .rows b, .shell i").length') == 0
    geometry(ann)
    for text in HOSTILE:
        ann.send(text.replace('\n', ' ').replace('\t', ' '))
    ann.sent(len(HOSTILE))
    assert mallory.texts(group)[len(HOSTILE):] == [text.replace('\n', ' ').replace('\t', ' ') for text in HOSTILE]
    ann.find('.subtitle').click()
    ann.until('return document.querySelectorAll("dialog[open] .person").length === 2')
    geometry(ann)


def geometry(page):
    """No sideways scroll anywhere, and no row wider than the timeline."""
    assert page.run(
        'return [document.documentElement, document.body, ...document.querySelectorAll(".scroller, .list-scroll, dialog[open], dialog[open] .people")]'
        '.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className)') == []
    assert page.run(
        'const port = document.querySelector(".rows")?.getBoundingClientRect(); return [...document.querySelectorAll(".rows .bubble")]'
        '.map((e) => e.getBoundingClientRect()).filter((r) => r.left < port.left || r.right > port.right).length') == 0


def kept(page, store):
    """What the browser's own database holds in this store."""
    return page.driver.execute_async_script(
        'const [store, done] = arguments; const open = indexedDB.open("parley");'
        'open.onsuccess = () => { const all = open.result.transaction(store).objectStore(store).getAll();'
        ' all.onsuccess = () => { open.result.close(); done(all.result); }; };', store)


def grant_of(page):
    return page.driver.execute_async_script(
        'const done = arguments[0]; const open = indexedDB.open("parley");'
        'open.onsuccess = () => { const get = open.result.transaction("settings").objectStore("settings").get("grant");'
        ' get.onsuccess = () => { open.result.close(); done(get.result); }; };')


def access_token(page):
    return grant_of(page)['access_token']


def test_tokens_are_renewed_before_they_expire(stage):
    ann = stage.enter(0, 'Ann')
    before = grant_of(ann)
    ann.advance(before['access_expires'] - ann.run('return parley.clock.now()') - 59_000)
    ann.event('renewed')
    ann.idle()
    after = grant_of(ann)
    assert after['session'] == before['session']
    assert after['refresh_token'] != before['refresh_token']
    call(stage.direct, 'GET', 'me', token=after['access_token'])


def test_an_ended_session_keeps_what_was_written(stage):
    ann = stage.enter(0, 'Ann')
    ann.expect('401')
    wire = Wire(stage.direct, name=stage.name('Ann'))
    wire.create('Thoughts', stage.wire('Ben').user)
    ann.choose('Thoughts')
    after = ann.mark()
    ann.type('not sent yet')
    ann.event('draft', after)
    call(stage.direct, 'POST', 'logout', token=access_token(ann))
    ann.until('return !document.querySelector(".login").hidden')
    assert 'kept' in ann.find('.login-notice').text
    after = ann.mark()
    ann.enter(stage.name('Ann'))
    ann.event('opened', after)
    assert ann.find('.composer textarea').get_attribute('value') == 'not sent yet'
    # Somebody else finds nothing of it.
    call(stage.direct, 'POST', 'logout', token=access_token(ann))
    ann.until('return !document.querySelector(".login").hidden')
    ann.enter(stage.name('Ben'))
    assert kept(ann, 'drafts') == []


def test_logging_out_ends_the_session_everywhere(stage):
    ann = stage.enter(0, 'Ann')
    token = access_token(ann)
    other = Wire(stage.direct, grant={'user': '', 'name': '', 'access_token': token})
    first = ann.driver.current_window_handle
    ann.driver.switch_to.new_window('tab')
    second = ann.driver.current_window_handle
    ann.size('wide')
    ann.open()
    ann.event('synced')
    ann.driver.switch_to.window(first)
    ann.button('Log out').click()
    ann.event('logged-out')
    assert other.close_code() == 4401
    with pytest.raises(Refused):
        call(stage.direct, 'POST', 'ticket', token=token)
    ann.driver.switch_to.window(second)
    ann.event('left')
    ann.until('return !document.querySelector(".login").hidden')
    ann.driver.close()
    ann.driver.switch_to.window(first)
    assert all(kept(ann, store) == [] for store in ('drafts', 'outbox', 'summaries', 'settings'))
    ann.reload()
    ann.until('return !document.querySelector(".login").hidden')
