// What a group is called, says of itself, and allows.

import { h } from '../ui/dom.js';
import { scalarCount } from '../viewmodel/keys.js';
import { changesOf, durationsWith, recallTimes, settingsOf, slowTimes } from '../viewmodel/settings.js';
import { duration } from '../viewmodel/text.js';
import { choice } from './choice.js';

const whoMay = [['members', 'All members'], ['administrators', 'Administrators']];
const descriptionLimit = 1_000;

export function settingsScreen({ store, app, panel }, conversation) {
  const summary = () => store.get('conversation', conversation) ?? {};
  /** What the form began with: only what differs from it is sent, so that two administrators do not undo each other. */
  let before = settingsOf(summary());

  const title = h('input', { id: 'set-title', dir: 'auto', autocomplete: 'off', maxlength: '128' });
  const description = h('textarea', { id: 'set-description', dir: 'auto', rows: '3', 'aria-describedby': 'set-description-left' });
  const left = h('span', { id: 'set-description-left', class: 'hint' });
  const face = h('input', { id: 'set-avatar', dir: 'auto', autocomplete: 'off', maxlength: '128' });
  const send = choice('set-send', 'Who writes', whoMay);
  const invite = choice('set-invite', 'Who invites and adds people', whoMay);
  const everyone = choice('set-mention_all', 'Who mentions everyone', whoMay);
  const join = select('join', 'Joining by a link');
  const slow = select('slow_ms', 'Slow mode');
  const recall = select('recall_ms', 'Recalling a message');
  const receipts = toggle('receipts', 'Read receipts');
  const history = toggle('history_visible', 'New members see earlier messages');
  const cap = h('input', { id: 'set-member_cap', type: 'number', min: '1', max: '1000000', inputmode: 'numeric' });
  const save = h('button', { type: 'submit', class: 'primary', text: 'Save' });

  const element = h('form', { class: 'settings', novalidate: true, on: { submit, input: count } },
    field('set-title', 'Title', title),
    field('set-description', 'Description', description, left),
    field('set-avatar', 'Picture: an emoji or a short text', face),
    h('h3', { text: 'What members may do' }),
    send.element, invite.element, everyone.element,
    h('h3', { text: 'Joining' }),
    field('set-join', 'Joining by a link', join),
    field('set-member_cap', 'Members at most', cap),
    history.element,
    h('h3', { text: 'Messages' }),
    field('set-slow_ms', 'Slow mode: time between two messages of a member', slow),
    field('set-recall_ms', 'Members recall their messages within', recall),
    receipts.element,
    h('div', { class: 'actions sticky' }, save));

  function read() {
    return {
      title: title.value.trim(),
      description: description.value.trim(),
      avatar: face.value.trim(),
      member_cap: cap.value === '' ? undefined : Number(cap.value),
      history_visible: history.value,
      send: send.value,
      invite: invite.value,
      mention_all: everyone.value,
      join: join.value,
      slow_ms: Number(slow.value),
      recall_ms: Number(recall.value),
      receipts: receipts.value,
    };
  }

  function write(values) {
    title.value = values.title;
    description.value = values.description;
    face.value = values.avatar;
    cap.value = values.member_cap ?? '';
    cap.placeholder = values.member_cap === undefined ? 'As it is' : '';
    history.value = values.history_visible;
    send.value = values.send;
    invite.value = values.invite;
    everyone.value = values.mention_all;
    options(join, [['link', 'At once'], ['approval', 'After an administrator approves'], ['closed', 'Not possible']], values.join);
    options(slow, durationsWith(slowTimes, values.slow_ms).map((time) => [time, time === 0 ? 'Off' : duration(time)]), values.slow_ms);
    options(recall, durationsWith(recallTimes, values.recall_ms).map((time) => [time, time === 0 ? 'Never' : time >= recallTimes.at(-1) ? 'Any time' : duration(time)]), values.recall_ms);
    receipts.value = values.receipts;
    count();
  }

  function count() {
    const rest = descriptionLimit - scalarCount(description.value);
    left.textContent = rest < 200 ? (rest < 0 ? `${-rest} too many` : `${rest} left`) : '';
  }

  async function submit(event) {
    event.preventDefault();
    const changes = changesOf(before, read());
    for (const each of element.querySelectorAll('[aria-invalid]')) each.removeAttribute('aria-invalid');
    if (!changes) return panel.tell('Nothing was changed.');
    const good = await panel.attempt(save, async () => {
      try {
        await app.groups.act({ type: 'change', conversation, ...changes });
      } catch (error) {
        element.querySelector(`#set-${CSS.escape(error.field?.split('.').at(-1) ?? '')}`)?.setAttribute('aria-invalid', 'true');
        throw error;
      }
      before = read();
    });
    if (good) panel.tell('Saved.');
  }

  write(before);
  return {
    title: 'Group settings',
    element,
    /** What another administrator changes appears, unless one is changing something oneself. */
    refresh() {
      const now = settingsOf(summary());
      if (changesOf(before, read()) || !changesOf(before, now)) return;
      before = now;
      write(now);
    },
  };
}

function field(id, label, input, ...more) {
  return h('div', { class: 'field' }, h('label', { for: id, text: label }), input, ...more);
}

function select(name, label) {
  return h('select', { id: `set-${name}`, 'aria-label': label });
}

function options(element, values, chosen) {
  element.replaceChildren(...values.map(([value, text]) => h('option', { value, text, selected: value === chosen })));
  element.value = String(chosen);
}

/** A switch of which the state may be unknown: then it stays as it is unless it is pressed. */
function toggle(name, label) {
  const input = h('input', { type: 'checkbox', id: `set-${name}` });
  return {
    element: h('label', { class: 'check' }, input, h('span', { text: label })),
    get value() {
      return input.indeterminate ? undefined : input.checked;
    },
    set value(value) {
      input.indeterminate = value === undefined;
      input.checked = value === true;
    },
  };
}
