// Whose a draft is. Pure.
//
// A draft is its tab's own, so that two tabs never write over each other's words. When its tab is gone, the next one that is opened takes
// it over, below what it has itself.

/**
 * The drafts that `user` has in this `tab`, out of all `rows` that are kept, and the rows that became part of them.
 * `living`: the tabs that are there.
 */
export function draftsOf(rows, { user, tab, living }) {
  const found = new Map();
  const free = rows.filter((row) => row.user === user && (row.tab === tab || !living.has(row.tab)));
  for (const row of free.sort((first, second) => first.time - second.time)) found.set(row.conversation, [...(found.get(row.conversation) ?? []), row]);
  return {
    drafts: [...found.values()].map((same) => (same.length === 1 ? { ...same[0], tab } : merged(same, tab))),
    taken: free.filter((row) => row.tab !== tab),
  };
}

function merged(rows, tab) {
  const texts = new Set(rows.map(({ text }) => text).filter((text) => text !== ''));
  const { reply_to } = rows.findLast((row) => row.reply_to) ?? {};
  return { ...rows.at(-1), tab, text: [...texts].join('\n\n'), reply_to, people: rows.flatMap((row) => row.people ?? []) };
}
