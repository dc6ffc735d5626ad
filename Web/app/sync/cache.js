// The conversation list as it last was, so that after a reload it stands there before the server has answered.
//
// Rows out of the cache are marked `stale`: they are only for the eyes. The first answer of the server takes the place of
// each of them, and whatever it does not name goes.

import { note } from '../probe.js';
import { isMember } from '../store/summaries.js';

const saveAfter = 1_000;
const rowsMax = 300;

export function createCache({ store, storage, clock, people }) {
  const changed = new Set();
  let planned = false;

  store.subscribe((keys) => {
    for (const key of keys) if (key.startsWith('conversation/')) changed.add(key.slice('conversation/'.length));
    if (changed.size === 0 || planned) return;
    planned = true;
    clock.after(saveAfter, save);
  });

  async function save() {
    planned = false;
    const user = store.get('me', 'user');
    const ids = [...changed];
    changed.clear();
    if (!user) return;
    const known = ids.map((id) => store.get('conversation', id)).filter((summary) => isMember(summary) && !summary.stale);
    const gone = ids.filter((id) => !isMember(store.get('conversation', id)));
    if (known.length + gone.length === 0) return;
    await storage.keepSummaries(
      known.slice(0, rowsMax).map((summary) => ({ user, conversation: summary.conversation, summary, names: namesIn(summary) })),
      gone.map((id) => [user, id]),
    );
    note('cached', { count: known.length });
  }

  /** The names that a row of the list shows. */
  function namesIn({ peer, preview }) {
    const users = [peer, preview?.sender].filter((each) => each && store.get('user', each));
    return users.map((each) => ({ user: each, name: store.get('user', each) }));
  }

  async function restore() {
    const me = store.get('me', 'user');
    for (const { user, summary, names } of await storage.summaries()) {
      if (user !== me || store.get('conversation', summary.conversation)) continue;
      people.learn(names);
      store.put('conversation', summary.conversation, Object.freeze({ ...summary, stale: true }));
    }
  }

  /** After the first whole answer. */
  function settle() {
    for (const summary of store.values('conversation')) {
      if (!summary.stale) continue;
      store.delete('conversation', summary.conversation);
      changed.add(summary.conversation);
    }
  }

  return { restore, settle };
}
