// What is known of a conversation beside its newest stretch: another stretch that one jumped to, single messages that are
// quoted, and threads. All of it follows the entries that come later.
//
// Tables: far/<conversation> (a run that ends before the newest one begins), message/<conversation>/<sequence> (a message, or
// { missing: true }), thread/<conversation>/<root> { entries, loading }.

import { note } from '../probe.js';
import { applied, entryAt, folded, isControl, isVague, taken } from './fold.js';
import { joined, renewed, runFromNewest, touched } from './run.js';

const half = 50;
const pageMax = 200;
const threadMax = 1_000;
const singlesAtOnce = 4;

/** The message of this sequence, wherever it is known: { missing: true } where it cannot be had, undefined while unknown. */
export function findMessage(store, id, sequence) {
  for (const run of [store.get('run', id), store.get('far', id)]) {
    const entry = run && entryAt(run.entries, sequence);
    if (entry) return entry;
  }
  return store.get('message', `${id}/${sequence}`);
}

export function createPlaces({ store, link, people }) {
  let wanted = [];
  const asked = new Set();
  let under = 0;

  const me = () => store.get('me', 'user');
  const keyOf = (id, sequence) => `${id}/${sequence}`;
  const covers = (run, sequence) => Boolean(run) && sequence >= run.from && sequence <= run.position;

  async function history(id, fields) {
    const page = await link.request({ type: 'history', conversation: id, ...fields });
    for (const entry of page.entries) people.wantFor(entry);
    return page;
  }

  /** Makes `sequence` part of what is loaded. False when it cannot be had. */
  async function reach(id, sequence) {
    const run = store.get('run', id);
    if (covers(run, sequence)) store.delete('far', id);
    if (covers(run, sequence) || covers(store.get('far', id), sequence)) return true;
    const before = Math.min(store.get('conversation', id).head, sequence + half) + 1;
    const page = await history(id, { before, limit: 2 * half });
    note('reached', { conversation: id, sequence });
    const far = runFromNewest(page.entries, page.more, page.head, me());
    if (!covers(far, sequence)) return false;
    keep(id, far);
    return true;
  }

  /** A far stretch that touches the newest one becomes part of it. */
  function keep(id, far) {
    const run = store.get('run', id);
    const whole = run && joined(far, run, me());
    if (whole) {
      store.put('run', id, whole);
      store.delete('far', id);
    } else store.put('far', id, far);
  }

  /** A page more of the far stretch, up or down. */
  async function extend(id, down) {
    const far = store.get('far', id);
    const loading = store.get('loading', id);
    if (!far || (loading && loading !== 'failed') || (!down && far.start)) return;
    store.put('loading', id, down ? 'newer' : 'older');
    try {
      const page = await history(id, down ? { after: far.position, limit: half } : { before: far.from, limit: half });
      const now = store.get('far', id);
      store.delete('loading', id);
      if (now?.from !== far.from || now.position !== far.position) return;
      const entries = down ? [...page.entries].reverse() : page.entries;
      const more = runFromNewest(entries, down || page.more, page.head, me());
      if (entries.length > 0) keep(id, joined(more, now, me()) ?? now);
      else if (!down) store.put('far', id, Object.freeze({ ...now, start: true }));
      note(down ? 'newer' : 'older', { conversation: id, count: entries.length });
    } catch {
      store.put('loading', id, 'failed');
    }
  }

  /** Loads a single message that is quoted. */
  function want(id, sequence) {
    const key = keyOf(id, sequence);
    if (asked.has(key) || findMessage(store, id, sequence)) return;
    asked.add(key);
    wanted.push({ id, sequence, key });
    next();
  }

  /** Asks for a known message once more: what came does not say what became of it. */
  function renew(id, sequence) {
    const key = keyOf(id, sequence);
    const known = findMessage(store, id, sequence);
    if (!known || known.missing || known.recalled || wanted.some((each) => each.key === key)) return;
    wanted.push({ id, sequence, key });
    next();
  }

  /** Into all that shows the message. */
  function learn(id, message) {
    for (const table of ['run', 'far']) {
      const run = store.get(table, id);
      if (run) store.put(table, id, renewed(run, message));
    }
    for (const key of store.keys('thread')) {
      const thread = store.get('thread', key);
      if (key.startsWith(`${id}/`)) store.put('thread', key, { ...thread, entries: merged([message].filter(({ sequence }) => entryAt(thread.entries, sequence)), thread.entries) });
    }
    const summary = store.get('conversation', id);
    if (summary?.preview?.sequence === message.sequence) store.put('conversation', id, Object.freeze({ ...summary, preview: message }));
    store.put('message', keyOf(id, message.sequence), message);
  }

  async function next() {
    if (under >= singlesAtOnce || wanted.length === 0 || link.phase !== 'live') return;
    const { id, sequence, key } = wanted.shift();
    under += 1;
    try {
      const page = await history(id, { before: sequence + 1, limit: 1 });
      const entry = page.entries[0];
      if (entry?.sequence === sequence) learn(id, taken(entry, page.head));
      else store.put('message', key, Object.freeze({ missing: true, sequence }));
    } catch (error) {
      if (error.retry === 'later') asked.delete(key);
      else store.put('message', key, Object.freeze({ missing: true, sequence }));
    }
    under -= 1;
    next();
  }

  /** Loads a thread, oldest first, up to its bound. */
  async function openThread(id, root) {
    const key = keyOf(id, root);
    want(id, root);
    if (store.get('thread', key)?.loading === true) return;
    let entries = store.get('thread', key)?.entries ?? [];
    store.put('thread', key, { entries, loading: true });
    try {
      for (;;) {
        const after = entries.at(-1)?.sequence ?? 0;
        const page = await link.request({ type: 'thread', conversation: id, root, after, limit: pageMax });
        for (const entry of page.entries) people.wantFor(entry);
        // What was pushed meanwhile is behind the page, or in it.
        const later = store.get('thread', key)?.entries ?? [];
        const [first, replies] = [page.entries.find((entry) => entry.sequence === root), page.entries.filter((entry) => entry.sequence !== root)];
        if (first) store.put('message', key, taken(first, page.head));
        entries = merged(replies.map((entry) => taken(entry, page.head)), merged(entries, later));
        store.put('thread', key, { entries, loading: true });
        if (!page.more || page.entries.length === 0 || entries.length >= threadMax) break;
      }
      store.put('thread', key, { entries, loading: false });
      note('thread', { conversation: id, root, count: entries.length });
    } catch {
      store.put('thread', key, { entries, loading: 'failed' });
    }
  }

  /** Both in order of their sequences; of one that is in both, the version that knows more. */
  function merged(first, second) {
    const all = new Map();
    for (const entry of [...first, ...second]) {
      const known = all.get(entry.sequence);
      if (!known || known.asOf < entry.asOf) all.set(entry.sequence, entry);
    }
    return [...all.values()].sort((one, other) => one.sequence - other.sequence);
  }

  /** Entries of the log, in order, into everything that is known beside the run. */
  function fold(id, entries) {
    const far = store.get('far', id);
    if (far) store.put('far', id, touched(far, entries, me()));
    for (const entry of entries) {
      const target = isControl(entry) ? entry.target : entry.thread;
      if (target === undefined) continue;
      const single = store.get('message', keyOf(id, target));
      if (single && !single.missing) store.put('message', keyOf(id, target), applied(single, entry, me()));
      if (isVague(entry, store.get('conversation', id)?.visible_from)) renew(id, target);
    }
    for (const key of store.keys('thread')) {
      if (!key.startsWith(`${id}/`)) continue;
      const thread = store.get('thread', key);
      const root = Number(key.slice(id.length + 1));
      const fresh = entries.filter((entry) => entry.thread === root && entry.sequence > (thread.entries.at(-1)?.sequence ?? 0));
      const next = folded(fresh.length > 0 ? [...thread.entries, ...fresh.map((entry) => taken(entry))] : thread.entries, entries, me());
      if (next !== thread.entries) store.put('thread', key, { ...thread, entries: next });
    }
  }

  return {
    reach,
    older: (id) => extend(id, false),
    newer: (id) => extend(id, true),
    leave: (id) => store.delete('far', id),
    want,
    openThread,
    fold,
    /** A new connection: threads may have grown meanwhile, and questions were lost. */
    resume() {
      for (const key of store.keys('thread')) {
        const place = key.lastIndexOf('/');
        openThread(key.slice(0, place), Number(key.slice(place + 1)));
      }
      next();
    },
    closeThread: (id, root) => store.delete('thread', keyOf(id, root)),
    /** All, or what belongs to one conversation. */
    forget(id) {
      const goes = (key) => id === undefined || key === id || key.startsWith(`${id}/`);
      wanted = wanted.filter(({ key }) => !goes(key));
      for (const key of asked) if (goes(key)) asked.delete(key);
      for (const table of ['far', 'message', 'thread']) for (const key of store.keys(table)) if (goes(key)) store.delete(table, key);
    },
  };
}
