// One row of the timeline.

import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { withLinks } from '../viewmodel/links.js';

const states = { queued: 'Waiting for the connection', sending: 'Sending', sent: 'Sent', failed: 'Not sent' };
const stateIcons = { queued: 'waiting', sending: 'waiting', sent: 'sent', failed: 'alert' };

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
  item.classList.toggle('own', row.own);
  item.classList.toggle('first', row.first);
  item.classList.toggle('last', row.last);
  item.dataset.state = row.state;
  item.replaceChildren(
    row.own ? '' : row.first ? avatar(row) : h('span', { class: 'avatar-space' }),
    h('div', { class: 'bubble' },
      h('bdi', { class: row.named ? 'sender' : 'unseen', dir: 'auto', text: row.own ? 'You' : row.name, data: { colour: row.colour } }),
      h('div', { class: 'said' },
        h('div', { class: 'text', dir: 'auto' }, ...withLinks(row.text).map(part)),
        h('div', { class: 'meta' },
          h('time', { title: row.exact, text: row.time }),
          row.own && icon(stateIcons[row.state]),
          row.own && h('span', { class: 'unseen', text: states[row.state] }))),
      row.state === 'failed' &&
        h('div', { class: 'refusal', role: 'alert' },
          h('p', { text: `Not sent. ${row.reason}` }),
          h('button', { type: 'button', class: 'link', text: 'Try again', data: { action: 'retry' } }),
          h('button', { type: 'button', class: 'link', text: 'Discard', data: { action: 'discard' } }))),
  );
}

function part(part) {
  if (typeof part === 'string') return part;
  return h('a', { href: part.href, rel: 'noopener noreferrer', target: '_blank', tabindex: '-1', text: part.text });
}

function fillNotice(item, row) {
  const parts = row.parts.map((part) => (typeof part === 'string' ? part : h('bdi', { dir: 'auto', text: part.name })));
  item.replaceChildren(h('span', {}, ...parts));
}
