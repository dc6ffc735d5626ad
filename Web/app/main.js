// The entry: makes the parts with the browser's own clock, storage and events, and starts.

import { createApp } from './app.js';
import { createClock } from './clock.js';
import { counters, idle, log } from './probe.js';
import { openDatabase } from './storage/database.js';
import { createStore } from './store/store.js';
import { createAnnouncer } from './view/announcer.js';
import { createAttention } from './view/attention.js';
import { createLogin } from './view/login.js';
import { createNotifier } from './view/notifier.js';
import { createShell } from './view/shell.js';

const clock = createClock();
// A tab in the background gets no frames, but must stay up to date.
const store = createStore((action) => (document.hidden ? setTimeout(action, 0) : requestAnimationFrame(action)));
const attention = createAttention(clock);
const announcer = createAnnouncer({ store, clock });
const notifier = createNotifier({ store, attention });
const app = createApp({
  base: new URL('.', location.href),
  storage: await openDatabase(),
  clock,
  store,
  tabs: new BroadcastChannel('parley'),
  announce(conversation, entries) {
    announcer.announce(conversation, entries);
    notifier.announce(conversation, entries);
  },
});
const login = createLogin({ store, app });
const shell = createShell({ store, app, clock, attention, announcer });

document.body.append(login.element);
store.subscribe((keys) => {
  // The log-in page carries nothing of what comes after it.
  if (store.get('view', 'screen') === 'chat' && !shell.element.isConnected) document.body.append(shell.element);
  login.refresh();
  shell.refresh(keys);
});

window.addEventListener('online', () => app.probe());
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && app.probe());

if (new URLSearchParams(location.search).has('test')) {
  window.parley = { idle, counters, log, clock, attention };
}

await app.start();
