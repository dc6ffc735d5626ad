// A menu at a button: arrows move in it, Escape or a click elsewhere closes it, and the focus goes back to the button.

import { h } from './dom.js';
import { icon } from './icons.js';

const gap = 4;

/** `items`: `{ label, icon, danger, action }`, or null for a line. Returns nothing; one menu is open at a time. */
export function openMenu(button, items) {
  const rows = items.map((item) =>
    item
      ? h('button', { type: 'button', role: 'menuitem', tabindex: '-1', class: item.danger ? 'danger' : null, on: { click: () => choose(item) } },
          item.icon && icon(item.icon), h('span', { text: item.label }))
      : h('div', { class: 'menu-line', role: 'separator' }));
  const menu = h('div', { class: 'menu', role: 'menu', popover: 'auto', 'aria-label': button.getAttribute('aria-label') ?? button.textContent, on: { keydown, toggle } }, ...rows);
  const choices = rows.filter((row) => row.role === 'menuitem');

  function close() {
    if (menu.isConnected) menu.hidePopover();
  }

  function choose(item) {
    close();
    button.focus({ preventScroll: true });
    item.action();
  }

  function toggle(event) {
    if (event.newState !== 'closed') return;
    button.setAttribute('aria-expanded', 'false');
    if (menu.contains(document.activeElement)) button.focus({ preventScroll: true });
    menu.remove();
  }

  function keydown(event) {
    event.stopPropagation();
    if (event.key === 'Tab') {
      event.preventDefault();
      return close();
    }
    const at = choices.indexOf(document.activeElement);
    const count = choices.length;
    const next = { ArrowDown: (at + 1) % count, ArrowUp: (at - 1 + count) % count, Home: 0, End: count - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choices[next].focus();
  }

  // In the dialog of its button, for what is outside of an open dialog cannot be used.
  (button.closest('dialog') ?? document.body).append(menu);
  menu.showPopover();
  button.setAttribute('aria-expanded', 'true');
  const place = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = place.bottom + gap + size.height <= innerHeight || place.top < size.height + gap;
  const left = Math.min(Math.max(gap, place.right - size.width), innerWidth - size.width - gap);
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? Math.min(place.bottom + gap, Math.max(gap, innerHeight - size.height - gap)) : place.top - gap - size.height}px`;
  choices[0].focus({ preventScroll: true });
  window.addEventListener('resize', close, { once: true });
}
