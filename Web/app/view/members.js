// Who belongs to a conversation.

import { avatar } from '../ui/avatar.js';
import { h, sentence } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { colourOf, initials } from '../viewmodel/text.js';

const roles = { owner: 'Owner', administrator: 'Administrator' };

export function createMembers({ app }) {
  const heading = h('h2', { id: 'members-heading', text: 'Members' });
  const status = h('p', { class: 'hint', role: 'status' });
  const list = h('ul', { class: 'people', tabindex: '0', 'aria-labelledby': 'members-heading' });
  const element = h('dialog', { class: 'dialog', 'aria-labelledby': 'members-heading' },
    h('header', {}, heading, h('button', { type: 'button', class: 'round', 'aria-label': 'Close', on: { click: () => element.close() } }, icon('close'))),
    status, list);

  function line({ user, name, role }) {
    return h('li', { class: 'person' },
      avatar({ initials: initials(name), colour: colourOf(user) }, 'small'),
      h('bdi', { dir: 'auto', text: name }),
      roles[role] && h('span', { class: 'role', text: roles[role] }));
  }

  return {
    element,
    async show(conversation) {
      list.replaceChildren();
      status.textContent = 'Loading …';
      element.showModal();
      try {
        const members = await app.members(conversation);
        status.textContent = members.length === 1 ? '1 person' : `${members.length} people`;
        list.replaceChildren(...members.map(line));
      } catch (error) {
        status.textContent = sentence(error);
      }
    },
  };
}
