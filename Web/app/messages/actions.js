// What is done with a message: by the toolbar beside it, its menu (long press, Enter), keys, and the buttons inside it.
// One table says it all; the timeline and the thread share it.

import { h } from '../ui/dom.js';
import { findMessage } from '../sync/places.js';
import { actionsFor } from '../viewmodel/writing.js';
import { icon } from '../ui/icons.js';

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
const pressFor = 500;
const pressSlack = 10;

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
  let cancelPress = () => {};
  let pressed = false;

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
    const entries = table.filter((each) => names.has(each.name));
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
    list.addEventListener('contextmenu', (event) => pressed && event.preventDefault());
    list.addEventListener('pointerdown', press);
    for (const end of ['pointerup', 'pointercancel', 'pointerleave']) list.addEventListener(end, () => cancelPress());
  }

  /** The pointer is gone: the toolbar goes back to the row with the focus, or away. */
  function leave(list) {
    if (!list.contains(toolbar)) return;
    const focused = list.querySelector('li:focus-within');
    if (focused) attach(focused);
    else toolbar.remove();
  }

  /** A long press on touch; a finger that moves scrolls. */
  function press(event) {
    cancelPress();
    pressed = false;
    if (event.pointerType === 'mouse') return;
    const row = event.target.closest('li.message');
    if (!row || event.target.closest('a')) return;
    const { clientX, clientY } = event;
    const moved = (next) => Math.hypot(next.clientX - clientX, next.clientY - clientY) > pressSlack && cancelPress();
    const stop = clock.after(pressFor, () => {
      cancelPress();
      pressed = true;
      const target = row.isConnected && row.dataset.state === 'sent' && targetOf(row);
      if (!target) return;
      showMenu(target);
      menu.hold();
    });
    row.addEventListener('pointermove', moved);
    cancelPress = () => {
      stop();
      row.removeEventListener('pointermove', moved);
    };
  }

  function click(event) {
    // The click at the end of a long press belongs to the menu that it opened.
    if (pressed) {
      pressed = false;
      event.preventDefault();
      return event.stopImmediatePropagation();
    }
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
    const name = actionOfKey(event);
    const target = name && row.dataset.state === 'sent' ? targetOf(row) : null;
    if (!target || (name !== 'menu' && !allowed(target).has(name))) return;
    event.preventDefault();
    run(name, target);
  }

  return { serve };
}
