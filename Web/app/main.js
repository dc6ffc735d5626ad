// The entry: makes the parts with the browser's own clock, storage and events, and starts.

import { createApp } from './app.js';
import { createClock } from './clock.js';
import { counters, idle, log } from './probe.js';
import { openDatabase } from './storage/database.js';
import { openPreferences } from './storage/preferences.js';
import { openTab } from './storage/tab.js';
import { createStore } from './store/store.js';
import { freshIdentifier } from './sync/outgoing.js';
import { createAnnouncer } from './view/announcer.js';
import { dress } from './view/appearance.js';
import { createAttention } from './view/attention.js';
import { createLogin } from './view/login.js';
import { createNotifier } from './view/notifier.js';
import { createShell } from './view/shell.js';

const clock = createClock();
// A tab in the background gets no frames, but must stay up to date.
const store = createStore((action) => (document.hidden ? setTimeout(action, 0) : requestAnimationFrame(action)));
// Before anything is waited for: the page is painted once this has run (`blocking="render"`), and then in the chosen theme. A browser
// that does not know the word paints an empty ground first, in the system's.
const preferences = openPreferences((values) => {
  for (const [name, value] of Object.entries(values)) store.put('page', name, value);
  dress(values);
});
const tab = openTab(freshIdentifier());
const attention = createAttention(clock);
const announcer = createAnnouncer({ store, clock });
const notifier = createNotifier({ store, attention });
const app = createApp({
  base: new URL('.', location.href),
  storage: await openDatabase(tab.name),
  preferences,
  tab,
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
