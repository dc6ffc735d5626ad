// Reducers of a conversation's summary: what the list shows without its messages. Pure.

import { applied } from '../sync/fold.js';
import { countsAsUnread, mentionsMe } from '../sync/unread.js';

const memberRoles = new Set(['owner', 'administrator', 'member']);

/** Whether one belongs to it, and not only is invited, has asked to join, or once belonged. */
export const isMember = (summary) => memberRoles.has(summary?.role);

/** The server's summary. What is known here already is kept where it is newer than the answer. */
export function fromSync(summary, known) {
  if (summary.role === 'none') return Object.freeze({ ...known, ...summary, unread: 0, mentions: 0 });
  if (!isMember(summary)) return Object.freeze({ head: 0, read: 0, unread: 0, time: 0, ...summary });
  const { entries, more, ...rest } = summary;
  if (!isMember(known) || known.stale) return Object.freeze(rest);
  // What is no entry of the log comes only this way, also in an answer that was overtaken.
  if (known.head > summary.head) return withOwn(known, summary);
  if (known.read <= summary.read) return Object.freeze({ ...rest, changedAt: known.changedAt });
  // Read here while the connection was down: the server will be told, and its count is too high until then.
  const { unread, mentions } = known.head === summary.head ? known : summary;
  return Object.freeze({ ...rest, changedAt: known.changedAt, read: known.read, unread, mentions });
}

function withOwn(known, { notify, blocked }) {
  return known.notify === notify && known.blocked === blocked ? known : Object.freeze({ ...known, notify, blocked });
}

/** After an entry of its log. What the head covers is counted already. */
export function withEntry(summary, entry, me) {
  if (entry.sequence <= summary.head) return summary;
  const next = { ...summary, head: entry.sequence, time: entry.time };
  if (entry.kind === 'message') next.preview = entry;
  // The preview is as of the head, which is behind this entry.
  else if (summary.preview) next.preview = applied({ ...summary.preview, asOf: summary.head }, entry, me);
  if (countsAsUnread(entry, me) && entry.sequence > summary.read) next.unread = summary.unread + 1;
  if (mentionsMe(entry, me) && entry.sequence > summary.read) next.mentions = (summary.mentions ?? 0) + 1;
  controls[entry.kind]?.(next, entry, me);
  return Object.freeze(next);
}

/** What each kind of control entry makes of a summary that is being made. `changedAt`: the newest change of who is who. */
const controls = {
  added(next, { content, sequence }) {
    next.members += content?.users?.length ?? 0;
    next.changedAt = sequence;
  },
  joined(next, { sequence }) {
    next.members += 1;
    next.changedAt = sequence;
  },
  left: ended,
  removed: ended,
  banned: ended,
  unbanned: noted,
  invited: noted,
  requested: noted,
  declined: noted,
  role(next, { content, sequence }, me) {
    if (content?.user === me) next.role = content.role;
    next.changedAt = sequence;
  },
  transferred(next, { content, sender, sequence }, me) {
    if (sender === me) next.role = 'administrator';
    if (content?.user === me) {
      next.role = 'owner';
      next.muted_until = 0;
    }
    next.changedAt = sequence;
  },
  muted(next, { content, sequence }, me) {
    if (content?.user === me) next.muted_until = content.until;
    next.changedAt = sequence;
  },
  changed(next, { content }) {
    for (const field of ['title', 'description', 'avatar', 'member_cap', 'history_visible']) {
      if (content?.[field] !== undefined) next[field] = content[field];
    }
    if (content?.rules) next.rules = { ...next.rules, ...content.rules };
  },
  dissolved(next) {
    next.dissolved = true;
  },
};

function noted(next, { sequence }) {
  next.changedAt = sequence;
}

function ended(next, { content, kind, sequence }, me) {
  next.changedAt = sequence;
  // A ban of somebody who is no member ends no membership.
  if (kind === 'banned' && content?.type !== 'ended') return;
  next.members -= 1;
  if (content?.user !== me) return;
  next.role = 'none';
  next.unread = 0;
  next.mentions = 0;
}

/** After another of the user's connections has read. */
export function withPosition(summary, frame, counts) {
  if (frame.read < summary.read) return summary;
  return Object.freeze({ ...summary, read: frame.read, ...counts });
}

/** `counts`: `{ unread, mentions }`. */
export function withUnread(summary, counts) {
  if (counts.unread === summary.unread && counts.mentions === (summary.mentions ?? 0)) return summary;
  return Object.freeze({ ...summary, ...counts });
}

/** After reading here. */
export function withRead(summary, read, counts) {
  return read <= summary.read ? summary : Object.freeze({ ...summary, read, ...counts });
}

/** The list: invitations, then newest first. A conversation that was left stays while it is looked at. */
export function inOrder(summaries, open) {
  const first = (summary) => (summary.role === 'invited' ? 0 : summary.role === 'requested' ? 1 : 2);
  return summaries
    .filter((summary) => summary.role !== 'none' || summary.conversation === open)
    .sort((one, other) => first(one) - first(other) || other.time - one.time || (one.conversation < other.conversation ? -1 : 1));
}
