"""What one does with messages: replies, edits, recalls, reactions, threads, mentions, pins, forwards, receipts, typing."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from test_look import shoot
from wire import Wire, _numbers


class Talk:
    """Ann on a page, Ben on a page or on a wire, Cleo on a wire, one group that Ben owns."""

    def __init__(self, stage, ben_on_page=False, **group):
        self.stage = stage
        self.ben = stage.wire('Ben')
        self.cleo = stage.wire('Cleo')
        self.ann_wire = stage.wire('Ann')
        self.group = self.ben.request('create', client_id=f'g{next(_numbers)}', kind='group', title='Harbour', members=[self.ann_wire.user, self.cleo.user], **group)['conversation']
        self.page = stage.enter(0, 'Ann', register=False)
        self.page.choose('Harbour')
        self.other = None
        if ben_on_page:
            self.other = stage.enter(1, 'Ben', register=False)
            self.other.choose('Harbour')

    def do(self, wire, kind, **fields):
        return wire.request(kind, client_id=f'a{next(_numbers)}-{wire.user}', conversation=self.group, **fields)['sequence']

    def say(self, wire, text, **fields):
        content = {'type': 'text', 'text': text, **fields.pop('content', {})}
        return self.do(wire, 'send', content=content, **fields)


@pytest.fixture
def talk(stage):
    return Talk(stage)


def row(page, sequence, within='.conversation-pane'):
    page.until('return document.querySelector(`${arguments[0]} li.message[data-id="${arguments[1]}"]`) !== null', within, sequence, what=f'row {sequence}')
    return page.find(f'{within} li.message[data-id="{sequence}"]')


def text_of(page, sequence):
    return page.run('return document.querySelector(`.conversation-pane li[data-id="${arguments[0]}"] .text`)?.textContent', sequence)


def becomes(page, sequence, text):
    page.until('return document.querySelector(`.conversation-pane li[data-id="${arguments[0]}"] .text`)?.textContent === arguments[1]', sequence, text, what=f'{sequence} becomes {text!r}')


def tool(page, sequence, name):
    """By the pointer: over the row, then the button beside it."""
    ActionChains(page.driver).move_to_element(row(page, sequence).find_element('css selector', '.bubble')).perform()
    page.until('return document.querySelector(`li[data-id="${arguments[0]}"] .toolbar`) !== null', sequence)
    page.find(f'.conversation-pane li[data-id="{sequence}"] .toolbar .is-{name}').click()


def menu(page, sequence, item):
    tool(page, sequence, 'more')
    choose_item(page, item)


def choose_item(page, item):
    page.until('return [...document.querySelectorAll(".message-menu:popover-open .menu-text")].some((e) => e.textContent === arguments[0])', item, what=f'menu item {item}')
    page.run('[...document.querySelectorAll(".message-menu:popover-open [role=menuitem]")].find((e) => e.querySelector(".menu-text").textContent === arguments[0]).click()', item)


def items(page):
    return page.run('return [...document.querySelectorAll(".message-menu:popover-open .menu-text")].map((e) => e.textContent)')


def press(page, *keys):
    chain = ActionChains(page.driver)
    for key in keys[:-1]:
        chain.key_down(key)
    chain.send_keys(keys[-1])
    for key in reversed(keys[:-1]):
        chain.key_up(key)
    chain.perform()


def focus_row(page, sequence):
    page.run('arguments[0].focus()', row(page, sequence))


def focused(page):
    return page.run('const e = document.activeElement; return e.className || e.tagName')


def field(page, within='.conversation-pane'):
    return page.find(f'{within} .composer textarea')


def reactions(page, sequence):
    return page.run('return [...document.querySelectorAll(`.conversation-pane li[data-id="${arguments[0]}"] .reaction:not(.more)`)].map((e) => [e.querySelector(".emoji").textContent, Number(e.querySelector(".count").textContent), e.getAttribute("aria-pressed") === "true"])', sequence)


def test_a_reply_quotes_and_leads_back(talk, shots):
    page = talk.page
    first = talk.say(talk.ben, 'When does the ferry leave?')
    for number in range(60):
        talk.say(talk.cleo, f'Something else, number {number}')
    page.shows('Something else, number 59')
    page.run('document.querySelector(".scroller").scrollTop = 0')
    tool(page, first, 'reply')
    assert 'Reply to Ben' in page.find('.conversation-pane .mode-name').text
    assert page.find('.conversation-pane .mode-text').text == 'When does the ferry leave?'
    shoot(page, shots, 'reply-mode')
    client = page.send('At nine')
    page.event('sent', client=client)
    page.until('return document.querySelector(".conversation-pane .mode").hidden')
    sent = talk.ben.log(talk.group)[-1]
    assert sent['reply_to'] == first
    quote = row(page, sent['sequence']).find_element('css selector', '.quote')
    assert quote.text.split('\n') == [talk.stage.name('Ben'), 'When does the ferry leave?']
    after = page.mark()
    quote.click()
    page.event('jumped', after, sequence=first)
    port = page.run('const r = document.querySelector(".conversation-pane .scroller").getBoundingClientRect(); return [r.top, r.bottom]')
    place = row(page, first).rect
    assert port[0] <= place['y'] and place['y'] + place['height'] <= port[1]
    after = page.mark()
    page.find('.jump-back').click()
    page.event('jumped', after, sequence=sent['sequence'])
    page.until('return document.querySelector(".jump-back").hidden')

    talk.do(talk.ben, 'recall', target=first)
    page.until('return document.querySelector(`li[data-id="${arguments[0]}"] .quote-text`).textContent === "This message was recalled"', sent['sequence'])


def test_a_quote_far_back_is_loaded_and_jumped_to(talk):
    page = talk.page
    first = talk.say(talk.ben, 'The very first')
    for number in range(320):
        talk.say(talk.cleo, f'filler {number}')
    last = talk.say(talk.ben, 'About the first', reply_to=first)
    page.reload()
    page.event('synced')
    page.shows('About the first') if page.find('.jump').is_displayed() is False else page.find('.jump').click()
    page.shows('About the first')
    quote = '.conversation-pane li[data-id="%d"] .quote-text' % last
    page.until('return document.querySelector(arguments[0])?.textContent === "The very first"', quote)
    after = page.mark()
    page.find(quote).click()
    page.event('jumped', after, sequence=first)
    assert text_of(page, first) == 'The very first'
    assert len(page.rows()) <= 150
    # What is said about it meanwhile is seen there too.
    talk.do(talk.ben, 'edit', target=first, content={'type': 'text', 'text': 'The very first, mended'})
    becomes(page, first, 'The very first, mended')
    # Down again, without a hole.
    for _ in range(200):
        page.run('const s = document.querySelector(".conversation-pane .scroller"); s.scrollTop = s.scrollHeight')
        page.idle()
        if page.run('return document.querySelector(arguments[0]) !== null && document.querySelector(".jump").hidden', quote):
            break
    texts = page.texts()
    numbers = [int(text.split()[1]) for text in texts if text.startswith('filler')]
    assert numbers == list(range(numbers[0], 320))
    after = page.mark()
    page.find(quote).click()
    page.event('jumped', after, sequence=first)
    page.button('Jump to the latest message').click()
    page.until('return document.querySelector(".jump").hidden && document.querySelector(arguments[0]) !== null', quote)


def test_the_way_back_from_far_away_counts_what_came(talk):
    page = talk.page
    first = talk.say(talk.ben, 'The very first')
    talk.cleo.pour(talk.group, [f'filler {number}' for number in range(300)])
    pinned = talk.do(talk.ben, 'pin', target=first, on=True)
    page.reload()
    page.event('synced')
    page.run('parley.attention.force({ visible: true, focused: true })')
    page.until('return document.querySelector(".pin-jump")?.checkVisibility() && document.querySelectorAll(".rows > .message").length > 0')
    page.idle()
    talk.ann_wire.request('read', conversation=talk.group, sequence=pinned)
    page.until('return document.querySelector(".conversation .badge") === null')
    after = page.mark()
    page.find('.pin-jump').click()
    page.event('jumped', after, sequence=first)
    count = 'const e = document.querySelector(".conversation-pane .jump .badge"); return e.checkVisibility() ? e.textContent : ""'
    assert page.run(count) == ''
    for number in range(3):
        last = talk.say(talk.ben, f'news {number}')
    page.until('return document.querySelector(".conversation-pane .jump .badge").textContent === "3"')
    assert page.run(count) == '3'
    page.button('Jump to the latest message').click()
    page.until('return document.querySelector(".jump").hidden')
    assert page.texts()[-1] == 'news 2'
    assert row(page, last).is_displayed()
    page.until('return document.querySelector(".conversation .badge") === null')


def test_the_divider_stays_for_the_visit(talk):
    page = talk.page
    page.run('parley.attention.force({ visible: true, focused: true })')
    divider = 'return document.querySelector(".rows .new + li .text")?.textContent'
    elsewhere = talk.cleo.create('Elsewhere', talk.ann_wire.user)
    talk.cleo.send(elsewhere, 'hello')
    page.choose('Elsewhere')
    for number in range(3):
        talk.say(talk.ben, f'unread {number}')
    page.until('return document.querySelector(".conversation .badge")?.firstChild.textContent === "3"')
    page.choose('Harbour')
    page.until('return document.querySelector(".conversation .badge") === null')
    assert page.run(divider) == 'unread 0'
    # All is read, and more is read as it comes: the line stays where the visit began.
    talk.say(talk.cleo, 'while I look')
    page.shows('while I look')
    page.send('I see')
    page.sent(1)
    assert page.run(divider) == 'unread 0'
    # Each row says when, without a pointer.
    times = 'return [...document.querySelectorAll(".conversation-pane .message")].every((e) => e.querySelector("time").checkVisibility() && /\\d:\\d\\d/.test(e.querySelector("time").textContent))'
    assert page.run(times)
    page.choose('Elsewhere')
    page.choose('Harbour')
    assert page.run(divider) is None


def test_editing_stands_beside_the_draft(talk, shots):
    page = talk.page
    client = page.send('The boat leves at nine')
    page.event('sent', client=client)
    sequence = talk.ben.log(talk.group)[-1]['sequence']
    press(page, Keys.ARROW_UP)
    assert field(page).get_attribute('value') == 'The boat leves at nine'
    assert page.find('.conversation-pane .mode-name').text == 'Editing your message'
    press(page, Keys.ESCAPE)
    assert field(page).get_attribute('value') == ''
    page.type('half a thought')
    menu(page, sequence, 'Edit')
    shoot(page, shots, 'edit-mode')
    field(page).clear()
    page.type('The boat leaves at nine')
    press(page, Keys.ENTER)
    becomes(page, sequence, 'The boat leaves at nine')
    assert field(page).get_attribute('value') == 'half a thought'
    page.until('return document.querySelector(`li[data-id="${arguments[0]}"] .edited`)?.tagName === "BUTTON"', sequence)
    log = talk.ben.log(talk.group)
    assert [entry['kind'] for entry in log[-2:]] == ['message', 'edit']
    assert log[-2]['content']['text'] == 'The boat leaves at nine'
    assert page.summary('Harbour')['preview'].endswith('The boat leaves at nine')
    page.find(f'li[data-id="{sequence}"] .edited').click()
    page.until('return document.querySelectorAll("dialog[open] .revision").length === 2')
    assert [each.text for each in page.all('dialog[open] .revision p')] == ['The boat leaves at nine', 'The boat leves at nine']
    shoot(page, shots, 'revisions')
    press(page, Keys.ESCAPE)
    assert page.all('dialog[open]') == []


def test_a_recall_asks_and_takes_everything(talk, shots):
    page = talk.page
    theirs = talk.say(talk.ben, 'Not mine')
    client = page.send('My secret')
    page.event('sent', client=client)
    sequence = talk.ben.log(talk.group)[-1]['sequence']
    tool(page, theirs, 'more')
    assert 'Recall for everyone' not in items(page) and 'Edit' not in items(page)
    press(page, Keys.ESCAPE)
    focus_row(page, sequence)
    press(page, Keys.DELETE)
    page.until('return document.querySelector("dialog.confirm[open]") !== null')
    assert focused(page) == 'quiet', 'the way out has the focus'
    shoot(page, shots, 'recall-question')
    page.button('Recall', '//dialog').click()
    becomes(page, sequence, 'This message was recalled')
    page.until('return document.querySelector(`li[data-id="${arguments[0]}"]`).classList.contains("gone")', sequence)
    assert 'recalled' in talk.ben.log(talk.group)[-2] or 'withheld' in talk.ben.log(talk.group)[-2]
    page.until('return document.querySelector(".conversation .preview").textContent.includes("recalled")')
    # An administrator takes away what others wrote.
    mine = talk.say(talk.ann_wire, 'Never mind')
    row(page, mine)
    talk.do(talk.ben, 'recall', target=mine)
    becomes(page, mine, 'This message was recalled')
    shoot(page, shots, 'recalled')
    page.reload()
    page.event('synced')
    becomes(page, mine, 'This message was recalled')
    tool_free = page.run('document.querySelector(`li[data-id="${arguments[0]}"]`).focus(); return document.querySelector(".toolbar") === null', mine)
    assert tool_free, 'nothing can be done with it'


def test_the_time_to_recall_ends(stage):
    talk = Talk(stage, rules={'recall_ms': 60_000})
    sequence = talk.say(talk.ann_wire, 'soon too late')
    tool(talk.page, sequence, 'more')
    assert 'Recall for everyone' in items(talk.page)
    press(talk.page, Keys.ESCAPE)
    talk.page.advance(61_000)
    tool(talk.page, sequence, 'more')
    assert 'Recall for everyone' not in items(talk.page)


def test_reactions_keep_their_order_and_size(stage, shots):
    talk = Talk(stage, ben_on_page=True)
    page = talk.page
    sequence = talk.say(talk.ben, 'We made it to the island!')
    talk.do(talk.cleo, 'react', target=sequence, emoji='🎉', on=True)
    row(page, sequence)
    tool(page, sequence, 'react')
    page.until('return document.querySelector(".emoji-picker:popover-open") !== null')
    shoot(page, shots, 'emoji')
    page.find('.emoji-picker [data-emoji="👍"]').click()
    page.until('return document.querySelectorAll(`.conversation-pane li[data-id="${arguments[0]}"] .reaction:not(.more)`).length === 2', sequence)
    assert reactions(page, sequence) == [['🎉', 1, False], ['👍', 1, True]]
    chip = f'.conversation-pane li[data-id="{sequence}"] .reaction[data-emoji="🎉"]'
    before = page.find(chip).rect
    page.find(chip).click()
    page.until('return document.querySelector(arguments[0]).getAttribute("aria-pressed") === "true"', chip)
    page.idle()
    assert page.find(chip).rect == before
    assert reactions(page, sequence) == [['🎉', 2, True], ['👍', 1, True]]
    other = talk.other
    row(other, sequence)
    other.until('return document.querySelectorAll(`.conversation-pane li[data-id="${arguments[0]}"] .reaction:not(.more)`).length === 2', sequence)
    assert reactions(other, sequence) == [['🎉', 2, False], ['👍', 1, False]]
    page.find(chip).click()
    page.until('return document.querySelector(arguments[0]).getAttribute("aria-pressed") === "false"', chip)
    page.idle()
    page.reload()
    page.event('synced')
    row(page, sequence)
    assert reactions(page, sequence) == [['🎉', 1, False], ['👍', 1, True]]
    shoot(page, shots, 'reactions')

    # By keyboard: react, and see who did.
    focus_row(page, sequence)
    press(page, '+')
    page.until('return document.activeElement.classList.contains("emoji-button")')
    press(page, Keys.ARROW_RIGHT)
    press(page, Keys.ENTER)
    page.until('return document.querySelectorAll(`.conversation-pane li[data-id="${arguments[0]}"] .reaction:not(.more)`).length === 3', sequence)
    assert focused(page).startswith('message'), 'the focus comes back to the row'
    press(page, Keys.ENTER)
    page.until('return document.querySelector(".message-menu:popover-open") !== null')
    choose_item(page, 'Who reacted')
    page.until('return document.querySelectorAll("dialog[open] .person").length === 1')
    assert page.find('dialog[open] .person').text.endswith(talk.stage.name('Cleo'))
    page.find('dialog[open] [role=tab][aria-selected=true]').click()
    press(page, Keys.ARROW_RIGHT)
    page.until('return document.querySelector("dialog[open] .person bdi")?.textContent === arguments[0]', talk.stage.name('Ann'))
    shoot(page, shots, 'who-reacted')


def test_a_thread_beside_the_timeline(stage, shots):
    talk = Talk(stage, ben_on_page=True)
    page = talk.page
    root = talk.say(talk.ben, 'Who brings the tent?')
    talk.say(talk.cleo, 'Something else entirely')
    row(page, root)
    tool(page, root, 'thread')
    page.event('thread', root=root)
    assert focused(page) == 'TEXTAREA'
    shoot(page, shots, 'thread-empty')
    field(page, '.thread-pane').send_keys('I do, it is in the cellar', Keys.ENTER)
    page.until('return document.querySelectorAll(".thread-pane li.message.own[data-state=sent]").length === 1')
    entry = talk.ben.log(talk.group)[-1]
    assert entry['thread'] == root
    reply = talk.say(talk.cleo, 'Then I bring the stove', thread=root)
    row(page, reply, '.thread-pane')
    assert page.run('return document.querySelector(`.conversation-pane li[data-id="${arguments[0]}"] .replies`).textContent', root) == '2 replies'
    tag = page.find(f'.conversation-pane li[data-id="{reply}"] .root-tag')
    assert 'Who brings the tent?' in tag.text
    talk.do(talk.ben, 'edit', target=root, content={'type': 'text', 'text': 'Who brings the big tent?'})
    page.until('return document.querySelector(".thread-pane li .text").textContent === "Who brings the big tent?"')
    shoot(page, shots, 'thread')

    # A draft of its own.
    field(page, '.thread-pane').send_keys('and also')
    page.find('.thread-pane .close').click()
    page.until('return document.querySelector(".thread-pane").hidden')
    assert field(page).get_attribute('value') == ''
    page.find(f'.conversation-pane li[data-id="{root}"] .replies').click()
    page.until('return !document.querySelector(".thread-pane").hidden')
    assert field(page, '.thread-pane').get_attribute('value') == 'and also'
    page.driver.back()
    page.until('return document.querySelector(".thread-pane").hidden')

    # On a phone it takes the whole screen, and Back leaves it.
    page.size('phone')
    other = talk.other
    other.find(f'.conversation-pane li[data-id="{reply}"] .root-tag').click()
    other.until('return document.querySelectorAll(".thread-pane li.message").length === 3')
    assert [e.text for e in other.all('.thread-pane .text')] == ['Who brings the big tent?', 'I do, it is in the cellar', 'Then I bring the stove']
    page.run('document.querySelector(`.conversation-pane li[data-id="${arguments[0]}"] .replies`).click()', root)
    page.until('return !document.querySelector(".thread-pane").hidden')
    assert not page.find('.conversation-pane').is_displayed()
    page.button('Back to the conversation').click()
    page.until('return document.querySelector(".thread-pane").hidden')
    assert page.find('.conversation-pane').is_displayed()


def test_mentions_by_keyboard(stage, shots):
    talk = Talk(stage, rules={'mention_all': 'members'})
    page = talk.page
    field(page).click()
    page.insert('Ask @cl')
    page.until('return document.querySelectorAll(".conversation-pane .completion-item").length === 1')
    assert page.run('return document.getElementById(document.activeElement.getAttribute("aria-activedescendant")).textContent').endswith(stage.name('Cleo'))
    shoot(page, shots, 'mention-list')
    # An Enter out of an input method is never for the list.
    page.driver.execute_cdp_cmd('Input.dispatchKeyEvent', {'type': 'keyDown', 'key': 'Enter', 'code': 'Enter', 'windowsVirtualKeyCode': 229})
    assert page.run('return !document.querySelector(".conversation-pane .completion").hidden')
    press(page, Keys.ENTER)
    assert field(page).get_attribute('value') == f'Ask @{stage.name("Cleo")} '
    page.insert('or @')
    page.until('return document.querySelectorAll(".conversation-pane .completion-item").length === 3')
    press(page, Keys.ESCAPE)
    page.until('return document.querySelector(".conversation-pane .completion").hidden')
    assert field(page).get_attribute('value').endswith('or @')
    page.insert('a')
    page.idle()
    assert page.run('return document.querySelector(".conversation-pane .completion").hidden'), 'it stays closed for this one'
    press(page, Keys.BACKSPACE)
    press(page, Keys.BACKSPACE)
    page.insert('@be')
    page.until('return document.querySelectorAll(".conversation-pane .completion-item").length === 1')
    press(page, Keys.TAB)
    press(page, Keys.ENTER)
    page.sent(1)
    entry = talk.ben.log(talk.group)[-1]
    assert entry['content']['mentions'] == [talk.cleo.user, talk.ben.user]
    assert [e.text for e in page.all('.rows .mention')] == [f'@{stage.name("Cleo")}', f'@{stage.name("Ben")}']
    page.insert('@al')
    page.until('return document.querySelectorAll(".conversation-pane .completion-item").length === 1')
    press(page, Keys.TAB)
    page.insert('lunch')
    press(page, Keys.ENTER)
    page.sent(2)
    entry = talk.ben.log(talk.group)[-1]
    assert entry['content']['mention_all'] is True and 'mentions' not in entry['content']

    # Being mentioned is seen in the list and in the row.
    page.run('parley.attention.force({ visible: true, focused: false })')
    called = talk.say(talk.ben, f'@{stage.name("Ann")} are you there?', content={'mentions': [talk.ann_wire.user]})
    row(page, called)
    assert page.run('return document.querySelector(`li[data-id="${arguments[0]}"]`).classList.contains("called")', called)
    assert page.find(f'li[data-id="{called}"] .mention.mine').text == f'@{stage.name("Ann")}'
    page.until('return parley && document.querySelector(".conversation .badge.at") !== null')
    shoot(page, shots, 'mentioned')


def test_pins_have_a_bar_and_a_list(talk, shots):
    page = talk.page
    first = talk.say(talk.ben, 'The ferry leaves at nine from pier two')
    second = talk.say(talk.ben, 'Bring warm clothes')
    for number in range(40):
        talk.say(talk.cleo, f'chat {number}')
    row(page, first) if page.run('return document.querySelector(`li[data-id="${arguments[0]}"]`) !== null', first) else None
    assert not page.find('.pin-bar').is_displayed()
    talk.do(talk.ben, 'pin', target=first, on=True)
    talk.do(talk.ben, 'pin', target=second, on=True)
    page.until('return document.querySelector(".pin-text").textContent === "Bring warm clothes"')
    assert page.find('.pin-all').text == 'All 2'
    after = page.mark()
    page.find('.pin-jump').click()
    page.event('jumped', after, sequence=second)
    page.find('.pin-all').click()
    page.until('return document.querySelectorAll("dialog[open] .pin-line").length === 2')
    assert page.all('dialog[open] [aria-label="Unpin"]') == [], 'only administrators may'
    shoot(page, shots, 'pins')
    after = page.mark()
    page.run('document.querySelectorAll("dialog[open] .pin-entry")[1].click()')
    page.event('jumped', after, sequence=first)
    talk.do(talk.ben, 'pin', target=second, on=False)
    page.until('return document.querySelector(".pin-text").textContent.startsWith("The ferry")')
    talk.do(talk.ben, 'recall', target=first)
    page.until('return document.querySelector(".pin-bar").hidden')
    # Who administers pins from the menu.
    talk.do(talk.ben, 'role', user=talk.ann_wire.user, role='administrator')
    page.until('return [...document.querySelectorAll(".rows .notice")].at(-1).textContent.includes("administrator")')
    menu(page, second, 'Pin')
    page.until('return !document.querySelector(".pin-bar").hidden')


def test_forwarding(talk, shots):
    page = talk.page
    elsewhere = talk.cleo.create('Lighthouse', talk.ann_wire.user)
    sequence = talk.say(talk.ben, 'The ferry leaves at nine')
    row(page, sequence)
    menu(page, sequence, 'Forward')
    page.until('return document.querySelectorAll("dialog[open] .person").length === 2')
    shoot(page, shots, 'forward')
    page.find('dialog[open] input').send_keys('light')
    page.until('return document.querySelectorAll("dialog[open] .person").length === 1')
    page.find('dialog[open] .person').click()
    page.until('return document.querySelector(".toast span").textContent === "Forwarded to Lighthouse"')
    page.choose('Lighthouse')
    page.shows('The ferry leaves at nine')
    assert talk.stage.name('Ben') in page.find('.rows .forwarded').text
    assert talk.cleo.log(elsewhere)[-1]['content']['forwarded']['sender'] == talk.ben.user
    shoot(page, shots, 'forwarded')


def test_receipts_are_counted_and_named(talk, shots):
    page = talk.page
    client = page.send('Can everybody read this?')
    page.event('sent', client=client)
    sequence = talk.ben.log(talk.group)[-1]['sequence']
    mark = f'.conversation-pane li[data-id="{sequence}"] .mark'
    line = mark + '-line'
    page.until('return document.querySelector(arguments[0])?.textContent === "Sent"', line)
    height = row(page, sequence).rect['height']
    talk.ben.request('read', conversation=talk.group, delivered=sequence)
    talk.cleo.request('read', conversation=talk.group, delivered=sequence)
    page.until('return document.querySelector(arguments[0]).textContent === "Delivered"', line)
    talk.ben.request('read', conversation=talk.group, sequence=sequence)
    page.until('return document.querySelector(arguments[0]).textContent === "Read 1 of 2"', line)
    assert row(page, sequence).rect['height'] == height, 'nothing changes its size'
    page.find(mark).click()
    page.until('return document.querySelectorAll("dialog[open] .person").length === 1')
    counts = 'return [...document.querySelectorAll("dialog[open] .tab-count")].map((e) => e.textContent)'
    assert page.run(counts) == ['1', '1']
    assert page.find('dialog[open] .person').text.endswith(talk.stage.name('Ben'))
    shoot(page, shots, 'receipts')
    page.find('dialog[open] [role=tab][aria-selected=true]').click()
    press(page, Keys.ARROW_RIGHT)
    page.until('return document.querySelector("dialog[open] .person bdi")?.textContent === arguments[0]', talk.stage.name('Cleo'))
    talk.cleo.request('read', conversation=talk.group, sequence=sequence)
    page.until(counts.replace('return ', 'return JSON.stringify(') + ') === \'["2","0"]\'')
    page.until('return document.querySelectorAll("dialog[open] .person").length === 0')
    assert 'Everybody' in page.find('dialog[open] .sheet-status').text
    press(page, Keys.ESCAPE)
    page.until('return document.querySelector(arguments[0]).classList.contains("is-read")', mark)
    shoot(page, shots, 'read-by-all')
    page.reload()
    page.event('synced')
    page.until('return document.querySelector(arguments[0])?.textContent === "Read by all 2"', line)


def test_receipts_that_are_off_say_so(stage, shots):
    talk = Talk(stage, rules={'receipts': False})
    page = talk.page
    client = page.send('Nobody tells')
    page.event('sent', client=client)
    sequence = talk.ben.log(talk.group)[-1]['sequence']
    menu(page, sequence, 'Read by')
    page.until('return document.querySelector("dialog[open] .sheet-status").textContent.includes("off")')
    assert not page.find('dialog[open] .receipt-tabs').is_displayed()
    shoot(page, shots, 'receipts-off')


def test_typing_and_presence(stage, shots):
    ben = stage.enter(1, 'Ben')
    ann = stage.enter(0, 'Ann')
    wire = Wire(stage.direct, name=stage.name('Ann'))
    peer = Wire(stage.direct, name=stage.name('Ben'))
    stage.wires += [wire, peer]
    wire.direct(peer.user)
    ann.choose(stage.name('Ben'))
    ben.choose(stage.name('Ann'))
    ann.until('return document.querySelector(".presence.is-online")?.textContent === "Online"')
    ben.type('I am wri')
    ann.until('return document.querySelector(".conversation-pane > .typing").textContent === arguments[0]', f'{stage.name("Ben")} is typing …')
    shoot(ann, shots, 'typing')
    draft = ben.find('.composer textarea').get_attribute('value')
    ann.advance(5_001)
    ann.until('return document.querySelector(".conversation-pane > .typing").textContent === ""')
    assert draft == 'I am wri'


@pytest.mark.parametrize('case', ['muted', 'rule', 'dissolved', 'removed'])
def test_the_composer_says_why(talk, shots, case):
    page = talk.page
    page.type('half a thought')
    talk.say(talk.ben, 'Quiet, please')
    until = page.run('return parley.clock.now()') + 90_000
    words = {'muted': 'You are muted here until', 'rule': 'Only administrators', 'dissolved': 'dissolved', 'removed': 'no longer a member'}[case]
    {'muted': lambda: talk.do(talk.ben, 'mute', user=talk.ann_wire.user, until=until),
     'rule': lambda: talk.do(talk.ben, 'change', rules={'send': 'administrators'}),
     'dissolved': lambda: talk.do(talk.ben, 'dissolve'),
     'removed': lambda: talk.do(talk.ben, 'remove', user=talk.ann_wire.user)}[case]()
    page.until('return document.querySelector(".conversation-pane .reason").textContent.includes(arguments[0])', words)
    assert not field(page).is_displayed()
    shoot(page, shots, f'reason-{case}')
    if case == 'muted':
        page.advance(91_000)
        page.until('return document.querySelector(".conversation-pane .reason").hidden')
        assert field(page).get_attribute('value') == 'half a thought'


def test_slow_mode_shows_the_wait(stage, shots):
    talk = Talk(stage, rules={'slow_ms': 30_000})
    page = talk.page
    client = page.send('One')
    page.event('sent', client=client)
    page.type('Two')
    page.until('return /Slow mode: (29|30) s/.test(document.querySelector(".conversation-pane .remainder").textContent)')
    assert not page.find('.conversation-pane .send').is_enabled()
    shoot(page, shots, 'slow-mode')
    press(page, Keys.ENTER)
    assert field(page).get_attribute('value') == 'Two'
    page.advance(30_500)
    page.until('return !document.querySelector(".conversation-pane .send").disabled')


def test_by_keyboard_alone(talk):
    page = talk.page
    sequence = talk.say(talk.ben, 'Answer me without a mouse')
    row(page, sequence)
    focus_row(page, sequence)
    press(page, 'r')
    assert focused(page) == 'TEXTAREA'
    page.insert('Done')
    press(page, Keys.ENTER)
    page.sent(1)
    mine = talk.ben.log(talk.group)[-1]
    assert mine['reply_to'] == sequence
    focus_row(page, mine['sequence'])
    press(page, 'e')
    assert field(page).get_attribute('value') == 'Done'
    page.insert(' it')
    press(page, Keys.ENTER)
    becomes(page, mine['sequence'], 'Done it')
    focus_row(page, mine['sequence'])
    press(page, Keys.TAB)
    assert page.run('return document.activeElement.closest("li")?.dataset.id') == str(mine['sequence']), 'what is in the row is reached from it'
    focus_row(page, sequence)
    press(page, Keys.SHIFT, Keys.F10)
    page.until('return document.activeElement.getAttribute("role") === "menuitem"')
    press(page, Keys.ARROW_DOWN)
    press(page, Keys.ESCAPE)
    page.until('return document.querySelector(".message-menu:popover-open") === null')
    assert focused(page).startswith('message')


def test_a_long_press_opens_the_menu(talk, shots):
    page = talk.page
    sequence = talk.say(talk.ben, 'Hold me')
    page.size('phone')
    place = row(page, sequence).find_element('css selector', '.text').rect
    point = {'x': place['x'] + 5, 'y': place['y'] + 5}
    page.driver.execute_cdp_cmd('Input.dispatchTouchEvent', {'type': 'touchStart', 'touchPoints': [point]})
    page.advance(600)
    page.until('return document.querySelector(".message-menu:popover-open") !== null')
    page.driver.execute_cdp_cmd('Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []})
    assert 'Reply' in items(page)
    shoot(page, shots, 'menu')
    page.size('phone')
    choose_item(page, 'Reply')
    page.until('return !document.querySelector(".conversation-pane .mode").hidden')
    page.size('wide')


def test_acts_wait_for_the_network(stage):
    talk = Talk(stage)
    page = talk.page
    page.expect('net::ERR_', 'WebSocket connection to')
    sequence = talk.say(talk.ben, 'Out at sea')
    client = page.send('Me too')
    page.event('sent', client=client)
    mine = talk.ben.log(talk.group)[-1]['sequence']
    stage.proxies[0].cut()
    page.event('phase', phase='waiting')
    focus_row(page, sequence)
    press(page, '+')
    press(page, Keys.ENTER)
    focus_row(page, mine)
    press(page, 'e')
    page.insert(', far out')
    press(page, Keys.ENTER)
    page.until('return document.querySelector(`li[data-id="${arguments[0]}"] .reaction`) !== null', sequence)
    becomes(page, mine, 'Me too, far out')
    stage.proxies[0].restore()
    page.until('parley.clock.advance(1000); return parley.log.filter((e) => e.name === "synced").length > 1')
    page.until('return document.querySelector(`li[data-id="${arguments[0]}"] .edited`)?.tagName === "BUTTON"', mine)
    page.idle()
    log = {entry['sequence']: entry for entry in talk.ben.log(talk.group)}
    assert log[mine]['content']['text'] == 'Me too, far out'
    assert [(each['emoji'], each['count']) for each in log[sequence]['reactions']] == [('👍', 1)]
    assert reactions(page, sequence) == [['👍', 1, True]]


def test_many_unread_open_at_the_divider(stage):
    talk = Talk(stage)
    page = talk.page
    page.run('parley.attention.force({ visible: false, focused: false })')
    elsewhere = talk.cleo.create('Elsewhere', talk.ann_wire.user)
    talk.cleo.send(elsewhere, 'hello')
    page.choose('Elsewhere')
    first = talk.say(talk.ben, 'unread 0')
    for number in range(1, 320):
        talk.say(talk.ben, f'unread {number}')
    page.reload()
    page.run('parley.attention.force({ visible: false, focused: false })')
    page.event('synced')
    page.until('return document.querySelector(".conversation") !== null')
    page.choose('Harbour')
    assert page.run('return document.querySelector(".rows .new + li .text")?.textContent') == 'unread 0'
    assert page.summary('Harbour')['badge'] == '99+'
    place = page.run('const p = document.querySelector(".conversation-pane .scroller").getBoundingClientRect(), r = document.querySelector(".rows .new").getBoundingClientRect(); return r.top >= p.top && r.bottom <= p.bottom')
    assert place
    page.run('parley.attention.force({ visible: true, focused: true })')
    page.advance(1_100)
    read = page.event('read', conversation=talk.group)['sequence']
    assert first <= read < first + 60, 'only what was seen is read'
    page.button('Jump to the latest message').click()
    page.shows('unread 319')
