// Speaks new messages of the open conversation. The timeline itself is no live region: rows that scroll back in are
// additions as well, and would all be read out.

import { counters } from '../probe.js';
import { h } from '../ui/dom.js';
import { nameOf } from '../viewmodel/text.js';

const within = 2_000;
const single = 3;

export function createAnnouncer({ store, clock }) {
  const region = h('div', { class: 'unseen', role: 'log', 'aria-label': 'New messages' });
  let waiting = [];

  function speak() {
    const lines = waiting.length > single ? [`${waiting.length} new messages`] : waiting;
    waiting = [];
    counters.announcements += 1;
    region.replaceChildren(...lines.map((line) => h('p', { text: line })));
  }

  return {
    element: region,
    announce(conversation, entries) {
      if (conversation !== store.get('view', 'open')) return;
      const me = store.get('me', 'user');
      for (const entry of entries) {
        if (entry.kind !== 'message' || entry.sender === me) continue;
        if (waiting.push(`${nameOf(store, entry.sender)}: ${entry.content?.text ?? ''}`) === 1) clock.after(within, speak);
      }
    },
  };
}
