// Who may do what in a group. The server decides; this keeps its refusals from being the first that one hears of it. Pure.

import { isMember } from '../store/summaries.js';
import { untilTime, forGood } from './text.js';

const ranks = { owner: 2, administrator: 1, member: 0 };
const rank = (role) => ranks[role] ?? -1;

export const isAdministrator = (summary) => rank(summary?.role) >= 1;

/** What one may do to the group: `rule` names who may, as in the group's rules. */
function byRule(summary, rule) {
  return isMember(summary) && (isAdministrator(summary) || summary.rules?.[rule] === 'members');
}

const lives = (summary) => isMember(summary) && summary.kind !== 'direct' && !summary.dissolved;

export const mayInvite = (summary) => lives(summary) && byRule(summary, 'invite');
export const mayChange = (summary) => lives(summary) && isAdministrator(summary);
export const mayDissolve = (summary) => lives(summary) && summary.role === 'owner';

/** An owner goes as the last one, or after he gave the group to another, or when it is dissolved. */
export const mayLeave = (summary) =>
  isMember(summary) && summary.kind !== 'direct' && (summary.role !== 'owner' || summary.members === 1 || Boolean(summary.dissolved));

/** What one may do with this member, in the order of a menu. */
export function actionsOn(summary, member, me, now) {
  if (!lives(summary) || member.user === me) return [];
  const actions = [];
  if (member.active === false) return isAdministrator(summary) ? ['ban'] : [];
  if (summary.role === 'owner') {
    actions.push(member.role === 'administrator' ? 'demote' : 'promote', 'transfer');
  }
  if (isAdministrator(summary) && rank(summary.role) > rank(member.role)) {
    actions.push((member.muted_until ?? 0) > now ? 'unmute' : 'mute', 'remove', 'ban');
  }
  return actions;
}

/** Why one may not write here, in words, or '' where one may. */
export function reasonNotToWrite(summary, now) {
  if (summary.role === 'none') return 'You are no longer a member of this conversation.';
  if (summary.dissolved) return 'This group was dissolved. You can still read it.';
  if (summary.blocked) return 'One of you has blocked the other.';
  if (summary.muted_until > now && summary.role !== 'owner') {
    return summary.muted_until >= forGood ? 'An administrator has muted you here.' : `You are muted here until ${untilTime(summary.muted_until, now)}.`;
  }
  if (summary.rules?.send === 'administrators' && !isAdministrator(summary)) return 'Only administrators write here.';
  return '';
}
