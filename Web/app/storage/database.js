// What outlives the page, in IndexedDB: the log-in, what waits to be sent, what was typed, and the list as it last was.
//
// The tokens lie here and not in sessionStorage: all tabs share one log-in, so that one tab's refresh (which kills the old
// refresh token) serves the others, a restart of the browser does not log out, and logging out empties every tab. A script
// that could read one could read the other; against scripts there is the content security policy.

import { counters, during, note } from '../probe.js';

const name = 'parley';
const version = 3;

/** `tab`: whose drafts are written. */
export async function openDatabase(tab) {
  try {
    return durable(await open(), tab);
  } catch (error) {
    // Private windows of some browsers have none: the page works, but forgets on reload.
    note('storage-memory', { reason: String(error) });
    return volatile();
  }
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = ({ oldVersion }) => {
      const database = request.result;
      if (oldVersion < 1) {
        database.createObjectStore('settings');
        database.createObjectStore('outbox', { keyPath: 'client_id' });
      }
      if (oldVersion < 2) database.createObjectStore('summaries', { keyPath: ['user', 'conversation'] });
      if (oldVersion > 0) renewDrafts(request);
      else database.createObjectStore('drafts', draftsKey);
    };
    request.onsuccess = () => {
      const database = request.result;
      // A newer version of the page in another tab must not wait for this one.
      database.onversionchange = () => database.close();
      resolve(database);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

const draftsKey = { keyPath: ['user', 'conversation', 'tab'] };

/** Until version 3, all tabs had one draft of a conversation together. */
function renewDrafts({ result: database, transaction }) {
  const old = transaction.objectStore('drafts').getAll();
  old.onsuccess = () => {
    database.deleteObjectStore('drafts');
    const drafts = database.createObjectStore('drafts', draftsKey);
    for (const row of old.result) drafts.put({ ...row, tab: '', time: 0 });
  };
}

function durable(database, tab) {
  /** One transaction; resolves after its commit. `work(stores)` only issues requests and awaits nothing. */
  function transact(names, mode, work) {
    return during(
      () =>
        new Promise((resolve, reject) => {
          counters.transactions += 1;
          const transaction = database.transaction(names, mode);
          let result;
          transaction.oncomplete = () => resolve(result?.result ?? undefined);
          transaction.onabort = () => reject(transaction.error ?? new Error('transaction aborted'));
          result = work(...names.map((each) => transaction.objectStore(each)));
        }),
    );
  }

  return {
    durable: true,
    setting: (key) => transact(['settings'], 'readonly', (settings) => settings.get(key)),
    keepSetting: (key, value) => transact(['settings'], 'readwrite', (settings) => void settings.put(value, key)),
    outbox: () => transact(['outbox'], 'readonly', (outbox) => outbox.getAll()),
    drafts: () => transact(['drafts'], 'readonly', (drafts) => drafts.getAll()),
    /** A message to send takes the place of its draft, in one transaction: never both, never neither. */
    enqueue: (row, draft) =>
      transact(['outbox', 'drafts'], 'readwrite', (outbox, drafts) => {
        outbox.put(row);
        drafts.delete([row.user, draft, tab]);
      }),
    keepRow: (row) => transact(['outbox'], 'readwrite', (outbox) => void outbox.put(row)),
    dropRows: (ids) => transact(['outbox'], 'readwrite', (outbox) => ids.forEach((id) => outbox.delete(id))),
    keepDraft: (draft) =>
      transact(['drafts'], 'readwrite', (drafts) => {
        if (draft.text === '' && !draft.reply_to) drafts.delete([draft.user, draft.conversation, tab]);
        else drafts.put({ ...draft, tab });
      }),
    /** These drafts in the place of those rows. */
    moveDrafts: (moved, gone) =>
      transact(['drafts'], 'readwrite', (drafts) => {
        for (const draft of moved) drafts.put(draft);
        for (const row of gone) drafts.delete([row.user, row.conversation, row.tab]);
      }),
    summaries: () => transact(['summaries'], 'readonly', (summaries) => summaries.getAll()),
    keepSummaries: (rows, gone) =>
      transact(['summaries'], 'readwrite', (summaries) => {
        for (const row of rows) summaries.put(row);
        for (const key of gone) summaries.delete(key);
      }),
    clear: () =>
      transact(['settings', 'outbox', 'drafts', 'summaries'], 'readwrite', (...stores) => stores.forEach((store) => store.clear())),
  };
}

function volatile() {
  const settings = new Map();
  const outbox = new Map();
  const drafts = new Map();
  const draftKey = (user, conversation) => `${user} ${conversation}`;
  return {
    durable: false,
    setting: async (key) => settings.get(key),
    keepSetting: async (key, value) => void settings.set(key, value),
    outbox: async () => [...outbox.values()],
    drafts: async () => [...drafts.values()],
    enqueue: async (row, draft) => {
      outbox.set(row.client_id, row);
      drafts.delete(draftKey(row.user, draft));
    },
    keepRow: async (row) => void outbox.set(row.client_id, row),
    dropRows: async (ids) => ids.forEach((id) => outbox.delete(id)),
    keepDraft: async (draft) => void drafts.set(draftKey(draft.user, draft.conversation), draft),
    moveDrafts: async () => {},
    summaries: async () => [],
    keepSummaries: async () => {},
    clear: async () => [settings, outbox, drafts].forEach((map) => map.clear()),
  };
}
