// The page once logged in: list and conversation side by side, or one after the other on a narrow screen.

import { createMessageParts } from '../messages/parts.js';
import { createThread } from '../messages/thread.js';
import { createTypingLine } from '../messages/typing.js';
import { avatar } from '../ui/avatar.js';
import { confirmed } from '../ui/confirm.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { isMember } from '../store/summaries.js';
import { badge, marks } from '../sync/unread.js';
import { readAddress } from '../viewmodel/address.js';
import { shortcutOf } from '../viewmodel/shortcuts.js';
import { colourOf, faceOf, initials, listTime, titleOf } from '../viewmodel/text.js';
import { lastEditable } from '../viewmodel/writing.js';
import { createBanner } from './banner.js';
import { createComposer } from './composer.js';
import { createList } from './list.js';
import { createNewConversation } from './new_conversation.js';
import { createPanels } from './panels.js';
import { createTimeline } from './timeline.js';

/** Typing changes drafts and waiting changes the connection: neither is a matter of the rows. */
const ofTimeline = ['run', 'far', 'message', 'receipt', 'receiptsOff', 'outbox', 'user', 'conversation', 'view', 'loading', 'me'];
const ofThread = [...ofTimeline, 'thread'];

const narrow = matchMedia('(max-width: 719px)');

export function createShell({ store, app, clock, attention, announcer }) {
  const banner = createBanner({ store, app, clock });
  const list = createList({ store, clock, onOpen: visit, onNew: () => newConversation.show(), onAnswer: answer, onRead: app.markRead, onAbout: (id) => panels.open('about', id), onNotify: notify });
  const newConversation = createNewConversation({ store, app, clock, onCreated: visit });
  const panels = createPanels({ store, app, clock, visit, leave: home });
  const parts = createMessageParts({ store, app, clock, visit, openThread, views: () => ({ composer, thread, timeline }) });
  const { actions, pins } = parts;
  const composer = createComposer({ store, app, clock, onSent: () => timeline.toLatest(), onEscape: () => (narrow.matches ? back() : list.focus()), onEditLast: editLast });
  const timeline = createTimeline({ store, app, clock, attention, actions, onEscape: () => composer.focus() });
  const thread = createThread({ store, app, clock, actions, onClose: closeThread, onJump: showInConversation });
  const typing = createTypingLine({ store });

  const me = h('span', { class: 'me' });
  const heading = h('h1', { class: 'chat-title', tabindex: '-1' });
  const subtitle = h('button', { type: 'button', class: 'subtitle', on: { click: () => panels.open('members', store.get('view', 'open')) } });
  const waiting = h('span', { class: 'badge', hidden: true });
  const about = h('button', { type: 'button', class: 'round about', 'aria-label': 'About this conversation', title: 'About this conversation', on: { click: () => panels.open('about', store.get('view', 'open')) } }, icon('dots'), waiting);
  const face = h('span', { class: 'face' });
  const presence = h('span', { class: 'presence' });
  const chat = h('div', { class: 'conversation-pane', hidden: true },
    h('header', { class: 'chat-head' },
      h('button', { type: 'button', class: 'round back', 'aria-label': 'Back to the conversations', on: { click: back } }, icon('back')),
      face,
      h('div', { class: 'chat-names' }, heading, subtitle, presence), about),
    pins.element, timeline.element, typing.element, composer.element);
  const welcome = h('div', { class: 'welcome' }, icon('bubble'), h('h1', { text: 'No conversation is open' }), h('p', { text: 'Choose one from the list, or start a new one.' }),
    h('button', { type: 'button', class: 'primary', text: 'New conversation', on: { click: () => newConversation.show() } }));

  const element = h('div', { class: 'shell', hidden: true },
    banner.element,
    h('nav', { class: 'side', 'aria-label': 'Conversations' },
      h('header', { class: 'side-head' }, me,
        h('button', { type: 'button', class: 'round', 'aria-label': 'New conversation', title: 'New conversation', on: { click: () => newConversation.show() } }, icon('plus')),
        h('button', { type: 'button', class: 'round', 'aria-label': 'Preferences', title: 'Preferences', on: { click: () => panels.open('preferences') } }, icon('settings')),
        h('button', { type: 'button', class: 'round', 'aria-label': 'Log out', title: 'Log out', on: { click: logOut } }, icon('leave'))),
      list.element),
    h('main', { class: 'main' }, chat, thread.element, panels.place, welcome),
    newConversation.element, panels.element, parts.element, announcer.element);

  document.addEventListener('keydown', (event) => {
    if (element.hidden || document.querySelector('dialog[open]')) return;
    const name = shortcutOf(event);
    if (!name) return;
    event.preventDefault();
    if (name === 'switch' || name === 'help') return void panels.open(name);
    if (name.endsWith('Region')) return toRegion(name.startsWith('next') ? 1 : -1);
    const next = list.neighbour(name.startsWith('next') ? 1 : -1, name.endsWith('Unread'));
    if (next) visit(next);
  });
  window.addEventListener('popstate', follow);
  for (const kind of ['dragover', 'drop']) document.addEventListener(kind, takeNoFile);

  /** The parts of the page in their order; what is not there takes no focus, and is passed over. */
  function toRegion(offset) {
    const regions = [[list.element, list.focus], [timeline.element, timeline.focus], [composer.element, composer.focus], [thread.element, thread.enter], [panels.place, panels.focusPlace], [welcome, () => welcome.querySelector('button').focus()]];
    const from = regions.findIndex(([each]) => each.contains(document.activeElement));
    for (let step = 1; step <= regions.length; step += 1) {
      const [region, focus] = regions.at((Math.max(from, offset < 0 ? 0 : -1) + offset * step) % regions.length);
      focus();
      if (region.contains(document.activeElement)) return;
    }
  }

  /** The browser would leave the page for a file that is dropped on it. Text stays text. */
  function takeNoFile(event) {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    if (event.type === 'drop' && !element.hidden) parts.toast.say('Files cannot be sent yet.');
  }

  async function notify(id, level) {
    try {
      await app.groups.notify(id, level);
    } catch (error) {
      parts.toast.refuse('Nothing was changed.', error);
    }
  }

  /** Opens a conversation as a place in the browser's history, so that its Back leads to the list on a narrow screen. */
  function visit(id) {
    const address = `#${encodeURIComponent(id)}`;
    if (location.hash !== address) {
      const onTop = narrow.matches && !store.get('view', 'open');
      history[onTop ? 'pushState' : 'replaceState']({ fromList: onTop || Boolean(history.state?.fromList) }, '', address);
    }
    store.put('view', 'join', null);
    app.open(id);
    refresh();
    if (narrow.matches) heading.focus();
    else composer.focus();
  }

  function back() {
    if (history.state?.fromList) return history.back();
    home();
  }

  function home() {
    history.replaceState(null, '', location.pathname + location.search);
    follow();
  }

  /** A thread is a place in the browser's history too, so that Back closes it. */
  function openThread(root) {
    if (store.get('view', 'thread') === root) return thread.focus();
    history[store.get('view', 'thread') ? 'replaceState' : 'pushState']({ ...history.state, thread: root }, '', location.hash);
    showThread(root);
    if (narrow.matches) thread.element.querySelector('h2').focus();
    else thread.focus();
  }

  function showThread(root) {
    const open = store.get('view', 'open');
    store.put('view', 'thread', root);
    if (root) app.openThread(open, root);
    refresh();
  }

  function closeThread() {
    const root = store.get('view', 'thread');
    if (history.state?.thread) history.back();
    else showThread(null);
    return root;
  }

  /** Where a thread's first message stands among the others. */
  function showInConversation(root) {
    if (thread.covers()) {
      history.replaceState({ ...history.state, thread: null }, '', location.hash);
      showThread(null);
    }
    timeline.jumpTo(root);
  }

  function editLast() {
    const open = store.get('view', 'open');
    const summary = store.get('conversation', open);
    const entry = lastEditable(summary, store.get('run', open)?.entries ?? [], store.get('me', 'user'), clock.now());
    if (entry) composer.edit(entry);
  }

  /** Logging out leaves nothing on this machine, so what was not sent yet is asked about. */
  async function logOut() {
    const count = store.values('outbox').length;
    const text = `${count === 1 ? '1 message has' : `${count} messages have`} not been sent yet, and would be lost.`;
    if (count === 0 || (await confirmed({ title: 'Log out?', text, action: 'Log out', danger: true }))) app.logOut();
  }

  /** Accepts or declines an invitation from its row. */
  async function answer(conversation, type) {
    try {
      await app.groups.act({ type, conversation });
      await app.groups.resync();
      if (type === 'join') visit(conversation);
      else list.focus();
    } catch (error) {
      visit(conversation);
      await panels.showPlace({ conversation });
      panels.refuse(error);
    }
  }

  function follow() {
    if (store.get('view', 'screen') !== 'chat') return;
    const { join = null, conversation: id = null } = readAddress(location.hash);
    const before = store.get('view', 'open');
    const threadBefore = store.get('view', 'thread');
    store.put('view', 'join', join);
    app.open(id);
    const root = (id && history.state?.thread) || null;
    if (root !== (store.get('view', 'thread') ?? null)) showThread(root);
    refresh();
    if (before && !id) list.focus();
    else if (threadBefore && !root && before === id) timeline.focusRow(threadBefore);
  }

  /** After changes to these keys of the store, or to anything. */
  function refresh(keys) {
    const shown = store.get('view', 'screen') === 'chat';
    const entering = shown && element.hidden;
    const leaving = !shown && !element.hidden;
    element.hidden = !shown;
    if (entering) {
      panels.warm();
      return follow();
    }
    banner.refresh();
    if (!shown) {
      if (newConversation.element.open) newConversation.element.close();
      panels.close();
      list.closeMenu();
      parts.closeAll();
      // A session that ended goes on at the same place after the next log-in; one that was left leaves nothing.
      if (leaving && !store.get('view', 'notice')) history.replaceState(null, '', location.pathname + location.search);
    }
    const open = store.get('view', 'open');
    const summary = open && store.get('conversation', open);
    const name = store.get('me', 'name') ?? '';
    const user = store.get('me', 'user') ?? '';
    me.replaceChildren(avatar({ initials: initials(name), colour: colourOf(user) }, 'small'), h('bdi', { dir: 'auto', text: name }));
    const place = placeOf(summary);
    element.dataset.pane = open || place ? 'conversation' : 'list';
    chat.hidden = !summary || Boolean(place);
    welcome.hidden = Boolean(summary || place);
    panels.showPlace(shown ? place : null);
    if (summary && !place) head(summary);
    list.refresh();
    composer.refresh();
    typing.refresh();
    parts.refresh();
    panels.refresh(keys);
    element.dataset.thread = summary && store.get('view', 'thread') ? 'open' : 'none';
    if (!keys || ofThread.some((table) => keys.has(table))) thread.refresh();
    if (!keys || ofTimeline.some((table) => keys.has(table))) timeline.refresh();
    title(summary);
  }

  /** The page in the place of a conversation: that of a link, or of a group that one does not belong to yet. */
  function placeOf(summary) {
    const token = store.get('view', 'join');
    if (token) return { token };
    return summary && !isMember(summary) && summary.role !== 'none' ? { conversation: summary.conversation } : null;
  }

  function head(summary) {
    const name = titleOf(store, summary);
    heading.replaceChildren(h('bdi', { dir: 'auto', text: name }));
    face.replaceChildren(avatar({ initials: faceOf(summary, name), colour: colourOf(summary.peer ?? summary.conversation), group: summary.kind !== 'direct' }));
    // Who is only invited is not told how many there are.
    subtitle.hidden = summary.kind === 'direct' || summary.members === undefined;
    subtitle.textContent = summary.members === 1 ? '1 member' : `${(summary.members ?? 0).toLocaleString()} members`;
    const peer = summary.peer && store.get('presence', summary.peer);
    presence.hidden = !peer || (!peer.online && !peer.seen);
    presence.classList.toggle('is-online', Boolean(peer?.online));
    presence.textContent = peer?.online ? 'Online' : peer?.seen ? `Last seen ${listTime(peer.seen, clock.now())}` : '';
    about.hidden = summary.role === 'none';
    const requests = store.get('requests', summary.conversation) ?? 0;
    waiting.hidden = requests === 0;
    waiting.replaceChildren(badge(requests), h('span', { class: 'unseen', text: ' ask to join' }));
  }

  function title(summary) {
    const unread = store.values('conversation').reduce((sum, each) => sum + marks(each).total, 0);
    const place = summary ? `${titleOf(store, summary)} · Parley` : 'Parley';
    const text = unread > 0 ? `(${badge(unread)}) ${place}` : place;
    if (document.title !== text) document.title = text;
  }

  return { element, refresh };
}
