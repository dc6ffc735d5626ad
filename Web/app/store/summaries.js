// Reducers of a conversation's summary: what the list shows without its messages. Pure.

import { countsAsUnread } from '../sync/unread.js';

/** The server's summary. What is known here already is kept where it is newer than the answer. */
export function fromSync(summary, known) {
  if (summary.role === 'none') return Object.freeze({ ...known, ...summary, unread: 0 });
  if (known && known.head > summary.head) return known;
  const { entries, more, ...rest } = summary;
  if (!known || known.read <= summary.read) return Object.freeze(rest);
  // Read here while the connection was down: the server will be told, and its count is too high until then.
  const unread = known.head === summary.head ? known.unread : summary.unread;
  return Object.freeze({ ...rest, read: known.read, unread });
}

/** After an entry of its log. What the head covers is counted already. */
export function withEntry(summary, entry, me) {
  if (entry.sequence <= summary.head) return summary;
  const next = { ...summary, head: entry.sequence, time: entry.time };
  if (entry.kind === 'message') next.preview = entry;
  if (countsAsUnread(entry, me) && entry.sequence > summary.read) next.unread = summary.unread + 1;
  if (entry.kind === 'added') next.members = summary.members + (entry.content.users?.length ?? 0);
  if (entry.kind === 'left' || entry.kind === 'removed') {
    next.members = summary.members - 1;
    if (entry.content.user === me) {
      next.role = 'none';
      next.unread = 0;
    }
  }
  if (entry.kind === 'role' && entry.content.user === me) next.role = entry.content.role;
  return Object.freeze(next);
}

/** After another of the user's connections has read. */
export function withPosition(summary, frame) {
  if (frame.read < summary.read) return summary;
  return Object.freeze({ ...summary, read: frame.read, unread: frame.unread });
}

export function withUnread(summary, unread) {
  return unread === summary.unread ? summary : Object.freeze({ ...summary, unread });
}

/** After reading here. */
export function withRead(summary, read, unread) {
  return read <= summary.read ? summary : Object.freeze({ ...summary, read, unread });
}

/** The list: newest first. A conversation that was left stays while it is looked at. */
export function inOrder(summaries, open) {
  return summaries
    .filter((summary) => summary.role !== 'none' || summary.conversation === open)
    .sort((first, second) => second.time - first.time || (first.conversation < second.conversation ? -1 : 1));
}
