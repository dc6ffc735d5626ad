// Who has read a message and who has not: two lists with their counts, which together are always all who are asked about.

import { counters } from '../probe.js';
import { receiptsOff } from '../sync/marks.js';
import { h, reconcile } from '../ui/dom.js';
import { colourOf, initials, plainText } from '../viewmodel/text.js';
import { avatar } from '../ui/avatar.js';
import { createSheet } from './sheet.js';

const lists = ['read', 'unread'];
const searchFrom = 12;
const searchedMax = 5_000;

/** The two counts, which add up to the total at every moment. */
export function split(counts) {
  const { total, read } = counts ?? { total: 0, read: 0 };
  return { total, read: Math.min(read, total), unread: Math.max(0, total - read) };
}

export function createReceiptPanel({ store, app }) {
  const tabs = lists.map((name) =>
    h('button', { type: 'button', role: 'tab', class: 'receipt-tab', 'aria-controls': 'receipt-names', data: { list: name }, on: { click: () => turn(name) } },
      h('span', { class: 'tab-count' }), h('span', { text: name === 'read' ? 'Read' : 'Not read' })));
  const bar = h('div', { class: 'receipt-tabs', role: 'tablist', 'aria-label': 'Lists', on: { keydown } }, ...tabs);
  const search = h('input', { type: 'search', class: 'receipt-search', 'aria-label': 'Search these names', placeholder: 'Search these names', autocomplete: 'off', on: { input: look } });
  const names = h('ul', { class: 'names' });
  const port = h('div', { class: 'people', id: 'receipt-names', role: 'tabpanel', tabindex: '0', on: { scroll: nearEnd, pointerleave: settle, focusout: settle } }, names);
  const fresh = h('button', { type: 'button', class: 'link more-names', hidden: true, text: 'Show the newest state', on: { click: () => reload() } });
  const sheet = createSheet('Read by', bar, search, fresh, port);
  let shown = null;
  let list = 'read';
  let people = [];
  let after = 0;
  let more = false;
  let stale = false;
  let loading = false;

  const countsOf = () => shown && store.get('receipt', `${shown.conversation}/${shown.sequence}`);

  function refresh() {
    if (!sheet.element.open || !shown) return;
    const counts = split(countsOf());
    for (const tab of tabs) tab.firstChild.textContent = counts[tab.dataset.list];
    const state = `${counts.read}/${counts.total}`;
    if (shown.state !== undefined && shown.state !== state) {
      stale = true;
      settle();
    }
    shown.state = state;
  }

  /** Names change their place only while nobody points at them. */
  function settle() {
    if (!stale || !sheet.element.open) return;
    const held = port.matches(':hover') || port.contains(document.activeElement) || search.value !== '';
    fresh.hidden = !held;
    if (!held) reload();
  }

  function turn(name) {
    list = name;
    for (const tab of tabs) {
      const selected = tab.dataset.list === name;
      tab.setAttribute('aria-selected', String(selected));
      tab.tabIndex = selected ? 0 : -1;
    }
    search.value = '';
    port.setAttribute('aria-label', name === 'read' ? 'Who has read it' : 'Who has not read it');
    port.scrollTop = 0;
    reload();
  }

  function reload() {
    stale = false;
    fresh.hidden = true;
    after = 0;
    return page(people.length > 0);
  }

  async function page(quietly) {
    const { conversation, sequence } = shown;
    const begin = after;
    loading = true;
    await sheet.load(
      () => app.readers(conversation, sequence, list, begin),
      (answer) => {
        people = begin === 0 ? answer.members : [...people, ...answer.members];
        after = people.at(-1)?.slot ?? 0;
        more = answer.more && answer.members.length > 0;
        draw();
      },
      quietly,
    );
    loading = false;
  }

  function nearEnd() {
    if (more && !loading && port.scrollHeight - port.clientHeight - port.scrollTop < 200) page(true);
  }

  /** Names are searched in what is loaded, so the rest is loaded first. */
  async function look() {
    const target = shown;
    while (search.value !== '' && more && !loading && target === shown && people.length < searchedMax) await page(true);
    draw();
  }

  function draw() {
    const wanted = plainText(search.value.trim());
    const found = wanted === '' ? people : people.filter(({ name }) => plainText(name).includes(wanted));
    reconcile(names, found.map(({ user, name }) => ({ key: user, name })), () => h('li', { class: 'person' }), (item, { key, name }) =>
      item.replaceChildren(avatar({ initials: initials(name), colour: colourOf(key) }, 'small'), h('bdi', { dir: 'auto', text: name })));
    search.hidden = people.length < searchFrom && !more && search.value === '';
    counters.commits += 1;
    const { total, read } = split(countsOf());
    const empty = list === 'read' ? 'Nobody has read it yet.' : total === 0 ? 'Nobody else was here when it was sent.' : 'Everybody has read it.';
    if (wanted !== '') sheet.tell(found.length === 0 ? 'No such name in this list.' : `${found.length} of ${people.length}${more ? '+' : ''} names`);
    else sheet.tell(people.length === 0 ? empty : `${read} of ${total} have read it`);
  }

  function keydown(event) {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
    event.preventDefault();
    const other = lists.find((name) => name !== list);
    turn(other);
    tabs.find((tab) => tab.dataset.list === other).focus();
  }

  return {
    element: sheet.element,
    close: sheet.close,
    refresh,
    show({ conversation, sequence }) {
      shown = { conversation, sequence, state: undefined };
      people = [];
      more = false;
      stale = false;
      names.replaceChildren();
      const off = receiptsOff(store, conversation);
      for (const element of [bar, port]) element.hidden = Boolean(off);
      search.hidden = true;
      fresh.hidden = true;
      sheet.show();
      if (off) return sheet.tell('Read receipts are off in this group: nobody is told who has read what.');
      app.countsOf(conversation, [sequence]);
      refresh();
      turn('read');
    },
  };
}
