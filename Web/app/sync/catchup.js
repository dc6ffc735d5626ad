// Keeps every conversation complete: takes what is pushed, pulls what is missing, and syncs after each new connection.

import { entryOf, ServerError } from '../codec/frames.js';
import { note } from '../probe.js';
import { fromSync, isMember, withEntry, withPosition, withUnread } from '../store/summaries.js';
import { accept, acceptOlder, acceptPage, missingAfter, runFromNewest, trimmed } from './run.js';
import { countsAfterReading } from './unread.js';

const pageMax = 200;
const pageUsual = 50;
const positionsMax = 1_000;
const keptElsewhere = 200;
const pauseAfterRefusal = 1_500;

/**
 * `onSettled(entry)` is told of every entry that came, however it came; `onNew` of those that happened just now.
 * `places` holds what is known beside the run, and is told of every entry too. `onHead(summary)`: what the server says that
 * there is, and how much of it had been delivered.
 */
export function createCatchUp({ store, link, clock, people, places, onSettled, onNew, onServerRead, onHead }) {
  let epoch = '';
  let token = '';
  let held = null;
  let resyncing = null;
  let resyncAgain = false;
  const pulls = new Map();

  const me = () => store.get('me', 'user');
  const runOf = (id) => store.get('run', id);
  const summaryOf = (id) => store.get('conversation', id);

  /** After `ready`. What is pushed meanwhile waits until the answer is in. */
  async function begin(hello) {
    const events = (held = []);
    if (epoch === '') epoch = hello.epoch;
    try {
      await sync();
    } catch (error) {
      if (!(error instanceof ServerError) || error.name !== 'start_over') throw error;
      note('start-over');
      forget();
      epoch = hello.epoch;
      await sync();
    }
    held = null;
    for (const frame of events) onFrame(frame);
  }

  function forget() {
    token = '';
    epoch = '';
    pulls.clear();
    store.clear('run');
    store.clear('conversation');
    store.clear('loading');
    places.forget();
  }

  async function sync() {
    const positions = {};
    for (const id of store.keys('run').slice(0, positionsMax)) positions[id] = runOf(id).position;
    for (;;) {
      const answer = await link.request({ type: 'sync', epoch, token, positions });
      for (const summary of answer.conversations) take(summary);
      token = answer.token;
      if (!answer.more) break;
    }
    const open = store.get('view', 'open');
    if (open) await show(open);
    note('synced');
  }

  /** Something changed that no entry tells: ask what. Calls that come meanwhile share one more round. */
  function resync() {
    if (resyncing) {
      resyncAgain = true;
      return resyncing;
    }
    resyncing = (async () => {
      do {
        resyncAgain = false;
        await sync();
      } while (resyncAgain);
    })().finally(() => (resyncing = null));
    return resyncing;
  }

  function take(summary) {
    const id = summary.conversation;
    onServerRead(id, summary.read ?? 0);
    const before = summaryOf(id);
    // One was away: what is known from before may have changed unseen.
    if (isMember(summary) && summary.visible_from > (before?.visible_from ?? summary.visible_from)) {
      store.delete('run', id);
      places.forget(id);
    }
    store.put('conversation', id, fromSync(summary, before));
    if (isMember(summary)) onHead(summary);
    if (summary.peer) people.want([summary.peer]);
    if (summary.preview) people.wantFor(summary.preview);
    const run = runOf(id);
    if (!run || !isMember(summary)) return;
    if (summary.entries) takePage(id, summary.entries, run.position, summary.head);
    if (missingAfter(runOf(id), summary.head) !== null) pull(id, summary.head);
    else recount(id);
  }

  /** Where all of the unread part is known, it is counted here: the server may not have heard yet what was read. */
  function recount(id) {
    const summary = summaryOf(id);
    const run = runOf(id);
    if (!summary || !run || run.from > summary.read + 1 || run.position < summary.head) return;
    store.put('conversation', id, withUnread(summary, countsAfterReading(summary, run, summary.read, me())));
  }

  function onFrame(frame) {
    if (held) return void held.push(frame);
    if (frame.type === 'event') arrived(frame.conversation, entryOf(frame));
    else if (frame.type === 'heartbeat' || frame.type === 'behind' || frame.type === 'heads') onHeads(frame.heads);
    else if (frame.type === 'position') onPosition(frame);
  }

  function onHeads(heads) {
    for (const [id, head] of Object.entries(heads)) {
      const run = runOf(id);
      if (run) {
        if (missingAfter(run, head) !== null) pull(id, head);
      } else if (!isMember(summaryOf(id)) || summaryOf(id).head < head) resync().catch(() => {});
    }
  }

  function onPosition(frame) {
    const id = frame.conversation;
    const summary = summaryOf(id);
    onServerRead(id, frame.read);
    if (!isMember(summary) || frame.read <= summary.read) return;
    store.put('conversation', id, withPosition(summary, frame, countsAfterReading(summary, runOf(id), frame.read, me())));
    // What was counted by the server alone is asked for again.
    if (summaryOf(id).unread > 0 && !(runOf(id)?.from <= frame.read + 1)) resync().catch(() => {});
  }

  /** A pushed entry, or the ack that stands in its place. */
  function arrived(id, entry) {
    const summary = summaryOf(id);
    const run = runOf(id);
    note('entry', { conversation: id, sequence: entry.sequence });
    if (!isMember(summary)) return void resync().catch(() => {});
    if (!run) {
      // Not looked at yet: the summary alone keeps the position.
      if (entry.sequence > summary.head + 1) return void resync().catch(() => {});
      onSettled(entry);
      if (entry.sequence === summary.head + 1) fold(id, [entry]);
      return;
    }
    const { verdict, run: next } = accept(run, entry, me());
    if (verdict === 'gap') return pull(id, entry.sequence);
    onSettled(entry);
    if (verdict === 'drop') return;
    keep(id, next);
    fold(id, [entry]);
  }

  function keep(id, run) {
    store.put('run', id, store.get('view', 'open') === id ? run : trimmed(run, keptElsewhere));
  }

  /** Into the summary, as far as its head does not cover them. */
  function fold(id, entries) {
    let summary = summaryOf(id);
    const fresh = entries.filter((entry) => entry.sequence > summary.head);
    for (const entry of entries) people.wantFor(entry);
    for (const entry of fresh) summary = withEntry(summary, entry, me());
    store.put('conversation', id, summary);
    places.fold(id, entries);
    if (fresh.some((entry) => entry.kind === 'recall' && entry.target > summary.read && entry.sender !== me())) recalled(id);
    if (fresh.length > 0) onNew(id, fresh);
  }

  /** A message that counted as unread may be gone. */
  function recalled(id) {
    const { read, unread } = summaryOf(id);
    if (!unread) return;
    if (runOf(id)?.from <= read + 1) recount(id);
    else resync().catch(() => {});
  }

  function takePage(id, entries, after, head) {
    const run = runOf(id);
    const next = acceptPage(run, entries, after, head, me());
    for (const entry of entries) onSettled(entry);
    if (next === run) return;
    keep(id, next);
    fold(
      id,
      entries.filter((entry) => entry.sequence > run.position),
    );
  }

  /** Fills the gap up to `head`; one pull per conversation at a time. */
  async function pull(id, head) {
    const under = pulls.get(id);
    if (under) {
      under.head = Math.max(under.head, head);
      return;
    }
    const goal = { head };
    pulls.set(id, goal);
    try {
      for (;;) {
        const after = runOf(id)?.position;
        if (after === undefined || after >= goal.head) break;
        note('pull', { conversation: id, after });
        const page = await link.request({ type: 'history', conversation: id, after, limit: pageMax });
        if (pulls.get(id) !== goal || !runOf(id)) return;
        takePage(id, page.entries, after, page.head);
        if (page.entries.length === 0 && !page.more) break;
      }
      recount(id);
    } catch (error) {
      if (error instanceof ServerError && error.retry === 'later' && link.phase === 'live') {
        clock.after(Math.max(error.retryAfter, pauseAfterRefusal), () => pull(id, goal.head));
      } else if (error instanceof ServerError) resync().catch(() => {});
    } finally {
      if (pulls.get(id) === goal) pulls.delete(id);
    }
  }

  /** Loads the newest part of a conversation that is to be shown, back to the first unread one where that is near. */
  async function show(id) {
    const summary = summaryOf(id);
    if (!isMember(summary) || summary.stale || runOf(id) || link.phase !== 'live') return;
    if (store.get('loading', id) === 'opening') return;
    store.put('loading', id, 'opening');
    const unseen = summary.head - summary.read + 20;
    const limit = unseen <= pageMax ? Math.max(pageUsual, unseen) : pageUsual;
    try {
      // What was not read yet begins too far back for one page: it is opened there, and the newest page is beside it.
      if (summary.unread > 0 && unseen > pageMax) await places.reach(id, summary.read + 1);
      const page = await link.request({ type: 'history', conversation: id, limit });
      for (const entry of page.entries) onSettled(entry);
      store.put('run', id, runFromNewest(page.entries, page.more, page.head, me()));
      fold(id, [...page.entries].reverse());
      store.delete('loading', id);
      const head = summaryOf(id).head;
      if (missingAfter(runOf(id), head) !== null) pull(id, head);
    } catch (error) {
      store.put('loading', id, 'failed');
    }
  }

  /** A page further back. */
  async function older(id) {
    const run = runOf(id);
    if (!run || run.start || store.get('loading', id) === 'older') return;
    store.put('loading', id, 'older');
    const before = run.from;
    try {
      const page = await link.request({ type: 'history', conversation: id, before, limit: pageUsual });
      for (const entry of page.entries) {
        people.wantFor(entry);
        onSettled(entry);
      }
      store.put('run', id, acceptOlder(runOf(id), page.entries, page.more, before, page.head, me()));
      store.delete('loading', id);
      note('older', { conversation: id, count: page.entries.length });
    } catch (error) {
      store.put('loading', id, 'failed');
    }
  }

  /** The log is known to reach `head`, by the ack of one's own command: what is missing is pulled. */
  const reached = (id, head) => onHeads({ [id]: head });

  return { begin, forget, resync, reached, onFrame, arrived, show, older };
}
