// One's own settings: how this browser shows the page, what others learn of one, and whom one does not want to hear from.

import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { colourOf, initials } from '../viewmodel/text.js';
import { openHelp } from '../view/panels.js';
import { choice } from './choice.js';
import { failure, leadRow } from './panel.js';

const switches = [
  ['receipts', 'Read receipts', 'Others see what you have read, and you are counted among their readers.'],
  ['presence', 'Online and last seen', 'Others see when you are here.'],
];
const enterHints = { send: 'Shift+Enter breaks the line.', break: 'Ctrl+Enter sends, on a Mac Cmd+Enter.' };
const touchHint = 'On a touch keyboard Enter always breaks the line.';

export function preferencesScreen({ store, app, panel }) {
  const inputs = Object.fromEntries(switches.map(([name]) => [name, h('input', { type: 'checkbox', id: `own-${name}`, disabled: true, on: { change: () => change(name) } })]));
  const notifying = h('input', { type: 'checkbox', id: 'own-notifying', disabled: !globalThis.Notification, on: { change: notify } });
  const letters = h('input', { type: 'checkbox', id: 'own-letters', on: { change: () => app.prefer('letters', letters.checked) } });
  const choices = {
    theme: own('theme', 'Theme', [['system', 'System'], ['light', 'Light'], ['dark', 'Dark']]),
    density: own('density', 'Density', [['comfortable', 'Comfortable'], ['compact', 'Compact']]),
    enter: own('enter', 'Enter', [['send', 'Sends'], ['break', 'Breaks the line']], (value) => (matchMedia('(pointer: coarse)').matches ? touchHint : enterHints[value])),
  };
  const trouble = h('div');
  const list = h('ul', { class: 'people asked', 'aria-labelledby': 'blocked-heading' });
  const element = h('div', { class: 'preferences' },
    h('h3', { text: 'In this browser' }),
    ...Object.values(choices).map((each) => each.element),
    switchRow(letters, 'Keys of a single letter', 'They act on the message or the conversation that has the focus.'),
    switchRow(notifying, 'Notifications', 'Of new messages, while you look elsewhere.'),
    leadRow({ icon: 'keyboard', label: 'Keyboard shortcuts', onOpen: openHelp }),
    h('h3', { text: 'What others see of you' }), trouble,
    ...switches.map(([name, label, hint]) => switchRow(inputs[name], label, hint)),
    h('h3', { id: 'blocked-heading', text: 'Blocked people' }), list);

  function own(name, label, values, hint) {
    return choice(`own-${name}`, label, values, { hint, onChange: (value) => app.prefer(name, value) });
  }

  /** What is kept, also by another tab. A question of the browser that stands open is not answered yet. */
  function refresh() {
    for (const [name, each] of Object.entries(choices)) each.value = store.get('page', name);
    letters.checked = store.get('page', 'letters');
    if (!notifying.hasAttribute('aria-busy')) notifying.checked = store.get('page', 'notifying');
  }

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
      app.prefer('notifying', notifying.checked);
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
    refresh,
    opened() {
      refresh();
      loadSwitches();
      loadBlocked();
    },
  };
}

function switchRow(input, label, hint) {
  return h('div', { class: 'switch-row' }, h('label', { class: 'check' }, input, h('span', { text: label })), h('p', { class: 'hint', text: hint }));
}
