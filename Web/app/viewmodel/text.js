// Names, initials, times and day names as plain strings. Pure but for the locale.

const second = 1_000;
const day = 86_400 * second;

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const shortWeekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const dateFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const shortDateFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const mediumDateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const fullDateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export const clockTime = (time) => clockFormat.format(time);
export const exactTime = (time) => exactFormat.format(time);

const units = [['day', day], ['hour', 3_600 * second], ['minute', 60 * second], ['second', second]];

/** A length of time in its largest whole unit: "2 minutes", "90 seconds". */
export function duration(milliseconds) {
  const [unit, length] = units.find(([, each]) => milliseconds >= each && milliseconds % each === 0) ?? units.at(-1);
  const count = Math.round(milliseconds / length);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** A time so far away that it stands for "until somebody ends it": the first day of 2100. */
export const forGood = 4_102_444_800_000;

/** The end of a time limit, as short as it can be told. */
export function untilTime(until, now) {
  const ahead = -daysAgo(until, now);
  if (ahead === 0) return clockTime(until);
  const date = ahead === 1 ? 'tomorrow' : ahead > 0 && ahead < 7 ? weekdayFormat.format(until) : mediumDateFormat.format(until);
  return `${date} ${clockTime(until)}`;
}

/** As it is compared when one searches: without accents and case. */
export const plainText = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

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
  if (ago < 7) return shortWeekdayFormat.format(time);
  return new Date(time).getFullYear() === new Date(now).getFullYear() ? shortDateFormat.format(time) : mediumDateFormat.format(time);
}

/** Two letters for an avatar: of the first two words, and nothing invisible or directional. */
export function initials(name) {
  const words = name.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu) ?? [];
  const letters = words.slice(0, 2).map((word) => [...word][0]);
  return letters.join('').toLocaleUpperCase() || '·';
}

/** What stands in a group's avatar: the beginning of what it chose (an emoji or a short text), else initials of its title. */
export function faceOf(summary, title) {
  const chosen = (summary.avatar ?? '').trim();
  if (chosen === '') return initials(title);
  const parts = [...new Intl.Segmenter().segment(chosen)].map((part) => part.segment);
  return parts.slice(0, /\p{Extended_Pictographic}/u.test(parts[0]) ? 1 : 2).join('');
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
  const me = store.get('me', 'user');
  const who = (id) => (id === me ? 'You' : { name: nameOf(store, id) });
  const whom = (id) => (id === me ? 'you' : { name: nameOf(store, id) });
  const { content, sender } = entry;
  if (!content) return ['Something happened that you may not see'];
  const told = sayings[entry.kind];
  return told ? told({ content, sender, who, whom, time: entry.time }) : ['Something happened that this page does not know yet'];
}

const sayings = {
  created: ({ content, sender, who }) => (content.kind === 'direct' ? ['Beginning of your conversation'] : [who(sender), ' created the group']),
  added: ({ content, sender, who, whom }) => [who(sender), ' added ', ...listed((content.users ?? []).map(whom))],
  joined: ({ content, sender, who }) => [who(content.user ?? sender), content.link ? ' joined by a link' : ' joined'],
  left: ({ content, sender, who }) => [who(content.user ?? sender), ' left'],
  removed: ({ content, sender, who, whom }) => [who(sender), ' removed ', whom(content.user)],
  banned: ({ content, sender, who, whom }) => [who(sender), ' banned ', whom(content.user)],
  unbanned: ({ content, sender, who, whom }) => [who(sender), ' lifted the ban on ', whom(content.user)],
  invited: ({ content, sender, who, whom }) => [who(sender), ' invited ', ...listed((content.users ?? []).map(whom))],
  requested: ({ content, sender, who }) => [who(content.user ?? sender), ' asked to join'],
  declined: ({ content, sender, who, whom }) =>
    content.user && content.user !== sender
      ? [who(sender), ' declined ', whom(content.user)]
      : [who(sender), ' will not join'],
  role: ({ content, sender, who, whom }) => [
    who(sender), ' made ', whom(content.user), content.role === 'administrator' ? ' an administrator' : ' an ordinary member',
  ],
  transferred: ({ content, sender, who, whom }) => [who(sender), ' made ', whom(content.user), ' the owner'],
  muted: ({ content, sender, who, whom, time }) => {
    if (!(content.until > 0)) return [who(sender), ' let ', whom(content.user), ' write again'];
    return [who(sender), ' muted ', whom(content.user), content.until >= forGood ? '' : ` until ${untilTime(content.until, time)}`];
  },
  changed: ({ content, sender, who }) => [who(sender), ' ', ...changes(content)],
  link: ({ content, sender, who }) => [who(sender), content.on ? ' made an invite link' : ' revoked an invite link'],
  dissolved: ({ sender, who }) => [who(sender), ' dissolved the group'],
  edit: ({ sender, who }) => [who(sender), ' edited a message'],
  recall: ({ sender, who }) => [who(sender), ' recalled a message'],
  reaction: ({ content, sender, who }) =>
    content.on ? [who(sender), ` reacted with ${content.emoji}`] : [who(sender), ` took back ${content.emoji}`],
  pin: ({ content, sender, who }) => [who(sender), content.on ? ' pinned a message' : ' unpinned a message'],
};

const changeSayings = {
  title: (title) => ['renamed the group to ', { name: title }],
  description: (text) => [text === '' ? 'removed the description' : 'changed the description'],
  avatar: (text) => [text === '' ? 'removed the picture' : 'changed the picture'],
  member_cap: (count) => [`set the size to at most ${count} members`],
  history_visible: (on) => [on ? 'let new members see earlier messages' : 'hid earlier messages from new members'],
};

const ruleSayings = {
  send: (who) => (who === 'members' ? 'let all members write' : 'let only administrators write'),
  invite: (who) => (who === 'members' ? 'let all members invite' : 'let only administrators invite'),
  mention_all: (who) => (who === 'members' ? 'let all members mention everyone' : 'let only administrators mention everyone'),
  join: (how) => ({ link: 'opened the group to invite links', approval: 'made joining by link need approval' })[how] ?? 'closed joining by link',
  slow_ms: (time) => (time > 0 ? `set slow mode to ${duration(time)}` : 'turned slow mode off'),
  recall_ms: (time) => (time > 0 ? `set the time to recall a message to ${duration(time)}` : 'turned recalling off'),
  receipts: (on) => (on ? 'turned read receipts on' : 'turned read receipts off'),
};

function changes(content) {
  const said = [];
  for (const [field, say] of Object.entries(changeSayings)) if (content[field] !== undefined) said.push(say(content[field]));
  for (const [field, say] of Object.entries(ruleSayings)) {
    if (content.rules?.[field] !== undefined) said.push([say(content.rules[field])]);
  }
  if (said.length === 0) return ['changed the group'];
  return said.flatMap((parts, index) => (index === 0 ? parts : [index === said.length - 1 ? ' and ' : ', ', ...parts]));
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
