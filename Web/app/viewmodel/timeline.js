// The rows of a conversation or a thread, as plain data: messages, notices, day dividers and the "new" divider.
//
// A row's plain fields say whether it has to be drawn again; what is an object in it (`reactions`, `quote`, `people`) has a
// text beside it (`stamp`) that changes with it.

import { applied } from '../sync/fold.js';
import { markOf, receiptsOff } from '../sync/marks.js';
import { findMessage } from '../sync/places.js';
import { byOrder, wishes } from '../sync/queue.js';
import { countsAsUnread, mentionsMe } from '../sync/unread.js';
import { everybody } from './mentions.js';
import { clockTime, colourOf, dayKey, dayName, exactTime, initials, nameOf, noticeParts, partsText } from './text.js';
import { within } from './window.js';

const groupWithin = 5 * 60_000;

/** The rows of the part of `run` that the window shows; `divider`: the read position that "new" stands behind, or null. */
export function timelineRows(store, conversation, run, window, divider, now) {
  const entries = run ? within(run.entries, window) : [];
  // What stands before the window decides how its first row looks, so that this row stays the same when more is shown.
  const before = entries.length > 0 ? run.entries[run.entries.indexOf(entries[0]) - 1] : undefined;
  const waiting = window.to === Infinity ? waitingRows(store, conversation, undefined) : [];
  return rowsOf(store, conversation, { entries, before, waiting, divider, now });
}

/** The rows of a thread: its root, how many replies it has, and these. */
export function threadRows(store, conversation, root, now) {
  const first = findMessage(store, conversation, root);
  const entries = store.get('thread', `${conversation}/${root}`)?.entries ?? [];
  const replies = rowsOf(store, conversation, { entries, waiting: waitingRows(store, conversation, root), divider: null, now, inThread: true });
  const known = first && !first.missing;
  const head = known ? rowsOf(store, conversation, { entries: [first], waiting: [], divider: null, now, inThread: true }) : [];
  const count = replies.filter((row) => row.kind === 'message').length;
  const text = count === 0 ? 'No replies yet' : count === 1 ? '1 reply' : `${count} replies`;
  const talk = (rows) => rows.filter((row) => row.kind === 'message');
  return [...talk(head).map((row) => ({ ...row, key: `root:${row.key}` })), { key: 'count', kind: 'day', text }, ...talk(replies)];
}

function waitingRows(store, conversation, thread) {
  return store
    .values('outbox')
    .filter((row) => row.conversation === conversation && !row.act && (thread === undefined || row.thread === thread))
    .sort(byOrder);
}

/** Own messages keep one key from the outbox to the log, so that their row stays the same element. */
function rowsOf(store, conversation, { entries, before, waiting, divider, now, inThread = false }) {
  const me = store.get('me', 'user');
  const context = { store, conversation, me, group: store.get('conversation', conversation)?.kind !== 'direct', inThread };
  const wished = wishes(store.values('outbox'), conversation, me);
  const rows = [];
  let last = before?.kind === 'message' ? before : null;
  let lastDay = before ? dayKey(before.time) : '';
  let newShown = divider === null;

  function close() {
    if (rows.at(-1)?.kind === 'message') rows.at(-1).last = true;
    last = null;
  }

  function day(time) {
    const key = dayKey(time);
    if (key === lastDay) return;
    lastDay = key;
    close();
    rows.push({ key: `d:${key}`, kind: 'day', text: dayName(time, now) });
  }

  function message(entry, state) {
    const first = !last || last.sender !== entry.sender || entry.time - last.time > groupWithin;
    if (first) close();
    rows.push(messageRow(context, entry, first, state));
    last = entry;
  }

  for (const entry of entries) {
    day(entry.time);
    if (!newShown && entry.sequence > divider && countsAsUnread(entry, me)) {
      newShown = true;
      close();
      rows.push({ key: 'new', kind: 'new', text: 'New' });
    }
    if (entry.kind === 'message') {
      const mine = wished.filter((wish) => wish.target === entry.sequence);
      message(mine.reduce((each, wish) => applied(each, wish, me), entry), { state: 'sent', reason: '' });
    } else {
      close();
      const parts = noticeParts(store, entry);
      rows.push({ key: `s:${entry.sequence}`, kind: 'notice', sequence: entry.sequence, text: partsText(parts), parts });
    }
  }
  for (const row of waiting) {
    day(row.time);
    message({ ...row, sender: me }, { state: row.state, reason: row.reason ?? '' });
  }
  close();
  return rows;
}

function messageRow(context, entry, first, { state, reason }) {
  const { store, conversation, me, group, inThread } = context;
  const own = entry.sender === me;
  const name = nameOf(store, entry.sender);
  const content = entry.content ?? {};
  const quote = entry.reply_to ? quoteOf(context, entry.reply_to) : null;
  const root = entry.thread && !inThread ? quoteOf(context, entry.thread) : null;
  const reactions = entry.reactions ?? [];
  const people = peopleIn(store, content, me);
  const forwarded = content.forwarded ? nameOf(store, content.forwarded.sender) : '';
  const mark = own && state === 'sent' && !entry.recalled ? markWords(store, conversation, entry, group) : { mark: '', markText: '', markLine: false };
  return {
    key: own && entry.client_id ? `c:${entry.client_id}` : `s:${entry.sequence}`,
    kind: 'message',
    sequence: entry.sequence,
    own,
    first,
    last: false,
    named: first && group && !own,
    name,
    initials: initials(name),
    colour: colourOf(entry.sender),
    gone: entry.recalled ? 'recalled' : entry.content ? '' : 'withheld',
    text: entry.recalled ? 'This message was recalled' : entry.content ? (content.text ?? '') : 'This message cannot be shown',
    time: clockTime(entry.time),
    exact: exactTime(entry.time),
    state,
    reason,
    edited: Boolean(entry.edited),
    saving: entry.edited > Number.MAX_SAFE_INTEGER - 2_000_000,
    pinned: Boolean(entry.pinned),
    called: mentionsMe(entry, me),
    forwarded,
    replies: inThread ? 0 : (entry.replies ?? 0),
    quote,
    root,
    reactions,
    people,
    ...mark,
    stamp: JSON.stringify([quote, root, reactions, people]),
  };
}

/** What a quote shows of the message that it names; `known` is false until it is loaded. */
export function quoteOf({ store, conversation }, sequence) {
  const original = findMessage(store, conversation, sequence);
  if (!original) return { sequence, known: false, name: '', text: '…', gone: false };
  if (original.missing) return { sequence, known: true, name: '', text: 'This message cannot be shown', gone: true };
  if (original.recalled) return { sequence, known: true, name: nameOf(store, original.sender), text: 'This message was recalled', gone: true };
  const text = (original.content?.text ?? 'This message cannot be shown').slice(0, 160).replace(/\s+/gu, ' ').trim();
  return { sequence, known: true, name: nameOf(store, original.sender), text, gone: !original.content };
}

/** Whom a message mentions, with the names that its text may say. */
function peopleIn(store, content, me) {
  const users = Array.isArray(content.mentions) ? content.mentions : [];
  const people = users.map((user) => ({ user, name: store.get('user', user) ?? '', me: user === me }));
  if (content.mention_all === true) people.push({ user: everybody, name: everybody, me: true });
  return people;
}

/** How far an own message has come; `markLine`: whether there is more to say than a sign can. */
function markWords(store, conversation, entry, group) {
  if (receiptsOff(store, conversation)) return { mark: 'sent', markText: 'Sent', markLine: false };
  const counts = store.get('receipt', `${conversation}/${entry.sequence}`);
  const mark = markOf(counts);
  const total = counts?.total ?? Math.max(0, (store.get('conversation', conversation)?.members ?? 1) - 1);
  const many = group && total > 1;
  const words = { sent: 'Sent', delivered: 'Delivered', read: many ? `Read by all ${total}` : 'Read', partly: `Read ${counts?.read} of ${total}` };
  return { mark, markText: words[mark], markLine: many };
}
