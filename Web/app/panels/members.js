// Who belongs to a group, and what may be done with them.

import { createMenu } from '../messages/menu.js';
import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { actionsOn, mayInvite } from '../viewmodel/rights.js';
import { emptyRoster, selected, withChanges, withPage } from '../viewmodel/roster.js';
import { colourOf, initials, untilTime, forGood } from '../viewmodel/text.js';
import { memberMenu } from './member_actions.js';
import { failure } from './panel.js';
import { pickScreen } from './pick.js';
import { createWindowed } from './windowed.js';

const rowHeight = 56;
const menuWidth = 230;
/** Pages that a search without a find goes through before it asks whether to go on. */
const pagesPerSearch = 10;
const roleNames = { owner: 'Owner', administrator: 'Administrator' };

/** `only`: a part of the members, with its own `title` and words for `none`. */
export function membersScreen(context, conversation, { title = 'Members', only = null, none = 'Nobody here has such a name.' } = {}) {
  const { store, app, clock, panel } = context;
  const me = store.get('me', 'user');
  let roster = emptyRoster();
  let version = '';
  let seenChange;
  let loading = false;
  let failed = null;
  let budget = pagesPerSearch;
  let online = new Set();
  let onlineCount = null;

  const search = h('input', { type: 'search', dir: 'auto', autocomplete: 'off', spellcheck: 'false', 'aria-label': 'Find a member by name', placeholder: 'Find by name', on: { input: restart } });
  const former = h('input', { type: 'checkbox', on: { change: restart } });
  const count = h('p', { class: 'hint count', role: 'status' });
  const add = h('button', { type: 'button', class: 'quiet', on: { click: () => panel.push(pickScreen(context, conversation, 'add')) } }, icon('add'), h('span', { text: 'Add people' }));
  const invite = h('button', { type: 'button', class: 'quiet', on: { click: () => panel.push(pickScreen(context, conversation, 'invite')) } }, icon('plus'), h('span', { text: 'Invite' }));
  const tools = h('div', { class: 'tools' }, add, invite);
  const menu = createMenu('What to do with this member');
  const rows = createWindowed({ rowHeight, label: title, create: () => h('li'), fill, onNear });
  const element = h('div', { class: 'members' },
    tools,
    h('div', { class: 'field search' }, search),
    !only && h('label', { class: 'check' }, former, h('span', { text: 'Show former members' })),
    !only && count, rows.element, menu.element);
  rows.element.addEventListener('click', (event) => {
    const button = event.target.closest('button.person');
    const member = button && roster.members.find((each) => each.user === button.dataset.user);
    if (member) openMenu(button, member);
  });

  function openMenu(button, member) {
    const items = memberMenu(context, conversation, member);
    const { right, top, bottom } = button.getBoundingClientRect();
    const back = () => rows.element.querySelector(`button[data-user="${CSS.escape(member.user)}"]`);
    menu.open({ left: right - menuWidth, top, bottom }, items.map((item, at) => item && { ...item, name: String(at) }), (name) => items[Number(name)].action(), back);
  }

  const summary = () => store.get('conversation', conversation);

  async function load() {
    if (loading || roster.complete || failed) return;
    loading = true;
    budget -= 1;
    try {
      const page = await app.groups.members(conversation, roster.lastSlot);
      version ||= page.version ?? '';
      roster = withPage(roster, page);
    } catch (error) {
      failed = error;
    }
    loading = false;
    show();
  }

  /** Who changed since the page was read, and no more. */
  async function update() {
    try {
      for (;;) {
        const page = await app.groups.changed(conversation, version);
        roster = withChanges(roster, page.members);
        version = page.version;
        if (!page.more) break;
      }
      show();
    } catch (error) {
      failed = error;
      show();
    }
  }

  async function askOnline() {
    try {
      const answer = await app.groups.ask({ type: 'presence', conversation });
      online = new Set(answer.users.filter((each) => each.online).map((each) => each.user));
      onlineCount = answer.online ?? online.size;
      show();
    } catch {
      // A courtesy: without it nobody has a dot.
    }
  }

  /** Whoever scrolls gets all there is; a search gives up after a while. */
  function onNear(scrolled) {
    if (scrolled) budget = pagesPerSearch;
    if (budget > 0) load();
  }

  function restart() {
    budget = pagesPerSearch;
    show();
  }

  function show() {
    const found = selected(roster, { search: search.value, former: former.checked, only: (member) => !only || only(member, clock.now()) });
    const total = summary()?.members ?? 0;
    const people = total === 1 ? '1 member' : `${total.toLocaleString()} members`;
    count.textContent = onlineCount === null ? people : `${people}, ${onlineCount.toLocaleString()} online`;
    tools.hidden = Boolean(only) || !mayInvite(summary());
    showFoot(found.length);
    rows.show(found.map((member) => ({ key: String(member.slot), ...rowOf(member) })));
  }

  function rowOf(member) {
    const until = member.muted_until ?? 0;
    const muted = until > clock.now() ? (until >= forGood ? 'Muted' : `Muted until ${untilTime(until, clock.now())}`) : '';
    return {
      user: member.user,
      name: member.name,
      role: roleNames[member.role] ?? '',
      former: !member.active,
      muted,
      me: member.user === me,
      online: online.has(member.user),
      can: actionsOn(summary(), member, me, clock.now()).join(' '),
    };
  }

  function fill(item, row) {
    const face = h('span', { class: 'face-spot' }, avatar({ initials: initials(row.name), colour: colourOf(row.user) }, 'small'), row.online && h('span', { class: 'online-dot' }));
    item.replaceChildren(
      h('button', { type: 'button', class: `person${row.former ? ' former' : ''}`, 'aria-haspopup': 'menu', data: { user: row.user } },
        face,
        h('span', { class: 'person-lines' },
          h('bdi', { dir: 'auto', text: row.name }),
          (row.muted || row.former) && h('span', { class: 'detail', text: row.former ? 'No longer a member' : row.muted })),
        row.me && h('span', { class: 'role', text: 'You' }),
        row.role && h('span', { class: 'role-badge', text: row.role }),
        row.online && h('span', { class: 'unseen', text: 'online' }),
        icon('dots')));
  }

  function showFoot(found) {
    if (failed) {
      rows.foot.replaceChildren(failure(failed, () => {
        failed = null;
        reload();
      }));
    } else if (loading && roster.members.length === 0) rows.foot.replaceChildren(h('p', { class: 'hint', text: 'Loading …' }));
    else if (!roster.complete && budget <= 0) {
      rows.foot.replaceChildren(h('p', { class: 'hint' }, `Looked at the first ${roster.members.length.toLocaleString()}. `,
        h('button', { type: 'button', class: 'link', text: 'Look further', on: { click: further } })));
    } else rows.foot.replaceChildren(roster.complete && found === 0 ? h('p', { class: 'hint', text: none }) : '');
  }

  function further() {
    budget = pagesPerSearch;
    load();
  }

  function reload() {
    roster = emptyRoster();
    version = '';
    budget = pagesPerSearch;
    show();
    load();
  }

  return {
    title,
    element,
    opened() {
      seenChange = summary()?.changedAt;
      show();
      load();
      askOnline();
    },
    refresh() {
      const changed = summary()?.changedAt;
      if (changed !== seenChange) {
        seenChange = changed;
        if (version) update();
        else reload();
      }
    },
  };
}
