// Building elements. Text is always a text node: there is no way from here to markup.

import { counters } from '../probe.js';

/**
 * An element. `props`: `class`, `text`, `on` (handlers by event), `data`, properties that exist on the element, and
 * attributes for the rest; null, undefined and false leave an attribute out.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name === 'text') element.textContent = value;
    else if (name === 'on') for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === 'data') Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const held = new WeakMap();

/**
 * Makes the children of `parent` show `rows`, each with a `key`: elements are kept by key, rebuilt by `fill(element, row)`
 * only where the row's plain values changed, and moved only where the order changed. Focus survives a move.
 */
export function reconcile(parent, rows, create, fill) {
  const known = held.get(parent) ?? new Map();
  const next = new Map();
  const active = document.activeElement;
  const keys = new Set(rows.map((row) => row.key));
  for (const [key, { element }] of known) if (!keys.has(key)) element.remove();
  let place = parent.firstChild;
  for (const row of rows) {
    let item = known.get(row.key);
    if (!item) {
      item = { element: create(row), row: null };
      item.element.dataset.key = row.key;
    }
    if (!item.row || differs(item.row, row)) {
      fill(item.element, row, item.row);
      counters.rowsBuilt += 1;
    } else counters.rowsReused += 1;
    item.row = row;
    next.set(row.key, item);
    if (item.element === place) place = place.nextSibling;
    else parent.insertBefore(item.element, place);
  }
  held.set(parent, next);
  if (active !== document.activeElement && parent.contains(active)) active.focus({ preventScroll: true });
}

/** The element that shows the row with this key. */
export function elementOf(parent, key) {
  return held.get(parent)?.get(key)?.element;
}

function differs(first, second) {
  for (const name of Object.keys(second)) {
    if (typeof second[name] !== 'object' && first[name] !== second[name]) return true;
  }
  return false;
}

/** The plain words for what went wrong. */
export function sentence(error) {
  if (error.name === 'ConnectionLost') return 'The server cannot be reached. Check your connection and try again.';
  if (error.name === 'rate_limited' && error.retryAfter > 0) {
    return `Too many attempts. Try again in ${Math.ceil(error.retryAfter / 1000)} seconds.`;
  }
  if (error.rule) {
    const about = `${error.field ? `${error.field}: ` : ''}${error.rule}`;
    return `${about[0].toLocaleUpperCase()}${about.slice(1)}. ${error.message}`;
  }
  return error.message;
}
