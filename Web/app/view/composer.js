// Where one writes. Only Send and the writer empty the field.

import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { reasonNotToWrite } from '../viewmodel/rights.js';
import { composerKey, outgoingText, remainder, scalarCount, textLimit } from '../viewmodel/keys.js';

const draftAfter = 400;
/** What a browser's timer can hold. */
const longestWait = 2 ** 31;

export function createComposer({ store, app, clock, onSent, onEscape }) {
  const field = h('textarea', { rows: '1', dir: 'auto', 'aria-label': 'Message', placeholder: 'Write a message', enterkeyhint: 'enter', on: { input, keydown, blur: keep } });
  const left = h('span', { class: 'remainder', role: 'status' });
  const button = h('button', { type: 'submit', class: 'send', 'aria-label': 'Send' }, icon('send'));
  const reason = h('p', { class: 'reason', role: 'status', hidden: true });
  const form = h('form', { class: 'composer', on: { submit } }, h('div', { class: 'field-box' }, field, left), button);
  const element = h('div', { class: 'composer-area' }, form, reason);

  let conversation = null;
  let cancelKeep = () => {};
  let cancelUnmute = () => {};
  const touch = () => matchMedia('(pointer: coarse)').matches;

  window.addEventListener('pagehide', keep);
  document.addEventListener('visibilitychange', keep);

  function refresh() {
    const open = store.get('view', 'open') ?? null;
    if (open !== conversation) {
      keep();
      conversation = open;
      field.value = (open && store.get('draft', open)) ?? '';
      fit();
    }
    const summary = open && store.get('conversation', open);
    const why = summary ? reasonNotToWrite(summary, clock.now()) : '';
    form.hidden = why !== '';
    reason.hidden = why === '';
    if (reason.textContent !== why) reason.textContent = why;
    cancelUnmute();
    const ahead = (summary?.muted_until ?? 0) - clock.now();
    if (ahead > 0 && ahead < longestWait) cancelUnmute = clock.after(ahead, refresh);
  }

  function input() {
    fit();
    cancelKeep();
    cancelKeep = clock.after(draftAfter, keep);
  }

  /** Height by content, at once: the timeline holds its place against the change in the same frame. */
  function fit() {
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
    const rest = remainder(field.value);
    left.textContent = rest === null ? '' : rest < 0 ? `${-rest} too many` : `${rest} left`;
    left.classList.toggle('over', rest !== null && rest < 0);
    button.disabled = outgoingText(field.value) === '' || (rest !== null && rest < 0);
  }

  function keep() {
    cancelKeep();
    if (conversation && field.value !== (store.get('draft', conversation) ?? '')) app.keepDraft(conversation, field.value);
  }

  function keydown(event) {
    if (event.key === 'Escape' && !event.isComposing) return onEscape();
    if (composerKey(event, { touch: touch() }) !== 'send') return;
    event.preventDefault();
    form.requestSubmit();
  }

  async function submit(event) {
    event.preventDefault();
    const text = outgoingText(field.value);
    if (!conversation || text === '' || scalarCount(text) > textLimit) return;
    const typed = field.value;
    const target = conversation;
    cancelKeep();
    field.value = '';
    fit();
    field.focus();
    store.put('draft', target, '');
    try {
      await app.send(target, text);
      if (target === conversation) onSent();
    } catch (error) {
      // The disk refused it (full, or a private window): the words go back to where they were.
      if (target === conversation && field.value === '') field.value = typed;
      store.put('draft', target, typed);
      fit();
      left.textContent = 'Could not be kept for sending';
      left.classList.add('over');
    }
  }

  return {
    element,
    refresh,
    focus: () => field.focus({ preventScroll: true }),
  };
}
