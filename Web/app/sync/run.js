// The sync core: what a conversation's log looks like from here, and what to do with what arrives. Pure.
//
// A run is a known stretch of a conversation that ends at `position`:
//   { from, position, entries, controls, start }   all of the log in from...position; start: nothing before `from`.
// `entries` are those that make rows, with everything later folded in; `controls` those that only changed them.
// A push is a hint: it is taken only when it is the next one. A pull is the truth: it is taken with whatever it leaves out.

import { folded, isControl, placeOf, taken } from './fold.js';

const none = Object.freeze([]);

/** Nothing known but where the log ends. */
export function emptyRun(position) {
  return Object.freeze({ from: position + 1, position, entries: none, controls: none, start: position === 0 });
}

/** A pushed entry: `drop` (known already), `append` (the next one), `gap` (something is missing before it). */
export function accept(run, entry, me) {
  if (entry.sequence <= run.position) return { verdict: 'drop', run };
  if (entry.sequence > run.position + 1) return { verdict: 'gap', run };
  return { verdict: 'append', run: appended(run, [entry], 0, me) };
}

/** A pulled page, oldest first, that begins right after `after`, as of `head`. What is known already is dropped. */
export function acceptPage(run, entries, after = run.position, head = 0, me = undefined) {
  if (after > run.position) return run;
  const fresh = entries.filter((entry) => entry.sequence > run.position);
  return fresh.length === 0 ? run : appended(run, fresh, head, me);
}

/** A page that scrolls back, newest first, that was asked for with `before: run.from`. */
export function acceptOlder(run, entries, more, before, head = 0, me = undefined) {
  if (before !== run.from) return run;
  const older = entries.filter((entry) => entry.sequence < run.from);
  if (older.length === 0) return Object.freeze({ ...run, start: !more });
  return joined(runFromNewest(older, more, head, me), run, me);
}

/** A page, newest first, as the first thing known of a part of a conversation. */
export function runFromNewest(entries, more, head, me = undefined) {
  if (entries.length === 0) return Object.freeze({ ...emptyRun(head), start: !more });
  const ordered = [...entries].reverse();
  return Object.freeze({ ...appended({ entries: none, controls: none }, ordered, head, me), from: ordered[0].sequence, start: !more });
}

/** Two stretches that touch or overlap, as one; null when something is missing between them. */
export function joined(first, second, me) {
  if (first.from > second.from) return joined(second, first, me);
  if (first.position + 1 < second.from) return null;
  if (first.position >= second.position) return first;
  const outside = (entries) => entries.filter((entry) => entry.sequence < second.from);
  const entries = folded(outside(first.entries), inOrder(second), me);
  return Object.freeze({
    from: first.from,
    position: second.position,
    entries: Object.freeze([...entries, ...second.entries]),
    controls: Object.freeze([...outside(first.controls), ...second.controls]),
    start: first.start,
  });
}

/** The run after entries that lie behind it: they change what it shows and not how far it reaches. */
export function touched(run, later, me) {
  const entries = folded(run.entries, later, me);
  return entries === run.entries ? run : Object.freeze({ ...run, entries: Object.freeze(entries) });
}

/** The run with a message as it was told anew, if it has the message and the news is no older. */
export function renewed(run, message) {
  const place = placeOf(run.entries, message.sequence);
  const known = run.entries[place];
  if (known?.sequence !== message.sequence || known.asOf > message.asOf) return run;
  const entries = [...run.entries];
  entries[place] = message;
  return Object.freeze({ ...run, entries: Object.freeze(entries) });
}

/** Where to pull from when the log is known to reach `head`, or null when nothing is missing. */
export function missingAfter(run, head) {
  return head > run.position ? run.position : null;
}

/** The run with at most `keep` entries: the older ones can be had again by scrolling back. */
export function trimmed(run, keep) {
  if (run.entries.length <= keep) return run;
  const entries = Object.freeze(run.entries.slice(-keep));
  const from = entries[0].sequence;
  const controls = Object.freeze(run.controls.slice(placeOf(run.controls, from)));
  return Object.freeze({ ...run, from, entries, controls, start: false });
}

function inOrder(run) {
  return [...run.controls, ...run.entries.filter((entry) => entry.thread)].sort((first, second) => first.sequence - second.sequence);
}

function appended(run, fresh, head, me) {
  const rows = fresh.filter((entry) => !isControl(entry)).map((entry) => taken(entry, head));
  return Object.freeze({
    ...run,
    position: fresh.at(-1).sequence,
    entries: Object.freeze(folded([...run.entries, ...rows], fresh, me)),
    controls: Object.freeze([...run.controls, ...fresh.filter(isControl)]),
  });
}
