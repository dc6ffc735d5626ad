// Where one writes. Only Send and the writer empty the field. Replying and editing are modes beside the draft: what was being
// written comes back when an edit ends.

import { createCompletion } from '../messages/completion.js';
import { icon } from '../ui/icons.js';
import { h } from '../ui/dom.js';
import { composerKey, outgoingText, remainder, scalarCount, textLimit } from '../viewmodel/keys.js';
import { calls } from '../viewmodel/mentions.js';
import { quoteOf } from '../viewmodel/timeline.js';
import { slowWait, whyNot } from '../viewmodel/writing.js';
import { findMessage } from '../sync/places.js';

const draftAfter = 400;
const undoFrom = 20;
const undoFor = 10_000;
const growsByItself = CSS.supports('field-sizing', 'content');

/** `rootOf()`: the thread that it writes into, or null while there is none; without it, it writes into the conversation. */
export function createComposer({ store, app, clock, onSent, onEscape, onEditLast, rootOf, label = 'Message' }) {
  const makeField = () => h('textarea', { rows: '1', dir: 'auto', 'aria-label': label, placeholder: label === 'Message' ? 'Write a message' : 'Reply in the thread', enterkeyhint: 'enter', on: { input, keydown, keyup: follow, click: follow, blur } });
  let field = makeField();
  const left = h('span', { class: 'remainder', role: 'status' });
  const undo = h('button', { type: 'button', class: 'undo link', hidden: true, text: 'Undo', on: { click: bringBack } });
  const button = h('button', { type: 'submit', class: 'send', 'aria-label': 'Send' }, icon('send'));
  const reason = h('p', { class: 'reason', role: 'status', hidden: true });
  const modeText = h('span', { class: 'mode-text', dir: 'auto' });
  const modeName = h('span', { class: 'mode-name' });
  const modeSign = h('span', { class: 'mode-sign' });
  const mode = h('div', { class: 'mode', hidden: true }, modeSign, h('span', { class: 'mode-lines' }, modeName, modeText),
    h('button', { type: 'button', class: 'round', 'aria-label': 'Leave', on: { click: leaveMode } }, icon('close')));
  const completion = createCompletion({ candidates: () => app.callable(conversation), onPick: picked });
  const form = h('form', { class: 'composer', on: { submit } }, h('div', { class: 'field-box' }, completion.element, field, left, undo), button);
  const element = h('div', { class: 'composer-area' }, mode, form, reason, completion.said);

  let conversation = null;
  let key = null;
  /** What stands beside the draft: { reply_to, people }, `people` being those who were chosen behind an @. */
  let about = {};
  /** { sequence, text, people } while a message is edited, by draft key: it waits there while one looks elsewhere. */
  const edits = new Map();
  /** What was taken out of the field whole, by draft key: one step back, also after a look elsewhere. */
  const removed = new Map();
  /** Whose words these are: they outlive a session that ended, and are nobody else's. */
  let owner = null;
  let shown = '';
  let cancelUndo = () => {};
  let cancelKeep = () => {};
  let cancelWait = () => {};
  const touch = () => matchMedia('(pointer: coarse)').matches;
  const editing = () => edits.get(key) ?? null;

  completion.attach(field);
  window.addEventListener('pagehide', keep);
  document.addEventListener('visibilitychange', keep);

  function refresh() {
    const open = store.get('view', 'open') ?? null;
    const root = rootOf?.();
    const next = open && (!rootOf ? open : root ? `${open}#${root}` : null);
    if (next !== key) turn(open, next);
    const summary = open && store.get('conversation', open);
    const why = summary ? whyNot(summary, clock.now()) : null;
    form.hidden = Boolean(why);
    reason.hidden = !why;
    if (reason.textContent !== (why?.text ?? '')) reason.textContent = why?.text ?? '';
    cancelWait();
    if (why?.until) cancelWait = clock.after(Math.max(250, Math.min(why.until - clock.now(), 3_600_000)), refresh);
    showMode(why);
    if (!why && summary) slow(summary);
  }

  function turn(open, next) {
    keep();
    renewField();
    const me = store.get('me', 'user');
    if (me && me !== owner) for (const each of [edits, removed]) each.clear();
    owner = me ?? owner;
    conversation = open;
    key = next;
    about = (key && store.get('draftAbout', key)) ?? {};
    field.value = editing()?.text ?? (key && store.get('draft', key)) ?? '';
    offerUndo(false);
    fit();
  }

  /** A field of its own: the browser's undo belongs to the field, and would bring the words of one conversation into another. */
  function renewField() {
    const focused = document.activeElement === field;
    const next = makeField();
    // It may lose the focus by this, and is what is kept until then.
    field.replaceWith(next);
    field = next;
    completion.attach(field);
    if (focused) field.focus({ preventScroll: true });
  }

  /** While slow mode holds the next message back, the button says for how long; writing goes on. */
  function slow(summary) {
    const wait = editing() ? 0 : slowWait(summary, store.get('run', conversation)?.entries ?? [], store.get('me', 'user'), clock.now());
    element.dataset.wait = wait > 0 ? '1' : '';
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1_000);
      left.textContent = `Slow mode: ${seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`}`;
      left.classList.remove('over');
      cancelWait = clock.after(Math.min(1_000, wait), refresh);
    }
    count();
  }

  function showMode(why) {
    const edit = editing();
    const sequence = edit?.sequence ?? about.reply_to;
    mode.hidden = Boolean(why) || !sequence;
    if (!sequence) return;
    const original = findMessage(store, conversation, sequence);
    if (edit && original?.recalled) return leaveMode();
    app.wantMessage(conversation, sequence);
    const { name, text } = quoteOf({ store, conversation }, sequence);
    const head = edit ? 'Editing your message' : `Reply to ${name || 'a message'}`;
    if (modeName.textContent === head && modeText.textContent === text) return;
    modeSign.replaceChildren(icon(edit ? 'pencil' : 'reply'));
    modeName.textContent = head;
    modeText.textContent = text;
    mode.lastChild.setAttribute('aria-label', edit ? 'Stop editing' : 'Do not reply');
    button.setAttribute('aria-label', edit ? 'Save' : 'Send');
    button.replaceChildren(icon(edit ? 'sent' : 'send'));
  }

  function leaveMode() {
    if (editing()) {
      edits.delete(key);
      field.value = store.get('draft', key) ?? '';
      fit();
    } else {
      about = { ...about, reply_to: undefined };
      remember();
    }
    button.setAttribute('aria-label', 'Send');
    button.replaceChildren(icon('send'));
    modeName.textContent = '';
    completion.close();
    refresh();
    field.focus({ preventScroll: true });
  }

  function reply(sequence) {
    if (editing()) leaveMode();
    about = { ...about, reply_to: sequence };
    remember();
    refresh();
    field.focus({ preventScroll: true });
  }

  function edit(entry) {
    keep();
    edits.set(key, { sequence: entry.sequence, text: entry.content.text ?? '', people: store.get('callable', conversation) ?? [] });
    field.value = editing().text;
    offerUndo(false);
    fit();
    refresh();
    field.focus({ preventScroll: true });
    field.setSelectionRange(field.value.length, field.value.length);
  }

  function input() {
    const edit = editing();
    if (edit) edit.text = field.value;
    else watch(shown);
    fit();
    completion.update();
    if (field.value !== '' && !edit) app.typing(conversation);
    cancelKeep();
    cancelKeep = clock.after(draftAfter, keep);
  }

  /** The browser's own undo ends where a text was set by the page. A single letter is its business all the same. */
  function watch(before) {
    if (field.value !== '' || before.length < 2) removed.delete(key);
    else removed.set(key, before);
    offerUndo(field.value === '' && before.length >= undoFrom);
  }

  /** For a finger, which has no Ctrl+Z. */
  function offerUndo(offered) {
    cancelUndo();
    undo.hidden = !offered;
    if (offered) cancelUndo = clock.after(undoFor, () => offerUndo(false));
  }

  function bringBack() {
    field.value = removed.get(key);
    removed.delete(key);
    offerUndo(false);
    fit();
    keep();
    field.focus({ preventScroll: true });
  }

  /** The caret may have moved into, or out of, a name. */
  function follow(event) {
    if (completion.open || event.type === 'click') completion.update();
  }

  function blur() {
    completion.close();
    keep();
  }

  function picked(person) {
    const edit = editing();
    if (edit) edit.people = [...edit.people, person];
    else about = { ...about, people: [...(about.people ?? []).filter((each) => each.user !== person.user), person] };
    if (edit) edit.text = field.value;
    fit();
    keep();
  }

  /**
   * Height by content, at once: the timeline holds its place against the change in the same frame. Where the style sheet does it
   * (`field-sizing`), a key costs one layout; measured here, it costs three.
   */
  function fit() {
    shown = field.value;
    if (!growsByItself) {
      field.style.height = 'auto';
      field.style.height = `${field.scrollHeight}px`;
    }
    count();
  }

  function count() {
    const rest = remainder(field.value);
    if (!element.dataset.wait || rest !== null) {
      left.textContent = rest === null ? '' : rest < 0 ? `${-rest} too many` : `${rest} left`;
      left.classList.toggle('over', rest !== null && rest < 0);
    }
    button.disabled = outgoingText(field.value) === '' || (rest !== null && rest < 0) || Boolean(element.dataset.wait);
  }

  function keep() {
    cancelKeep();
    if (key && !editing() && field.value !== (store.get('draft', key) ?? '')) remember();
  }

  function remember() {
    if (!key) return;
    const text = editing() ? (store.get('draft', key) ?? '') : field.value;
    store.put('draftAbout', key, about);
    app.keepDraft(key, text, about);
  }

  function keydown(event) {
    if (completion.keydown(event)) return;
    if (event.key === 'Escape' && !event.isComposing) {
      event.preventDefault();
      return mode.hidden ? onEscape() : leaveMode();
    }
    if (event.key === 'ArrowUp' && field.value === '' && !editing() && !event.isComposing && !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      return onEditLast?.();
    }
    if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && field.value === '' && !editing() && removed.has(key)) {
      event.preventDefault();
      return bringBack();
    }
    if (composerKey(event, { touch: touch(), enter: store.get('page', 'enter') }) !== 'send') return;
    event.preventDefault();
    form.requestSubmit();
  }

  async function submit(event) {
    event.preventDefault();
    const text = outgoingText(field.value);
    if (!conversation || text === '' || scalarCount(text) > textLimit) return;
    if (editing()) return save(text);
    if (element.dataset.wait) return;
    const typed = field.value;
    const was = { key, about };
    const root = rootOf?.();
    cancelKeep();
    field.value = '';
    about = {};
    fit();
    refresh();
    field.focus();
    store.put('draft', was.key, '');
    store.put('draftAbout', was.key, about);
    const people = [...(was.about.people ?? []), ...(store.get('callable', conversation) ?? [])];
    try {
      await app.send(conversation, text, { ...calls(text, people), reply_to: was.about.reply_to, thread: root ?? undefined, draft: was.key });
      if (was.key === key) onSent();
    } catch {
      // The disk refused it (full, or a private window): the words go back to where they were.
      if (was.key === key && field.value === '') {
        field.value = typed;
        about = was.about;
      }
      store.put('draft', was.key, typed);
      fit();
      refresh();
      left.textContent = 'Could not be kept for sending';
      left.classList.add('over');
    }
  }

  /** An edit that changes nothing is none. */
  function save(text) {
    const { sequence, people } = editing();
    const { content } = findMessage(store, conversation, sequence) ?? {};
    const target = conversation;
    leaveMode();
    if (!content || content.text === text) return;
    const known = [...(content.mentions ?? []).map((user) => ({ user, name: store.get('user', user) ?? '' })), ...people];
    const { mentions, mention_all } = calls(text, known);
    const next = { ...content, text };
    delete next.mentions;
    delete next.mention_all;
    if (mentions.length > 0) next.mentions = mentions;
    if (mention_all) next.mention_all = true;
    app.act(target, { type: 'edit', target: sequence, content: next });
  }

  return {
    element,
    refresh,
    reply,
    edit,
    focus: () => field.focus({ preventScroll: true }),
  };
}
