// One's own settings: what others learn of one, and whom one does not want to hear from.

import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { colourOf, initials } from '../viewmodel/text.js';
import { openHelp } from '../view/panels.js';
import { failure, leadRow } from './panel.js';

const switches = [
  ['receipts', 'Read receipts', 'Others see what you have read, and you are counted among their readers.'],
  ['presence', 'Online and last seen', 'Others see when you are here.'],
];

export function preferencesScreen({ store, app, panel }) {
  const inputs = Object.fromEntries(switches.map(([name]) => [name, h('input', { type: 'checkbox', id: `own-${name}`, disabled: true, on: { change: () => change(name) } })]));
  const notifying = h('input', { type: 'checkbox', id: 'own-notifying', checked: store.get('page', 'notifying'), disabled: !globalThis.Notification, on: { change: notify } });
  const trouble = h('div');
  const list = h('ul', { class: 'people asked', 'aria-labelledby': 'blocked-heading' });
  const element = h('div', { class: 'preferences' },
    h('h3', { text: 'What others see of you' }), trouble,
    ...switches.map(([name, label, hint]) =>
      h('div', { class: 'switch-row' },
        h('label', { class: 'check' }, inputs[name], h('span', { text: label })), h('p', { class: 'hint', text: hint }))),
    h('h3', { id: 'blocked-heading', text: 'Blocked people' }), list,
    h('h3', { text: 'This browser' }),
    h('div', { class: 'switch-row' },
      h('label', { class: 'check' }, notifying, h('span', { text: 'Notifications' })), h('p', { class: 'hint', text: 'Of new messages, while you look elsewhere.' })),
    leadRow({ icon: 'keyboard', label: 'Keyboard shortcuts', onOpen: openHelp }));

  async function loadSwitches() {
    try {
      const answer = await app.groups.ask({ type: 'preferences' });
      for (const [name] of switches) {
        inputs[name].checked = answer[name];
        inputs[name].disabled = false;
      }
      trouble.replaceChildren();
    } catch (error) {
      trouble.replaceChildren(failure(error, loadSwitches));
    }
  }

  async function loadBlocked() {
    try {
      const { users } = await app.groups.ask({ type: 'blocks' });
      list.replaceChildren(...users.map(line));
      if (users.length === 0) list.replaceChildren(h('li', { class: 'hint', text: 'You have blocked nobody.' }));
    } catch (error) {
      list.replaceChildren(h('li', {}, failure(error, loadBlocked)));
    }
  }

  function line({ user, name }) {
    return h('li', { class: 'person', data: { user } },
      avatar({ initials: initials(name), colour: colourOf(user) }, 'small'),
      h('bdi', { dir: 'auto', text: name }),
      h('button', { type: 'button', class: 'quiet', 'aria-label': `Unblock: ${name}`, text: 'Unblock', on: { click: (event) => unblock(event.currentTarget, user, name) } }));
  }

  async function unblock(button, user, name) {
    if (!(await panel.attempt(button, () => app.groups.block(user, false), `${name} is not blocked any more.`))) return;
    await loadBlocked();
    (list.querySelector('button') ?? inputs.receipts).focus();
  }

  /** The browser asks, after this click and not before. */
  function notify() {
    return panel.attempt(notifying, async () => {
      const allowed = !notifying.checked || (await Notification.requestPermission()) === 'granted';
      if (!allowed) notifying.checked = false;
      await app.keepNotifying(notifying.checked);
      if (!allowed) throw new Error('The browser does not let this page notify you. Its settings for this site can change that.');
    });
  }

  async function change(name) {
    const input = inputs[name];
    const wish = input.checked;
    const good = await panel.attempt(input, () => app.groups.ask({ type: 'preferences', [name]: wish }), 'Saved.');
    if (!good) input.checked = !wish;
  }

  return {
    title: 'Preferences',
    element,
    opened() {
      loadSwitches();
      loadBlocked();
    },
  };
}
