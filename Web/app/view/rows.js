// One row of the timeline or of a thread.

import { icon } from '../ui/icons.js';
import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { withLinks } from '../viewmodel/links.js';
import { withMentions } from '../viewmodel/mentions.js';

const states = { queued: 'Waiting for the connection', sending: 'Sending', sent: 'Sent', failed: 'Not sent' };
const stateIcons = { queued: 'waiting', sending: 'waiting', sent: 'sent', failed: 'alert' };
const markIcons = { sent: 'sent', delivered: 'twice', partly: 'twice', read: 'twice' };

export function createRow(row) {
  return h('li', { tabindex: row.kind === 'message' || row.kind === 'notice' ? '-1' : null });
}

export function fillRow(item, row) {
  item.className = row.kind;
  if (row.sequence) item.dataset.id = row.sequence;
  if (row.kind === 'message') fillMessage(item, row);
  else if (row.kind === 'notice') fillNotice(item, row);
  else item.replaceChildren(h('span', { text: row.text }));
}

function fillMessage(item, row) {
  for (const name of ['own', 'first', 'last', 'called', 'found']) item.classList.toggle(name, Boolean(row[name]));
  item.classList.toggle('gone', row.gone !== '');
  item.dataset.state = row.state;
  // The toolbar is one for all rows, and stands in the row that it serves.
  const toolbar = (row.gone === '' && item.querySelector('.toolbar')) || '';
  item.replaceChildren(
    row.own ? '' : row.first ? avatar(row) : h('span', { class: 'avatar-space' }),
    h('div', { class: 'stack' },
      h('div', { class: 'frame' },
        h('div', { class: 'bubble' },
          h('bdi', { class: row.named ? 'sender' : 'unseen', dir: 'auto', text: row.own ? 'You' : row.name, data: { colour: row.colour } }),
          row.root && lead('root', 'thread', row.root, `In the thread of ${row.root.name || 'a message'}: ${row.root.text}`),
          row.forwarded && h('div', { class: 'forwarded' }, icon('forward'), 'Forwarded from ', h('bdi', { dir: 'auto', text: row.forwarded })),
          row.quote && quotation(row.quote),
          h('div', { class: 'said', dir: 'auto' }, words(row), meta(row)),
          row.state === 'failed' && refusal(row)),
        toolbar),
      row.reactions.length > 0 && reactions(row),
      row.replies > 0 && replies(row),
      row.last && row.markLine && markLine(row)),
  );
}

function words(row) {
  if (row.gone) return h('span', { class: 'text', text: row.text });
  return h('span', { class: 'text' }, ...withMentions(withLinks(row.text), row.people).map((each) => part(each, row.people)));
}

function part(part, people) {
  if (typeof part === 'string') return part;
  if (part.user) return h('span', { class: `mention${people.find((each) => each.user === part.user)?.me ? ' mine' : ''}`, text: part.text });
  return h('a', { href: part.href, rel: 'noopener noreferrer', target: '_blank', tabindex: '-1', text: part.text });
}

function meta(row) {
  return h('div', { class: 'meta', dir: 'ltr' },
    row.pinned && [icon('pin'), h('span', { class: 'unseen', text: 'Pinned' })],
    row.saving ? h('span', { class: 'edited', text: 'saving' }) : row.edited && action('revisions', 'edited', 'edited', 'Edited. Show earlier versions'),
    h('time', { title: row.exact, text: row.time }),
    row.own && row.gone === '' && ownMark(row));
}

/** A sign whose size never changes: a message that is read must not be laid out anew. */
function ownMark(row) {
  if (row.mark === '') return [icon(stateIcons[row.state]), h('span', { class: 'unseen', text: states[row.state] })];
  return h('button', { type: 'button', class: `mark is-${row.mark} link`, tabindex: '-1', data: { action: 'receipts' }, title: row.markText },
    icon(markIcons[row.mark]), h('span', { class: 'unseen', text: row.markText }));
}

/** In a group, the words stand under the last message of a turn. */
function markLine(row) {
  return h('button', { type: 'button', class: 'mark-line link', tabindex: '-1', data: { action: 'receipts' }, text: row.markText });
}

function quotation({ sequence, name, text, gone, known }) {
  return h('button', { type: 'button', class: `quote${gone ? ' gone' : ''}`, tabindex: '-1', data: { action: 'jump', to: sequence }, 'aria-label': `In reply to ${name || 'a message'}: ${text}`, 'aria-busy': known ? null : 'true' },
    name && h('bdi', { class: 'quote-name', dir: 'auto', text: name }),
    h('span', { class: 'quote-text', dir: 'auto', text }));
}

function lead(kind, sign, { name, text }, label) {
  return h('button', { type: 'button', class: `${kind}-tag`, tabindex: '-1', data: { action: 'thread' }, 'aria-label': label },
    icon(sign), h('span', { class: 'tag-text', dir: 'auto', text: name ? `${name}: ${text}` : text }));
}

function reactions(row) {
  return h('div', { class: 'reactions', role: 'group', 'aria-label': 'Reactions' },
    ...row.reactions.map(({ emoji, count, mine }) =>
      h('button', { type: 'button', class: 'reaction', tabindex: '-1', 'aria-pressed': String(Boolean(mine)), 'aria-label': `${emoji}, ${count}${mine ? ', with yours' : ''}`, data: { action: 'toggle', emoji } },
        h('span', { class: 'emoji', text: emoji }), h('span', { class: 'count', text: count }))),
    h('button', { type: 'button', class: 'reaction more', tabindex: '-1', 'aria-label': 'Who reacted', title: 'Who reacted', data: { action: 'reactions' } }, icon('people')));
}

function replies(row) {
  return h('button', { type: 'button', class: 'replies link', tabindex: '-1', data: { action: 'thread' } },
    icon('thread'), row.replies >= 1000 ? '1000+ replies' : row.replies === 1 ? '1 reply' : `${row.replies} replies`);
}

function refusal(row) {
  return h('div', { class: 'refusal', role: 'alert' },
    h('p', { text: `Not sent. ${row.reason}` }),
    h('button', { type: 'button', class: 'link', text: 'Try again', data: { action: 'retry' } }),
    h('button', { type: 'button', class: 'link', text: 'Discard', data: { action: 'discard' } }));
}

function action(name, className, text, label) {
  return h('button', { type: 'button', class: `${className} link`, tabindex: '-1', 'aria-label': label, title: label, data: { action: name }, text });
}

function fillNotice(item, row) {
  const parts = row.parts.map((part) => (typeof part === 'string' ? part : h('bdi', { dir: 'auto', text: part.name })));
  item.replaceChildren(h('span', {}, ...parts));
}
