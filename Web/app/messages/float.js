// What floats over the page: menus and the emoji picker. The browser puts them on top; a press outside, Escape, and leaving
// by Tab close them, and the focus comes back. The browser's own closing (popover=auto) is not used: it takes the end of the
// long press that opened a menu for a press outside of it.

import { note } from '../probe.js';
import { h } from '../ui/dom.js';

const gap = 4;
const edge = 8;
const sheet = matchMedia('(max-width: 719px)');

/** An element that opens near a rectangle. `back()`: where the focus goes when it closes, unless it went elsewhere. */
export function createFloat(props, ...children) {
  const element = h('div', { popover: 'manual', ...props, class: `float ${props.class}` }, ...children);
  let near = null;
  let back = null;

  const isOpen = () => element.matches(':popover-open');
  document.addEventListener('pointerdown', (event) => isOpen() && !element.contains(event.target) && close(), true);
  window.addEventListener('resize', () => isOpen() && place());
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    close();
  });

  /** On a phone the style sheet lays it along the lower edge. */
  function place() {
    element.style.left = '';
    element.style.top = '';
    if (sheet.matches) return;
    const { width, height } = element.getBoundingClientRect();
    const below = near.bottom + gap + height <= innerHeight - edge;
    const top = below ? near.bottom + gap : near.top - gap - height;
    element.style.left = `${Math.max(edge, Math.min(near.left, innerWidth - width - edge))}px`;
    element.style.top = `${Math.max(edge, Math.min(top, innerHeight - height - edge))}px`;
  }

  function close() {
    if (!isOpen()) return;
    const inside = element.contains(document.activeElement);
    element.hidePopover();
    note('float', { kind: props.class, open: false });
    if (inside) back?.()?.focus({ preventScroll: true });
  }

  /** The click that follows the finger's end comes before the next frame but one. */
  function release() {
    requestAnimationFrame(() => requestAnimationFrame(() => element.classList.remove('held')));
  }

  return {
    element,
    close,
    /** Under a finger that still lies on it, it takes no press: the end of a long press chooses nothing. */
    hold() {
      element.classList.add('held');
      for (const end of ['pointerup', 'pointercancel']) document.addEventListener(end, release, { capture: true, once: true });
    },
    open(rectangle, focusBack) {
      near = rectangle;
      back = focusBack;
      if (!isOpen()) element.showPopover();
      place();
      note('float', { kind: props.class, open: true });
    },
  };
}
