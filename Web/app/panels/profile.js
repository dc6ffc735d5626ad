// A person: who it is, whether he is there, and whether one wants to hear from him.

import { avatar } from '../ui/avatar.js';
import { confirmed } from '../ui/confirm.js';
import { h } from '../ui/dom.js';
import { colourOf, exactTime, initials, nameOf } from '../viewmodel/text.js';
import { notifyChoice } from './notify.js';
import { leadRow } from './panel.js';

export function profileScreen(context, user, { conversation = null } = {}) {
  const { store, app, panel, visit } = context;
  const me = user === store.get('me', 'user');
  const face = h('div', { class: 'big-face' });
  const title = h('p', { class: 'big-title' });
  const seen = h('p', { class: 'hint centred', role: 'status' });
  const rows = h('div', { class: 'leads' });
  const notify = conversation && notifyChoice(context, conversation);
  const ends = h('div', { class: 'leads' });
  const element = h('div', { class: 'overview' }, face, title, seen, rows, notify?.element, ends);
  let blocked = null;

  function show() {
    const name = nameOf(store, user);
    face.replaceChildren(avatar({ initials: initials(name), colour: colourOf(user) }, 'big'));
    title.replaceChildren(h('bdi', { dir: 'auto', text: name }));
    notify?.show();
  }

  function showEnds() {
    ends.replaceChildren(...(me || blocked === null ? [] : [
      blocked
        ? leadRow({ icon: 'ban', label: 'Unblock', onOpen: (event) => set(event.currentTarget, false) })
        : leadRow({ icon: 'ban', label: 'Block', danger: true, onOpen: (event) => set(event.currentTarget, true) }),
    ]));
  }

  async function set(button, on) {
    const name = nameOf(store, user);
    const words = {
      title: `Block ${name}?`,
      text: `${name} can neither write to you nor invite or add you. In groups that you share you still see each other.`,
      action: 'Block',
      danger: true,
    };
    if (on && !(await confirmed(words))) return;
    if (!(await panel.attempt(button, () => app.groups.block(user, on), on ? `${name} is blocked.` : `${name} is not blocked any more.`))) return;
    blocked = on;
    showEnds();
    ends.querySelector('button')?.focus();
  }

  async function write(event) {
    const wish = { client_id: app.newIdentifier(), kind: 'direct', members: [user] };
    let id = null;
    const good = await panel.attempt(event.currentTarget, async () => {
      id = await app.create(wish);
    });
    if (!good) return;
    panel.close();
    visit(id);
  }

  async function ask() {
    app.groups.ask({ type: 'presence', users: [user] }).then(({ users: [state] }) => {
      if (state) seen.textContent = state.online ? 'Online' : state.seen ? `Last here ${exactTime(state.seen)}` : 'Not online';
    }, () => {});
    try {
      const { users } = await app.groups.ask({ type: 'blocks' });
      blocked = users.some((each) => each.user === user);
      showEnds();
    } catch {
      // Then there is nothing to press: who is blocked is not known.
    }
  }

  return {
    title: me ? 'You' : 'Profile',
    element,
    opened() {
      app.groups.want([user]);
      if (!me && !conversation) rows.replaceChildren(leadRow({ icon: 'bubble', label: 'Write a message', onOpen: write }));
      show();
      if (!me) ask();
    },
    refresh: show,
  };
}
