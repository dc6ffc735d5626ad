// The conversation list: one tab stop, arrows move inside it.

import { h, elementOf, reconcile } from '../ui/dom.js';
import { avatar } from '../ui/avatar.js';
import { icon } from '../ui/icons.js';
import { listRows } from '../viewmodel/list.js';

/** Milliseconds without a movement after which the pointer only lies there. */
const restAfter = 2_000;

export function createList({ store, clock, onOpen, onNew, onAnswer }) {
  const list = h('ul', { class: 'conversations', on: { click, keydown, pointermove, pointerleave: rest, focusin: () => rove() } });
  const empty = h('div', { class: 'empty', hidden: true },
    h('p', { text: 'Groups and direct conversations appear here.' }),
    h('button', { type: 'button', class: 'primary', text: 'Start a conversation', on: { click: onNew } }));
  const element = h('div', { class: 'list-scroll' }, list, empty);
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
    const index = order.indexOf(event.target.closest('li')?.dataset.key);
    const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: order.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    if (order[next]) elementOf(list, order[next]).firstChild.focus();
  }

  return {
    element,
    refresh,
    focus() {
      const key = order.includes(store.get('view', 'open')) ? store.get('view', 'open') : order[0];
      if (key) elementOf(list, key).firstChild.focus();
    },
    /** The next conversation from the open one in the direction of `offset`, 1 or -1; `unread`: that has something unread. */
    neighbour(offset, unread = false) {
      const index = order.indexOf(store.get('view', 'open'));
      let next = index < 0 ? (unread && offset < 0 ? order.length - 1 : 0) : index + offset;
      while (unread && order[next] && !store.get('conversation', order[next]).unread) next += offset;
      return order[next];
    },
  };
}
