// Finding people by the beginning of their name, and choosing one or several.

import { avatar } from '../ui/avatar.js';
import { h, sentence } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { colourOf, initials } from '../viewmodel/text.js';

const searchAfter = 150;

/** `onPick({ user, name })` where one is chosen, `onChange()` where several are; `onProblem(words)` when a search fails. */
export function createPicker({ id, store, app, clock, onPick, onChange, onProblem }) {
  let several = true;
  let hint = '';
  let chosen = new Map();
  let round = 0;
  let cancelSearch = () => {};

  const search = h('input', { id, type: 'search', dir: 'auto', autocomplete: 'off', spellcheck: 'false', placeholder: 'Type the beginning of a name', on: { input: searchSoon } });
  const label = h('label', { for: id });
  const chips = h('ul', { class: 'chips', 'aria-label': 'Chosen', on: { click: remove } });
  const results = h('ul', { class: 'people', 'aria-label': 'People', on: { click: choose } });
  const found = h('p', { class: 'hint', role: 'status' });

  function searchSoon() {
    cancelSearch();
    cancelSearch = clock.after(searchAfter, lookUp);
  }

  async function lookUp() {
    const prefix = search.value.trim();
    const mine = (round += 1);
    if (prefix === '') {
      results.replaceChildren();
      found.textContent = hint;
      return;
    }
    try {
      const users = await app.findPeople(prefix);
      if (mine !== round) return;
      const others = users.filter(({ user }) => user !== store.get('me', 'user'));
      found.textContent = others.length === 0 ? 'Nobody has a name that begins like this.' : '';
      results.replaceChildren(...others.map(person));
    } catch (error) {
      if (mine === round) onProblem(sentence(error));
    }
  }

  function person({ user, name }) {
    const picked = chosen.has(user);
    return h('li', {},
      h('button', { type: 'button', class: 'person', data: { user, name }, 'aria-pressed': several ? String(picked) : null },
        avatar({ initials: initials(name), colour: colourOf(user) }, 'small'),
        h('bdi', { dir: 'auto', text: name }),
        picked && several && icon('sent')));
  }

  function choose(event) {
    const button = event.target.closest('button');
    if (!button) return;
    const { user, name } = button.dataset;
    if (!several) return onPick({ user, name });
    if (!chosen.delete(user)) chosen.set(user, name);
    onChange();
    const fresh = person({ user, name });
    button.parentElement.replaceWith(fresh);
    fresh.firstChild.focus();
    showChips();
  }

  function remove(event) {
    const user = event.target.closest('button')?.dataset.user;
    if (!user) return;
    chosen.delete(user);
    onChange();
    showChips();
    search.focus();
    lookUp();
  }

  function showChips() {
    chips.hidden = !several;
    chips.replaceChildren(...[...chosen].map(([user, name]) =>
      h('li', {}, h('button', { type: 'button', class: 'chip', data: { user }, title: 'Remove' },
        h('bdi', { dir: 'auto', text: name }), icon('close'), h('span', { class: 'unseen', text: 'remove' })))));
  }

  return {
    elements: [h('div', { class: 'field' }, label, search), chips, found, results],
    get chosen() {
      return [...chosen.keys()];
    },
    focus: () => search.focus(),
    /** Another question, of one person or of several; what was chosen stays. */
    turn(words) {
      several = words.several;
      hint = words.hint;
      label.textContent = words.label;
      showChips();
      lookUp();
    },
    reset() {
      chosen = new Map();
      search.value = '';
      showChips();
    },
  };
}
