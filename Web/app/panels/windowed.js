// A list of rows of one height of which only those near the screen exist, so that a million rows cost as much as fifty.
// One tab stop; arrows move through all of them.

import { elementOf, h, reconcile } from '../ui/dom.js';

const spare = 8;
const nearEdge = 600;

/** `onNear(scrolled)` is called whenever the end of the rows is near, perhaps because somebody went there: time to load more. Rows have a `key` and one button. */
export function createWindowed({ rowHeight, label, create, fill, onNear }) {
  const list = h('ul', { class: 'people windowed-rows', 'aria-label': label, on: { keydown, focusin } });
  const foot = h('div', { class: 'windowed-foot' });
  const element = h('div', { class: 'windowed' }, list, foot);
  let rows = [];
  let stop = 0;

  element.addEventListener('scroll', () => draw(element.scrollTop > 0), { passive: true });
  new ResizeObserver(() => draw()).observe(element);

  function draw(scrolled = false) {
    if (!element.isConnected) return;
    list.style.height = `${rows.length * rowHeight}px`;
    const top = Math.max(0, element.scrollTop - list.offsetTop);
    const from = Math.max(0, Math.floor(top / rowHeight) - spare);
    const to = Math.min(rows.length, Math.ceil((top + element.clientHeight) / rowHeight) + spare);
    const shown = [];
    // The row with the focus stays, however far one scrolls.
    const focused = list.contains(document.activeElement) ? stop : -1;
    const tab = focused >= 0 || (stop >= from && stop < to) ? stop : from;
    if (focused >= 0 && focused < from) shown.push(focused);
    for (let index = from; index < to; index += 1) shown.push(index);
    if (focused >= to && focused < rows.length) shown.push(focused);
    reconcile(list, shown.map((index) => rows[index]), create, fill);
    for (const index of shown) place(elementOf(list, rows[index].key), index, index === tab);
    if (list.offsetTop + rows.length * rowHeight - element.scrollTop - element.clientHeight < nearEdge) onNear(scrolled);
  }

  /** Beside what a row shows, so that a row that only moves, or gets the focus, stays the same element. */
  function place(item, index, isStop) {
    item.querySelector('button').tabIndex = isStop ? 0 : -1;
    if (item.dataset.index === String(index)) return;
    item.dataset.index = index;
    item.style.top = `${index * rowHeight}px`;
    item.setAttribute('aria-posinset', index + 1);
    item.setAttribute('aria-setsize', '-1');
  }

  function focusin(event) {
    const index = Number(event.target.closest('li')?.dataset.index);
    if (Number.isNaN(index) || index === stop) return;
    stop = index;
    draw();
  }

  function keydown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(element.clientHeight / rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length };
    if (steps[event.key] === undefined || rows.length === 0) return;
    event.preventDefault();
    stop = Math.min(rows.length - 1, Math.max(0, stop + steps[event.key]));
    const top = list.offsetTop + stop * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight - element.clientHeight;
    draw();
    elementOf(list, rows[stop].key)?.querySelector('button')?.focus({ preventScroll: true });
  }

  return {
    element,
    foot,
    show(next) {
      const held = list.contains(document.activeElement);
      rows = next;
      stop = Math.min(stop, Math.max(0, rows.length - 1));
      draw();
      // Whose row is gone leaves the focus to the next one.
      if (held && !list.contains(document.activeElement)) elementOf(list, rows[stop]?.key)?.querySelector('button')?.focus({ preventScroll: true });
    },
  };
}
