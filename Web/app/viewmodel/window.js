// Which part of a run stands in the document. Pure.
//
// A window is { from, to } in sequences; `to` is Infinity while it reaches the newest entry, so that what arrives joins it.
// Its size is counted in entries and not in sequences: a hundred reactions make no row.
// Rows outside are not in the document at all: no spacers, no guessed heights.

import { placeOf } from '../sync/fold.js';

export const rowsMax = 150;
export const step = 50;
const context = 20;

/** The window over the entries in these places. */
function over(run, first, last) {
  const from = first <= 0 ? run.from : run.entries[first].sequence;
  return { from, to: last >= run.entries.length - 1 ? Infinity : run.entries[last].sequence };
}

/** The newest page. */
export function atLatest(run) {
  return over(run, run.entries.length - step, Infinity);
}

/** The part that begins a little above `sequence`, so that it is read in its context. */
export function around(run, sequence) {
  const first = Math.max(0, Math.min(placeOf(run.entries, sequence) - context, run.entries.length - step));
  return over(run, first, first + rowsMax - 1);
}

/** After the run has grown at its end. Following: the oldest rows leave. Not following: the newest stay out. */
export function afterGrowth(window, run, following) {
  if (window.to !== Infinity) return window;
  const from = Math.max(window.from, run.from);
  const first = placeOf(run.entries, from);
  if (run.entries.length - first <= rowsMax) return { from, to: Infinity };
  return following ? over(run, run.entries.length - rowsMax, Infinity) : { from, to: run.entries[first + rowsMax - 1].sequence };
}

/** A page further up; null when the run has nothing there. */
export function further(window, run) {
  const place = placeOf(run.entries, window.from);
  if (place === 0) return null;
  const first = Math.max(0, place - step);
  return over(run, first, Math.min(lastOf(window, run), first + rowsMax - 1));
}

/** A page further down; null when the window reaches the end. */
export function nearer(window, run) {
  if (window.to === Infinity) return null;
  const last = Math.min(lastOf(window, run) + step, run.entries.length - 1);
  const first = Math.max(placeOf(run.entries, window.from), last - rowsMax + 1);
  return over(run, first, last);
}

function lastOf(window, run) {
  return window.to === Infinity ? run.entries.length - 1 : placeOf(run.entries, window.to + 1) - 1;
}

/** The entries inside. */
export function within(entries, window) {
  const end = window.to === Infinity ? entries.length : placeOf(entries, window.to + 1);
  return entries.slice(placeOf(entries, window.from), end);
}
