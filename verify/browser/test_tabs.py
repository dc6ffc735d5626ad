"""One person, several tabs of one browser: each shows the same, none sends twice, none takes another's words."""

import pytest

from test_offline import CONSOLE, back, cut
from wire import Wire


class Tabs:
    """Two tabs of one page object; what is asked of the page is asked of the tab that was chosen last."""

    def __init__(self, stage):
        self.ben = stage.wire('Ben')
        self.page = stage.enter(0, 'Ann')
        self.page.expect(*CONSOLE)
        self.proxy = stage.proxies[0]
        self.ann = Wire(stage.direct, name=stage.name('Ann')).user
        self.group = self.ben.create('Group', self.ann)
        self.ben.send(self.group, 'before')
        self.page.choose('Group')
        self.handles = [self.page.driver.current_window_handle]
        self.page.driver.switch_to.new_window('tab')
        self.handles.append(self.page.driver.current_window_handle)
        self.page.size('wide')
        self.page.open()
        self.page.event('synced')
        self.page.choose('Group')

    def __getitem__(self, index):
        self.page.driver.switch_to.window(self.handles[index])
        return self.page

    def close(self):
        self[1].driver.close()
        self.page.driver.switch_to.window(self.handles[0])


@pytest.fixture
def tabs(stage):
    tabs = Tabs(stage)
    yield tabs
    tabs.close()


def test_what_one_tab_sends_every_tab_shows_once(tabs):
    tabs[0].send('from the first')
    tabs[0].sent(1)
    tabs[1].shows('from the first')
    tabs[1].send('from the second')
    tabs[1].sent(2)
    tabs[0].shows('from the second')
    for index in (0, 1):
        assert tabs[index].texts() == ['before', 'from the first', 'from the second']
        tabs[index].sent(2)
    assert tabs.ben.texts(tabs.group) == ['before', 'from the first', 'from the second']


def test_edits_and_recalls_reach_every_tab(tabs):
    for text in ('one', 'two'):
        tabs[0].send(text)
    tabs[0].sent(2)
    own = {text: sequence for sequence, text, _ in tabs[0].rows()}
    press = tabs[0].press
    tabs[0].run('document.querySelector(`li[data-id="${arguments[0]}"]`).focus()', own['two'])
    tabs[0].keys('e')
    tabs[0].until('return document.querySelector(".composer textarea").value === "two"')
    tabs[0].insert(', mended')
    press('Save')
    tabs[1].shows('two, mended')
    tabs[0].run('document.querySelector(`li[data-id="${arguments[0]}"]`).focus()', own['one'])
    tabs[0].keys('\ue017')  # Delete
    press('Recall', 'dialog[open]')
    tabs[1].shows('This message was recalled')
    assert tabs[1].texts() == ['before', 'This message was recalled', 'two, mended']


def test_what_was_written_offline_goes_out_once(tabs):
    """The tab that is loaded while the message waits finds it in the same box, and both send it when the network is back."""
    cut(tabs[0], tabs.proxy)
    client = tabs[0].send('written offline')
    tabs.proxy.restore()
    tabs[1].reload()
    tabs[1].event('synced')
    tabs[1].shows('written offline')
    back(tabs[0], tabs.proxy)
    for index in (0, 1):
        tabs[index].sent(1)
        assert tabs[index].texts().count('written offline') == 1
    log = tabs.ben.log(tabs.group)
    assert [entry['client_id'] for entry in log if entry.get('content', {}).get('text') == 'written offline'] == [client]


def test_what_is_read_in_one_tab_is_read_in_all(tabs):
    other = tabs.ben.create('Other', tabs.ann)
    for number in range(3):
        tabs.ben.send(other, f'news {number}')
    for index in (0, 1):
        tabs[index].until('return [...document.querySelectorAll(".conversation .badge")].some((e) => e.firstChild.textContent === "3")')
    tabs[1].choose('Other')
    tabs[1].shows('news 2')
    tabs[1].run('parley.attention.force({ visible: true, focused: true })')
    tabs[1].advance(1_000)
    tabs[1].event('read', conversation=other)
    tabs[0].until('return document.querySelector(".conversation .badge") === null')


def test_a_draft_is_its_tabs_own_until_it_is_sent(tabs):
    tabs[0].type('half a sen')
    tabs[1].send('meanwhile')
    tabs[1].sent(1)
    tabs[0].shows('meanwhile')
    assert tabs[0].find('.composer textarea').get_attribute('value') == 'half a sen'
    assert tabs[1].find('.composer textarea').get_attribute('value') == ''


def field(page):
    return page.find('.conversation-pane .composer textarea').get_attribute('value')


def test_two_tabs_never_write_over_each_others_draft(tabs):
    for index, words in enumerate(('half of the first', 'half of the second')):
        after = tabs[index].mark()
        tabs[index].type(words)
        tabs[index].advance(500)
        tabs[index].event('draft', after)
    for index, words in enumerate(('half of the first', 'half of the second')):
        tabs[index].reload()
        tabs[index].event('opened')
        assert field(tabs[index]) == words
    # What the other one sends takes nothing away here, and what it leaves behind is lost to nobody.
    tabs[1].press('Send')
    tabs[1].sent(1)
    tabs[1].type('left behind')
    tabs[1].advance(500)
    tabs[1].idle()
    tabs[0].reload()
    tabs[0].event('opened')
    assert field(tabs[0]) == 'half of the first'
    tabs[1].driver.get('about:blank')
    tabs[0].until('return navigator.locks.query().then(({ held }) => held.filter((e) => e.name.startsWith("parley-tab-")).length === 1)')
    for _ in range(2):
        tabs[0].reload()
        tabs[0].event('opened')
        assert field(tabs[0]) == 'half of the first\n\nleft behind'
    assert tabs.ben.texts(tabs.group)[-1] == 'half of the second'
