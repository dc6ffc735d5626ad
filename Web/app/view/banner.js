// One calm line about the connection, once it has been away for two seconds.

import { h } from '../ui/dom.js';

const after = 2_000;

export function createBanner({ store, app, clock }) {
  const words = h('span', { role: 'status' });
  const countdown = h('span', { class: 'countdown', 'aria-hidden': 'true' });
  const retry = h('button', { type: 'button', class: 'link', text: 'Retry now', on: { click: () => app.reconnect() } });
  const element = h('div', { class: 'banner', hidden: true }, h('span', { class: 'dot', 'aria-hidden': 'true' }), words, countdown, retry);
  let cancel = () => {};

  function refresh() {
    cancel();
    const since = store.get('connection', 'downSince') ?? 0;
    const down = since > 0 && store.get('view', 'screen') === 'chat';
    const wait = since + after - clock.now();
    if (down && wait > 0) cancel = clock.after(wait, refresh);
    element.hidden = !down || wait > 0;
    // A live region must change to be heard, and must be empty to be silent.
    words.textContent = element.hidden ? '' : 'Offline';
    if (element.hidden) return;
    const left = Math.ceil((store.get('connection', 'retryAt') - clock.now()) / 1_000);
    const waiting = store.get('connection', 'phase') === 'waiting' && left > 0;
    countdown.textContent = waiting ? `: reconnecting in ${left} s` : ': reconnecting …';
    retry.disabled = !waiting;
    if (waiting) cancel = clock.after(1_000, refresh);
  }

  return { element, refresh };
}
