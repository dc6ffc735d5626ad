// What the page did, counted, and a numbered log of events to wait on. Both are always kept, for they cost next to nothing;
// `main.js` shows them to the outside only under `?test`.

export const counters = {
  commits: 0,
  rowsBuilt: 0,
  rowsReused: 0,
  transactions: 0,
  framesIn: 0,
  framesOut: 0,
  requests: 0,
  announcements: 0,
};

const logMax = 2_000;
let number = 0;
let busy = 0;
let waiters = [];

export const log = [];

export function note(name, data = {}) {
  number += 1;
  log.push({ n: number, name, ...data });
  if (log.length > logMax) log.splice(0, logMax / 2);
}

/** Marks work that `idle` waits for. */
export function begin() {
  busy += 1;
}

export function end() {
  busy -= 1;
  if (busy === 0) {
    const ready = waiters;
    waiters = [];
    for (const resolve of ready) resolve();
  }
}

export async function during(work) {
  begin();
  try {
    return await work();
  } finally {
    end();
  }
}

/** Resolves when no request, transaction or frame is under way, twice in a row: one often starts the next. */
export async function idle() {
  for (let calm = 0; calm < 2; calm += 1) {
    if (busy > 0) {
      calm = -1;
      await new Promise((resolve) => waiters.push(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
