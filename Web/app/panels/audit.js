// What was done to the group, newest first, in words.

import { h } from '../ui/dom.js';
import { dayKey, dayName, clockTime, exactTime, noticeParts } from '../viewmodel/text.js';
import { failure } from './panel.js';

const page = 50;
const nearEdge = 400;

export function auditScreen({ store, app, clock }, conversation) {
  const list = h('ol', { class: 'audit-rows', 'aria-label': 'Audit log' });
  const foot = h('div');
  const element = h('div', { class: 'audit', tabindex: '0', role: 'group', 'aria-label': 'Audit log' }, list, foot);
  let entries = [];
  let more = true;
  let loading = false;

  element.addEventListener('scroll', () => more && element.scrollHeight - element.scrollTop - element.clientHeight < nearEdge && load(), { passive: true });

  async function load() {
    if (loading) return;
    loading = true;
    const before = entries.at(-1)?.sequence;
    try {
      const answer = await app.groups.ask({ type: 'audit', conversation, ...(before && { before }), limit: page });
      entries = [...entries, ...answer.entries];
      more = answer.more && answer.entries.length > 0;
      app.groups.want(answer.entries.flatMap((entry) => [entry.sender, entry.content?.user, ...(entry.content?.users ?? [])]));
      foot.replaceChildren();
      show();
    } catch (error) {
      foot.replaceChildren(failure(error, load));
    } finally {
      loading = false;
    }
  }

  /** The rows are built as far as one has scrolled: fifty a step. */
  function show() {
    let last = '';
    const rows = [];
    for (const entry of entries) {
      const day = dayKey(entry.time);
      if (day !== last) rows.push(h('li', { class: 'audit-day' }, h('h3', { text: dayName(entry.time, clock.now()) })));
      last = day;
      const parts = noticeParts(store, entry).map((part) => (typeof part === 'string' ? part : h('bdi', { dir: 'auto', text: part.name })));
      rows.push(h('li', { class: 'audit-row', data: { sequence: entry.sequence } }, h('span', {}, ...parts), h('time', { title: exactTime(entry.time), text: clockTime(entry.time) })));
    }
    list.replaceChildren(...rows);
    if (rows.length === 0) list.replaceChildren(h('li', { class: 'hint', text: 'Nothing has happened yet.' }));
  }

  return {
    title: 'Audit log',
    element,
    opened: load,
    refresh: (keys) => entries.length > 0 && keys?.has('user') && show(),
  };
}
