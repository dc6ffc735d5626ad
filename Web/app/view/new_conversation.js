// A new group or direct conversation: people are found by the beginning of their name.

import { avatar } from '../ui/avatar.js';
import { h, sentence } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { colourOf, initials } from '../viewmodel/text.js';

const searchAfter = 150;

export function createNewConversation({ store, app, clock, onCreated }) {
  let kind = 'group';
  let chosen = new Map();
  let round = 0;
  let cancelSearch = () => {};
  // One identifier per intention: pressing again after a lost answer makes no second group.
  let identifier = '';

  const kinds = ['group', 'direct'].map((value) =>
    h('label', { class: 'segment' },
      h('input', { type: 'radio', name: 'kind', value, on: { change: () => turn(value) } }),
      h('span', { text: value === 'group' ? 'Group' : 'Direct' })));
  const title = h('input', { id: 'new-title', maxlength: '128', dir: 'auto', autocomplete: 'off', placeholder: 'What is it about?', on: { input: changed } });
  const titleField = h('div', { class: 'field' }, h('label', { for: 'new-title', text: 'Title' }), title);
  const search = h('input', { id: 'new-people', type: 'search', dir: 'auto', autocomplete: 'off', spellcheck: 'false', placeholder: 'Type the beginning of a name', on: { input: searchSoon } });
  const peopleLabel = h('label', { for: 'new-people' });
  const chips = h('ul', { class: 'chips', 'aria-label': 'Chosen', on: { click: remove } });
  const results = h('ul', { class: 'people', 'aria-label': 'People', on: { click: choose } });
  const found = h('p', { class: 'hint', role: 'status' });
  const problem = h('p', { class: 'problem', role: 'alert', tabindex: '-1', hidden: true });
  const submit = h('button', { type: 'submit', class: 'primary', text: 'Create group' });
  const form = h('form', { novalidate: true, on: { submit: create } },
    h('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'Kind' }, ...kinds),
    titleField,
    h('div', { class: 'field' }, peopleLabel, search),
    chips, found, results, problem,
    h('div', { class: 'actions' }, h('button', { type: 'button', class: 'quiet', text: 'Cancel', on: { click: () => element.close() } }), submit));
  const element = h('dialog', { class: 'dialog', 'aria-labelledby': 'new-heading' },
    h('header', {}, h('h2', { id: 'new-heading', text: 'New conversation' }),
      h('button', { type: 'button', class: 'round', 'aria-label': 'Close', on: { click: () => element.close() } }, icon('close'))),
    form);

  function turn(next) {
    kind = next;
    kinds[kind === 'group' ? 0 : 1].firstChild.checked = true;
    titleField.hidden = kind === 'direct';
    chips.hidden = kind === 'direct';
    submit.hidden = kind === 'direct';
    peopleLabel.textContent = kind === 'group' ? 'Members' : 'With';
    changed();
    lookUp();
  }

  function changed() {
    identifier = app.newIdentifier();
    tell('');
  }

  function tell(text) {
    problem.textContent = text;
    problem.hidden = text === '';
    if (text !== '') problem.focus();
  }

  function searchSoon() {
    cancelSearch();
    cancelSearch = clock.after(searchAfter, lookUp);
  }

  async function lookUp() {
    const prefix = search.value.trim();
    const mine = (round += 1);
    if (prefix === '') {
      results.replaceChildren();
      found.textContent = kind === 'group' ? 'Find the people who belong to it.' : 'Find the person you want to write to.';
      return;
    }
    try {
      const users = await app.findPeople(prefix);
      if (mine !== round) return;
      const others = users.filter(({ user }) => user !== store.get('me', 'user'));
      found.textContent = others.length === 0 ? 'Nobody has a name that begins like this.' : '';
      results.replaceChildren(...others.map(person));
    } catch (error) {
      if (mine === round) tell(sentence(error));
    }
  }

  function person({ user, name }) {
    const picked = chosen.has(user);
    return h('li', {},
      h('button', { type: 'button', class: 'person', data: { user, name }, 'aria-pressed': kind === 'group' ? String(picked) : null },
        avatar({ initials: initials(name), colour: colourOf(user) }, 'small'),
        h('bdi', { dir: 'auto', text: name }),
        picked && kind === 'group' && icon('sent')));
  }

  function choose(event) {
    const button = event.target.closest('button');
    if (!button) return;
    const { user, name } = button.dataset;
    if (kind === 'direct') return open({ kind: 'direct', members: [user] });
    if (!chosen.delete(user)) chosen.set(user, name);
    changed();
    const fresh = person({ user, name });
    button.parentElement.replaceWith(fresh);
    fresh.firstChild.focus();
    showChips();
  }

  function remove(event) {
    const user = event.target.closest('button')?.dataset.user;
    if (!user) return;
    chosen.delete(user);
    changed();
    showChips();
    search.focus();
    lookUp();
  }

  function showChips() {
    chips.replaceChildren(...[...chosen].map(([user, name]) =>
      h('li', {}, h('button', { type: 'button', class: 'chip', data: { user }, title: 'Remove' },
        h('bdi', { dir: 'auto', text: name }), icon('close'), h('span', { class: 'unseen', text: 'remove' })))));
  }

  function create(event) {
    event.preventDefault();
    if (kind === 'direct') return;
    if (title.value.trim() === '') {
      tell('Give the group a title.');
      title.focus();
      return;
    }
    if (chosen.size === 0) {
      tell('Choose at least one person.');
      search.focus();
      return;
    }
    open({ kind: 'group', title: title.value.trim(), members: [...chosen.keys()] });
  }

  async function open(wish) {
    submit.disabled = true;
    try {
      const id = await app.create({ ...wish, client_id: identifier });
      element.close();
      onCreated(id);
    } catch (error) {
      tell(sentence(error));
    } finally {
      submit.disabled = false;
    }
  }

  return {
    element,
    show() {
      chosen = new Map();
      title.value = '';
      search.value = '';
      showChips();
      turn('group');
      element.showModal();
      title.focus();
    },
  };
}
