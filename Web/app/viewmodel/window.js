// Which part of a run stands in the document. Pure.
//
// A window is { from, to } in sequences; `to` is Infinity while it reaches the newest entry, so that what arrives joins it.
// Rows outside are not in the document at all: no spacers, no guessed heights.

export const rowsMax = 150;
export const step = 50;
const context = 20;

/** The newest page. */
export function atLatest(run) {
  return { from: Math.max(run.from, run.position - step + 1), to: Infinity };
}

/** The part that begins a little above `sequence`, so that it is read in its context. */
export function around(run, sequence) {
  const from = Math.max(run.from, Math.min(sequence - context, run.position - step + 1));
  const to = from + rowsMax - 1;
  return { from, to: to >= run.position ? Infinity : to };
}

/** After the run has grown at its end. Following: the oldest rows leave. Not following: the newest stay out. */
export function afterGrowth(window, run, following) {
  if (window.to !== Infinity) return window;
  const from = Math.max(window.from, run.from);
  if (run.position - from + 1 <= rowsMax) return { from, to: Infinity };
  return following ? { from: run.position - rowsMax + 1, to: Infinity } : { from, to: from + rowsMax - 1 };
}

/** A page further up; null when the run has nothing there. */
export function further(window, run) {
  if (window.from <= run.from) return null;
  const from = Math.max(run.from, window.from - step);
  const to = Math.min(window.to, from + rowsMax - 1);
  return { from, to: to >= run.position ? Infinity : to };
}

/** A page further down; null when the window reaches the end. */
export function nearer(window, run) {
  if (window.to === Infinity) return null;
  const to = window.to + step;
  if (to >= run.position) return { from: Math.max(window.from, run.position - rowsMax + 1), to: Infinity };
  return { from: Math.max(window.from, to - rowsMax + 1), to };
}

/** The entries inside. */
export function within(entries, window) {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].sequence < window.from) low = middle + 1;
    else high = middle;
  }
  let end = entries.length;
  while (end > low && entries[end - 1].sequence > window.to) end -= 1;
  return entries.slice(low, end);
}
