// Where a link or an invitation leads: what one would join, and the button to do it.

import { avatar } from '../ui/avatar.js';
import { h, sentence } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { isMember } from '../store/summaries.js';
import { note } from '../probe.js';
import { colourOf, faceOf, titleOf } from '../viewmodel/text.js';

const refusals = {
  bad_link: ['This link does not work any more', 'It was revoked, has ended or was used as often as it may be. Ask for a new one.'],
  group_full: ['This group is full', 'It has as many members as it may have. Try again later, or ask an administrator.'],
  banned: ['You cannot join this group', 'An administrator has banned you from it.'],
  forbidden: ['You cannot join this group', 'Its administrators do not let you in at the moment.'],
};

export function createJoin({ store, app, visit, leave }) {
  const face = h('div', { class: 'big-face' });
  const title = h('h1', { class: 'join-title', tabindex: '-1' });
  const words = h('p', { class: 'join-words', role: 'status' });
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const buttons = h('div', { class: 'join-buttons' });
  const element = h('div', { class: 'join' }, h('div', { class: 'join-card' }, face, title, words, problem, buttons));
  /** { token } or { conversation }, and of a link what it leads to. */
  let place = null;
  let info = null;
  let round = 0;

  function show(next) {
    const same = place && place.token === next.token && place.conversation === next.conversation;
    place = next;
    if (!same) {
      info = null;
      problem.hidden = true;
      if (place.token) look();
    }
    draw();
    if (!same) title.focus({ preventScroll: true });
  }

  async function look() {
    const mine = (round += 1);
    face.replaceChildren();
    say('Looking at the link …', '');
    if (!store.get('view', 'synced')) return;
    try {
      const answer = await app.groups.ask({ type: 'link_info', link: place.token });
      if (mine !== round) return;
      info = answer;
      note('link', { conversation: info.conversation });
      draw();
    } catch (error) {
      if (mine !== round) return;
      note('link-refused', { code: error.code });
      refused(error);
    }
  }

  function refused(error) {
    const known = refusals[error.name];
    if (known) {
      info = { refused: true };
      face.replaceChildren(icon('link'));
      return say(known[0], known[1], ['quiet', 'Go to my conversations', leave]);
    }
    say('The link cannot be looked at', sentence(error), ['primary', 'Try again', look], ['quiet', 'Go to my conversations', leave]);
  }

  function draw() {
    if (place.token) drawLink();
    else drawInvitation();
  }

  function drawLink() {
    if (!info || info.refused) return;
    const { conversation, members, join } = info;
    const now = store.get('conversation', conversation);
    const role = now?.role && now.role !== 'none' ? now.role : info.role;
    picture(info);
    const count = members === 1 ? '1 member' : `${members.toLocaleString()} members`;
    if (isMember({ role })) return say(info.title, `${count}. You are a member already.`, ['primary', 'Open', () => visit(conversation)]);
    if (role === 'requested') return waiting(info.title);
    if (join === 'closed') return say(info.title, `${count}. Nobody can join by a link at the moment.`, ['quiet', 'Go to my conversations', leave]);
    if (join === 'approval' && role !== 'invited') return say(info.title, `${count}. An administrator approves who joins.`, ['primary', 'Ask to join', accept], ['quiet', 'Not now', leave]);
    say(info.title, count, ['primary', 'Join', accept], ['quiet', 'Not now', leave]);
  }

  function drawInvitation() {
    const now = store.get('conversation', place.conversation);
    if (!now) return;
    const name = titleOf(store, now);
    picture({ ...now, title: name });
    if (now.role === 'requested') return waiting(name);
    say(name, 'You are invited to this group.', ['primary', 'Accept', accept], ['quiet', 'Decline', decline]);
  }

  function waiting(name) {
    say(name, 'You asked to join. You will find the group in your list when an administrator has approved.', ['quiet', 'Take it back', decline]);
  }

  function picture({ conversation, title: name, avatar: chosen }) {
    face.replaceChildren(avatar({ initials: faceOf({ avatar: chosen }, name), colour: colourOf(conversation), group: true }, 'big'));
  }

  function say(heading, text, ...actions) {
    title.replaceChildren(h('bdi', { dir: 'auto', text: heading }));
    if (words.textContent !== text) words.textContent = text;
    const key = actions.map(([, label]) => label).join('|');
    if (buttons.dataset.key === key) return;
    const focused = buttons.contains(document.activeElement);
    buttons.dataset.key = key;
    buttons.replaceChildren(...actions.map(([kind, label, action]) => h('button', { type: 'button', class: kind, text: label, on: { click: action } })));
    if (focused) title.focus({ preventScroll: true });
  }

  function tell(error) {
    problem.textContent = sentence(error);
    problem.hidden = false;
  }

  async function attempt(event, frame) {
    const button = event.currentTarget;
    if (button.getAttribute('aria-busy') === 'true') return null;
    button.setAttribute('aria-busy', 'true');
    problem.hidden = true;
    try {
      return await app.groups.act(frame);
    } catch (error) {
      if (place.token && refusals[error.name]) refused(error);
      else tell(error);
      return null;
    } finally {
      button.removeAttribute('aria-busy');
    }
  }

  async function accept(event) {
    const frame = place.token ? { type: 'join', link: place.token } : { type: 'join', conversation: place.conversation };
    const ack = await attempt(event, frame);
    if (!ack) return;
    await app.groups.resync();
    const { role } = store.get('conversation', ack.conversation) ?? {};
    note('joined', { conversation: ack.conversation, role });
    if (isMember({ role })) visit(ack.conversation);
    else draw();
  }

  async function decline(event) {
    const conversation = place.conversation ?? info.conversation;
    if (!(await attempt(event, { type: 'decline', conversation }))) return;
    await app.groups.resync();
    leave();
  }

  return {
    element,
    show,
    refuse: tell,
    hide: () => {
      place = null;
    },
    /** The connection is back, or somebody approved. */
    refresh(keys) {
      if (!place) return;
      if (place.token && !info && keys?.has('view/synced') && store.get('view', 'synced')) look();
      else draw();
    },
  };
}
