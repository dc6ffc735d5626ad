// Whether a person can be looking: a port, because every tab of an automated browser claims to be in front.

export function createAttention() {
  const listeners = new Set();
  let forced = null;

  function tell() {
    for (const listener of listeners) listener();
  }

  document.addEventListener('visibilitychange', tell);
  window.addEventListener('focus', tell);
  window.addEventListener('blur', tell);

  return {
    get now() {
      return forced ?? { visible: document.visibilityState === 'visible', focused: document.hasFocus() };
    },
    onChange: (listener) => listeners.add(listener),
    /** For tests: `{ visible, focused }`, or null for the truth. */
    force(value) {
      forced = value;
      tell();
    },
  };
}
