// A new group or direct conversation: people are found by the beginning of their name.

import { h, sentence } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { createPicker } from './picker.js';

const questions = {
  group: { several: true, label: 'Members', hint: 'Find the people who belong to it.' },
  direct: { several: false, label: 'With', hint: 'Find the person you want to write to.' },
};

export function createNewConversation({ store, app, clock, onCreated }) {
  let kind = 'group';
  // One identifier per intention: pressing again after a lost answer makes no second group.
  let identifier = '';

  const kinds = ['group', 'direct'].map((value) =>
    h('label', { class: 'segment' },
      h('input', { type: 'radio', name: 'kind', value, on: { change: () => turn(value) } }),
      h('span', { text: value === 'group' ? 'Group' : 'Direct' })));
  const title = h('input', { id: 'new-title', maxlength: '128', dir: 'auto', autocomplete: 'off', placeholder: 'What is it about?', on: { input: changed } });
  const titleField = h('div', { class: 'field' }, h('label', { for: 'new-title', text: 'Title' }), title);
  const picker = createPicker({
    id: 'new-people',
    store,
    app,
    clock,
    onPick: ({ user }) => open({ kind: 'direct', members: [user] }),
    onChange: changed,
    onProblem: tell,
  });
  const problem = h('p', { class: 'problem', role: 'alert', tabindex: '-1', hidden: true });
  const submit = h('button', { type: 'submit', class: 'primary', text: 'Create group' });
  const form = h('form', { novalidate: true, on: { submit: create } },
    h('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'Kind' }, ...kinds),
    titleField,
    ...picker.elements, problem,
    h('div', { class: 'actions' }, h('button', { type: 'button', class: 'quiet', text: 'Cancel', on: { click: () => element.close() } }), submit));
  const element = h('dialog', { class: 'dialog', 'aria-labelledby': 'new-heading' },
    h('div', { class: 'head' }, h('h2', { id: 'new-heading', text: 'New conversation' }),
      h('button', { type: 'button', class: 'round', 'aria-label': 'Close', on: { click: () => element.close() } }, icon('close'))),
    form);

  function turn(next) {
    kind = next;
    kinds[kind === 'group' ? 0 : 1].firstChild.checked = true;
    titleField.hidden = kind === 'direct';
    submit.hidden = kind === 'direct';
    changed();
    picker.turn(questions[kind]);
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

  function create(event) {
    event.preventDefault();
    if (kind === 'direct') return;
    if (title.value.trim() === '') {
      tell('Give the group a title.');
      title.focus();
      return;
    }
    if (picker.chosen.length === 0) {
      tell('Choose at least one person.');
      picker.focus();
      return;
    }
    open({ kind: 'group', title: title.value.trim(), members: picker.chosen });
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
      title.value = '';
      picker.reset();
      turn('group');
      element.showModal();
      title.focus();
    },
  };
}
