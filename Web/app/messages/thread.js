// A thread beside the timeline, or in its place on a narrow screen. Its messages stand in the timeline as well.

import { elementOf, h, reconcile } from '../ui/dom.js';
import { findMessage } from '../sync/places.js';
import { atBottom } from '../viewmodel/anchor.js';
import { acts, moves } from '../viewmodel/shortcuts.js';
import { threadRows } from '../viewmodel/timeline.js';
import { createComposer } from '../view/composer.js';
import { createRow, fillRow } from '../view/rows.js';
import { icon } from '../ui/icons.js';

export function createThread({ store, app, clock, actions, onClose, onJump }) {
  const rootOf = () => store.get('view', 'thread') ?? null;
  const heading = h('h2', { class: 'thread-title', tabindex: '-1', text: 'Thread' });
  const list = h('ol', { class: 'rows', 'aria-label': 'Messages of the thread', on: { click } });
  const status = h('div', { class: 'timeline-status', role: 'status', hidden: true });
  const scroller = h('div', { class: 'scroller', tabindex: '0', role: 'group', 'aria-label': 'Thread', on: { keydown, focusin, focusout, scroll } }, list);
  const composer = createComposer({ store, app, clock, rootOf, label: 'Reply', onSent: () => (following = true), onEscape: onClose });
  const element = h('aside', { class: 'thread-pane', 'aria-label': 'Thread', hidden: true },
    h('header', { class: 'thread-head' },
      h('button', { type: 'button', class: 'round back', 'aria-label': 'Back to the conversation', on: { click: onClose } }, icon('back')),
      h('div', { class: 'thread-names' }, heading, h('button', { type: 'button', class: 'subtitle', text: 'Show in the conversation', on: { click: () => onJump(rootOf()) } })),
      h('button', { type: 'button', class: 'round close', 'aria-label': 'Close the thread', on: { click: onClose } }, icon('close'))),
    status, scroller, composer.element);
  let shown = null;
  let following = true;
  let keys = [];

  actions.serve(list);
  new ResizeObserver(stick).observe(scroller);
  new ResizeObserver(stick).observe(list);

  function refresh() {
    const conversation = store.get('view', 'open');
    const root = conversation ? rootOf() : null;
    const key = root ? `${conversation}/${root}` : null;
    if (key !== shown) {
      shown = key;
      following = true;
      reconcile(list, [], createRow, fillRow);
    }
    element.hidden = !root;
    composer.refresh();
    if (!root) return;
    const thread = store.get('thread', key);
    status.hidden = !thread || thread.loading === false;
    if (thread?.loading === 'failed') {
      status.replaceChildren('The thread could not be loaded. ', h('button', { type: 'button', class: 'link', text: 'Try again', on: { click: () => app.openThread(conversation, root) } }));
    } else if (!status.hidden) status.textContent = 'Loading the thread …';
    const rows = threadRows(store, conversation, root, clock.now());
    reconcile(list, rows, createRow, fillRow);
    keys = rows.filter((row) => row.kind !== 'day').map((row) => row.key);
    for (const { quote } of rows) if (quote && !quote.known) app.wantMessage(conversation, quote.sequence);
    stick();
  }

  function stick() {
    if (following) scroller.scrollTop = scroller.scrollHeight;
  }

  function scroll() {
    following = atBottom(scroller);
  }

  function click(event) {
    const action = event.target.closest('[data-action]')?.dataset.action;
    const id = event.target.closest('li')?.dataset.key?.slice(2);
    if (action === 'retry') app.retry(id);
    if (action === 'discard') app.discard(id);
  }

  function keydown(event) {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.target.closest('button')) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      return composer.focus();
    }
    const offset = acts(event.key, store.get('page', 'letters')) && moves[event.key];
    if (!offset) return;
    event.preventDefault();
    const current = keys.indexOf(event.target.dataset.key);
    const row = elementOf(list, keys[current < 0 ? keys.length - 1 : current + offset]);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }

  function focusin(event) {
    scroller.tabIndex = event.target === scroller ? 0 : -1;
    for (const each of event.target.closest('li')?.querySelectorAll('a, button') ?? []) each.tabIndex = 0;
  }

  function focusout(event) {
    const row = event.target.closest('li');
    if (row && !row.contains(event.relatedTarget)) for (const each of row.querySelectorAll('a, button')) each.tabIndex = -1;
    if (!list.contains(event.relatedTarget)) scroller.tabIndex = 0;
  }

  return {
    element,
    refresh,
    reply: composer.reply,
    edit: composer.edit,
    enter: () => scroller.focus({ preventScroll: true }),
    focus: () => (findMessage(store, store.get('view', 'open'), rootOf()) || shown ? composer.focus() : heading.focus()),
    /** Whether it stands in the conversation's place, and not beside it. */
    covers: () => !element.hidden && matchMedia('(max-width: 1099px)').matches,
  };
}
