// How far one's own messages have come: counts of who has them and who has read them, pushed by the server and asked for
// after each new connection.
//
// Tables: receipt/<conversation>/<sequence> { total, read, delivered }, receiptsOff/<conversation>.

import { note } from '../probe.js';
import { isMember } from '../store/summaries.js';

const perRequest = 200;

/** Counts only move forward: a frame that was overtaken changes nothing. */
export function newerCounts(known, { total, read, delivered }) {
  // The total is fixed by who was a member when it was sent; another one means another rule, and then the frame is right.
  if (known && known.total === total && known.read >= read && known.delivered >= delivered) return known;
  const same = known?.total === total ? known : { read: 0, delivered: 0 };
  const most = { total, read: Math.max(same.read, read), delivered: Math.max(same.delivered, delivered, same.read, read) };
  return Object.freeze(most);
}

/** The mark under a message: `sent`, `delivered`, `read` (by all) or `partly` (by some). */
export function markOf(counts) {
  if (!counts || counts.total === 0) return 'sent';
  if (counts.read >= counts.total) return 'read';
  if (counts.read > 0) return 'partly';
  return counts.delivered >= counts.total ? 'delivered' : 'sent';
}

/** Whether nobody is told who has read what: by the group's rules, or because the server said so. */
export function receiptsOff(store, id) {
  const rule = store.get('conversation', id)?.rules?.receipts;
  return rule === undefined ? Boolean(store.get('receiptsOff', id)) : !rule;
}

export function createMarks({ store, link }) {
  const asked = new Set();
  const keyOf = (id, sequence) => `${id}/${sequence}`;
  let waiting = new Map();

  function take(id, { counts, off }) {
    if (off !== undefined) store.put('receiptsOff', id, off);
    for (const each of counts) store.put('receipt', keyOf(id, each.sequence), newerCounts(store.get('receipt', keyOf(id, each.sequence)), each));
    note('receipts', { conversation: id, count: counts.length });
  }

  /** The newest of one's own in the open conversation, and those that the screen shows besides. */
  async function poll(id) {
    if (!id || link.phase !== 'live' || !isMember(store.get('conversation', id)) || receiptsOff(store, id)) return;
    try {
      take(id, await link.request({ type: 'receipts', conversation: id }));
    } catch (error) {
      // Else the marks stay as they were, and the next push or connection mends them.
      if (error.name === 'receipts_off') store.put('receiptsOff', id, true);
    }
  }

  /** Own messages on the screen whose counts nobody sent yet. */
  function want(id, sequences) {
    if (receiptsOff(store, id)) return;
    for (const sequence of sequences) {
      const key = keyOf(id, sequence);
      if (asked.has(key) || store.get('receipt', key)) continue;
      asked.add(key);
      if (waiting.size === 0) queueMicrotask(ask);
      waiting.set(id, [...(waiting.get(id) ?? []), sequence]);
    }
  }

  async function ask() {
    const questions = waiting;
    waiting = new Map();
    for (const [id, sequences] of questions) {
      for (let index = 0; index < sequences.length; index += perRequest) {
        const part = sequences.slice(index, index + perRequest);
        try {
          take(id, await link.request({ type: 'receipts', conversation: id, sequences: part }));
        } catch {
          for (const sequence of part) asked.delete(keyOf(id, sequence));
        }
      }
    }
  }

  return {
    poll,
    want,
    onFrame: (frame) => frame.type === 'receipts' && take(frame.conversation, frame),
    /** A page of the names: `list` is read, unread or delivered. */
    readers: (conversation, sequence, list, after) =>
      link.request({ type: 'readers', conversation, sequence, list, after_slot: after, limit: 100 }),
    resume() {
      asked.clear();
      poll(store.get('view', 'open'));
    },
    forget() {
      asked.clear();
      for (const table of ['receipt', 'receiptsOff']) store.clear(table);
    },
  };
}
