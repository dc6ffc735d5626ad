// What later entries make of the messages that they name: edits, recalls, reactions, pins, and replies in a thread. Pure.
//
// A message carries `asOf`: the sequence up to which the log is in it already (the page's head, or its own sequence when it
// was pushed). An entry at or below that changes nothing, so that the same entry may come twice, and a page that was made
// after an entry may be loaded before or after it.

const controls = new Set(['edit', 'recall', 'reaction', 'pin']);

/** Whether the entry only says something about another one: it makes no row of its own. */
export function isControl(entry) {
  return controls.has(entry.kind);
}

/** An entry as it is kept: `head` is the head of the page that it came in; nothing for a push. */
export function taken(entry, head = 0) {
  return Object.freeze({ ...entry, asOf: Math.max(head, entry.sequence) });
}

/** The message after a later entry: one that names it as its target, or a message in its thread. */
export function applied(message, entry, me) {
  const answers = entry.kind === 'message' && entry.thread === message.sequence;
  if (!answers && !(isControl(entry) && entry.target === message.sequence)) return message;
  if (entry.sequence <= message.asOf) return message;
  const next = { ...message, asOf: entry.sequence };
  if (answers) next.replies = (message.replies ?? 0) + 1;
  else if (!message.recalled) change(next, entry, me);
  return Object.freeze(next);
}

function change(message, entry, me) {
  if (entry.kind === 'recall') {
    for (const field of ['content', 'edited', 'pinned', 'reactions', 'withheld']) delete message[field];
    message.recalled = entry.sequence;
  } else if (!entry.content || !message.content) {
    // Withheld: the message is asked for anew.
  } else if (entry.kind === 'edit') {
    message.content = entry.content;
    message.edited = entry.sequence;
  } else if (entry.kind === 'pin') {
    if (entry.content.on) message.pinned = true;
    else delete message.pinned;
  } else message.reactions = reacted(message.reactions ?? [], entry, entry.sender === me);
}

/** Reactions stay in the order of their first use; the last one of an emoji takes it away. */
function reacted(reactions, { content: { emoji, on } }, own) {
  const known = reactions.find((each) => each.emoji === emoji);
  // One's own state is known, so that the same wish twice counts once. Of others only the number is.
  if (own && Boolean(known?.mine) === on) return reactions;
  if (!known) return on ? [...reactions, { emoji, count: 1, ...(own && { mine: true }) }] : reactions;
  const count = known.count + (on ? 1 : -1);
  if (count <= 0) return reactions.filter((each) => each !== known);
  const next = { ...known, count };
  if (own && on) next.mine = true;
  if (own && !on) delete next.mine;
  return reactions.map((each) => (each === known ? next : each));
}

/**
 * Whether an entry does not say what it made of the message that it names: it was withheld, or the message is from before
 * one was away (`firstVisible`), and not all that was done to it since was told.
 */
export function isVague(entry, firstVisible = 1) {
  return isControl(entry) && entry.kind !== 'recall' && (!entry.content || entry.target < firstVisible);
}

/** The place of `sequence` in entries in order, or of what comes after it. */
export function placeOf(entries, sequence) {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].sequence < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function entryAt(entries, sequence) {
  const entry = entries[placeOf(entries, sequence)];
  return entry?.sequence === sequence ? entry : undefined;
}

/** The entries after `later` ones, in order of their sequences. The same array where nothing changes. */
export function folded(entries, later, me) {
  let next = entries;
  for (const entry of later) {
    const target = isControl(entry) ? entry.target : entry.thread;
    if (target === undefined) continue;
    const place = placeOf(next, target);
    if (next[place]?.sequence !== target) continue;
    const message = applied(next[place], entry, me);
    if (message === next[place]) continue;
    if (next === entries) next = [...entries];
    next[place] = message;
  }
  return next;
}
