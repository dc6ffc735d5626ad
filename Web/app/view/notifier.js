// Notifications of the browser, for who looks elsewhere. Every tab makes them, with the message's id as their tag: the browser
// shows one of each. The tab that somebody is in front of holds a lock, so that all others know to be quiet; a lock is free
// when its tab is gone, whatever ended it.

import { note } from '../probe.js';
import { tells } from '../sync/unread.js';
import { nameOf, titleOf } from '../viewmodel/text.js';

const lock = 'parley-in-front';

export function createNotifier({ store, attention }) {
  let release = null;

  const inFront = () => attention.now.visible && attention.now.focused;

  function claim() {
    if (!inFront()) {
      release?.();
      release = null;
    } else if (!release && navigator.locks) {
      const held = new Promise((resolve) => (release = resolve));
      navigator.locks.request(lock, { mode: 'shared' }, () => held);
    }
  }

  /** Locks are missing outside secure contexts: then each tab knows of itself only. */
  async function somebodyLooks() {
    if (inFront() || !navigator.locks) return inFront();
    return (await navigator.locks.query()).held.some(({ name }) => name === lock);
  }

  async function announce(conversation, entries) {
    if (!store.get('page', 'notifying') || globalThis.Notification?.permission !== 'granted') return;
    const summary = store.get('conversation', conversation);
    const entry = entries.findLast((each) => tells(summary, each, store.get('me', 'user')));
    if (!entry || (await somebodyLooks())) return;
    const text = entry.content.text ?? '';
    const body = summary.kind === 'direct' ? text : `${nameOf(store, entry.sender)}: ${text}`;
    try {
      show(conversation, titleOf(store, summary), { body: body.slice(0, 200), tag: entry.message, icon: 'icon.svg' });
      note('notified', { conversation, sequence: entry.sequence });
    } catch (error) {
      // Browsers of phones take them from a service worker only.
      note('notify-failed', { reason: String(error) });
    }
  }

  function show(conversation, title, options) {
    const shown = new Notification(title, options);
    shown.onclick = () => {
      window.focus();
      location.hash = encodeURIComponent(conversation);
      shown.close();
    };
  }

  attention.onChange(claim);
  claim();
  return { announce };
}
