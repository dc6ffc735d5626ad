// The preferences of this browser, in localStorage: it answers at once, so that nothing is painted in the wrong colours first, and
// it tells the other tabs.

import { note } from '../probe.js';
import { preferencesOf } from '../viewmodel/preferences.js';

const key = 'parley-preferences';

/** Calls `onChange(preferences)` now, and after each change in whichever tab. Where there is no storage, they last as long as the page. */
export function openPreferences(onChange) {
  let text = null;

  function tell() {
    try {
      text = localStorage.getItem(key);
    } catch (error) {
      note('preferences-memory', { reason: String(error) });
    }
    onChange(preferencesOf(text));
  }

  window.addEventListener('storage', (event) => event.key === key && tell());
  tell();
  return {
    keep(name, value) {
      text = JSON.stringify({ ...preferencesOf(text), [name]: value });
      try {
        localStorage.setItem(key, text);
      } catch (error) {
        note('preferences-memory', { reason: String(error) });
      }
      onChange(preferencesOf(text));
      note('preference', { name, value });
    },
  };
}
