// Puts the parts together: what the user may do, as plain commands, and what happens on its own.
//
// Tables of the store: me/user me/name, page/<preference>, view/{screen,open,synced,notice}, connection/{phase,retryAt,downSince},
// conversation/<id>, requests/<id>, run/<id>, loading/<id>, outbox/<client id>, user/<id>,
// draft/<conversation or conversation#thread>, draftAbout/<the same>, pins/<conversation>, callable/<conversation>; more in
// sync/places.js, marks.js and company.js.

import { note } from './probe.js';
import { createCache } from './sync/cache.js';
import { createCatchUp } from './sync/catchup.js';
import { createCompany } from './sync/company.js';
import { draftsOf } from './sync/drafts.js';
import { createGroups } from './sync/groups.js';
import { createMarks } from './sync/marks.js';
import { createMessages } from './sync/messages.js';
import { createOutgoing, freshIdentifier } from './sync/outgoing.js';
import { createPeople } from './sync/people.js';
import { createPlaces } from './sync/places.js';
import { createReceipts } from './sync/receipts.js';
import { createLink } from './transport/link.js';
import { createSession } from './transport/session.js';

export function createApp({ base, storage, preferences, tab, clock, store, tabs, announce }) {
  const session = createSession({ base, storage, clock, onEnded: sessionEnded });
  const link = createLink({
    url: Object.assign(new URL('v1/ws', base), { protocol: base.protocol === 'https:' ? 'wss:' : 'ws:' }).href,
    ticket: async () => (await session.authorized('POST', 'v1/ticket')).ticket,
    clock,
    onPhase,
    onLive,
    onFrame: (frame) => {
      for (const part of [catchUp, marks, company]) part.onFrame(frame);
    },
    onEnded: (error) => session.end(error),
  });
  const people = createPeople({ store, link });
  const receipts = createReceipts({ store, link, clock });
  const cache = createCache({ store, storage, clock, people });
  const places = createPlaces({ store, link, people });
  const marks = createMarks({ store, link });
  const company = createCompany({ store, link, clock, people });
  const messages = createMessages({ store, link, clock, people });
  const outgoing = createOutgoing({
    store,
    link,
    storage,
    clock,
    onAck: (id, entry, sequence) => (entry ? catchUp.arrived(id, entry) : catchUp.reached(id, sequence)),
    onRefused: (row, error) => store.put('view', 'refused', { row, error }),
  });
  const catchUp = createCatchUp({
    store,
    link,
    clock,
    people,
    places,
    onSettled: outgoing.settle,
    onNew: happened,
    onServerRead: receipts.onServerRead,
    onHead({ conversation, head, delivered, peer }) {
      if (peer) company.watch();
      receipts.onServerDelivered(conversation, delivered ?? 0);
      receipts.arrived(conversation, head);
    },
  });

  const groups = createGroups({ store, link, clock, catchUp, people });
  function happened(id, entries) {
    const others = entries.filter((entry) => entry.kind === 'message' && entry.sender !== store.get('me', 'user'));
    for (const entry of others) company.spoke(id, entry.sender);
    if (others.length > 0) receipts.arrived(id, others.at(-1).sequence);
    if (id === store.get('view', 'open') && entries.some((entry) => entry.kind === 'pin')) messages.loadPins(id);
    announce(id, entries);
  }

  tabs.onmessage = ({ data }) => {
    if (data !== 'left' || !session.grant) return;
    session.forget();
    leaveScreen('');
  };

  function onPhase(phase, retryAt) {
    const down = store.get('connection', 'downSince') ?? 0;
    if (phase !== 'live') {
      store.put('view', 'synced', false);
      company.pause();
    }
    store.put('connection', 'downSince', phase === 'live' || phase === 'stopped' ? 0 : down || clock.now());
    store.put('connection', 'retryAt', retryAt);
    store.put('connection', 'phase', phase);
  }

  async function onLive(hello, ready) {
    store.put('me', 'name', ready.name);
    people.learn([ready]);
    try {
      await catchUp.begin(hello);
    } catch (error) {
      note('sync-failed', { reason: error.message });
      link.giveUp('no sync');
      return;
    }
    cache.settle();
    link.proved();
    store.put('view', 'synced', true);
    outgoing.resume();
    receipts.flush();
    for (const part of [places, marks, company]) part.resume();
    const open = store.get('view', 'open');
    if (open) messages.loadPins(open);
  }

  async function start() {
    const grant = await session.restore();
    if (grant) await enterScreen(grant);
    else store.put('view', 'screen', 'login');
  }

  async function enterScreen(grant) {
    const last = await storage.setting('user');
    // Whoever logs in after a session that ended gets his own drafts and waiting messages back, and nobody else's.
    if (last && last !== grant.user) {
      await storage.clear();
      preferences.keep('notifying', false);
      await storage.keepSetting('grant', grant);
    }
    await storage.keepSetting('user', grant.user);
    store.put('me', 'user', grant.user);
    store.put('me', 'name', grant.name);
    store.put('view', 'notice', '');
    await outgoing.restore();
    await cache.restore();
    await restoreDrafts(grant.user);
    store.put('view', 'screen', 'chat');
    link.start();
  }

  async function restoreDrafts(user) {
    const { drafts, taken } = draftsOf(await storage.drafts(), { user, tab: tab.name, living: await tab.living() });
    if (taken.length > 0) await storage.moveDrafts(drafts, taken);
    for (const { conversation, text, reply_to, people = [] } of drafts) {
      store.put('draft', conversation, text);
      store.put('draftAbout', conversation, { reply_to, people });
    }
  }

  function leaveScreen(notice) {
    link.stop();
    catchUp.forget();
    receipts.forget();
    marks.forget();
    for (const table of ['user', 'outbox', 'draft', 'draftAbout', 'pins', 'callable', 'me', 'requests']) store.clear(table);
    store.put('view', 'thread', null);
    store.put('view', 'open', null);
    store.put('view', 'notice', notice);
    store.put('view', 'screen', 'login');
    note('left');
  }

  function sessionEnded(error) {
    note('session-ended', { code: error.code });
    leaveScreen('You were logged out here. What you had not sent yet is kept until you log in again.');
  }

  return {
    start,
    clock,
    enter: async (path, name, password) => enterScreen(await session.enter(path, name, password)),
    async logOut() {
      leaveScreen('');
      tabs.postMessage('left');
      preferences.keep('notifying', false);
      await session.leave();
      note('logged-out');
    },
    open(id) {
      const before = store.get('view', 'open');
      if (before === id) return;
      store.put('view', 'open', id);
      store.put('view', 'thread', null);
      if (!id) return;
      catchUp.show(id);
      marks.poll(id);
      messages.loadPins(id);
    },
    show: catchUp.show,
    older: (id) => (store.get('far', id) ? places.older(id) : catchUp.older(id)),
    newer: places.newer,
    reach: places.reach,
    leaveFar: places.leave,
    wantMessage: places.want,
    openThread: places.openThread,
    act: outgoing.act,
    typing: company.type,
    countsOf: marks.want,
    readers: marks.readers,
    loadPins: messages.loadPins,
    revisions: messages.revisions,
    reactors: messages.reactors,
    callable: messages.callable,
    seen: receipts.seen,
    /** All of it, whatever was seen. */
    markRead: (id) => receipts.seen(id, store.get('conversation', id)?.head ?? 0),
    send: outgoing.send,
    retry: outgoing.retry,
    discard: outgoing.discard,
    reconnect: link.retryNow,
    probe: link.probe,
    async keepDraft(conversation, text, { reply_to, people: chosen } = {}) {
      if (!store.get('me', 'user')) return;
      store.put('draft', conversation, text);
      await storage.keepDraft({ user: store.get('me', 'user'), conversation, text, reply_to, people: chosen, time: clock.now() });
      note('draft', { conversation });
    },
    findPeople: async (prefix) =>
      (await session.authorized('GET', `v1/users?prefix=${encodeURIComponent(prefix)}&limit=20`)).users,
    groups,
    prefer: preferences.keep,
    newIdentifier: freshIdentifier,
    /** Creates and opens it. The same `client_id` again gives the same conversation. */
    async create({ client_id, kind, title, members }) {
      const frame = { type: 'create', client_id, kind, members };
      if (kind === 'group') frame.title = title;
      const answer = await link.request(frame);
      await catchUp.resync();
      return answer.conversation;
    },
  };
}
