// What is pinned: a bar with the newest one under the conversation's name, and the list of all.

import { h } from '../ui/dom.js';
import { findMessage } from '../sync/places.js';
import { exactTime, nameOf } from '../viewmodel/text.js';
import { isAdministrator } from '../viewmodel/rights.js';
import { icon } from '../ui/icons.js';
import { createSheet } from './sheet.js';

const oneLine = (text) => text.slice(0, 160).replace(/\s+/gu, ' ').trim();

export function createPins({ store, app, onJump, perform }) {
  const text = h('span', { class: 'pin-text', dir: 'auto' });
  const jump = h('button', { type: 'button', class: 'pin-jump', on: { click: () => onJump(newest().sequence) } }, icon('pin'), h('span', { class: 'unseen', text: 'Pinned: ' }), text);
  const all = h('button', { type: 'button', class: 'pin-all link', on: { click: show } });
  const element = h('div', { class: 'pin-bar', hidden: true, role: 'region', 'aria-label': 'Pinned messages' }, jump, all);

  const list = h('ul', { class: 'pin-list', on: { click } });
  const sheet = createSheet('Pinned messages', list);

  const pins = () => store.get('pins', store.get('view', 'open')) ?? [];
  /** As the message is now: what was pinned may have been edited since, or recalled. */
  const current = () => pins().map((pin) => findMessage(store, store.get('view', 'open'), pin.sequence) ?? pin).filter((pin) => !pin.recalled && !pin.missing);
  const newest = () => current()[0];

  function refresh() {
    const shown = current();
    element.hidden = shown.length === 0;
    if (shown.length === 0) {
      if (sheet.element.open) draw();
      return;
    }
    const words = oneLine(shown[0].content?.text ?? '');
    if (text.textContent !== words) text.textContent = words;
    all.textContent = shown.length === 1 ? 'Show' : `All ${shown.length}`;
    all.setAttribute('aria-label', shown.length === 1 ? 'Show the pinned message' : `Show all ${shown.length} pinned messages`);
    if (sheet.element.open) draw();
  }

  function draw() {
    const shown = current();
    const summary = store.get('conversation', store.get('view', 'open'));
    const may = summary?.kind === 'direct' || isAdministrator(summary);
    sheet.tell(shown.length === 0 ? 'Nothing is pinned here.' : 'The newest pin first');
    list.replaceChildren(
      ...shown.map(({ sequence, sender, time, content }) =>
        h('li', { class: 'pin-line', data: { sequence } },
          h('button', { type: 'button', class: 'pin-entry', data: { action: 'jump' } },
            h('span', { class: 'pin-head' }, h('bdi', { dir: 'auto', text: nameOf(store, sender) }), h('time', { text: exactTime(time) })),
            h('span', { class: 'pin-body', dir: 'auto', text: content?.text ?? '' })),
          may && h('button', { type: 'button', class: 'round', 'aria-label': 'Unpin', title: 'Unpin', data: { action: 'unpin' } }, icon('close')))));
  }

  function click(event) {
    const { action } = event.target.closest('[data-action]')?.dataset ?? {};
    const sequence = Number(event.target.closest('li')?.dataset.sequence);
    if (action === 'unpin') perform('unpin', { conversation: store.get('view', 'open'), sequence });
    if (action !== 'jump') return;
    sheet.close();
    onJump(sequence);
  }

  function show() {
    app.loadPins(store.get('view', 'open'));
    sheet.show();
    draw();
  }

  return { element, dialog: sheet.element, refresh, show, close: sheet.close };
}
