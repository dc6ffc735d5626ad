// What one may do with a member, as a menu.

import { confirmed } from '../ui/confirm.js';
import { actionsOn } from '../viewmodel/rights.js';
import { forGood, titleOf } from '../viewmodel/text.js';
import { profileScreen } from './profile.js';

const minute = 60_000;
const muteTimes = [
  ['Mute for 10 minutes', 10 * minute],
  ['Mute for 1 hour', 60 * minute],
  ['Mute for 1 day', 1_440 * minute],
  ['Mute until unmuted', Infinity],
];

/** The items of the menu at a member's row. `actionsOn` decides which there are; the server has the last word. */
export function memberMenu(context, conversation, member) {
  const { store, clock, panel } = context;
  const summary = store.get('conversation', conversation);
  const possible = actionsOn(summary, member, store.get('me', 'user'), clock.now());
  const items = [{ text: 'Profile', icon: 'person', action: () => panel.push(profileScreen(context, member.user)) }];
  const rights = possible.filter((name) => ['promote', 'demote', 'transfer'].includes(name));
  const measures = possible.filter((name) => !rights.includes(name));
  for (const group of [rights, measures]) {
    if (group.length > 0) items.push(null);
    for (const name of group) items.push(...entries[name](context, conversation, member, titleOf(store, summary)));
  }
  return items;
}

function act({ app, panel }, frame, told) {
  return panel.attempt(null, () => app.groups.act(frame), told);
}

const entries = {
  promote: (context, conversation, { user, name }) => [{
    text: 'Make administrator',
    icon: 'shield',
    action: () => act(context, { type: 'role', conversation, user, role: 'administrator' }, `${name} is an administrator now.`),
  }],
  demote: (context, conversation, { user, name }) => [{
    text: 'Make ordinary member',
    icon: 'people',
    action: () => act(context, { type: 'role', conversation, user, role: 'member' }, `${name} is an ordinary member now.`),
  }],
  transfer: (context, conversation, { user, name }, title) => [{
    text: 'Make owner …',
    icon: 'crown',
    action: async () => {
      const words = {
        title: `Make ${name} the owner?`,
        text: `${name} will own “${title}”. You become an administrator, and only ${name} can undo this.`,
        action: 'Make owner',
        danger: true,
      };
      if (await confirmed(words)) act(context, { type: 'transfer', conversation, user }, `${name} is the owner now.`);
    },
  }],
  mute: (context, conversation, { user, name }) => muteTimes.map(([text, time]) => ({
    text,
    icon: 'voice',
    action: () => {
      const until = time === Infinity ? forGood : context.clock.now() + time;
      act(context, { type: 'mute', conversation, user, until }, `${name} is muted.`);
    },
  })),
  unmute: (context, conversation, { user, name }) => [{
    text: 'Unmute',
    icon: 'voice',
    action: () => act(context, { type: 'mute', conversation, user, until: 0 }, `${name} may write again.`),
  }],
  remove: (context, conversation, { user, name }, title) => [{
    text: 'Remove …',
    icon: 'leave',
    danger: true,
    action: async () => {
      const words = { title: `Remove ${name}?`, text: `${name} leaves “${title}” at once and may come back by a link or an invitation.`, action: 'Remove', danger: true };
      if (await confirmed(words)) act(context, { type: 'remove', conversation, user }, `${name} was removed.`);
    },
  }],
  ban: (context, conversation, { user, name }, title) => [{
    text: 'Ban …',
    icon: 'ban',
    danger: true,
    action: async () => {
      const words = { title: `Ban ${name}?`, text: `${name} leaves “${title}” at once and cannot come back until the ban is lifted.`, action: 'Ban', danger: true };
      if (await confirmed(words)) act(context, { type: 'ban', conversation, user }, `${name} was banned.`);
    },
  }],
};
