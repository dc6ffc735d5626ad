// The sync core: what a conversation's log looks like from here, and what to do with what arrives. Pure.
//
// A run is the known stretch of a conversation that ends at `position`:
//   { from, position, entries, start }   entries in order of sequence, all in from...position; start: nothing before `from`.
// A push is a hint: it is taken only when it is the next one. A pull is the truth: it is taken with whatever it leaves out.

/** Nothing known but where the log ends. */
export function emptyRun(position) {
  return Object.freeze({ from: position + 1, position, entries: Object.freeze([]), start: position === 0 });
}

/** A pushed entry: `drop` (known already), `append` (the next one), `gap` (something is missing before it). */
export function accept(run, entry) {
  if (entry.sequence <= run.position) return { verdict: 'drop', run };
  if (entry.sequence > run.position + 1) return { verdict: 'gap', run };
  return { verdict: 'append', run: appended(run, [entry]) };
}

/** A pulled page, oldest first, that begins right after `after`. What is known already is dropped. */
export function acceptPage(run, entries, after = run.position) {
  if (after > run.position) return run;
  const fresh = entries.filter((entry) => entry.sequence > run.position);
  return fresh.length === 0 ? run : appended(run, fresh);
}

/** A page that scrolls back, newest first, that was asked for with `before: run.from`. */
export function acceptOlder(run, entries, more, before) {
  if (before !== run.from) return run;
  const older = entries.filter((entry) => entry.sequence < run.from).reverse();
  const from = older.length > 0 ? older[0].sequence : run.from;
  return Object.freeze({ ...run, from, entries: Object.freeze([...older, ...run.entries]), start: !more });
}

/** The newest page, newest first, as the first thing known of a conversation. */
export function runFromNewest(entries, more, head) {
  if (entries.length === 0) return Object.freeze({ ...emptyRun(head), start: !more });
  const ordered = [...entries].reverse();
  return Object.freeze({
    from: ordered[0].sequence,
    position: ordered.at(-1).sequence,
    entries: Object.freeze(ordered),
    start: !more,
  });
}

/** Where to pull from when the log is known to reach `head`, or null when nothing is missing. */
export function missingAfter(run, head) {
  return head > run.position ? run.position : null;
}

/** The run with at most `keep` entries: the older ones can be had again by scrolling back. */
export function trimmed(run, keep) {
  if (run.entries.length <= keep) return run;
  const entries = Object.freeze(run.entries.slice(-keep));
  return Object.freeze({ ...run, from: entries[0].sequence, entries, start: false });
}

function appended(run, fresh) {
  return Object.freeze({ ...run, position: fresh.at(-1).sequence, entries: Object.freeze([...run.entries, ...fresh]) });
}
