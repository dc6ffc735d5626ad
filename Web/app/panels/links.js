// Links by which people join: made, shown, copied, shown as a code for a camera, revoked.

import { confirmed } from '../ui/confirm.js';
import { h, reconcile } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { linkAddress, linkState } from '../viewmodel/address.js';
import { nameOf, untilTime } from '../viewmodel/text.js';
import { failure } from './panel.js';
import { qrCode } from './qr.js';

const hour = 3_600_000;
const expiries = [['0', 'Never'], [String(hour), '1 hour'], [String(24 * hour), '1 day'], [String(168 * hour), '7 days'], [String(720 * hour), '30 days']];
const uses = [['0', 'No limit'], ['1', '1 person'], ['10', '10 people'], ['100', '100 people']];

export function linksScreen(context, conversation) {
  const { store, app, clock, panel } = context;
  const summary = () => store.get('conversation', conversation);
  const expires = h('select', { id: 'link-expires' }, ...expiries.map(([value, text]) => h('option', { value, text })));
  const limit = h('select', { id: 'link-uses' }, ...uses.map(([value, text]) => h('option', { value, text })));
  const make = h('button', { type: 'submit', class: 'primary', text: 'Make a link' });
  const form = h('form', { class: 'make-link', on: { submit } },
    h('div', { class: 'pair' },
      h('div', { class: 'field' }, h('label', { for: 'link-expires', text: 'Ends after' }), expires),
      h('div', { class: 'field' }, h('label', { for: 'link-uses', text: 'For' }), limit)),
    make);
  const notice = h('p', { class: 'hint link-notice' });
  const list = h('ul', { class: 'links', 'aria-label': 'Links' });
  const none = h('p', { class: 'hint', hidden: true, text: 'There is no link yet.' });
  const trouble = h('div');
  const element = h('div', { class: 'links-screen' }, notice, form, trouble, none, list);
  let links = [];
  let loaded = false;
  let seenChange = summary()?.changedAt;

  async function load() {
    try {
      const answer = await app.groups.ask({ type: 'links', conversation });
      ({ links } = answer);
      loaded = true;
      app.groups.want(links.map((each) => each.user));
      show();
    } catch (error) {
      trouble.replaceChildren(failure(error, load));
    }
  }

  async function submit(event) {
    event.preventDefault();
    const frame = { type: 'link', conversation };
    if (expires.value !== '0') frame.expires = clock.now() + Number(expires.value);
    if (limit.value !== '0') frame.uses = Number(limit.value);
    const known = new Set(links.map((each) => each.link));
    const good = await panel.attempt(make, async () => {
      await app.groups.act(frame);
      await load();
    });
    const fresh = good && links.find((each) => !known.has(each.link));
    if (fresh) panel.push(codeScreen(context, conversation, fresh));
  }

  function rowOf(link) {
    const state = linkState(link, clock.now());
    const maker = link.user === store.get('me', 'user') ? 'You' : nameOf(store, link.user);
    return { key: link.link, maker, words: state.words(untilTime), over: state.over, address: linkAddress(location, link.token) };
  }

  /** The buttons are built once: they keep the focus while the counts beside them change. */
  function create({ key, address }) {
    const link = links.find((each) => each.link === key);
    return h('li', { class: 'link-item', data: { link: key } },
      h('span', { class: 'link-text', dir: 'ltr', text: address }),
      h('span', { class: 'hint' }, h('bdi'), h('span')),
      h('span', { class: 'link-actions' },
        h('button', { type: 'button', class: 'quiet', on: { click: (event) => copy(event.currentTarget, address) } }, icon('sheets'), h('span', { text: 'Copy' })),
        h('button', { type: 'button', class: 'quiet', on: { click: () => panel.push(codeScreen(context, conversation, link)) } }, icon('link'), h('span', { text: 'Show code' })),
        h('button', { type: 'button', class: 'quiet danger', on: { click: (event) => revoke(event.currentTarget, link) } }, icon('close'), h('span', { text: 'Revoke' }))));
  }

  function fill(item, { maker, words, over }) {
    item.classList.toggle('over', over);
    const [name, rest] = item.querySelector('.hint').children;
    name.textContent = maker;
    rest.textContent = ` · ${words}`;
  }

  const copy = (button, address) => panel.attempt(button, () => copied(address), 'The link was copied.');

  async function revoke(button, link) {
    const words = { title: 'Revoke this link?', text: 'Nobody can join by it any more. Who has joined stays.', action: 'Revoke', danger: true };
    if (!(await confirmed(words))) return;
    const good = await panel.attempt(button, async () => {
      await app.groups.act({ type: 'unlink', conversation, link: link.link });
      await load();
    });
    if (!good) return;
    panel.tell('The link was revoked.');
    make.focus();
  }

  function show() {
    const how = summary()?.rules?.join ?? 'link';
    notice.hidden = how === 'link';
    notice.textContent = how === 'closed'
      ? 'Joining by a link is turned off in the settings: these links lead nowhere until it is turned on.'
      : 'Who follows a link asks to join: an administrator approves.';
    if (!loaded) return;
    trouble.replaceChildren();
    reconcile(list, links.map(rowOf), create, fill);
    none.hidden = links.length > 0;
  }

  return {
    title: 'Invite links',
    element,
    opened: load,
    /** Somebody joined, by one of them perhaps; or the rules are others. */
    refresh() {
      const changed = summary()?.changedAt;
      if (changed === seenChange) return show();
      seenChange = changed;
      load();
    },
  };
}

/** The address as a code for a camera, with the text beside it. */
function codeScreen({ panel }, conversation, link) {
  const address = linkAddress(location, link.token);
  const picture = h('div', { class: 'qr' });
  const text = h('input', { class: 'link-field', readonly: true, dir: 'ltr', 'aria-label': 'The link', value: address, on: { focus: () => text.select() } });
  const copy = h('button', { type: 'button', class: 'primary', on: { click: send } }, h('span', { text: 'Copy the link' }));
  const element = h('div', { class: 'code-screen' },
    picture, h('p', { class: 'hint', text: 'Point a camera at the code, or send the link.' }), text, copy);

  async function send() {
    await panel.attempt(copy, () => copied(address), 'The link was copied.');
  }

  return {
    title: 'Invite link',
    element,
    async opened() {
      try {
        picture.replaceChildren(await qrCode(address));
      } catch (error) {
        picture.replaceChildren(failure(error, this.opened));
      }
    },
  };
}

async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without a secure context there is no clipboard but that of the selection.
  const field = h('textarea', { class: 'unseen', text });
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (!done) throw new Error('The browser does not let this page copy. Select the link and copy it yourself.');
}
