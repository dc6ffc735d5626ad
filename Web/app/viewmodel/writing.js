// What one may do in a conversation, and why not. Pure; the server decides, this only offers what it would take.

import { forGood, untilTime } from './text.js';

const recallUsual = 120_000;

export const administers = (summary) => summary?.role === 'owner' || summary?.role === 'administrator';

/** Why nothing can be written here, in words, and until when (0: no end is known); null when one may write. */
export function whyNot(summary, now) {
  const never = (text) => ({ text, until: 0 });
  if (summary.role === 'none') return never('You are no longer a member of this conversation.');
  if (summary.role === 'invited') return never('You can write here once you have joined.');
  if (summary.role === 'requested') return never('You can write here once an administrator has let you in.');
  if (summary.dissolved) return never('This group was dissolved. Its messages can still be read.');
  if (summary.blocked) return never('You cannot write to each other: one of you has blocked the other.');
  if (summary.muted_until >= forGood) return never('You are muted until an administrator lets you write again.');
  if (summary.muted_until > now) return { text: `You are muted until ${untilTime(summary.muted_until, now)}.`, until: summary.muted_until };
  if (summary.rules?.send === 'administrators' && !administers(summary)) return never('Only administrators can write here.');
  return null;
}

/** Milliseconds that slow mode still holds the next message back. */
export function slowWait(summary, entries, me, now) {
  const pause = summary?.rules?.slow_ms ?? 0;
  if (pause <= 0 || administers(summary)) return 0;
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const { kind, sender, time } = entries[index];
    if (time + pause <= now) return 0;
    if (kind === 'message' && sender === me) return Math.min(pause, time + pause - now);
  }
  return 0;
}

/** What may be done with a message that is on the server, as a set of names. */
export function actionsFor(summary, entry, me, now) {
  const actions = new Set();
  const { content } = entry;
  if (entry.kind !== 'message' || entry.recalled || !content || !summary) return actions;
  actions.add('copy').add('forward');
  if (entry.reactions?.length > 0) actions.add('reactions');
  if (entry.edited) actions.add('revisions');
  if (entry.sender === me) actions.add('receipts');
  if (summary.role === 'none' || summary.dissolved) return actions;
  if (!summary.blocked) actions.add('react');
  if (!whyNot(summary, now)) {
    actions.add('reply');
    if (!entry.thread) actions.add('thread');
    if (entry.sender === me && content.type === 'text' && !content.forwarded) actions.add('edit');
  } else if (entry.replies > 0) actions.add('thread');
  if (summary.kind === 'direct' || administers(summary)) actions.add(entry.pinned ? 'unpin' : 'pin');
  if (mayRecall(summary, entry, me, now)) actions.add('recall');
  return actions;
}

function mayRecall(summary, entry, me, now) {
  if (summary.kind !== 'direct' && administers(summary)) return true;
  return entry.sender === me && now - entry.time <= (summary.rules?.recall_ms ?? recallUsual);
}

/** Whether one may call all members at once. */
export function mayCallAll(summary) {
  return summary?.kind === 'group' && (administers(summary) || summary.rules?.mention_all === 'members');
}

/** The newest message that one can still change, of entries in order. */
export function lastEditable(summary, entries, me, now) {
  return entries.findLast((entry) => entry.sender === me && actionsFor(summary, entry, me, now).has('edit'));
}
