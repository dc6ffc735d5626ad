// The choice of what a conversation may disturb one with.

import { choice } from './choice.js';

const levels = [['all', 'All'], ['mentions', 'Mentions'], ['none', 'None']];
const levelHints = {
  all: 'Every message counts.',
  mentions: 'Only what mentions you counts.',
  none: 'Nothing counts; the number stays grey.',
};

/** What counts for the badge and wakes a phone. */
export function notifyChoice({ store, app, panel }, conversation) {
  const level = choice('notify', 'Notifications', levels, { onChange: change, hint: (value) => levelHints[value] });

  async function change(value) {
    await panel.attempt(null, () => app.groups.notify(conversation, value));
    show();
  }

  function show() {
    level.value = store.get('conversation', conversation)?.notify ?? 'all';
  }

  return { element: level.element, show };
}
