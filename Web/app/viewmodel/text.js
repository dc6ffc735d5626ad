// Names, initials, times and day names as plain strings. Pure but for the locale.

const second = 1_000;
const day = 86_400 * second;

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const shortWeekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const dateFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const shortDateFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const fullDateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export const clockTime = (time) => clockFormat.format(time);
export const exactTime = (time) => exactFormat.format(time);

/** The local calendar day, as a key. */
export function dayKey(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

function daysAgo(time, now) {
  const start = (instant) => new Date(instant).setHours(0, 0, 0, 0);
  return Math.round((start(now) - start(time)) / day);
}

export function dayName(time, now) {
  const ago = daysAgo(time, now);
  if (ago === 0) return 'Today';
  if (ago === 1) return 'Yesterday';
  if (ago > 1 && ago < 7) return weekdayFormat.format(time);
  return new Date(time).getFullYear() === new Date(now).getFullYear() ? dateFormat.format(time) : fullDateFormat.format(time);
}

/** The time in the list: as short as it can be told. */
export function listTime(time, now) {
  const ago = daysAgo(time, now);
  if (ago <= 0) return clockTime(time);
  if (ago === 1) return 'Yesterday';
  return ago < 7 ? shortWeekdayFormat.format(time) : shortDateFormat.format(time);
}

/** Two letters for an avatar: of the first two words, and nothing invisible or directional. */
export function initials(name) {
  const words = name.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu) ?? [];
  const letters = words.slice(0, 2).map((word) => [...word][0]);
  return letters.join('').toLocaleUpperCase() || '·';
}

export const colours = 8;

/** A colour that stays with an id, whoever looks and whenever. */
export function colourOf(id) {
  let hash = 2_166_136_261;
  for (const character of id) hash = Math.imul(hash ^ character.codePointAt(0), 16_777_619);
  // Ids that count up differ in their last bits only: mixed, so that neighbours do not look alike.
  hash = Math.imul(hash ^ (hash >>> 16), 2_246_822_507);
  hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_909);
  return ((hash ^ (hash >>> 16)) >>> 0) % colours;
}

export function nameOf(store, id) {
  const name = store.get('user', id);
  if (name === undefined) return '…';
  return name === '' ? 'Unknown person' : name;
}

export function titleOf(store, summary) {
  if (summary.kind === 'direct') return nameOf(store, summary.peer);
  return summary.title || 'Untitled group';
}

/** A control entry in words: parts are plain strings or { name }. */
export function noticeParts(store, entry) {
  const name = (id) => ({ name: nameOf(store, id) });
  const { content, sender } = entry;
  switch (entry.kind) {
    case 'created':
      return content.kind === 'direct' ? ['Beginning of your conversation'] : [name(sender), ' created the group'];
    case 'added':
      return [name(sender), ' added ', ...listed((content.users ?? []).map(name))];
    case 'left':
      return [name(content.user ?? sender), ' left'];
    case 'removed':
      return [name(sender), ' removed ', name(content.user)];
    case 'role':
      return [name(sender), ' made ', name(content.user), ` ${content.role}`];
    default:
      return ['Something happened that this page does not know yet'];
  }
}

function listed(names) {
  const shown = names.length > 4 ? names.slice(0, 3) : names;
  const parts = shown.flatMap((name, index) => {
    if (index === 0) return [name];
    return [index === names.length - 1 ? ' and ' : ', ', name];
  });
  return shown.length < names.length ? [...parts, ` and ${names.length - shown.length} others`] : parts;
}

export const partsText = (parts) => parts.map((part) => (typeof part === 'string' ? part : part.name)).join('');
