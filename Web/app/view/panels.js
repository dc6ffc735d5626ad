// The doors to the panels. Their modules are loaded when the first one is opened, or once the page has nothing else to do.

import { begin, end, note } from '../probe.js';
import { isMember } from '../store/summaries.js';
import { confirmed } from '../ui/confirm.js';
import { h } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { isAdministrator } from '../viewmodel/rights.js';

const loadAfter = 4_000;
const unreachable = 'This part of the page could not be loaded. Check your connection and try again, or load the page again.';
let doors = null;

/** Opens the form by which one reports a message to the administrators of its group. */
export function openReport(conversation, sequence) {
  return doors?.open('report', conversation, sequence);
}

/** Opens what there is to know about a person. */
export function openProfile(user) {
  return doors?.open('profile', user);
}

/** Opens the sheet of keys. */
export function openHelp() {
  return doors?.open('help');
}

/** `leave()` goes from the page of a link back to the conversations. */
export function createPanels({ store, app, clock, visit, leave }) {
  const element = h('div', { class: 'panels' });
  const content = h('div', { class: 'place-content' });
  const place = h('div', { class: 'place', hidden: true },
    h('button', { type: 'button', class: 'round back', 'aria-label': 'Back to the conversations', on: { click: leave } }, icon('back')), content);
  let shown = '';
  let counted = '';
  let parts = null;
  let loading = null;

  function load() {
    loading ??= fetchAll().catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  }

  async function fetchAll() {
    begin();
    try {
      const { createAll } = await import('../panels/all.js');
      parts = createAll({ store, app, clock, visit, leave });
      element.append(...parts.elements);
      return parts;
    } finally {
      end();
    }
  }

  /** `name`: as `panels/all.js` knows it. */
  async function open(name, ...about) {
    try {
      (await load()).show(name, ...about);
    } catch (error) {
      note('panel-failed', { reason: String(error) });
      if (await confirmed({ title: 'Not loaded', text: unreachable, action: 'Try again' })) open(name, ...about);
    }
  }

  /** Shows the page of a link or an invitation: `{ token }` or `{ conversation }`, or null for none. */
  async function showPlace(wish) {
    const key = JSON.stringify(wish);
    place.hidden = !wish;
    if (key === shown) return;
    shown = key;
    if (!wish) return parts?.join.hide();
    try {
      const { join } = await load();
      if (shown !== key) return;
      content.replaceChildren(join.element);
      join.show(wish);
    } catch {
      shown = '';
      content.replaceChildren(h('p', { class: 'failed', role: 'alert' }, `${unreachable} `, h('button', { type: 'button', class: 'link', text: 'Try again', on: { click: () => showPlace(wish) } })));
    }
  }

  /** For administrators: how many wait for an answer, once per visit and after each change of who is who. */
  function countRequests() {
    const id = store.get('view', 'open');
    const summary = id && store.get('conversation', id);
    if (!isMember(summary) || summary.kind === 'direct' || !isAdministrator(summary) || !store.get('view', 'synced')) return;
    const key = `${id} ${summary.changedAt}`;
    if (key === counted) return;
    counted = key;
    app.groups.countRequests(id).catch(() => note('requests-failed'));
  }

  doors = { open };
  return {
    element,
    place,
    open,
    warm: () => clock.after(loadAfter, () => load().catch(() => {})),
    close: () => parts?.close(),
    showPlace,
    focusPlace: () => content.querySelector('[tabindex], button')?.focus(),
    /** What went wrong with an invitation, on its page. */
    refuse: (error) => parts?.join.refuse(error),
    refresh(keys) {
      countRequests();
      parts?.refresh(keys);
      parts?.join.refresh(keys);
    },
  };
}
