// The sync core, the unread rule, the outbox and the summaries, against tables and random orders.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accept, acceptOlder, acceptPage, emptyRun, missingAfter, runFromNewest, trimmed } from '../../../Web/app/sync/run.js';
import { badge, countUnread, countsAfterReading } from '../../../Web/app/sync/unread.js';
import { afterError, entryOfAck, nextToSend, pause, requeued, settledBy } from '../../../Web/app/sync/queue.js';
import { attentive, report } from '../../../Web/app/sync/reading.js';
import { fromSync, inOrder, withEntry, withPosition, withRead } from '../../../Web/app/store/summaries.js';
import { draftsOf } from '../../../Web/app/sync/drafts.js';

const entry = (sequence, sender = 'u2', kind = 'message') => ({ sequence, sender, kind, time: sequence, content: { type: 'text', text: `${sequence}` } });
const log = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => entry(from + index));
const sequences = (run) => run.entries.map((each) => each.sequence);

test('a pushed entry is taken only when it is the next', () => {
  const run = acceptPage(emptyRun(0), log(1, 3), 0);
  assert.equal(accept(run, entry(3)).verdict, 'drop');
  assert.equal(accept(run, entry(1)).verdict, 'drop');
  assert.equal(accept(run, entry(5)).verdict, 'gap');
  const { verdict, run: next } = accept(run, entry(4));
  assert.equal(verdict, 'append');
  assert.deepEqual(sequences(next), [1, 2, 3, 4]);
  assert.equal(next.position, 4);
  assert.deepEqual(sequences(run), [1, 2, 3], 'the old value is untouched');
});

test('a pulled page fills exactly the gap, and overlaps are dropped', () => {
  const run = acceptPage(emptyRun(0), log(1, 3), 0);
  assert.deepEqual(sequences(acceptPage(run, log(4, 9))), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(sequences(acceptPage(run, log(2, 5), 1)), [1, 2, 3, 4, 5]);
  assert.equal(acceptPage(run, log(6, 9), 5), run, 'a page that begins after a hole is no answer to our question');
  assert.equal(missingAfter(run, 3), null);
  assert.equal(missingAfter(run, 7), 3);
});

test('scrolling back joins pages, and a late answer to an older question is dropped', () => {
  const run = runFromNewest(log(51, 100).reverse(), true, 100);
  assert.equal(run.from, 51);
  const older = acceptOlder(run, log(1, 50).reverse(), false, 51);
  assert.equal(older.start, true);
  assert.deepEqual(sequences(older), sequences(acceptPage(emptyRun(0), log(1, 100), 0)));
  assert.equal(acceptOlder(older, log(1, 50).reverse(), false, 51), older);
});

test('trimming keeps the newest and can be scrolled back', () => {
  const run = trimmed(acceptPage(emptyRun(0), log(1, 100), 0), 20);
  assert.equal(run.from, 81);
  assert.equal(run.start, false);
  assert.equal(run.position, 100);
});

test('whatever order pushes and pulls come in, the log is whole', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    let state = seed;
    const random = (below) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * below);
    };
    let run = emptyRun(0);
    const server = log(1, 40);
    for (let step = 0; step < 400 && run.position < 40; step += 1) {
      const { verdict, run: next } = accept(run, server[random(40)]);
      run = next;
      if (verdict === 'gap' && random(4) === 0) {
        const after = Math.max(0, run.position - random(3));
        run = acceptPage(run, server.slice(after, after + 1 + random(6)), after);
      }
    }
    assert.deepEqual(sequences(run), log(1, run.position).map((each) => each.sequence), `seed ${seed}`);
  }
});

test('unread counts messages of others after the read position', () => {
  const entries = [entry(1), entry(2, 'me'), entry(3), entry(4, 'u2', 'added'), entry(5)];
  for (const [read, expected] of [[0, 3], [1, 2], [2, 2], [3, 1], [4, 1], [5, 0], [9, 0]]) {
    assert.equal(countUnread(entries, read, 'me'), expected, `read ${read}`);
  }
});

test('reading counts exactly where the run reaches, and never invents', () => {
  const run = runFromNewest(log(51, 60).reverse(), true, 60);
  const summary = { head: 60, read: 40, unread: 20 };
  const unread = (...rest) => countsAfterReading(summary, ...rest).unread;
  assert.equal(unread(run, 55, 'me'), 5);
  assert.equal(unread(run, 45, 'me'), 20);
  assert.equal(unread(undefined, 60, 'me'), 0);
  const far = runFromNewest(log(36, 48).reverse(), true, 60);
  assert.equal(unread(run, 45, 'me', far), 15, 'what was read in a stretch far back is taken off');
  assert.equal(unread(run, 49, 'me', far), 20, 'but not what lies outside of it');
});

test('a badge stops at 99', () => {
  assert.deepEqual([-1, 0, 1, 99, 100, 5_000].map(badge), ['', '', '1', '99', '99+', '99+']);
});

const row = (client_id, conversation, order, state = 'queued') => ({ client_id, conversation, order, state, content: {} });

test('the outbox sends in order, one at a time in each conversation', () => {
  const rows = [row('b', 'x', 2), row('a', 'x', 1), row('c', 'y', 3)];
  assert.deepEqual(nextToSend(rows).map((each) => each.client_id), ['a', 'c']);
  assert.deepEqual(nextToSend([row('a', 'x', 1, 'sending'), rows[0], rows[2]]).map((each) => each.client_id), ['c']);
  assert.deepEqual(nextToSend([row('a', 'x', 1, 'failed'), rows[0]]).map((each) => each.client_id), ['b']);
  assert.deepEqual(nextToSend(rows, new Set(['x'])).map((each) => each.client_id), ['c']);
});

test('errors park a row only when the same would fail for ever', () => {
  const sending = row('a', 'x', 1, 'sending');
  assert.equal(afterError(sending, { retry: 'later', code: 42900 }).state, 'queued');
  assert.equal(afterError(sending, { retry: 'later', code: 0 }).state, 'queued');
  assert.equal(afterError(sending, { retry: 'after_change', code: 40104 }).state, 'queued', 'the next log-in sends it');
  const failed = afterError(sending, { retry: 'never', code: 40300, message: 'You are not a member.' });
  assert.deepEqual([failed.state, failed.code, failed.reason], ['failed', 40300, 'You are not a member.']);
  assert.equal(requeued(sending).state, 'queued');
  assert.equal(requeued(failed), failed);
});

test('an entry settles the row with its client id, and only one\'s own', () => {
  const rows = [row('a', 'x', 1), row('b', 'x', 2)];
  assert.equal(settledBy(rows, { sender: 'me', client_id: 'b' }, 'me'), rows[1]);
  assert.equal(settledBy(rows, { sender: 'u2', client_id: 'b' }, 'me'), null);
  assert.equal(settledBy(rows, { sender: 'me' }, 'me'), null);
  const ack = { sequence: 7, message: 'm', time: 5 };
  assert.deepEqual(entryOfAck(rows[0], ack, 'me'), { sequence: 7, message: 'm', kind: 'message', sender: 'me', client_id: 'a', time: 5, content: {} });
});

test('pauses grow, are bounded, and respect the server', () => {
  assert.ok(pause(0, 0, 0) >= 500);
  assert.ok(pause(20, 0, 0.999) <= 30_000);
  assert.equal(pause(0, 5_000, 0), 5_000);
});

test('read positions are reported at ten messages or after a second', () => {
  assert.equal(report(10, 10, false), 'none');
  assert.equal(report(10, 11, false), 'later');
  assert.equal(report(10, 11, true), 'none');
  assert.equal(report(10, 20, true), 'now');
  assert.equal(attentive({ visible: true, focused: false }), false);
  assert.equal(attentive({ visible: true, focused: true }), true);
  assert.equal(attentive({ visible: true, focused: true, active: false }), false, 'a desk that was left');
});

const summary = { conversation: 'x', role: 'member', members: 2, head: 10, read: 10, unread: 0, time: 10 };

test('a summary follows its log, and counts nothing twice', () => {
  const next = withEntry(summary, entry(11), 'me');
  assert.deepEqual([next.head, next.unread, next.time, next.preview.sequence], [11, 1, 11, 11]);
  assert.equal(withEntry(next, entry(11), 'me'), next);
  assert.equal(withEntry(summary, entry(11, 'me'), 'me').unread, 0);
  assert.equal(withEntry(summary, { ...entry(11, 'u2', 'added'), content: { users: ['u3', 'u4'] } }, 'me').members, 4);
  assert.equal(withEntry(next, { ...entry(12, 'u2', 'removed'), content: { user: 'me' } }, 'me').role, 'none');
});

test('what was read here is not unread again after a sync that did not know it', () => {
  const server = { ...summary, head: 20, read: 10, unread: 10 };
  const known = { ...server, read: 20, unread: 0 };
  assert.deepEqual([fromSync(server, known).read, fromSync(server, known).unread], [20, 0]);
  assert.deepEqual([fromSync({ ...server, head: 19 }, known).head, fromSync({ ...server, head: 19 }, known).read], [20, 20], 'an answer that was overtaken');
  assert.equal(fromSync({ ...server, read: 20, unread: 0 }, { ...server }).unread, 0);
  const cached = fromSync(server, { ...known, head: 30, stale: true });
  assert.deepEqual([cached.head, cached.read, cached.stale], [20, 10, undefined], 'a row out of the cache never wins');
  assert.equal(withPosition(known, { read: 15 }, { unread: 5, mentions: 0 }), known);
  assert.equal(withRead(server, 12, { unread: 8, mentions: 0 }).unread, 8);
});

test('the list shows the newest first, and keeps what was left only while it is open', () => {
  const left = { ...summary, conversation: 'l', role: 'none', time: 99 };
  const rows = [summary, { ...summary, conversation: 'y', time: 20 }, left];
  assert.deepEqual(inOrder(rows, null).map((each) => each.conversation), ['y', 'x']);
  assert.deepEqual(inOrder(rows, 'l').map((each) => each.conversation), ['l', 'y', 'x']);
});

test('a draft is its tab\'s own, and goes to another when its tab is gone', () => {
  const row = (tab, time, text, more = {}) => ({ user: 'ann', conversation: 'g', tab, time, text, ...more });
  const rows = [row('here', 5, 'mine'), row('there', 6, 'of a tab that lives'), row('gone', 4, 'left behind', { reply_to: 7 }), { ...row('gone', 1, 'of Ben'), user: 'ben' }];
  const here = { user: 'ann', tab: 'here', living: new Set(['here', 'there']) };
  const { drafts, taken } = draftsOf(rows, here);
  assert.deepEqual(drafts, [{ ...row('here', 5, 'left behind\n\nmine'), reply_to: 7, people: [] }]);
  assert.deepEqual(taken, [rows[2]]);
  assert.deepEqual(draftsOf(rows.slice(0, 2), here), { drafts: [rows[0]], taken: [] });
  assert.deepEqual(draftsOf([row('gone', 1, 'same'), row('lost', 2, 'same')], here).drafts.map(({ tab, text }) => [tab, text]), [['here', 'same']]);
});
