// The names of users, asked for in bundles and kept.

import { note } from '../probe.js';

const perRequest = 100;

export function createPeople({ store, link }) {
  const asked = new Set();
  let bundle = [];

  function want(ids) {
    for (const id of ids) {
      if (!id || asked.has(id) || store.get('user', id) !== undefined) continue;
      asked.add(id);
      if (bundle.push(id) === 1) queueMicrotask(ask);
    }
  }

  async function ask() {
    const ids = bundle;
    bundle = [];
    for (let index = 0; index < ids.length; index += perRequest) {
      const part = ids.slice(index, index + perRequest);
      try {
        const answer = await link.request({ type: 'users', users: part });
        learn(answer.users);
        // Whoever the server does not know any more gets an empty name, so that he is not asked for again.
        for (const id of part) if (store.get('user', id) === undefined) store.put('user', id, '');
      } catch (error) {
        note('names-failed', { count: part.length });
        for (const id of part) asked.delete(id);
      }
    }
  }

  function learn(users) {
    for (const { user, name } of users) store.put('user', user, name);
  }

  return {
    want,
    learn,
    wantFor({ sender, content = {} }) {
      want([sender, ...(content.users ?? []), content.user, ...(content.mentions ?? []), content.forwarded?.sender]);
    },
  };
}
