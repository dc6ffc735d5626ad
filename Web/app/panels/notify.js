// The choice of what a conversation may disturb one with.

import { h } from '../ui/dom.js';

const levels = [['all', 'All'], ['mentions', 'Mentions'], ['none', 'None']];
const levelHints = {
  all: 'Every message counts.',
  mentions: 'Only what mentions you counts.',
  none: 'Nothing counts; the number stays grey.',
};

/** What counts for the badge and wakes a phone. */
export function notifyChoice({ store, app, panel }, conversation) {
  const inputs = levels.map(([value]) => h('input', { type: 'radio', name: 'notify', value, on: { change } }));
  const hint = h('p', { class: 'hint' });
  const element = h('fieldset', { class: 'choice notify' }, h('legend', { text: 'Notifications' }),
    h('div', { class: 'segments' }, ...inputs.map((input, index) => h('label', { class: 'segment' }, input, h('span', { text: levels[index][1] })))), hint);

  async function change(event) {
    const level = event.target.value;
    await panel.attempt(null, () => app.groups.notify(conversation, level));
    show();
  }

  function show() {
    const level = store.get('conversation', conversation)?.notify ?? 'all';
    for (const input of inputs) input.checked = input.value === level;
    hint.textContent = levelHints[level];
  }

  return { element, show };
}
