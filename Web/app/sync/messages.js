// What is asked about single messages and their conversation: pins, earlier versions, who reacted, who can be mentioned.

import { everybody } from '../viewmodel/mentions.js';
import { mayCallAll } from '../viewmodel/writing.js';
import { note } from '../probe.js';
import { taken } from './fold.js';

const callableMax = 1_000;
const callableFor = 60_000;
const page = 100;
const revisionsMax = 1_000;

export function createMessages({ store, link, clock, people }) {
  const loaded = new Map();
  const loading = new Map();

  /** The pinned messages, newest pin first. They are kept as single messages too, so that what comes later is folded in. */
  async function loadPins(conversation) {
    if (link.phase !== 'live') return;
    try {
      const { entries, head } = await link.request({ type: 'pins', conversation });
      const pins = entries.map((entry) => taken(entry, head));
      for (const pin of pins) {
        people.wantFor(pin);
        store.put('message', `${conversation}/${pin.sequence}`, pin);
      }
      store.put('pins', conversation, pins);
      note('pins', { conversation, count: pins.length });
    } catch {
      // The bar stays as it was; it is asked for again with the next pin, opening or connection.
    }
  }

  /** Who can be mentioned: the others, and everybody at once where that is allowed. Asked for at the first @. */
  async function callable(conversation) {
    const summary = store.get('conversation', conversation);
    if (!summary) return [];
    const fresh = clock.now() - (loaded.get(conversation) ?? -Infinity) < callableFor;
    if (!fresh && !loading.has(conversation)) loading.set(conversation, load(conversation).finally(() => loading.delete(conversation)));
    const known = store.get('callable', conversation);
    if (!known) await loading.get(conversation);
    const all = mayCallAll(store.get('conversation', conversation)) ? [{ user: everybody, name: everybody }] : [];
    return [...(store.get('callable', conversation) ?? []), ...all];
  }

  async function load(conversation) {
    const me = store.get('me', 'user');
    const all = [];
    let after = 0;
    try {
      do {
        const answer = await link.request({ type: 'members', conversation, after_slot: after, limit: page });
        people.learn(answer.members);
        all.push(...answer.members.filter((member) => member.active && member.user !== me).map(({ user, name }) => ({ user, name })));
        after = answer.more ? (answer.members.at(-1)?.slot ?? 0) : 0;
      } while (after > 0 && all.length < callableMax);
      loaded.set(conversation, clock.now());
      store.put('callable', conversation, all);
    } catch {
      // Without a connection nobody is offered; the words stay words.
    }
  }

  /** The message and its edits, oldest first, up to a bound. */
  async function revisions(conversation, sequence) {
    const all = [];
    for (;;) {
      const { entries, more } = await link.request({ type: 'revisions', conversation, sequence, after: all.at(-1)?.sequence ?? 0, limit: 2 * page });
      all.push(...entries);
      if (!more || entries.length === 0 || all.length >= revisionsMax) return all;
    }
  }

  return {
    loadPins,
    callable,
    revisions,
    reactors(conversation, sequence, emoji, after) {
      return link.request({ type: 'reactions', conversation, sequence, emoji, after, limit: page });
    },
  };
}
