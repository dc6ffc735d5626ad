// Time as a port: everything that waits, waits here, so that a test can step over thirty seconds instead of spending them.

export function createClock() {
  let offset = 0;
  const timers = new Set();

  function arm(timer) {
    timer.native = setTimeout(() => fire(timer), Math.max(0, timer.due - now()));
  }

  function fire(timer) {
    if (!timers.delete(timer)) return;
    clearTimeout(timer.native);
    timer.action();
  }

  function now() {
    return Date.now() + offset;
  }

  return {
    now,
    /** Calls `action` once, `milliseconds` from now. Returns what cancels it. */
    after(milliseconds, action) {
      const timer = { due: now() + milliseconds, action, native: 0 };
      timers.add(timer);
      arm(timer);
      return () => {
        if (timers.delete(timer)) clearTimeout(timer.native);
      };
    },
    /** For tests: moves time on and fires what has come due, oldest first. */
    advance(milliseconds) {
      offset += milliseconds;
      const due = [...timers].filter((timer) => timer.due <= now()).sort((first, second) => first.due - second.due);
      for (const timer of timers) {
        clearTimeout(timer.native);
        arm(timer);
      }
      for (const timer of due) fire(timer);
    },
  };
}
