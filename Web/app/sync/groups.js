// What one does to groups, and asks about them. An answer may be lost on the way, so each command is one intention with one
// client id: the same command again within a minute is the same intention.

import { freshIdentifier } from './outgoing.js';

const sameIntention = 60_000;
const page = 100;

export function createGroups({ store, link, clock, catchUp, people }) {
  const intentions = new Map();

  function intention(frame) {
    const key = JSON.stringify(frame);
    const known = intentions.get(key);
    if (known && clock.now() - known.time < sameIntention) return { key, client_id: known.client_id };
    const client_id = freshIdentifier();
    intentions.set(key, { client_id, time: clock.now() });
    return { key, client_id };
  }

  /** A command of the log. Its entry is pulled: the ack stands in the place of the event, but does not carry it. */
  async function act(frame) {
    const { key, client_id } = intention(frame);
    const { type, ...fields } = frame;
    try {
      const ack = await link.request({ type, client_id, ...fields });
      intentions.delete(key);
      if (store.get('run', ack.conversation)) catchUp.reached(ack.conversation, ack.sequence);
      else await catchUp.resync();
      return ack;
    } catch (error) {
      if (error.retry !== 'later') intentions.delete(key);
      throw error;
    }
  }

  /** A question, or a setting of one's own. */
  const ask = (frame) => link.request(frame);

  async function members(fields) {
    const answer = await ask({ type: 'members', limit: page, ...fields });
    people.learn(answer.members);
    return answer;
  }

  return {
    act,
    ask,
    /** A page of members in the order of their slots. */
    members: (conversation, after) => members({ conversation, after_slot: after }),
    /** Members that changed since `version`. */
    changed: (conversation, version) => members({ conversation, version }),
    /** Who is invited, has asked to join, or is banned. */
    others: (conversation, state) => members({ conversation, state }),
    /** How many ask to join, for administrators; shown as a count at the group's button. */
    async countRequests(conversation) {
      const answer = await members({ conversation, state: 'requested' });
      store.put('requests', conversation, answer.more ? page : answer.members.length);
    },
    async notify(conversation, level) {
      await ask({ type: 'notify', conversation, level });
      const summary = store.get('conversation', conversation);
      if (summary) store.put('conversation', conversation, Object.freeze({ ...summary, notify: level }));
    },
    async block(user, on) {
      await ask({ type: 'block', user, on });
      await catchUp.resync();
    },
    learn: people.learn,
    want: people.want,
    resync: () => catchUp.resync(),
  };
}
