// A group at a glance: what it says of itself, what wakes one up, and the ways to everything else. Of a direct conversation:
// the other person.

import { avatar } from '../ui/avatar.js';
import { confirmed } from '../ui/confirm.js';
import { h } from '../ui/dom.js';
import { badge } from '../sync/unread.js';
import { isMember } from '../store/summaries.js';
import { isAdministrator, mayChange, mayDissolve, mayInvite, mayLeave } from '../viewmodel/rights.js';
import { colourOf, faceOf, titleOf } from '../viewmodel/text.js';
import { auditScreen } from './audit.js';
import { linksScreen } from './links.js';
import { membersScreen } from './members.js';
import { bannedScreen, mutedScreen, requestsScreen } from './moderation.js';
import { notifyChoice } from './notify.js';
import { leadRow } from './panel.js';
import { reportsScreen } from './reports.js';
import { settingsScreen } from './settings.js';

export function overviewScreen(context, conversation) {
  const { store, app, panel } = context;
  const face = h('div', { class: 'big-face' });
  const title = h('p', { class: 'big-title' });
  const about = h('p', { class: 'group-about', dir: 'auto' });
  const rows = h('div', { class: 'leads' });
  const notify = notifyChoice(context, conversation);
  const ends = h('div', { class: 'leads' });
  const element = h('div', { class: 'overview' }, face, title, about, rows, notify.element, ends);
  let shown = '';

  const summary = () => store.get('conversation', conversation) ?? {};
  const to = (screen) => panel.push(screen(context, conversation));

  function show() {
    const now = summary();
    const name = titleOf(store, now);
    face.replaceChildren(avatar({ initials: faceOf(now, name), colour: colourOf(conversation), group: true }, 'big'));
    title.replaceChildren(h('bdi', { dir: 'auto', text: name }));
    about.textContent = now.description ?? '';
    about.hidden = about.textContent === '';
    notify.show();
    showRows(now);
  }

  /** Built anew only where they change: a row that has the focus keeps it. */
  function showRows(now) {
    const requests = store.get('requests', conversation) ?? 0;
    const key = [now.role, now.members, now.dissolved, mayInvite(now), requests].join(' ');
    if (key === shown) return;
    shown = key;
    const administrator = isMember(now) && isAdministrator(now);
    rows.replaceChildren(...[
      leadRow({ icon: 'people', label: 'Members', detail: String(now.members), onOpen: () => to(membersScreen) }),
      administrator && leadRow({ icon: 'add', label: 'Requests to join', badge: badge(requests), onOpen: () => to(requestsScreen) }),
      isMember(now) && !now.dissolved && leadRow({ icon: 'link', label: 'Invite links', onOpen: () => to(linksScreen) }),
      mayChange(now) && leadRow({ icon: 'settings', label: 'Group settings', onOpen: () => to(settingsScreen) }),
      administrator && leadRow({ icon: 'voice', label: 'Muted members', onOpen: () => to(mutedScreen) }),
      administrator && leadRow({ icon: 'ban', label: 'Banned people', onOpen: () => to(bannedScreen) }),
      administrator && leadRow({ icon: 'report', label: 'Reports', onOpen: () => to(reportsScreen) }),
      administrator && leadRow({ icon: 'book', label: 'Audit log', onOpen: () => to(auditScreen) }),
    ].filter(Boolean));
    ends.replaceChildren(...[
      isMember(now) && leadRow({ icon: 'leave', label: 'Leave the group', danger: true, onOpen: leave }),
      mayDissolve(now) && leadRow({ icon: 'bin', label: 'Dissolve the group', danger: true, onOpen: dissolve }),
    ].filter(Boolean));
  }

  async function leave(event) {
    const button = event.currentTarget;
    const now = summary();
    if (!mayLeave(now)) {
      const words = {
        title: 'Who will own the group?',
        text: 'You own it. Make somebody else its owner before you leave, or dissolve it.',
        action: 'Choose a member',
      };
      if (await confirmed(words)) to(membersScreen);
      return;
    }
    const words = { title: `Leave “${titleOf(store, now)}”?`, text: 'You see no new messages, and need an invitation or a link to come back.', action: 'Leave', danger: true };
    if (!(await confirmed(words))) return;
    if (await panel.attempt(button, () => app.groups.act({ type: 'leave', conversation }))) panel.close();
  }

  async function dissolve(event) {
    const button = event.currentTarget;
    const title = titleOf(store, summary());
    const words = { title: 'Dissolve the group?', text: 'Nobody writes in it any more, for ever. All can still read it, and leave.', action: 'Dissolve', danger: true, typed: title };
    if (!(await confirmed(words))) return;
    await panel.attempt(button, () => app.groups.act({ type: 'dissolve', conversation }), 'The group was dissolved.');
  }

  return {
    title: 'Group',
    element,
    opened() {
      show();
      if (isAdministrator(summary())) app.groups.countRequests(conversation).catch(() => {});
    },
    refresh: show,
  };
}
