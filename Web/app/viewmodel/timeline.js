// The rows of the open conversation, as plain data: messages, notices, day dividers and the "new" divider.

import { byOrder } from '../sync/queue.js';
import { countsAsUnread } from '../sync/unread.js';
import { clockTime, colourOf, dayKey, dayName, exactTime, initials, nameOf, noticeParts, partsText } from './text.js';
import { within } from './window.js';

const groupWithin = 5 * 60_000;

/**
 * `divider`: the read position that the "new" divider stands behind, or null.
 * Own messages keep one key from the outbox to the log, so that their row stays the same element.
 */
export function timelineRows(store, conversation, window, divider, now) {
  const me = store.get('me', 'user');
  const run = store.get('run', conversation);
  const group = store.get('conversation', conversation)?.kind !== 'direct';
  const rows = [];
  const entries = run ? within(run.entries, window) : [];
  // What stands before the window decides how its first row looks, so that this row stays the same when more is shown.
  const before = entries.length > 0 ? run.entries[run.entries.indexOf(entries[0]) - 1] : undefined;
  let last = before?.kind === 'message' ? before : null;
  let lastDay = before ? dayKey(before.time) : '';
  let newShown = divider === null;

  function day(time) {
    const key = dayKey(time);
    if (key === lastDay) return;
    lastDay = key;
    last = null;
    rows.push({ key: `d:${key}`, kind: 'day', text: dayName(time, now) });
  }

  function message(item) {
    const first = !last || last.sender !== item.sender || item.time - last.time > groupWithin;
    if (first) close();
    const name = nameOf(store, item.sender);
    rows.push({
      key: item.key,
      kind: 'message',
      sequence: item.sequence,
      own: item.sender === me,
      first,
      last: false,
      named: first && group && item.sender !== me,
      name,
      initials: initials(name),
      colour: colourOf(item.sender),
      text: item.text,
      time: clockTime(item.time),
      exact: exactTime(item.time),
      state: item.state,
      reason: item.reason,
    });
    last = item;
  }

  function close() {
    if (rows.at(-1)?.kind === 'message') rows.at(-1).last = true;
    last = null;
  }

  for (const entry of entries) {
    if (dayKey(entry.time) !== lastDay) {
      close();
      day(entry.time);
    }
    if (!newShown && entry.sequence > divider && countsAsUnread(entry, me)) {
      newShown = true;
      close();
      rows.push({ key: 'new', kind: 'new', text: 'New' });
    }
    if (entry.kind === 'message') {
      const own = entry.sender === me && entry.client_id;
      message({
        ...entry,
        key: own ? `c:${entry.client_id}` : `s:${entry.sequence}`,
        text: entry.content.text ?? '',
        state: 'sent',
        reason: '',
      });
    } else {
      close();
      const parts = noticeParts(store, entry);
      rows.push({ key: `s:${entry.sequence}`, kind: 'notice', sequence: entry.sequence, text: partsText(parts), parts });
    }
  }
  if (window.to === Infinity) {
    const waiting = store.values('outbox').filter((row) => row.conversation === conversation);
    for (const row of waiting.sort(byOrder)) {
      if (dayKey(row.time) !== lastDay) {
        close();
        day(row.time);
      }
      message({
        key: `c:${row.client_id}`,
        sender: me,
        time: row.time,
        text: row.content.text,
        state: row.state,
        reason: row.reason ?? '',
      });
    }
  }
  close();
  return rows;
}
