// A dialog with a heading, a line of state and a body: the lists about a message.

import { note } from '../probe.js';
import { h, sentence } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

let count = 0;

export function createSheet(title, ...body) {
  const id = `sheet-${(count += 1)}`;
  const heading = h('h2', { id, tabindex: '-1', text: title });
  const status = h('p', { class: 'hint', role: 'status' });
  const retry = h('button', { type: 'button', class: 'link', text: 'Try again', hidden: true, on: { click: () => again() } });
  const element = h('dialog', { class: 'dialog sheet', 'aria-labelledby': id, on: { close: () => note('sheet-closed') } },
    h('div', { class: 'head' }, heading, h('button', { type: 'button', class: 'round', 'aria-label': 'Close', on: { click: () => element.close() } }, icon('close'))),
    h('div', { class: 'sheet-status' }, status, retry), ...body);
  // A click beside the dialog is on its backdrop.
  element.addEventListener('click', (event) => event.target === element && element.close());
  let again = () => {};
  let round = 0;

  return {
    element,
    heading,
    tell(text) {
      status.textContent = text;
    },
    show() {
      retry.hidden = true;
      if (!element.open) element.showModal();
      heading.focus({ preventScroll: true });
    },
    close: () => element.open && element.close(),
    /** Shows what `ask()` gives by `use(answer)`, unless the sheet was closed or asked for something else meanwhile. */
    async load(ask, use, quietly = false) {
      const mine = (round += 1);
      again = () => this.load(ask, use);
      retry.hidden = true;
      if (!quietly) status.textContent = 'Loading …';
      try {
        const answer = await ask();
        if (mine !== round || !element.open) return;
        use(answer);
        note('sheet', { title: heading.textContent });
      } catch (error) {
        if (mine !== round) return;
        status.textContent = sentence(error);
        retry.hidden = error.retry !== 'later';
      }
    },
  };
}
