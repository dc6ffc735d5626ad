// What the conversation list shows, as plain data.

import { inOrder } from '../store/summaries.js';
import { badge, marks } from '../sync/unread.js';
import { byOrder } from '../sync/queue.js';
import { colourOf, faceOf, listTime, nameOf, noticeParts, partsText, titleOf } from './text.js';

export function listRows(store, now) {
  const open = store.get('view', 'open');
  const waiting = new Map();
  for (const row of store.values('outbox').sort(byOrder)) if (!row.act) waiting.set(row.conversation, row);
  return inOrder(store.values('conversation'), open).map((summary) => {
    const id = summary.conversation;
    const title = titleOf(store, summary);
    const pending = waiting.get(id);
    const draft = id === open ? '' : (store.get('draft', id) ?? '').trim();
    return {
      key: id,
      title,
      initials: faceOf(summary, title),
      colour: colourOf(summary.peer ?? id),
      group: summary.kind !== 'direct',
      time: summary.time ? listTime(summary.time, now) : '',
      badge: badge(summary.unread),
      unread: summary.unread,
      mentions: badge(summary.mentions ?? 0),
      quiet: marks(summary).quiet,
      silent: summary.notify === 'none',
      dissolved: Boolean(summary.dissolved),
      invited: summary.role === 'invited',
      current: id === open,
      online: Boolean(summary.peer && store.get('presence', summary.peer)?.online),
      ...preview(store, summary, pending, draft),
    };
  });
}

function preview(store, summary, pending, draft) {
  if (summary.role === 'invited') return { label: '', preview: 'You are invited', state: 'invited' };
  if (summary.role === 'requested') return { label: '', preview: 'You asked to join', state: 'requested' };
  if (draft) return { label: 'Draft', preview: oneLine(draft), state: 'draft' };
  if (pending) {
    const failed = pending.state === 'failed';
    return { label: failed ? 'Not sent' : 'You', preview: oneLine(pending.content.text), state: failed ? 'failed' : 'waiting' };
  }
  const entry = summary.preview;
  if (!entry) return { label: '', preview: summary.kind === 'direct' ? 'Say hello' : 'No messages yet', state: 'empty' };
  if (entry.kind !== 'message') return { label: '', preview: partsText(noticeParts(store, entry)), state: '' };
  const own = entry.sender === store.get('me', 'user');
  if (!entry.content) return { label: '', preview: entry.recalled ? 'Message recalled' : 'Message withheld', state: 'empty' };
  const label = own ? 'You' : summary.kind === 'direct' ? '' : nameOf(store, entry.sender);
  return { label, preview: oneLine(entry.content?.text ?? ''), state: '' };
}

/**
 * The key after `from` in this order, or before it with `offset` -1; undefined at the end. `wanted(key)`: of those only, and past the
 * end from the other one on.
 */
export function neighbour(order, from, offset, wanted = null) {
  const index = order.indexOf(from);
  if (!wanted) return order[index < 0 ? 0 : index + offset];
  const begin = index < 0 && offset < 0 ? order.length : index;
  const others = order.map((_, step) => order[(begin + offset * (step + 1) + 2 * order.length) % order.length]);
  return others.find((key) => key !== from && wanted(key));
}

/** The beginning of a text, on one line; the rest would never be seen. */
function oneLine(text) {
  return text.slice(0, 200).replace(/\s+/gu, ' ').trim();
}
