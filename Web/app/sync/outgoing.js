// Sends what was written: on disk first, then on the screen, then on the wire, in order, until the server has it.

import { ServerError } from '../codec/frames.js';
import { note } from '../probe.js';
import { afterError, entryOfAck, frameOf, nextToSend, pause, requeued, settledBy } from './queue.js';

/** `onAck(conversation, entry, sequence)`: the entry is null where only the server has it. `onRefused(row, error)`: an act failed. */
export function createOutgoing({ store, link, storage, clock, onAck, onRefused }) {
  const resting = new Set();
  const refusals = new Map();
  let settled = [];
  let lastOrder = 0;

  const me = () => store.get('me', 'user');

  /**
   * Takes over what an earlier page left behind. Another tab may still be sending the same rows: that costs a second
   * request and nothing else, for a client id counts once.
   */
  async function restore() {
    const rows = await storage.outbox();
    for (const row of rows) {
      if (row.user !== me()) continue;
      lastOrder = Math.max(lastOrder, row.order);
      store.put('outbox', row.client_id, row);
    }
  }

  function fresh(conversation) {
    lastOrder = Math.max(lastOrder + 1, clock.now() * 1_000);
    return { client_id: freshIdentifier(), user: me(), conversation, order: lastOrder, time: clock.now(), state: 'queued' };
  }

  /** `about`: reply_to, thread, mentions, mention_all; `draft`: the key of the draft that it was. */
  async function send(conversation, text, { reply_to, thread, mentions = [], mention_all = false, draft = conversation } = {}) {
    const content = { type: 'text', text };
    if (mentions.length > 0) content.mentions = mentions;
    if (mention_all) content.mention_all = true;
    const row = { ...fresh(conversation), content };
    if (reply_to) row.reply_to = reply_to;
    if (thread) row.thread = thread;
    await storage.enqueue(row, draft);
    return put(row);
  }

  /** Something done with a message: shown at once, kept until the server has it, like a message. */
  async function act(conversation, act) {
    const row = { ...fresh(conversation), act };
    await storage.keepRow(row);
    return put(row);
  }

  function put(row) {
    store.put('outbox', row.client_id, row);
    note('queued', { client: row.client_id });
    drain();
    return row;
  }

  /** A new connection: nobody knows what became of the rows that were on the wire. */
  function resume() {
    resting.clear();
    for (const row of store.values('outbox')) store.put('outbox', row.client_id, requeued(row));
    drain();
  }

  function drain() {
    if (link.phase !== 'live' || !store.get('view', 'synced')) return;
    for (const row of nextToSend(store.values('outbox'), resting)) transmit(row);
  }

  async function transmit(row) {
    const id = row.client_id;
    const { conversation } = row;
    store.put('outbox', id, { ...row, state: 'sending' });
    note('sending', { client: id });
    try {
      await link.request(frameOf(row), {
        before(ack) {
          // It was so already: there is no entry, and nothing more to wish for.
          if (ack.type === 'ok') return drop(row);
          const entry = entryOfAck(row, ack, me());
          // An act that was taken before this page was loaded is in what the page shows already.
          settle({ sender: me(), client_id: id, sequence: ack.sequence });
          onAck(conversation, entry, ack.sequence);
        },
      });
      refusals.delete(conversation);
      note('acked', { client: id });
    } catch (error) {
      if (!store.get('outbox', id)) return drain();
      const next = afterError(row, error);
      note('send-refused', { client: id, code: error.code, state: next.state });
      store.put('outbox', id, next);
      if (next.state !== 'failed') rest(conversation, error);
      else if (row.act) {
        onRefused(row, error);
        await discard(id);
      } else await storage.keepRow(next);
    }
    drain();
  }

  function rest(conversation, error) {
    const failures = refusals.get(conversation) ?? 0;
    refusals.set(conversation, failures + 1);
    if (!(error instanceof ServerError) && link.phase !== 'live') return;
    resting.add(conversation);
    clock.after(pause(failures, error.retryAfter, Math.random()), () => {
      resting.delete(conversation);
      drain();
    });
  }

  /** An entry came, as ack, event or out of a page: if it is one of ours, it needs sending no more. */
  function settle(entry) {
    const row = settledBy(store.values('outbox'), entry, me());
    if (!row) return;
    note('sent', { client: row.client_id, sequence: entry.sequence });
    drop(row);
  }

  function drop(row) {
    store.delete('outbox', row.client_id);
    if (settled.push(row.client_id) === 1) {
      queueMicrotask(() => {
        const ids = settled;
        settled = [];
        storage.dropRows(ids);
      });
    }
  }

  async function discard(id) {
    await storage.dropRows([id]);
    store.delete('outbox', id);
    drain();
  }

  return {
    restore,
    send,
    act,
    discard,
    resume,
    settle,
    drain,
    async retry(id) {
      const row = store.get('outbox', id);
      if (!row) return;
      const next = { ...row, state: 'queued', reason: undefined, code: undefined };
      await storage.keepRow(next);
      store.put('outbox', id, next);
      drain();
    },
  };
}

/** 128 random bits. `crypto.randomUUID` is missing outside secure contexts. */
export function freshIdentifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
