// Adding people to a group, or inviting them: those one adds are members at once, those one invites once they accept.

import { h } from '../ui/dom.js';
import { createPicker } from '../view/picker.js';

const questions = {
  add: {
    title: 'Add people',
    hint: 'They become members at once.',
    button: 'Add',
    request: (conversation, users) => ({ type: 'add', conversation, users }),
    told: (count) => (count === 1 ? 'One person was added.' : `${count} people were added.`),
  },
  invite: {
    title: 'Invite people',
    hint: 'They see the invitation in their list and become members when they accept.',
    button: 'Invite',
    request: (conversation, users) => ({ type: 'invite', conversation, users }),
    told: (count) => (count === 1 ? 'One person was invited.' : `${count} people were invited.`),
  },
};

/** `kind`: `add` or `invite`. */
export function pickScreen({ store, app, clock, panel }, conversation, kind) {
  const question = questions[kind];
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const submit = h('button', { type: 'submit', class: 'primary', text: question.button, disabled: true });
  const picker = createPicker({ id: 'pick-people', store, app, clock, onPick: () => {}, onChange: changed, onProblem: tell });
  const element = h('form', { class: 'pick', novalidate: true, on: { submit: send } },
    ...picker.elements, problem, h('div', { class: 'actions' }, submit));

  function tell(text) {
    problem.textContent = text;
    problem.hidden = text === '';
  }

  function changed() {
    tell('');
    submit.disabled = picker.chosen.length === 0;
  }

  async function send(event) {
    event.preventDefault();
    const users = picker.chosen;
    if (users.length === 0) return;
    if (!(await panel.attempt(submit, () => app.groups.act(question.request(conversation, users))))) return;
    panel.back();
    panel.tell(question.told(users.length));
  }

  return {
    title: question.title,
    element,
    opened() {
      picker.turn({ several: true, label: 'People', hint: question.hint });
      picker.focus();
    },
  };
}
