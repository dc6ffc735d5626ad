// The outbox's decisions, without storage or socket. A row:
//   { client_id, user, conversation, order, content, time, state, reason, reply_to, thread, act }
// state: queued (waits for a connection or its turn), sending (on the wire), failed (the server will never take it).
// `act`: not a message but something done with one, as the fields of its request: { type: 'edit', target, content }.

export function byOrder(first, second) {
  return first.order - second.order;
}

/**
 * The rows to put on the wire now: the oldest queued one of each conversation that has none under way.
 * One at a time keeps the order even when the server asks to send one of them again later.
 */
export function nextToSend(rows, resting = new Set()) {
  const heads = new Map();
  const busy = new Set(resting);
  for (const row of [...rows].sort(byOrder)) {
    if (row.state === 'sending') busy.add(row.conversation);
    if (row.state === 'queued' && !heads.has(row.conversation)) heads.set(row.conversation, row);
  }
  return [...heads.values()].filter((row) => !busy.has(row.conversation));
}

/** After a broken connection nobody knows what became of a row: it goes out again, unchanged. */
export function requeued(row) {
  return row.state === 'sending' ? { ...row, state: 'queued' } : row;
}

/** What an error makes of the row: parked where the same will fail for ever, else queued for another try. */
export function afterError(row, error) {
  const sessionEnded = error.code >= 40100 && error.code < 40200;
  if (error.retry === 'later' || sessionEnded) return { ...row, state: 'queued' };
  return { ...row, state: 'failed', reason: error.message, code: error.code };
}

/** The row that an entry settles: one's own message with the same client id, whichever of ack and event came first. */
export function settledBy(rows, entry, me) {
  if (entry.sender !== me || !entry.client_id) return null;
  return rows.find((row) => row.client_id === entry.client_id) ?? null;
}

/** The request that takes the row to the server. */
export function frameOf({ conversation, client_id, content, reply_to, thread, act }) {
  if (act) return { type: act.type, conversation, client_id, ...withoutType(act) };
  return { type: 'send', conversation, client_id, content, ...given({ reply_to, thread }) };
}

function withoutType({ type, ...rest }) {
  return rest;
}

function given(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** What an act is called in the log, and what it says there. */
const entriesOfActs = {
  edit: ({ content }) => ({ kind: 'edit', content }),
  recall: () => ({ kind: 'recall', content: { type: 'recall' } }),
  react: ({ emoji, on }) => ({ kind: 'reaction', content: { type: 'reaction', emoji, on } }),
  pin: ({ on }) => ({ kind: 'pin', content: { type: 'pin', on } }),
};

/**
 * The entry that an ack stands for: the ack comes in the place of the event. Null where only the server knows what it says:
 * a forwarded copy.
 */
export function entryOfAck(row, ack, me) {
  const head = { sequence: ack.sequence, message: ack.message };
  const foot = { sender: me, client_id: row.client_id, time: ack.time };
  if (!row.act) return { ...head, kind: 'message', ...foot, ...given({ reply_to: row.reply_to, thread: row.thread }), content: row.content };
  const made = entriesOfActs[row.act.type]?.(row.act);
  return made ? { ...head, ...foot, target: row.act.target, ...made } : null;
}

/** What waits to be done with a message, as the entries that it will become: they show at once, in the order they were wished. */
export function wishes(rows, conversation, me) {
  return rows
    .filter((row) => row.act && row.conversation === conversation && row.state !== 'failed' && entriesOfActs[row.act.type])
    .sort(byOrder)
    .map((row, index) => ({ sequence: Number.MAX_SAFE_INTEGER - 1_000_000 + index, sender: me, target: row.act.target, ...entriesOfActs[row.act.type](row.act) }));
}

/** Milliseconds before the next try after the `failures`th refusal in a row. */
export function pause(failures, retryAfter, random) {
  const ceiling = Math.min(30_000, 1_000 * 2 ** Math.min(failures, 8));
  return Math.max(retryAfter, Math.round(ceiling * (0.5 + random / 2)));
}
