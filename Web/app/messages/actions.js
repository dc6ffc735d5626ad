// What is done with a message: by the toolbar beside it, its menu (long press, Enter), keys, and the buttons inside it.
// One table says it all; the timeline and the thread share it.

import { h } from '../ui/dom.js';
import { findMessage } from '../sync/places.js';
import { acts, shownKey } from '../viewmodel/shortcuts.js';
import { actionsFor } from '../viewmodel/writing.js';
import { icon } from '../ui/icons.js';
import { onLongPress } from '../ui/press.js';

/** In the order of the menu. `key`: acts while a message has the focus. */
export const table = [
  { name: 'react', text: 'React', icon: 'smile', key: '+' },
  { name: 'reply', text: 'Reply', icon: 'reply', key: 'r' },
  { name: 'thread', text: 'Open thread', icon: 'thread', key: 't' },
  { name: 'edit', text: 'Edit', icon: 'pencil', key: 'e' },
  { name: 'forward', text: 'Forward', icon: 'forward' },
  { name: 'copy', text: 'Copy text', icon: 'sheets' },
  { name: 'pin', text: 'Pin', icon: 'pin' },
  { name: 'unpin', text: 'Unpin', icon: 'pin' },
  { name: 'receipts', text: 'Read by', icon: 'eye' },
  { name: 'reactions', text: 'Who reacted', icon: 'people' },
  { name: 'revisions', text: 'Earlier versions', icon: 'past' },
  { name: 'profile', text: 'About the sender', icon: 'person' },
  { name: 'report', text: 'Report', icon: 'report', danger: true },
  { name: 'recall', text: 'Recall for everyone', icon: 'bin', key: 'Delete', danger: true },
];
const ofToolbar = ['react', 'reply', 'thread'];

/** The name of the action of a key event, or null. */
export function actionOfKey({ key, shiftKey }) {
  if (key === 'ContextMenu' || (key === 'F10' && shiftKey) || key === 'Enter') return 'menu';
  return table.find((each) => each.key === key)?.name ?? null;
}

/** `perform(name, target)` with `target`: { conversation, sequence, entry, inThread, rectangle, back, emoji, to }. */
export function createActions({ store, clock, menu, perform }) {
  const buttons = ofToolbar.map((name) => {
    const { text, icon: sign } = table.find((each) => each.name === name);
    return h('button', { type: 'button', class: `tool is-${name}`, tabindex: '-1', 'aria-label': text, title: text, data: { action: name } }, icon(sign));
  });
  const more = h('button', { type: 'button', class: 'tool is-more', tabindex: '-1', 'aria-label': 'More', title: 'More', 'aria-haspopup': 'menu', data: { action: 'menu' } }, icon('dots'));
  const toolbar = h('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Message actions' }, ...buttons, more);

  const open = () => store.get('view', 'open');

  function targetOf(row) {
    const sequence = Number(row.dataset.id);
    const entry = sequence && open() ? findMessage(store, open(), sequence) : null;
    if (!entry || entry.missing) return null;
    const key = row.dataset.key;
    const list = row.parentElement;
    return {
      conversation: open(),
      sequence,
      entry,
      inThread: Boolean(list.closest('.thread-pane')),
      rectangle: (row.querySelector('.bubble') ?? row).getBoundingClientRect(),
      // The row may have been drawn anew, or have left, until the focus comes back.
      back: () => [...list.children].find((each) => each.dataset.key === key) ?? list.closest('.scroller'),
    };
  }

  function allowed(target) {
    return actionsFor(store.get('conversation', target.conversation), target.entry, store.get('me', 'user'), clock.now());
  }

  function showMenu(target) {
    const names = allowed(target);
    const entries = table.filter((each) => names.has(each.name)).map((each) => ({ ...each, key: shownKey(each.key, store.get('page', 'letters')) }));
    if (entries.length > 0) menu.open(target.rectangle, entries, (name) => run(name, target), target.back);
  }

  function run(name, target, extra = {}) {
    if (name === 'menu') return showMenu(target);
    const row = target.back();
    const tool = row?.querySelector?.(`.toolbar .is-${name}`);
    const rectangle = tool?.checkVisibility() ? tool.getBoundingClientRect() : target.rectangle;
    perform(name, { ...target, rectangle, ...extra });
  }

  function attach(row) {
    if (!row?.classList.contains('message') || row.contains(toolbar)) return;
    const target = row.dataset.state === 'sent' && targetOf(row);
    const names = target ? allowed(target) : new Set();
    if (names.size === 0) return toolbar.remove();
    for (const button of buttons) button.hidden = !names.has(button.dataset.action);
    row.querySelector('.frame').append(toolbar);
  }

  /** Makes a list of rows answer. */
  function serve(list) {
    list.addEventListener('pointerover', (event) => event.pointerType === 'mouse' && attach(event.target.closest('li')));
    list.addEventListener('pointerleave', () => leave(list));
    list.addEventListener('focusin', (event) => attach(event.target.closest('li')));
    list.addEventListener('click', click);
    list.addEventListener('keydown', keydown);
    onLongPress(list, { clock, itemOf: (target) => !target.closest('a') && target.closest('li.message'), onPress });
  }

  /** The pointer is gone: the toolbar goes back to the row with the focus, or away. */
  function leave(list) {
    if (!list.contains(toolbar)) return;
    const focused = list.querySelector('li:focus-within');
    if (focused) attach(focused);
    else toolbar.remove();
  }

  function onPress(row) {
    const target = row.isConnected && row.dataset.state === 'sent' && targetOf(row);
    if (!target) return;
    showMenu(target);
    menu.hold();
  }

  function click(event) {
    const button = event.target.closest('[data-action]');
    const row = event.target.closest('li');
    const target = button && row && row.dataset.state === 'sent' ? targetOf(row) : null;
    if (!target) return;
    const { action, emoji, to } = button.dataset;
    run(action, target, { emoji, to: to === undefined ? undefined : Number(to) });
  }

  function keydown(event) {
    const row = event.target;
    if (row.tagName !== 'LI' || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const name = acts(event.key, store.get('page', 'letters')) ? actionOfKey(event) : null;
    const target = name && row.dataset.state === 'sent' ? targetOf(row) : null;
    if (!target || (name !== 'menu' && !allowed(target).has(name))) return;
    event.preventDefault();
    run(name, target);
  }

  return { serve };
}
