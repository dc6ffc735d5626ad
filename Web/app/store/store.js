// What the page knows, in tables of immutable values, and a list of what changed.
//
// Writers replace values and never alter them. Readers are told once per frame which keys changed, so that a burst of
// events costs one commit to the document.

import { begin, end } from '../probe.js';

/** `schedule(action)` runs the action once, soon: an animation frame in the page, at will in a test. */
export function createStore(schedule) {
  const tables = new Map();
  const listeners = new Set();
  let changed = new Set();
  let scheduled = false;

  function rows(table) {
    let map = tables.get(table);
    if (!map) tables.set(table, (map = new Map()));
    return map;
  }

  function mark(table, key) {
    changed.add(table).add(`${table}/${key}`);
    if (scheduled) return;
    scheduled = true;
    begin();
    schedule(() => {
      scheduled = false;
      const keys = changed;
      changed = new Set();
      try {
        for (const listener of [...listeners]) listener(keys);
      } finally {
        end();
      }
    });
  }

  return {
    get: (table, key) => rows(table).get(key),
    values: (table) => [...rows(table).values()],
    keys: (table) => [...rows(table).keys()],
    put(table, key, value) {
      if (rows(table).get(key) === value) return;
      rows(table).set(key, value);
      mark(table, key);
    },
    delete(table, key) {
      if (rows(table).delete(key)) mark(table, key);
    },
    clear(table) {
      for (const key of [...rows(table).keys()]) this.delete(table, key);
    },
    /** Calls `listener(keys)` with a set of `table` and `table/key` after changes. */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
