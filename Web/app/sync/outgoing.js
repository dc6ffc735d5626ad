// Sends what was written: on disk first, then on the screen, then on the wire, in order, until the server has it.

import { ServerError } from '../codec/frames.js';
import { note } from '../probe.js';
import { afterError, entryOfAck, nextToSend, pause, requeued, settledBy } from './queue.js';

export function createOutgoing({ store, link, storage, clock, onAck }) {
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

  async function send(conversation, text) {
    lastOrder = Math.max(lastOrder + 1, clock.now() * 1_000);
    const row = {
      client_id: freshIdentifier(),
      user: me(),
      conversation,
      order: lastOrder,
      content: { type: 'text', text },
      time: clock.now(),
      state: 'queued',
    };
    await storage.enqueue(row);
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
    const { conversation, content } = row;
    store.put('outbox', id, { ...row, state: 'sending' });
    note('sending', { client: id });
    try {
      await link.request(
        { type: 'send', conversation, client_id: id, content },
        { before: (ack) => onAck(conversation, entryOfAck(row, ack, me())) },
      );
      refusals.delete(conversation);
      note('acked', { client: id });
    } catch (error) {
      if (!store.get('outbox', id)) return drain();
      const next = afterError(row, error);
      note('send-refused', { client: id, code: error.code, state: next.state });
      store.put('outbox', id, next);
      if (next.state === 'failed') await storage.keepRow(next);
      else rest(conversation, error);
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
    store.delete('outbox', row.client_id);
    note('sent', { client: row.client_id, sequence: entry.sequence });
    if (settled.push(row.client_id) === 1) {
      queueMicrotask(() => {
        const ids = settled;
        settled = [];
        storage.dropRows(ids);
      });
    }
  }

  return {
    restore,
    send,
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
    async discard(id) {
      await storage.dropRows([id]);
      store.delete('outbox', id);
      drain();
    },
  };
}

/** 128 random bits. `crypto.randomUUID` is missing outside secure contexts. */
export function freshIdentifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
