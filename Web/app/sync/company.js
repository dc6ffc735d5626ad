// Who is there: who types in the open conversation, and whether the other of a direct conversation is online. All of it may
// be lost and none of it is kept.
//
// Tables: typing/<conversation> [user], presence/<user> { online, seen }.

import { isMember } from '../store/summaries.js';

export const typingFor = 5_000;
const tellEvery = 3_000;
const watchedMax = 200;

export function createCompany({ store, link, clock, people }) {
  let told = new Map();
  let ends = new Map();
  let watched = new Set();
  let planned = false;

  function onTyping({ conversation, users }) {
    const me = store.get('me', 'user');
    people.want(users);
    for (const user of users) if (user !== me) ends.set(`${conversation} ${user}`, clock.now() + typingFor);
    clock.after(typingFor, () => show(conversation));
    show(conversation);
  }

  function show(conversation) {
    const now = clock.now();
    for (const [key, end] of ends) if (end <= now) ends.delete(key);
    const users = [...ends.keys()].filter((key) => key.startsWith(`${conversation} `)).map((key) => key.slice(conversation.length + 1));
    const before = store.get('typing', conversation) ?? [];
    if (users.join(' ') === before.join(' ')) return;
    if (users.length > 0) store.put('typing', conversation, users);
    else store.delete('typing', conversation);
  }

  /** Who has sent a message types no more. */
  function spoke(conversation, user) {
    if (ends.delete(`${conversation} ${user}`)) show(conversation);
  }

  /** The user's own key strokes. */
  function type(conversation) {
    if (link.phase !== 'live' || clock.now() - (told.get(conversation) ?? 0) < tellEvery) return;
    told.set(conversation, clock.now());
    link.request({ type: 'typing', conversation }).catch(() => {});
  }

  /** Asks about the others of the direct conversations, once for all that become known together. */
  function watch() {
    if (planned) return;
    planned = true;
    queueMicrotask(ask);
  }

  async function ask() {
    planned = false;
    if (link.phase !== 'live') return;
    const peers = store.values('conversation').filter((each) => each.peer && isMember(each)).sort((one, other) => other.time - one.time);
    const users = peers.slice(0, watchedMax).map((each) => each.peer);
    if (users.every((user) => watched.has(user))) return;
    watched = new Set(users);
    try {
      take(await link.request({ type: 'presence', users, watch: true }));
    } catch {
      // Nobody's dot is shown then.
    }
  }

  function take({ users }) {
    for (const { user, online, seen } of users) store.put('presence', user, Object.freeze({ online, seen: seen ?? 0 }));
  }

  return {
    type,
    spoke,
    watch,
    onFrame(frame) {
      if (frame.type === 'typing') onTyping(frame);
      if (frame.type === 'presence') take(frame);
    },
    resume() {
      told = new Map();
      watched = new Set();
      watch();
    },
    /** Without a connection nobody knows who is there. */
    pause() {
      ends = new Map();
      for (const table of ['typing', 'presence']) store.clear(table);
    },
  };
}
