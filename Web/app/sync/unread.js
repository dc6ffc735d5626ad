// The unread rule: a pure function of what is known, where one has read, and who one is.

/** Messages of others after `read`. Control entries, recalled messages and one's own never count. */
export function countUnread(entries, read, me) {
  let count = 0;
  for (let index = entries.length - 1; index >= 0 && entries[index].sequence > read; index -= 1) {
    if (countsAsUnread(entries[index], me)) count += 1;
  }
  return count;
}

export function countsAsUnread(entry, me) {
  return entry.kind === 'message' && entry.sender !== me && !entry.recalled;
}

/** Unread messages that mention the user, or everyone. They are among those of `countUnread`. */
export function countMentions(entries, read, me) {
  let count = 0;
  for (let index = entries.length - 1; index >= 0 && entries[index].sequence > read; index -= 1) {
    if (mentionsMe(entries[index], me)) count += 1;
  }
  return count;
}

export function mentionsMe(entry, me) {
  return countsAsUnread(entry, me) && Boolean(entry.content?.mention_all || entry.content?.mentions?.includes(me));
}

/** Whether an entry is worth a notification, at the conversation's level. */
export function tells({ notify = 'all' }, entry, me) {
  if (notify === 'none') return false;
  return notify === 'mentions' ? mentionsMe(entry, me) : countsAsUnread(entry, me);
}

/**
 * What is unread after reading up to `read`, and how much of it mentions the user.
 * Exact when the run reaches back to it. Else the server's last counts stand, for it knew what we do not: less what was read
 * since in `far`, the stretch that one reads in.
 */
export function countsAfterReading(summary, run, read, me, far) {
  const before = { unread: summary.unread ?? 0, mentions: summary.mentions ?? 0 };
  const counts = (entries, after) => ({ unread: countUnread(entries, after, me), mentions: countMentions(entries, after, me) });
  if (run && run.from <= read + 1) return counts(run.entries, read);
  if (read >= summary.head) return { unread: 0, mentions: 0 };
  if (!far || far.from > summary.read + 1 || read > far.position) return before;
  const [was, is] = [counts(far.entries, summary.read), counts(far.entries, read)];
  return { unread: Math.max(0, before.unread - was.unread + is.unread), mentions: Math.max(0, before.mentions - was.mentions + is.mentions) };
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
