// The sheet at the side: one dialog with a stack of screens. Escape closes it, its arrow leads back a screen, and the focus
// returns to where it came from, screen by screen.
//
// A screen: { title, element, refresh(keys), opened(), left() }; all but the first two may be missing.

import { note } from '../probe.js';
import { h, sentence } from '../ui/dom.js';
import { icon } from '../ui/icons.js';

export function createPanel() {
  let stack = [];

  const backButton = h('button', { type: 'button', class: 'round', 'aria-label': 'Back', on: { click: back } }, icon('back'));
  const heading = h('h2', { id: 'panel-heading', tabindex: '-1' });
  const done = h('p', { class: 'panel-done', role: 'status' });
  const problem = h('p', { class: 'problem', role: 'alert', tabindex: '-1', hidden: true });
  const body = h('div', { class: 'panel-body' });
  const element = h('dialog', { class: 'dialog panel', 'aria-labelledby': 'panel-heading', on: { close: closed } },
    h('div', { class: 'head' }, backButton, heading,
      h('button', { type: 'button', class: 'round', 'aria-label': 'Close', on: { click: () => element.close() } }, icon('close'))),
    done, problem, body);

  const top = () => stack.at(-1);

  /** Shows a screen over the one that is shown now. */
  function push(screen) {
    if (top()) {
      top().focused = document.activeElement;
      top().screen.element.hidden = true;
    }
    stack.push({ screen, focused: null });
    body.append(screen.element);
    present();
    if (!element.open) element.showModal();
    heading.focus({ preventScroll: true });
    screen.opened?.();
    note('panel', { title: screen.title });
  }

  function back() {
    const { screen } = stack.pop();
    screen.element.remove();
    screen.left?.();
    present();
    const { focused } = top();
    (focused?.isConnected ? focused : heading).focus({ preventScroll: true });
    top().screen.refresh?.();
    note('panel', { title: top().screen.title });
  }

  function present() {
    const { screen } = top();
    screen.element.hidden = false;
    heading.textContent = screen.title;
    backButton.hidden = stack.length === 1;
    element.classList.toggle('deep', stack.length > 1);
    tell('');
    problem.hidden = true;
  }

  /** The event comes late: by then the panel may be open again. */
  function closed() {
    if (element.open) return;
    clear();
    note('panel-closed');
  }

  function clear() {
    for (const { screen } of stack.reverse()) {
      screen.element.remove();
      screen.left?.();
    }
    stack = [];
  }

  /** One line about what was done. */
  function tell(text) {
    done.textContent = text;
    if (text !== '') problem.hidden = true;
  }

  function refuse(error) {
    done.textContent = '';
    problem.textContent = sentence(error);
    problem.hidden = false;
    problem.focus();
    note('refused', { code: error.code ?? 0 });
  }

  return {
    element,
    push,
    back,
    tell,
    /** Shows this screen alone. */
    start(screen) {
      clear();
      push(screen);
    },
    close() {
      if (element.open) element.close();
    },
    /** Runs what a button starts, once at a time; what goes wrong is said in words. Returns whether it went well. */
    async attempt(button, work, told = '') {
      if (button?.getAttribute('aria-busy') === 'true') return false;
      button?.setAttribute('aria-busy', 'true');
      problem.hidden = true;
      try {
        await work();
        if (told !== '') tell(told);
        return true;
      } catch (error) {
        refuse(error);
        return false;
      } finally {
        button?.removeAttribute('aria-busy');
      }
    },
    refresh(keys) {
      top()?.screen.refresh?.(keys);
    },
  };
}

/** A row that leads to another screen. */
export function leadRow({ icon: name, label, detail = '', badge = '', danger = false, onOpen }) {
  return h('button', { type: 'button', class: `lead${danger ? ' danger' : ''}`, on: { click: onOpen } },
    icon(name), h('span', { class: 'lead-label', text: label }),
    detail && h('span', { class: 'lead-detail', text: detail }),
    badge && h('span', { class: 'badge' }, badge),
    !danger && icon('chevron'));
}

/** A line with a failed load's words and a way to try again. */
export function failure(error, again) {
  return h('p', { class: 'hint failed', role: 'alert' }, sentence(error), ' ', h('button', { type: 'button', class: 'link', text: 'Try again', on: { click: again } }));
}
