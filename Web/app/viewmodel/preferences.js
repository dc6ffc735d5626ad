// What is chosen for this browser, whoever logs in. Pure.

/** The values of each preference, the usual one first. */
export const choices = Object.freeze({
  theme: ['system', 'light', 'dark'],
  density: ['comfortable', 'compact'],
  enter: ['send', 'break'],
  letters: [true, false],
  notifying: [false, true],
});

/** All of them, from the text in which they are kept (or null): what it does not say, or says wrongly, is as usual. */
export function preferencesOf(text) {
  let kept = {};
  try {
    kept = JSON.parse(text) ?? {};
  } catch {
    // Somebody else's text.
  }
  return Object.fromEntries(Object.entries(choices).map(([name, values]) => [name, values.includes(kept[name]) ? kept[name] : values[0]]));
}
