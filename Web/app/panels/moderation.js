// Lists of people for administrators: who asks to join, who is invited, who is muted, who is banned.

import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { colourOf, initials } from '../viewmodel/text.js';
import { membersScreen } from './members.js';
import { failure } from './panel.js';

export function mutedScreen(context, conversation) {
  return membersScreen(context, conversation, {
    title: 'Muted members',
    only: (member, now) => (member.muted_until ?? 0) > now,
    none: 'Nobody is muted.',
  });
}

export function bannedScreen(context, conversation) {
  return peopleScreen(context, conversation, {
    title: 'Banned people',
    hint: 'They cannot join, by whatever way, until the ban is lifted.',
    none: 'Nobody is banned.',
    state: 'banned',
    actions: [{ label: 'Lift the ban', frame: (user) => ({ type: 'unban', conversation, user }), told: (name) => `${name} may join again.` }],
  });
}

export function requestsScreen(context, conversation) {
  return peopleScreen(context, conversation, {
    title: 'Requests to join',
    hint: 'They followed a link and wait for an answer.',
    none: 'Nobody waits for an answer.',
    state: 'requested',
    actions: [
      { label: 'Approve', main: true, frame: (user) => ({ type: 'add', conversation, users: [user] }), told: (name) => `${name} is a member now.` },
      { label: 'Decline', frame: (user) => ({ type: 'decline', conversation, user }), told: (name) => `${name} was declined.` },
    ],
    after: () => context.app.groups.countRequests(conversation).catch(() => {}),
  });
}

/** People in one state, with what can be done about each. The first hundred: more come when those are gone. */
function peopleScreen({ store, app, panel }, conversation, { title, hint, none, state, actions, after = () => {} }) {
  const status = h('p', { class: 'hint', role: 'status' });
  const list = h('ul', { class: 'people asked', 'aria-label': title });
  const element = h('div', { class: 'asked-screen' }, status, list);
  let seenChange;

  async function load() {
    seenChange = store.get('conversation', conversation)?.changedAt;
    try {
      const answer = await app.groups.others(conversation, state);
      show(answer.members, answer.more);
    } catch (error) {
      list.replaceChildren(h('li', {}, failure(error, load)));
    }
  }

  function show(people, more) {
    status.textContent = people.length === 0 ? none : more ? `${hint} These are the first ${people.length}.` : hint;
    const focused = [...list.children].indexOf(document.activeElement?.closest?.('.asked > li'));
    list.replaceChildren(...people.map(line));
    // Whose row is gone leaves the focus to the next one.
    if (focused >= 0) (list.children[Math.min(focused, people.length - 1)]?.querySelector('button') ?? document.querySelector('#panel-heading')).focus();
  }

  function line({ user, name }) {
    return h('li', { class: 'person', data: { user } },
      avatar({ initials: initials(name), colour: colourOf(user) }, 'small'),
      h('bdi', { dir: 'auto', text: name }),
      ...actions.map((action) =>
        h('button', { type: 'button', class: action.main ? 'primary' : 'quiet', 'aria-label': `${action.label}: ${name}`, text: action.label, on: { click: (event) => act(event.currentTarget, action, user, name) } })));
  }

  async function act(button, action, user, name) {
    if (!(await panel.attempt(button, () => app.groups.act(action.frame(user)), action.told(name)))) return;
    await load();
    after();
  }

  return {
    title,
    element,
    opened: load,
    refresh() {
      if (store.get('conversation', conversation)?.changedAt !== seenChange) load();
    },
  };
}
