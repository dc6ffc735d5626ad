// Anchor arithmetic: what keeps the reader's place. Pure; the view measures and scrolls.
//
// The place is a row's *bottom* edge and how far it is above the viewport's *bottom*. The row's: a page above may join it to
// its sender's group, which takes the name off its top, and the words must stay. The viewport's: a composer that grows or a
// keyboard that opens takes away at the bottom.

/** Nearer to the end than this, in pixels, is "at the bottom". */
const slack = 24;

export function atBottom({ scrollTop, clientHeight, scrollHeight }) {
  return scrollHeight - clientHeight - scrollTop <= slack;
}

/** The first of `count` rows, from top to bottom, whose bottom is below `top`; `count` when there is none. */
export function firstShowing(count, bottomOf, top) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bottomOf(middle) <= top) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function anchorAt(key, rowBottom, viewportBottom) {
  return { key, aboveBottom: viewportBottom - rowBottom };
}

/** How far to scroll so that the row, whose bottom is now at `rowBottom`, is where it was. */
export function correction(anchor, rowBottom, viewportBottom) {
  return rowBottom - (viewportBottom - anchor.aboveBottom);
}
