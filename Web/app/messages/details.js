// The lists about one message: its earlier versions and who reacted; and the line that says what was done.

import { note } from '../probe.js';
import { avatar } from '../ui/avatar.js';
import { h, sentence } from '../ui/dom.js';
import { colourOf, exactTime, initials } from '../viewmodel/text.js';
import { createSheet } from './sheet.js';

export function personLine({ user, name }, ...more) {
  return h('li', { class: 'person' }, avatar({ initials: initials(name), colour: colourOf(user) }, 'small'), h('bdi', { dir: 'auto', text: name }), ...more);
}

export function createRevisions({ app }) {
  const list = h('ol', { class: 'revisions', tabindex: '0', 'aria-label': 'Versions' });
  const sheet = createSheet('Earlier versions', list);

  return {
    element: sheet.element,
    close: sheet.close,
    show({ conversation, sequence }) {
      list.replaceChildren();
      sheet.show();
      return sheet.load(
        () => app.revisions(conversation, sequence),
        (versions) => {
          sheet.tell(versions.length === 0 ? 'This message was recalled, and its versions with it.' : `${versions.length} versions, the newest first`);
          list.replaceChildren(
            ...[...versions].reverse().map(({ time, content }, index) =>
              h('li', { class: 'revision' },
                h('time', { text: `${exactTime(time)}${index === 0 ? ' · now' : index === versions.length - 1 ? ' · as sent' : ''}` }),
                h('p', { dir: 'auto', text: content?.text ?? '' }))));
        },
      );
    },
  };
}

export function createReactors({ app }) {
  const tabs = h('div', { class: 'reactor-tabs', role: 'tablist', 'aria-label': 'Reactions', on: { click, keydown } });
  const list = h('ul', { class: 'names' });
  const port = h('div', { class: 'people', id: 'reactors', role: 'tabpanel', tabindex: '0', 'aria-label': 'People' }, list);
  const more = h('button', { type: 'button', class: 'link more-names', text: 'Show more', hidden: true, on: { click: () => load(false) } });
  const sheet = createSheet('Reactions', tabs, port, more);
  let shown = null;
  let last = '';

  function choose(emoji) {
    shown.emoji = emoji;
    for (const tab of tabs.children) {
      const selected = tab.dataset.emoji === emoji;
      tab.setAttribute('aria-selected', String(selected));
      tab.tabIndex = selected ? 0 : -1;
    }
    load(true);
  }

  function load(first) {
    const { conversation, sequence, emoji } = shown;
    if (first) {
      list.replaceChildren();
      last = '';
    }
    more.hidden = true;
    return sheet.load(
      () => app.reactors(conversation, sequence, emoji, last),
      (answer) => {
        list.append(...answer.users.map((user) => personLine(user)));
        last = answer.users.at(-1)?.user ?? last;
        more.hidden = !answer.more;
        const count = list.children.length;
        sheet.tell(`${count}${answer.more ? '+' : ''} ${count === 1 ? 'person' : 'people'} reacted with ${emoji}`);
      },
    );
  }

  function click(event) {
    const emoji = event.target.closest('[role=tab]')?.dataset.emoji;
    if (emoji) choose(emoji);
  }

  function keydown(event) {
    const all = [...tabs.children];
    const index = all.indexOf(document.activeElement);
    const next = all[{ ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 }[event.key]];
    if (!next) return;
    event.preventDefault();
    next.focus();
    choose(next.dataset.emoji);
  }

  return {
    element: sheet.element,
    close: sheet.close,
    show({ conversation, sequence, entry }) {
      shown = { conversation, sequence, emoji: '' };
      tabs.replaceChildren(
        ...entry.reactions.map(({ emoji, count }) =>
          h('button', { type: 'button', role: 'tab', class: 'reaction', 'aria-controls': 'reactors', 'aria-label': `${emoji}, ${count}`, data: { emoji } },
            h('span', { class: 'emoji', text: emoji }), h('span', { class: 'count', text: count }))));
      sheet.show();
      choose(entry.reactions[0].emoji);
    },
  };
}

/** One line at the head of the page about what was done, or could not be. */
export function createToast({ clock }) {
  const words = h('span', {});
  const button = h('button', { type: 'button', class: 'link', hidden: true });
  const element = h('div', { class: 'toast', role: 'status', hidden: true }, words, button);
  let cancel = () => {};
  let act = () => {};
  button.addEventListener('click', () => {
    element.hidden = true;
    act();
  });

  function say(text, { label = '', onAct = () => {} } = {}) {
    words.textContent = text;
    button.textContent = label;
    button.hidden = label === '';
    act = onAct;
    element.hidden = false;
    note('toast', { text });
    cancel();
    cancel = clock.after(8_000, () => (element.hidden = true));
  }

  return { element, say, refuse: (what, error) => say(`${what} ${sentence(error)}`), hide: () => (element.hidden = true) };
}
