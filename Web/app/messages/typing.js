// Who is typing, in one line that keeps its height: what comes and goes must not move the messages.

import { h } from '../ui/dom.js';
import { nameOf } from '../viewmodel/text.js';

/** The words for some names. */
export function typingWords(names) {
  if (names.length === 0) return '';
  if (names.length === 1) return `${names[0]} is typing …`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing …`;
  return `${names.length} people are typing …`;
}

export function createTypingLine({ store }) {
  const element = h('p', { class: 'typing', dir: 'auto' });
  return {
    element,
    refresh() {
      const users = store.get('typing', store.get('view', 'open')) ?? [];
      const words = typingWords(users.map((user) => nameOf(store, user)));
      if (element.textContent !== words) element.textContent = words;
    },
  };
}
