// Whether a person can be looking: a port, because every tab of an automated browser claims to be in front.
// `active`: somebody moved, typed or clicked lately. A page on a desk that was left, or that was only loaded, reads nothing.

const idleAfter = 120_000;
const movements = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart', 'click'];

export function createAttention(clock) {
  const listeners = new Set();
  let forced = null;
  let moved = -Infinity;

  function tell() {
    for (const listener of listeners) listener();
  }

  function move() {
    const idle = clock.now() - moved >= idleAfter;
    moved = clock.now();
    if (idle) tell();
  }

  for (const movement of movements) window.addEventListener(movement, move, { capture: true, passive: true });
  document.addEventListener('visibilitychange', tell);
  window.addEventListener('focus', tell);
  window.addEventListener('blur', tell);

  return {
    get now() {
      return forced ?? { visible: document.visibilityState === 'visible', focused: document.hasFocus(), active: clock.now() - moved < idleAfter };
    },
    onChange: (listener) => listeners.add(listener),
    /** For tests: `{ visible, focused }`, or null for the truth. */
    force(value) {
      forced = value;
      tell();
    },
  };
}
