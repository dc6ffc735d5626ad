// What floats over the page: menus and the emoji picker. The browser puts them on top, closes them at Escape or a click
// outside; here they get their place and the focus comes back.

import { note } from '../probe.js';
import { h } from '../ui/dom.js';

const gap = 4;
const edge = 8;
const sheet = matchMedia('(max-width: 719px)');

/** An element that opens near a rectangle. `onOpen` gets the focus inside, `back()` says where it goes afterwards. */
export function createFloat(props, ...children) {
  const element = h('div', { popover: 'auto', ...props, class: `float ${props.class}` }, ...children);
  let back = null;

  element.addEventListener('toggle', ({ newState }) => {
    note('float', { kind: props.class, open: newState === 'open' });
    if (newState === 'open' || !back) return;
    // Only when nothing else took the focus: an action may have opened the next thing.
    const inside = document.activeElement === document.body || element.contains(document.activeElement);
    if (inside) back()?.focus({ preventScroll: true });
    back = null;
  });
  window.addEventListener('resize', () => element.matches(':popover-open') && element.hidePopover());

  /** On a phone the style sheet lays it along the lower edge. */
  function place(near) {
    element.style.insetInlineStart = '';
    element.style.left = '';
    element.style.top = '';
    if (sheet.matches) return;
    const { width, height } = element.getBoundingClientRect();
    const below = near.bottom + gap + height <= innerHeight - edge;
    const top = below ? near.bottom + gap : Math.max(edge, near.top - gap - height);
    element.style.left = `${Math.min(Math.max(edge, near.left), innerWidth - width - edge)}px`;
    element.style.top = `${Math.min(top, innerHeight - height - edge)}px`;
  }

  return {
    element,
    open(near, focusBack) {
      back = focusBack;
      if (!element.matches(':popover-open')) element.showPopover();
      place(near);
    },
    close() {
      if (element.matches(':popover-open')) element.hidePopover();
    },
  };
}
