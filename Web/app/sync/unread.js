// The unread rule: a pure function of what is known, where one has read, and who one is.

/** Messages of others after `read`. Control entries and one's own messages never count. */
export function countUnread(entries, read, me) {
  let count = 0;
  for (let index = entries.length - 1; index >= 0 && entries[index].sequence > read; index -= 1) {
    if (countsAsUnread(entries[index], me)) count += 1;
  }
  return count;
}

export function countsAsUnread(entry, me) {
  return entry.kind === 'message' && entry.sender !== me;
}

/**
 * The unread count after reading up to `read`.
 * Exact when the run reaches back to it; else the server's last count stands, for it knew what we do not.
 */
export function unreadAfterReading(summary, run, read, me) {
  if (run && run.from <= read + 1) return countUnread(run.entries, read, me);
  return read >= summary.head ? 0 : summary.unread;
}

/**
 * What a conversation's row says: how many messages are unread and how many mention the user, whether the count is a quiet
 * one, and what it adds to the total of the window's title.
 */
export function marks({ unread = 0, mentions = 0, notify = 'all' }) {
  const total = notify === 'none' ? 0 : notify === 'mentions' ? mentions : unread;
  return { unread, mentions, quiet: notify !== 'all', total };
}

/** What a badge shows. */
export function badge(count) {
  if (count <= 0) return '';
  return count > 99 ? '99+' : String(count);
}
