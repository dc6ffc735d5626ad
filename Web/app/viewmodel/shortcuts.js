// What keys do: one table for those that act everywhere, one for moving among messages. The handlers and the help sheet are
// made from the same. Pure.

/** `key` as an event tells it; `code` is where it lies, for layouts that have no such letter. `command`: with Ctrl, or Cmd on a Mac. */
export const everywhere = [
  { name: 'switch', keys: ['Ctrl', 'K'], text: 'Go to a conversation', key: 'k', code: 'KeyK', command: true },
  { name: 'previous', keys: ['Alt', '↑'], text: 'Previous conversation', key: 'ArrowUp', alt: true },
  { name: 'next', keys: ['Alt', '↓'], text: 'Next conversation', key: 'ArrowDown', alt: true },
  { name: 'previousUnread', keys: ['Alt', 'Shift', '↑'], text: 'Previous unread conversation', key: 'ArrowUp', alt: true, shift: true },
  { name: 'nextUnread', keys: ['Alt', 'Shift', '↓'], text: 'Next unread conversation', key: 'ArrowDown', alt: true, shift: true },
  { name: 'nextRegion', keys: ['F6'], text: 'Next part of the page', key: 'F6' },
  { name: 'previousRegion', keys: ['Shift', 'F6'], text: 'Previous part of the page', key: 'F6', shift: true },
  { name: 'help', keys: ['Ctrl', '/'], text: 'This list of keys', key: '/', code: 'Slash', command: true },
];

/** How many messages on, by key. */
export const moves = { ArrowUp: -1, ArrowDown: 1, k: -1, j: 1 };

/** What is done with the conversation that has the focus in the list. */
export const ofList = [
  { name: 'read', text: 'Mark as read', key: 'm' },
  { name: 'unread', text: 'Next unread', key: 'n' },
];

/** Keys of a single letter or sign can be switched off: who speaks to his computer must not set them off (WCAG 2.1.4). */
export const acts = (key, letters) => letters || key.length > 1;

/** What a menu may say beside an entry. */
export const shownKey = (key, letters) => (key && acts(key, letters) ? key : '');

const named = { ArrowUp: '↑', ArrowDown: '↓', Delete: 'Del', Escape: 'Esc' };
const plain = { alt: false, shift: false, command: false };

/** The name of what the event's keys do everywhere, or null. */
export function shortcutOf({ key, code, altKey, ctrlKey, metaKey, shiftKey, isComposing }) {
  if (isComposing) return null;
  const held = { alt: altKey, shift: shiftKey, command: ctrlKey || metaKey };
  const found = everywhere.find((each) => {
    const wanted = { ...plain, ...each };
    const latin = /^[ -~]$/.test(key);
    // A sign may need Shift where it lies; then it is the sign that counts.
    const same = each.key === key.toLowerCase() || each.key === key || (!latin && each.code !== undefined && each.code === code);
    return same && wanted.alt === held.alt && wanted.command === held.command && (wanted.shift === held.shift || each.key === '/');
  });
  return found?.name ?? null;
}

/**
 * The sheet: { title, rows: [{ keys: [[...], ...], text }] }. `actions`: what can be done with a message, with its `key`; `letters`
 * and `enter` as in the preferences.
 */
export function helpOn(actions, { letters, enter }) {
  const keyOf = (key) => named[key] ?? key;
  const keyed = (rows) => rows.filter(({ key }) => key && acts(key, letters)).map(({ key, text }) => ({ keys: [[keyOf(key)]], text }));
  return [
    { title: 'Everywhere', rows: everywhere.map(({ keys, text }) => ({ keys: [keys], text })) },
    {
      title: 'In the list',
      rows: [
        { keys: [['↑'], ['↓']], text: 'Move' },
        { keys: [['Enter']], text: 'Open' },
        ...keyed(ofList),
        { keys: [['Shift', 'F10']], text: 'All that can be done' },
      ],
    },
    {
      title: 'Among messages',
      rows: [
        { keys: Object.keys(moves).filter((key) => acts(key, letters)).map((key) => [keyOf(key)]), text: 'Move' },
        ...keyed(actions),
        { keys: [['Enter']], text: 'All that can be done' },
        { keys: [['End']], text: 'Latest message' },
        { keys: [['Esc']], text: 'Back to writing' },
      ],
    },
    {
      title: 'While writing',
      rows: [
        { keys: [enter === 'send' ? ['Enter'] : ['Ctrl', 'Enter']], text: 'Send' },
        { keys: [enter === 'send' ? ['Shift', 'Enter'] : ['Enter']], text: 'New line' },
        { keys: [['Ctrl', 'Z']], text: 'Bring back what was removed, in an empty field' },
        { keys: [['↑']], text: 'Edit the last message, in an empty field' },
        { keys: [['@']], text: 'Mention somebody' },
        { keys: [['Esc']], text: 'Leave the reply or edit, then the field' },
      ],
    },
  ];
}
