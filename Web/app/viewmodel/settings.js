// A group's settings as a form holds them, and what of a form has to be sent. Pure.

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const slowTimes = [0, 5 * second, 10 * second, 30 * second, minute, 5 * minute, 15 * minute, hour, 6 * hour, day];
/** The last one stands for no limit: it is the most that the server takes. */
export const recallTimes = [0, 2 * minute, 15 * minute, hour, day, 7 * day, 3_650 * day];

/** The offered times with the present one among them. */
export function durationsWith(times, present) {
  return times.includes(present) ? times : [...times, present].sort((first, other) => first - other);
}

const ruleFields = ['send', 'invite', 'mention_all', 'join', 'slow_ms', 'recall_ms', 'receipts'];
const usualRules = { send: 'members', invite: 'administrators', mention_all: 'administrators', join: 'link', slow_ms: 0, recall_ms: 120_000, receipts: true };

export function settingsOf(summary) {
  return {
    title: summary.title ?? '',
    description: summary.description ?? '',
    avatar: summary.avatar ?? '',
    member_cap: summary.member_cap,
    history_visible: summary.history_visible,
    ...usualRules,
    ...summary.rules,
  };
}

/** The fields of a `change` that make `before` into `after`, or null where nothing differs. What is unknown is not sent. */
export function changesOf(before, after) {
  const changes = {};
  for (const [field, value] of Object.entries(after)) {
    if (value === undefined || value === before[field]) continue;
    if (ruleFields.includes(field)) changes.rules = { ...changes.rules, [field]: value };
    else changes[field] = value;
  }
  return Object.keys(changes).length > 0 ? changes : null;
}
