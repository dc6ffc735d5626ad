// What a key does in the composer. Pure.

/**
 * `send`, or `none` where the key is the text's own business.
 * An Enter that commits an input method's candidate must never send. Safari ends the composition before it reports the
 * key, so `isComposing` alone misses it; the old key code 229 marks such a key everywhere.
 */
export function composerKey({ key, shiftKey, altKey, ctrlKey, metaKey, isComposing, keyCode }, { touch = false, enter = 'send' } = {}) {
  if (key !== 'Enter' || isComposing || keyCode === 229) return 'none';
  if (shiftKey || altKey) return 'none';
  // On a touch keyboard there is no Shift+Enter: Enter breaks the line and the button sends.
  if ((touch || enter === 'break') && !ctrlKey && !metaKey) return 'none';
  return 'send';
}

export const textLimit = 8_000;
const remainderFrom = 500;

/** The length as the server counts it: Unicode scalar values, not UTF-16 units. */
export function scalarCount(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The characters left, or null while there is no need to mention them. */
export function remainder(text) {
  // A scalar value is at most two units, so short texts need no counting on each key.
  if (text.length < textLimit - remainderFrom) return null;
  const left = textLimit - scalarCount(text);
  return left > remainderFrom ? null : left;
}

/** The text as it is sent: no NUL, no half surrogates, no blank lines around it. Empty: there is nothing to send. */
export function outgoingText(text) {
  return text.replaceAll('\u0000', '').replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD').replace(/^\s*\n/, '').trimEnd();
}
