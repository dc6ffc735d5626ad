// The conversation list: one tab stop, arrows move inside it.

import { h, elementOf, reconcile } from '../ui/dom.js';
import { avatar } from '../ui/avatar.js';
import { icon } from '../ui/icons.js';
import { onLongPress } from '../ui/press.js';
import { createMenu } from '../messages/menu.js';
import { isMember } from '../store/summaries.js';
import { acts, ofList, shownKey } from '../viewmodel/shortcuts.js';
import { listRows, neighbour } from '../viewmodel/list.js';

/** Milliseconds without a movement after which the pointer only lies there. */
const restAfter = 2_000;

/** `onRead(id)` marks as read, `onAbout(id)` shows what there is to know. */
export function createList({ store, clock, onOpen, onNew, onAnswer, onRead, onAbout, onNotify }) {
  const list = h('ul', { class: 'conversations', on: { click, keydown, contextmenu, pointermove, pointerleave: rest, focusin: () => rove() } });
  const menu = createMenu('Conversation');
  const empty = h('div', { class: 'empty', hidden: true },
    h('p', { text: 'Groups and direct conversations appear here.' }),
    h('button', { type: 'button', class: 'primary', text: 'Start a conversation', on: { click: onNew } }));
  const element = h('div', { class: 'list-scroll' }, list, empty, menu.element);
  onLongPress(list, { clock, itemOf: (target) => target.closest('.conversation')?.parentElement, onPress: (item) => showMenu(item) && menu.hold() });
  let order = [];
  /** While the pointer moves over the list, what arrives changes no row's place. */
  let pointed = false;
  let cancelRest = () => {};

  function create() {
    return h('li', {}, h('button', { type: 'button', class: 'conversation', tabindex: '-1' }));
  }

  function fill(item, row) {
    const button = item.firstChild;
    if (row.current) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
    button.classList.toggle('unread', row.unread > 0);
    const line = h('span', { class: `preview ${row.state && `is-${row.state}`}` });
    if (row.state === 'waiting') line.append(icon('waiting'));
    if (row.state === 'failed') line.append(icon('alert'));
    if (row.label) line.append(h('span', { class: 'label' }, h('bdi', { text: row.label }), ': '));
    line.append(h('bdi', { dir: 'auto', text: row.preview }));
    button.replaceChildren(
      h('span', { class: 'face' }, avatar(row), row.online && h('span', { class: 'online', title: 'Online' }, h('span', { class: 'unseen', text: 'Online: ' }))),
      h('span', { class: 'lines' },
        h('span', { class: 'top' }, h('bdi', { class: 'title', dir: 'auto', text: row.title }), h('span', { class: 'time', text: row.time })),
        h('span', { class: 'bottom' }, line,
          row.dissolved && h('span', { class: 'tag', text: 'Dissolved' }),
          row.silent && h('span', { class: 'silent' }, icon('silent'), h('span', { class: 'unseen', text: 'Notifications off' })),
          row.mentions && h('span', { class: 'badge at' }, '@', h('span', { class: 'unseen', text: ` ${row.mentions} mention you` })),
          row.badge && h('span', { class: `badge${row.quiet ? ' quiet-count' : ''}` }, row.badge, h('span', { class: 'unseen', text: ' unread' })))),
    );
    answers(item, row.invited);
  }

  /** The buttons of an invitation stand below its row. */
  function answers(item, invited) {
    if (Boolean(item.querySelector('.answers')) === invited) return;
    if (!invited) return item.querySelector('.answers').remove();
    item.append(h('div', { class: 'answers' },
      h('button', { type: 'button', class: 'primary', text: 'Accept', data: { answer: 'join' } }),
      h('button', { type: 'button', class: 'quiet', text: 'Decline', data: { answer: 'decline' } })));
  }

  function refresh() {
    const rows = inPlace(listRows(store, clock.now()));
    reconcile(list, rows, create, fill);
    order = rows.map((row) => row.key);
    list.hidden = rows.length === 0;
    empty.hidden = rows.length > 0 || !store.get('view', 'synced');
    rove();
  }

  /** New rows come first in any case: there is nothing else to tell what they are. */
  function inPlace(rows) {
    if (!pointed) return rows;
    const place = new Map(order.map((key, index) => [key, index]));
    return [...rows].sort((one, other) => (place.get(one.key) ?? -1) - (place.get(other.key) ?? -1));
  }

  function pointermove({ pointerType }) {
    if (pointerType !== 'mouse') return;
    pointed = true;
    cancelRest();
    cancelRest = clock.after(restAfter, rest);
  }

  function rest() {
    cancelRest();
    if (!pointed) return;
    pointed = false;
    refresh();
  }

  /** Exactly one button takes part in the tab order: the focused one, else the open one, else the first. */
  function rove() {
    const focused = document.activeElement?.closest?.('.conversations > li')?.dataset.key;
    const stop = [focused, store.get('view', 'open'), order[0]].find((key) => order.includes(key));
    for (const key of order) for (const button of elementOf(list, key).querySelectorAll('button')) button.tabIndex = key === stop ? 0 : -1;
  }

  function click(event) {
    const key = event.target.closest('li')?.dataset.key;
    const answer = event.target.closest('[data-answer]')?.dataset.answer;
    if (answer) onAnswer(key, answer);
    else if (key) onOpen(key);
  }

  function keydown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const item = event.target.closest('li');
    if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) return contextmenu(event);
    const key = item?.dataset.key;
    const index = order.indexOf(key);
    const place = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: order.length - 1 }[event.key];
    const name = acts(event.key, store.get('page', 'letters')) && ofList.find((each) => each.key === event.key)?.name;
    if (place === undefined && !name) return;
    event.preventDefault();
    if (name === 'read') return onRead(key);
    const next = name === 'unread' ? neighbour(order, key, 1, isUnread) : order[place];
    if (next) elementOf(list, next).firstChild.focus();
  }

  const isUnread = (key) => store.get('conversation', key)?.unread > 0;

  /** By the other mouse button or its key; a finger presses long. */
  function contextmenu(event) {
    const item = event.target.closest('.conversation')?.parentElement;
    if (!item || (event.pointerType !== 'touch' && !showMenu(item))) return;
    event.preventDefault();
  }

  /** What can be done with a conversation that one belongs to. Returns whether there is anything. */
  function showMenu(item) {
    const id = item.dataset.key;
    const summary = store.get('conversation', id);
    if (!item.isConnected || !isMember(summary)) return false;
    const { text, key } = ofList.find(({ name }) => name === 'read');
    const off = summary.notify === 'none';
    const doings = { read: onRead, notify: () => onNotify(id, off ? 'all' : 'none'), about: onAbout };
    menu.open(item.firstChild.getBoundingClientRect(), [
      summary.unread > 0 && { name: 'read', text, icon: 'twice', key: shownKey(key, store.get('page', 'letters')) },
      { name: 'notify', text: off ? 'Notifications on' : 'Notifications off', icon: off ? 'bell' : 'silent' },
      { name: 'about', text: 'About this conversation', icon: 'dots' },
    ].filter(Boolean), (name) => doings[name](id), () => elementOf(list, id)?.firstChild);
    return true;
  }

  return {
    element,
    refresh,
    focus() {
      const key = order.includes(store.get('view', 'open')) ? store.get('view', 'open') : order[0];
      if (key) elementOf(list, key).firstChild.focus();
    },
    /** The next conversation from the open one in the direction of `offset`, 1 or -1; `unread`: that has something unread. */
    neighbour: (offset, unread = false) => neighbour(order, store.get('view', 'open'), offset, unread ? isUnread : null),
    closeMenu: menu.close,
  };
}
