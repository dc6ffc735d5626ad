// The sheet of keys, and the way to a conversation by the beginning of its name.

import { table } from '../messages/actions.js';
import { createSheet } from '../messages/sheet.js';
import { avatar } from '../ui/avatar.js';
import { h } from '../ui/dom.js';
import { listRows } from '../viewmodel/list.js';
import { helpOn } from '../viewmodel/shortcuts.js';
import { plainText } from '../viewmodel/text.js';

const shownMax = 50;

export function createHelp({ store }) {
  const chord = (keys) => h('span', { class: 'chord' }, ...keys.map((key) => h('kbd', { text: key })));
  const body = h('div', { class: 'key-sheet', tabindex: '0', role: 'group', 'aria-label': 'Keys' });
  const sheet = createSheet('Keyboard shortcuts', body);
  const sections = () => helpOn(table, { letters: store.get('page', 'letters'), enter: store.get('page', 'enter') }).map(({ title, rows }) =>
    h('section', { class: 'key-section' }, h('h3', { text: title }),
      h('dl', {}, ...rows.map(({ keys, text }) => h('div', {}, h('dt', { text }), h('dd', {}, ...keys.map(chord)))))));
  return {
    ...sheet,
    show() {
      body.replaceChildren(...sections());
      sheet.show();
    },
  };
}

/** A field and the conversations that fit: those whose name begins with the words, then those that hold them. */
export function createSwitcher({ store, clock, visit }) {
  const list = h('ul', { class: 'switcher-list', id: 'switcher-list', role: 'listbox', 'aria-label': 'Conversations', on: { click } });
  const field = h('input', {
    type: 'text', role: 'combobox', 'aria-label': 'Name of a conversation', 'aria-expanded': 'true', 'aria-autocomplete': 'list', 'aria-controls': 'switcher-list',
    placeholder: 'Name of a conversation', dir: 'auto', autocomplete: 'off', spellcheck: 'false', maxlength: '128', on: { input: draw, keydown },
  });
  const sheet = createSheet('Go to', field, list);
  sheet.element.classList.add('switcher');
  let shown = [];
  let active = 0;

  function draw() {
    const wanted = plainText(field.value.trim());
    const named = listRows(store, clock.now()).map((row) => ({ ...row, plain: plainText(row.title) })).filter((row) => !row.invited && row.plain.includes(wanted));
    shown = [...named.filter((row) => row.plain.startsWith(wanted)), ...named.filter((row) => !row.plain.startsWith(wanted))].slice(0, shownMax);
    list.replaceChildren(...shown.map((row, index) =>
      h('li', { id: `switcher-${index}`, role: 'option', class: 'completion-item', data: { index } },
        avatar(row, 'small'), h('bdi', { dir: 'auto', text: row.title }), row.badge && h('span', { class: 'badge' }, row.badge, h('span', { class: 'unseen', text: ' unread' })))));
    list.hidden = shown.length === 0;
    sheet.tell(shown.length === 0 ? 'No conversation has this in its name.' : '');
    point(0);
  }

  function point(index) {
    active = index;
    for (const item of list.children) item.setAttribute('aria-selected', String(Number(item.dataset.index) === active));
    if (shown.length > 0) field.setAttribute('aria-activedescendant', `switcher-${active}`);
    else field.removeAttribute('aria-activedescendant');
    list.children[active]?.scrollIntoView({ block: 'nearest' });
  }

  function go(index) {
    if (!shown[index]) return;
    sheet.close();
    visit(shown[index].key);
  }

  function click(event) {
    const item = event.target.closest('li');
    if (item) go(Number(item.dataset.index));
  }

  function keydown(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const offset = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (offset && shown.length > 0) point((active + offset + shown.length) % shown.length);
    else if (event.key === 'Enter') go(active);
    else return;
    event.preventDefault();
  }

  return {
    element: sheet.element,
    close: sheet.close,
    show() {
      field.value = '';
      sheet.show();
      draw();
      field.focus();
    },
  };
}
