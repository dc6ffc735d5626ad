// Where a message is forwarded to.

import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { inOrder } from '../store/summaries.js';
import { colourOf, initials, plainText, titleOf } from '../viewmodel/text.js';
import { whyNot } from '../viewmodel/writing.js';
import { createSheet } from './sheet.js';

const shownMax = 100;

export function createForward({ store, app, clock, onDone }) {
  const search = h('input', { type: 'search', class: 'receipt-search', 'aria-label': 'Find a conversation', placeholder: 'Find a conversation', autocomplete: 'off', on: { input: draw } });
  const list = h('ul', { class: 'people', 'aria-label': 'Conversations', on: { click } });
  const sheet = createSheet('Forward to', h('div', { class: 'sheet-search' }, search), list);
  let source = null;

  function draw() {
    const wanted = plainText(search.value.trim());
    const open = inOrder(store.values('conversation'), null)
      .filter((summary) => !whyNot(summary, clock.now()))
      .map((summary) => ({ summary, title: titleOf(store, summary) }))
      .filter(({ title }) => plainText(title).includes(wanted));
    sheet.tell(open.length === 0 ? (wanted ? 'No such conversation.' : 'There is no conversation that you can write to.') : '');
    list.replaceChildren(
      ...open.slice(0, shownMax).map(({ summary, title }) =>
        h('li', {},
          h('button', { type: 'button', class: 'person', data: { conversation: summary.conversation } },
            avatar({ initials: initials(title), colour: colourOf(summary.peer ?? summary.conversation), group: summary.kind !== 'direct' }, 'small'),
            h('bdi', { dir: 'auto', text: title })))));
  }

  function click(event) {
    const { conversation } = event.target.closest('button')?.dataset ?? {};
    if (!conversation) return;
    sheet.close();
    onDone(conversation, titleOf(store, store.get('conversation', conversation)));
    app.act(conversation, { type: 'forward', from: { conversation: source.conversation, sequence: source.sequence } });
  }

  return {
    element: sheet.element,
    close: sheet.close,
    show({ conversation, sequence }) {
      source = { conversation, sequence };
      search.value = '';
      sheet.show();
      draw();
      search.focus();
    },
  };
}
