// What one may do in a conversation, and why not. Pure; the server decides, this only offers what it would take.

import { isMember } from '../store/summaries.js';
import { isAdministrator, reasonNotToWrite } from './rights.js';
import { forGood } from './text.js';

const recallUsual = 120_000;

/** Why nothing can be written here, in words, and until when (0: no end is known); null when one may write. */
export function whyNot(summary, now) {
  const text = reasonNotToWrite(summary, now);
  if (text === '') return isMember(summary) ? null : { text: 'You can write here once you have joined.', until: 0 };
  const until = summary.muted_until ?? 0;
  return { text, until: until > now && until < forGood ? until : 0 };
}

/** Milliseconds that slow mode still holds the next message back. */
export function slowWait(summary, entries, me, now) {
  const pause = summary?.rules?.slow_ms ?? 0;
  if (pause <= 0 || isAdministrator(summary)) return 0;
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
  actions.add(entry.sender === me ? 'receipts' : 'profile');
  if (summary.kind !== 'direct' && entry.sender !== me && isMember(summary)) actions.add('report');
  if (summary.role === 'none' || summary.dissolved) return actions;
  if (!summary.blocked) actions.add('react');
  if (!whyNot(summary, now)) {
    actions.add('reply');
    if (!entry.thread) actions.add('thread');
    if (entry.sender === me && content.type === 'text' && !content.forwarded) actions.add('edit');
  } else if (entry.replies > 0) actions.add('thread');
  if (summary.kind === 'direct' || isAdministrator(summary)) actions.add(entry.pinned ? 'unpin' : 'pin');
  if (mayRecall(summary, entry, me, now)) actions.add('recall');
  return actions;
}

function mayRecall(summary, entry, me, now) {
  if (summary.kind !== 'direct' && isAdministrator(summary)) return true;
  return entry.sender === me && now - entry.time <= (summary.rules?.recall_ms ?? recallUsual);
}

/** Whether one may call all members at once. */
export function mayCallAll(summary) {
  return summary?.kind === 'group' && (isAdministrator(summary) || summary.rules?.mention_all === 'members');
}

/** The newest message that one can still change, of entries in order. */
export function lastEditable(summary, entries, me, now) {
  return entries.findLast((entry) => entry.sender === me && actionsFor(summary, entry, me, now).has('edit'));
}
