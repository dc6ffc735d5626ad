// Messages that members reported, for administrators, and the form by which one reports.

import { h } from '../ui/dom.js';
import { scalarCount } from '../viewmodel/keys.js';
import { exactTime, nameOf } from '../viewmodel/text.js';
import { confirmed } from '../ui/confirm.js';
import { failure } from './panel.js';

const reasonLimit = 500;

export function reportsScreen(context, conversation) {
  const { store, app, panel } = context;
  const list = h('ul', { class: 'reports', 'aria-label': 'Reports' });
  const further = h('button', { type: 'button', class: 'link', text: 'Show older reports', hidden: true, on: { click: () => load(false) } });
  const element = h('div', { class: 'reports-screen' }, list, further);
  let reports = [];
  const quoted = new Map();

  async function load(first = true) {
    try {
      const before = first ? undefined : reports.at(-1)?.report;
      const answer = await app.groups.ask({ type: 'reports', conversation, ...(before && { before }), limit: 50 });
      reports = first ? answer.reports : [...reports, ...answer.reports];
      further.hidden = !answer.more;
      app.groups.want(reports.map((each) => each.user));
      show();
      for (const { sequence } of reports) if (!quoted.has(sequence)) quote(sequence);
    } catch (error) {
      list.replaceChildren(h('li', {}, failure(error, () => load())));
    }
  }

  async function quote(sequence) {
    quoted.set(sequence, null);
    try {
      const page = await app.groups.ask({ type: 'history', conversation, before: sequence + 1, limit: 1 });
      const entry = page.entries.find((each) => each.sequence === sequence);
      quoted.set(sequence, entry ?? {});
      if (entry) app.groups.want([entry.sender]);
    } catch {
      quoted.delete(sequence);
    }
    show();
  }

  function line({ sequence, user, reason, time }) {
    const entry = quoted.get(sequence);
    const text = entry?.content?.text;
    const gone = entry && text === undefined;
    return h('li', { class: 'report', data: { sequence } },
      h('p', { class: 'report-head' }, h('bdi', { text: nameOf(store, user) }), ' reported', h('time', { class: 'hint', text: exactTime(time) })),
      h('p', { class: 'report-reason', dir: 'auto', text: reason }),
      h('blockquote', { class: 'quote' },
        text !== undefined && h('bdi', { class: 'quote-name', text: nameOf(store, entry.sender) }),
        h('p', { dir: 'auto', text: gone ? 'This message was recalled.' : (text ?? 'Loading …') })),
      h('span', { class: 'link-actions' },
        h('button', { type: 'button', class: 'quiet', text: 'Settle', on: { click: (event) => settle(event.currentTarget, sequence) } }),
        text !== undefined && h('button', { type: 'button', class: 'quiet danger', text: 'Recall the message', on: { click: (event) => recall(event.currentTarget, sequence) } })));
  }

  /** All reports of the message leave the list, for every administrator. */
  async function settle(button, sequence) {
    const ask = () => app.groups.ask({ type: 'resolve', conversation, sequence });
    if (!(await panel.attempt(button, ask, 'The reports of this message are settled.'))) return;
    reports = reports.filter((each) => each.sequence !== sequence);
    show();
    document.querySelector('#panel-heading').focus();
  }

  async function recall(button, sequence) {
    const words = { title: 'Recall this message?', text: 'Nobody can read it any more, here or anywhere.', action: 'Recall', danger: true };
    if (!(await confirmed(words))) return;
    const good = await panel.attempt(button, () => app.groups.act({ type: 'recall', conversation, target: sequence }), 'The message was recalled.');
    if (!good) return;
    quoted.set(sequence, {});
    show();
    document.querySelector('#panel-heading').focus();
  }

  function show() {
    list.replaceChildren(...reports.map(line));
    if (reports.length === 0) list.replaceChildren(h('li', { class: 'hint', text: 'Nothing was reported.' }));
  }

  return { title: 'Reports', element, opened: () => load() };
}

const reasons = ['Spam', 'Insults or threats', 'Private information of somebody', 'Something else'];

/** The form about one message. */
export function reportScreen({ app, panel }, conversation, sequence) {
  const choices = reasons.map((value) => h('input', { type: 'radio', name: 'reason', value, on: { change } }));
  const words = h('textarea', { id: 'report-words', rows: '4', dir: 'auto' });
  const submit = h('button', { type: 'submit', class: 'primary', text: 'Report', disabled: true });
  const element = h('form', { class: 'report-form', novalidate: true, on: { submit: send, input: change } },
    h('p', { class: 'hint', text: 'The administrators of the group see who reported what, and why.' }),
    h('fieldset', { class: 'choice' }, h('legend', { text: 'What is wrong with it?' }),
      ...choices.map((input) => h('label', { class: 'check' }, input, h('span', { text: input.value })))),
    h('div', { class: 'field' }, h('label', { for: 'report-words', text: 'In your words' }), words),
    h('div', { class: 'actions' }, submit));

  function reason() {
    const chosen = choices.find((input) => input.checked)?.value ?? '';
    return [chosen, words.value.trim()].filter(Boolean).join(': ');
  }

  function change() {
    const chosen = choices.find((input) => input.checked)?.value;
    const enough = chosen && (chosen !== reasons.at(-1) || words.value.trim() !== '');
    submit.disabled = !enough || scalarCount(reason()) > reasonLimit;
  }

  async function send(event) {
    event.preventDefault();
    if (!(await panel.attempt(submit, () => app.groups.ask({ type: 'report', conversation, sequence, reason: reason() })))) return;
    panel.tell('Thank you. The administrators will see it.');
    submit.disabled = true;
  }

  return { title: 'Report a message', element };
}
