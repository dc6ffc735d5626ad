// The list of names behind an @. The field keeps the focus; the list only points. The field stays a text box: a combobox has one line.

import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { colourOf, initials } from '../viewmodel/text.js';
import { completed, everybody, fitting, mentionAt } from '../viewmodel/mentions.js';

let count = 0;

/** `candidates()` resolves with the people of the conversation; `onPick(person)` is told of each choice. */
export function createCompletion({ candidates, onPick }) {
  const id = `names-${(count += 1)}`;
  const element = h('ul', { class: 'completion', id, role: 'listbox', 'aria-label': 'People to mention', hidden: true, on: { pointerdown, click } });
  const said = h('span', { class: 'unseen', role: 'status' });

  let field = null;
  let people = [];
  let shown = [];
  let place = null;
  let active = 0;
  let round = 0;
  /** Escape closes it for this @; it stays closed until another one is typed. */
  let refused = -1;

  /** The field that it serves from now on. */
  function attach(next) {
    if (field) close();
    field = next;
    for (const [name, value] of [['aria-autocomplete', 'list'], ['aria-controls', id], ['aria-haspopup', 'listbox']]) field.setAttribute(name, value);
  }

  async function update() {
    place = field.selectionStart === field.selectionEnd ? mentionAt(field.value, field.selectionStart) : null;
    if (place?.start !== refused) refused = -1;
    if (!place || place.start === refused) return close();
    const mine = (round += 1);
    const known = await candidates();
    if (mine !== round || !place) return;
    people = known;
    shown = fitting(people, place.query);
    active = 0;
    if (shown.length === 0) return close();
    draw();
  }

  function draw() {
    element.hidden = false;
    element.replaceChildren(
      ...shown.map(({ user, name }, index) =>
        h('li', { id: `${id}-${index}`, role: 'option', class: 'completion-item', 'aria-selected': String(index === active), data: { index } },
          avatar(user === everybody ? { initials: '@', colour: 0 } : { initials: initials(name), colour: colourOf(user) }, 'small'),
          h('bdi', { dir: 'auto', text: name }),
          user === everybody && h('span', { class: 'role', text: 'Everyone in this group' }))));
    point();
    said.textContent = shown.length === 1 ? '1 person' : `${shown.length} people`;
  }

  function point() {
    for (const item of element.children) item.setAttribute('aria-selected', String(Number(item.dataset.index) === active));
    field.setAttribute('aria-activedescendant', `${id}-${active}`);
    element.children[active]?.scrollIntoView({ block: 'nearest' });
  }

  function close() {
    round += 1;
    if (element.hidden) return;
    element.hidden = true;
    element.replaceChildren();
    said.textContent = '';
    field.removeAttribute('aria-activedescendant');
  }

  function pick(index) {
    const person = shown[index];
    const { text, caret } = completed(field.value, place, person.name);
    field.value = text;
    field.setSelectionRange(caret, caret);
    close();
    onPick(person);
  }

  /** The pointer must not take the focus from the field. */
  function pointerdown(event) {
    event.preventDefault();
  }

  function click(event) {
    const item = event.target.closest('li');
    if (item) pick(Number(item.dataset.index));
  }

  return {
    element,
    said,
    attach,
    update,
    close,
    get open() {
      return !element.hidden;
    },
    /** Whether the key was for the list. A key out of an input method never is. */
    keydown(event) {
      if (element.hidden || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return false;
      const offset = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (offset) {
        active = (active + offset + shown.length) % shown.length;
        point();
      } else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey) pick(active);
      else if (event.key === 'Escape') {
        refused = place.start;
        close();
      } else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
}
