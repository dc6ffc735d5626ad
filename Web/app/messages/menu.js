// A menu: arrows move, Enter and Space choose, Escape closes.

import { h } from '../ui/dom.js';
import { createFloat } from './float.js';
import { icon } from '../ui/icons.js';

export function createMenu(label) {
  const float = createFloat({ class: 'message-menu', role: 'menu', 'aria-label': label, on: { keydown, click } });
  let choose = () => {};

  const items = () => [...float.element.querySelectorAll('[role=menuitem]')];

  function keydown(event) {
    const all = items();
    const index = all.indexOf(document.activeElement);
    const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab') float.close();
    if (next === undefined) return;
    event.preventDefault();
    all.at(next % all.length)?.focus();
  }

  function click(event) {
    const name = event.target.closest('[role=menuitem]')?.dataset.name;
    if (!name) return;
    float.close();
    choose(name);
  }

  function item({ name, text, icon: sign, key, danger }) {
    return h('button', { type: 'button', role: 'menuitem', tabindex: '-1', class: `menu-item${danger ? ' danger' : ''}`, data: { name } },
      icon(sign), h('span', { class: 'menu-text', text }), key && h('kbd', { text: key, 'aria-hidden': 'true' }));
  }

  return {
    element: float.element,
    /** `entries`: { name, text, icon, key, danger }, or null for a line. `onChoose(name)`; the focus comes back to what `back()` gives. */
    open(near, entries, onChoose, back) {
      choose = onChoose;
      float.element.replaceChildren(...entries.map((entry) => (entry ? item(entry) : h('div', { class: 'menu-line', role: 'separator' }))));
      float.open(near, back);
      items()[0]?.focus();
    },
    close: float.close,
    hold: float.hold,
  };
}
