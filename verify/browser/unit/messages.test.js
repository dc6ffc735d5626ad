// What becomes of messages: folding, mentions, receipts, rights, the outbox of acts, and the rows of all that.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { applied, folded, isControl, isVague, taken } from '../../../Web/app/sync/fold.js';
import { accept, acceptOlder, acceptPage, emptyRun, joined, runFromNewest, touched } from '../../../Web/app/sync/run.js';
import { createPlaces } from '../../../Web/app/sync/places.js';
import { markOf, newerCounts } from '../../../Web/app/sync/marks.js';
import { entryOfAck, frameOf, wishes } from '../../../Web/app/sync/queue.js';
import { countMentions, mentionsMe } from '../../../Web/app/sync/unread.js';
import { withEntry } from '../../../Web/app/store/summaries.js';
import { createStore } from '../../../Web/app/store/store.js';
import { calls, completed, everybody, fitting, mentionAt, mentionsIn, withMentions } from '../../../Web/app/viewmodel/mentions.js';
import { threadRows, timelineRows } from '../../../Web/app/viewmodel/timeline.js';
import { atLatest, further, nearer, rowsMax, within } from '../../../Web/app/viewmodel/window.js';
import { actionsFor, lastEditable, mayCallAll, slowWait, whyNot } from '../../../Web/app/viewmodel/writing.js';
import { decode } from '../../../Web/app/codec/frames.js';

const text = (words, more = {}) => ({ type: 'text', text: words, ...more });
const message = (sequence, sender = 'u2', more = {}) => ({ sequence, sender, kind: 'message', time: sequence, content: text(`m${sequence}`), ...more });
const edit = (sequence, target, words, sender = 'u2') => ({ sequence, sender, kind: 'edit', target, time: sequence, content: text(words) });
const recall = (sequence, target, sender = 'u2') => ({ sequence, sender, kind: 'recall', target, time: sequence, content: { type: 'recall' } });
const react = (sequence, target, emoji, on = true, sender = 'u2') => ({ sequence, sender, kind: 'reaction', target, time: sequence, content: { type: 'reaction', emoji, on } });
const pin = (sequence, target, on = true) => ({ sequence, sender: 'u2', kind: 'pin', target, time: sequence, content: { type: 'pin', on } });
const brief = ({ content, edited, recalled, pinned, replies, reactions }) =>
  JSON.parse(JSON.stringify({ text: content?.text, edited, recalled, pinned, replies, reactions: reactions?.map((each) => `${each.emoji}${each.count}${each.mine ? '*' : ''}`).join(' ') }));

// name, what follows message 1, what it is then
const foldings = [
  ['an edit', [edit(2, 1, 'new')], { text: 'new', edited: 2 }],
  ['two edits: the later one counts', [edit(2, 1, 'b'), edit(3, 1, 'c')], { text: 'c', edited: 3 }],
  ['edit, then recall: nothing is left of it', [edit(2, 1, 'b'), react(3, 1, '👍'), pin(4, 1), recall(5, 1)], { recalled: 5 }],
  ['nothing changes what was recalled', [recall(2, 1), edit(3, 1, 'b'), react(4, 1, '👍'), pin(5, 1)], { recalled: 2 }],
  ['a withheld edit changes nothing, and its recall comes', [{ ...edit(2, 1, ''), content: undefined, withheld: true }, recall(3, 1)], { recalled: 3 }],
  ['reactions in the order of their first use', [react(2, 1, '🎉'), react(3, 1, '👍', true, 'me'), react(4, 1, '🎉', true, 'u3')], { text: 'm1', reactions: '🎉2 👍1*' }],
  ['the last reaction takes the emoji away', [react(2, 1, '🎉'), react(3, 1, '🎉', false)], { text: 'm1', reactions: '' }],
  ['one\'s own wish twice counts once', [react(2, 1, '👍', true, 'me'), react(3, 1, '👍', true, 'me')], { text: 'm1', reactions: '👍1*' }],
  ['one\'s own is taken back, the other stays', [react(2, 1, '👍'), react(3, 1, '👍', true, 'me'), react(4, 1, '👍', false, 'me')], { text: 'm1', reactions: '👍1' }],
  ['what one never used cannot be taken back', [react(2, 1, '👍'), react(3, 1, '👍', false, 'me')], { text: 'm1', reactions: '👍1' }],
  ['pinned and unpinned', [pin(2, 1), pin(3, 1, false)], { text: 'm1' }],
  ['replies in its thread', [message(2, 'u3', { thread: 1 }), message(3, 'u2', { thread: 1 }), message(4, 'u2')], { text: 'm1', replies: 2 }],
];

test('what follows a message makes it what the server says it is', () => {
  for (const [name, later, expected] of foldings) {
    const [result] = folded([taken(message(1))], later, 'me');
    assert.deepEqual(brief(result), expected, name);
  }
});

test('it makes no difference how it comes, when, and how often', () => {
  for (const [name, later, expected] of foldings) {
    const all = [message(1), ...later];
    const head = all.length;
    // What a page of the server holds: messages as of its head.
    const asOfHead = all.map((entry) => (isControl(entry) ? entry : { ...folded([taken(entry)], all, 'me')[0] }));
    const pushed = all.reduce((run, entry) => accept(run, entry, 'me').run, emptyRun(0));
    assert.deepEqual(brief(pushed.entries[0]), expected, `${name}: pushed`);
    const page = acceptPage(emptyRun(0), asOfHead, 0, head, 'me');
    assert.deepEqual(brief(page.entries[0]), expected, `${name}: one page`);
    for (let cut = 1; cut < head; cut += 1) {
      // The newer part was pushed, and the older page is loaded afterwards: as of the head, or as of a moment before.
      const newer = all.slice(cut).reduce((run, entry) => accept(run, entry, 'me').run, emptyRun(cut));
      for (let seen = cut; seen <= head; seen += 1) {
        const older = all.slice(0, cut).map((entry) => (isControl(entry) ? entry : folded([taken(entry)], all.slice(0, seen), 'me')[0]));
        const run = acceptOlder(newer, older.reverse(), false, cut + 1, seen, 'me');
        assert.deepEqual(brief(run.entries[0]), expected, `${name}: ${cut} loaded, as of ${seen}`);
        assert.deepEqual(brief(touched(run, later, 'me').entries[0]), expected, `${name}: and everything once more`);
      }
    }
  }
});

/** Places over a store and a server that answers `history` with what `answers` has. */
function placesOver(answers) {
  const store = createStore(() => {});
  store.put('me', 'user', 'me');
  const asked = [];
  const request = async ({ before }) => {
    asked.push(before - 1);
    return { entries: [answers.find((each) => each.sequence === before - 1)], head: 9 };
  };
  return { store, asked, places: createPlaces({ store, link: { phase: 'live', request }, people: { wantFor() {} } }) };
}

test('what is withheld, or about a message from before one was away, is asked for anew', async () => {
  assert.equal(isVague({ ...edit(9, 1, ''), content: undefined, withheld: true }), true);
  assert.equal(isVague(edit(9, 1, 'b'), 5), true);
  assert.deepEqual([edit(9, 5, 'b'), recall(9, 1), message(9)].map((each) => isVague(each, 5)), [false, false, false]);

  const [first, second] = [message(1, 'u2', { content: text('new'), edited: 9 }), message(2, 'u2', { reactions: [{ emoji: '👍', count: 1 }] })];
  const { store, asked, places } = placesOver([first, second]);
  const run = acceptPage(emptyRun(0), [message(1), message(2), message(5)], 0, 5, 'me');
  store.put('run', 'x', run);
  store.put('conversation', 'x', { conversation: 'x', visible_from: 5, preview: taken(message(2), 5) });
  store.put('thread', 'x/1', { entries: [message(2, 'u2', { thread: 1 })].map((each) => taken(each, 5)), loading: false });
  places.fold('x', [{ ...edit(9, 1, ''), content: undefined, withheld: true }, react(8, 2, '👍', false), edit(7, 4, 'unknown')]);
  await new Promise(setImmediate);
  assert.deepEqual(asked, [1, 2], 'each once, and none that is not known');
  const now = store.get('run', 'x').entries;
  assert.deepEqual([now[0].content.text, now[0].edited, now[0].asOf], ['new', 9, 9]);
  assert.deepEqual([now[1], store.get('conversation', 'x').preview, store.get('thread', 'x/1').entries[0], store.get('message', 'x/2')].map((each) => each.reactions?.[0].count), [1, 1, 1, 1]);
  assert.equal(now[2], run.entries[2]);

  places.forget('x');
  assert.deepEqual([store.keys('message'), store.keys('thread')], [[], []]);
});

test('controls make no rows, and still take their place in the log', () => {
  const run = acceptPage(emptyRun(0), [message(1), edit(2, 1, 'b'), message(3), react(4, 3, '👍')], 0, 0, 'me');
  assert.deepEqual(run.entries.map((entry) => entry.sequence), [1, 3]);
  assert.equal(run.position, 4);
  assert.equal(accept(run, react(4, 3, '👍'), 'me').verdict, 'drop');
  assert.equal(accept(run, message(6), 'me').verdict, 'gap');
  assert.equal(run.entries[1].reactions[0].count, 1);
});

test('a far stretch joins the newest one once they touch', () => {
  const newest = runFromNewest([edit(8, 2, 'late'), message(7), message(6)], true, 8, 'me');
  const far = runFromNewest([message(3), message(2), message(1)], false, 7, 'me');
  assert.equal(joined(far, newest, 'me'), null, 'four and five are missing');
  const whole = joined(runFromNewest([message(5), message(4), message(3), message(2)], true, 7, 'me'), newest, 'me');
  assert.deepEqual(whole.entries.map((entry) => entry.sequence), [2, 3, 4, 5, 6, 7]);
  assert.equal(whole.position, 8);
  assert.equal(whole.entries[0].content.text, 'late', 'what was said later is in it');
  assert.equal(whole.start, false);
});

test('a window counts rows, whatever lies between them', () => {
  // Nine of ten entries are reactions: a page of sequences would be five rows.
  const all = Array.from({ length: 3_000 }, (_, index) => (index % 10 === 0 ? message(index + 1) : react(index + 1, index + 1 - (index % 10), '👍', index % 2 === 0)));
  const run = acceptPage(emptyRun(0), all, 0, 0, 'me');
  assert.equal(run.entries.length, 300);
  let window = atLatest(run);
  assert.equal(within(run.entries, window).length, 50);
  const seen = new Set();
  for (let next = window; next; next = further(window, run)) {
    window = next;
    const rows = within(run.entries, window);
    assert.ok(rows.length <= rowsMax && rows.length >= 50);
    for (const row of rows) seen.add(row.sequence);
  }
  assert.equal(seen.size, 300);
  for (let next = window; next; next = nearer(window, run)) window = next;
  assert.equal(window.to, Infinity);
});

test('the list follows edits and recalls of what it shows', () => {
  const summary = { conversation: 'x', role: 'member', members: 2, head: 10, read: 10, unread: 0, time: 10, preview: message(9) };
  assert.equal(withEntry(summary, edit(11, 9, 'new'), 'me').preview.content.text, 'new');
  assert.equal(withEntry(summary, edit(11, 8, 'new'), 'me').preview.content.text, 'm9');
  const gone = withEntry(summary, recall(11, 9), 'me').preview;
  assert.deepEqual([gone.recalled, gone.content], [11, undefined]);
  assert.equal(withEntry(summary, edit(11, 9, 'new'), 'me').unread, 0, 'control entries are not unread');
});

test('mentions call the user, by name or with all, and never from oneself', () => {
  for (const [entry, expected] of [
    [message(1, 'u2', { content: text('x', { mentions: ['me'] }) }), true],
    [message(1, 'u2', { content: text('x', { mention_all: true }) }), true],
    [message(1, 'u2', { content: text('x', { mentions: ['u3'] }) }), false],
    [message(1, 'me', { content: text('x', { mention_all: true }) }), false],
    [{ ...message(1), content: undefined, recalled: 4 }, false],
  ]) assert.equal(mentionsMe(entry, 'me'), expected, JSON.stringify(entry));
  const call = (sequence) => message(sequence, 'u2', { content: text('x', { mentions: ['me'] }) });
  assert.equal(countMentions([call(1), message(2), call(3)], 1, 'me'), 1);
});

test('an @ begins a name only where a word begins, and as far as the caret', () => {
  for (const [typed, expected] of [
    ['@', { start: 0, query: '' }],
    ['hi @be', { start: 3, query: 'be' }],
    ['(@be', { start: 1, query: 'be' }],
    ['@ben mi', { start: 0, query: 'ben mi' }],
    ['mail@example', null],
    ['@ben\nnew', null],
    ['@ spaced', null],
    ['no', null],
    [`@${'x'.repeat(80)}`, null],
  ]) assert.deepEqual(mentionAt(typed, typed.length), expected, typed);
  assert.deepEqual(mentionAt('@ben and more', 3), { start: 0, query: 'be' }, 'the caret stands inside');
});

const people = [{ user: 'u1', name: 'Ann Lee' }, { user: 'u2', name: 'Ben' }, { user: 'u3', name: 'Ben Miller' }, { user: 'u4', name: 'Zoë' }];

test('names fit by their beginning, or that of a word, without accents', () => {
  assert.deepEqual(fitting(people, 'ben').map((each) => each.user), ['u2', 'u3']);
  assert.deepEqual(fitting(people, 'lee').map((each) => each.user), ['u1']);
  assert.deepEqual(fitting(people, 'zoe').map((each) => each.user), ['u4']);
  assert.deepEqual(fitting(people, 'en').map((each) => each.user), []);
  assert.equal(fitting(people, '', 2).length, 2);
  assert.deepEqual(completed('hi @be there', { start: 3, query: 'be' }, 'Ben'), { text: 'hi @Ben there', caret: 8 });
  assert.deepEqual(completed('@b', { start: 0, query: 'b' }, 'Ben'), { text: '@Ben ', caret: 5 });
});

test('the longest name behind an @ is meant, and only whole names', () => {
  assert.deepEqual(calls('@Ben Miller and @Ben!', people), { mentions: ['u3', 'u2'], mention_all: false });
  assert.deepEqual(calls('@Benno @ben x@Ben', people), { mentions: [], mention_all: false });
  assert.deepEqual(calls('@all: lunch', [{ user: everybody, name: everybody }]), { mentions: [], mention_all: true });
  assert.equal(mentionsIn('@Ben @Ben', people).length, 2);
  assert.deepEqual(withMentions(['hi @Ben, see ', { href: 'https://x/@Ben', text: 'https://x/@Ben' }], people), [
    'hi ', { user: 'u2', text: '@Ben' }, ', see ', { href: 'https://x/@Ben', text: 'https://x/@Ben' },
  ]);
});

test('receipts only move forward, and their words come from the counts', () => {
  const counts = (read, delivered, total = 3) => ({ total, read, delivered });
  assert.deepEqual(newerCounts(undefined, counts(1, 0)), counts(1, 1), 'who has read it has it');
  const known = newerCounts(undefined, counts(2, 3));
  assert.equal(newerCounts(known, counts(1, 2)), known);
  assert.deepEqual(newerCounts(known, counts(3, 3)), counts(3, 3));
  assert.deepEqual(newerCounts(known, counts(1, 1, 2)), counts(1, 1, 2));
  for (const [each, mark] of [[undefined, 'sent'], [counts(0, 0), 'sent'], [counts(0, 2), 'sent'], [counts(0, 3), 'delivered'], [counts(1, 3), 'partly'], [counts(3, 3), 'read'], [counts(0, 0, 0), 'sent']]) {
    assert.equal(markOf(each), mark);
  }
});

const group = { conversation: 'g', kind: 'group', role: 'member', rules: { send: 'members', mention_all: 'administrators', slow_ms: 0, recall_ms: 120_000 } };
const administrator = { ...group, role: 'administrator' };

test('why one cannot write, in words', () => {
  const now = 1_000_000;
  for (const [summary, expected] of [
    [group, null],
    [{ ...group, role: 'none' }, 'no longer a member'],
    [{ ...group, role: 'invited' }, 'once you have joined'],
    [{ ...group, dissolved: true }, 'dissolved'],
    [{ kind: 'direct', role: 'member', blocked: true }, 'blocked'],
    [{ ...group, muted_until: now + 60_000 }, 'muted here until'],
    [{ ...group, muted_until: now - 1 }, null],
    [{ ...group, rules: { send: 'administrators' } }, 'Only administrators'],
    [{ ...administrator, rules: { send: 'administrators' } }, null],
  ]) {
    const why = whyNot(summary, now);
    if (expected === null) assert.equal(why, null);
    else assert.match(why.text, new RegExp(expected));
  }
  assert.equal(whyNot({ ...group, muted_until: now + 60_000 }, now).until, now + 60_000);
});

test('slow mode holds back by the last own message, and no administrator', () => {
  const slow = { ...group, rules: { ...group.rules, slow_ms: 10_000 } };
  const entries = [message(1, 'me', { time: 100_000 }), message(2, 'u2', { time: 104_000 })];
  assert.equal(slowWait(slow, entries, 'me', 105_000), 5_000);
  assert.equal(slowWait(slow, entries, 'me', 110_000), 0);
  assert.equal(slowWait(slow, entries, 'u3', 105_000), 0);
  assert.equal(slowWait({ ...slow, role: 'owner' }, entries, 'me', 105_000), 0);
  assert.equal(slowWait(slow, [message(1, 'me', { time: 500_000 })], 'me', 105_000), 10_000, 'a clock that is behind the server\'s');
});

test('what may be done with a message', () => {
  const may = (summary, entry, now = 50_000) => actionsFor(summary, entry, 'me', now);
  const own = message(1, 'me', { time: 0 });
  assert.ok(may(group, own).has('edit') && may(group, own).has('recall') && may(group, own).has('receipts'));
  assert.ok(!may(group, own, 120_001).has('recall'), 'the time to recall is over');
  assert.ok(may(administrator, message(1), 9e9).has('recall'), 'an administrator may at any time');
  assert.ok(!may(group, message(1)).has('edit') && !may(group, message(1)).has('recall') && !may(group, message(1)).has('pin'));
  assert.ok(may(administrator, message(1)).has('pin') && may(administrator, { ...message(1), pinned: true }).has('unpin'));
  assert.equal(may(group, { ...own, recalled: 5, content: undefined }).size, 0);
  assert.ok(!may({ ...group, muted_until: 9e12 }, own).has('reply') && !may({ ...group, muted_until: 9e12 }, own).has('edit'));
  assert.ok(!may(group, { ...message(2), thread: 1 }).has('thread'), 'a thread has no thread');
  assert.equal(lastEditable(group, [own, message(2), { ...message(3, 'me'), recalled: 4, content: undefined }], 'me', 50_000), own);
  assert.deepEqual([mayCallAll(group), mayCallAll(administrator), mayCallAll({ kind: 'direct', role: 'member' })], [false, true, false]);
});

test('an act is a request of its own, and its ack the entry that others get', () => {
  const row = { client_id: 'c1', conversation: 'g', act: { type: 'react', target: 4, emoji: '👍', on: true } };
  assert.deepEqual(frameOf(row), { type: 'react', conversation: 'g', client_id: 'c1', target: 4, emoji: '👍', on: true });
  const ack = { sequence: 9, message: 'm', time: 5 };
  assert.deepEqual(entryOfAck(row, ack, 'me'), { sequence: 9, message: 'm', sender: 'me', client_id: 'c1', time: 5, target: 4, kind: 'reaction', content: { type: 'reaction', emoji: '👍', on: true } });
  assert.equal(entryOfAck({ ...row, act: { type: 'forward', from: {} } }, ack, 'me'), null, 'only the server knows the copy');
  assert.deepEqual(frameOf({ client_id: 'c2', conversation: 'g', content: text('x'), reply_to: 3 }), { type: 'send', conversation: 'g', client_id: 'c2', content: text('x'), reply_to: 3 });
});

test('what is wished shows before the server has it, and not twice once it has', () => {
  const rows = [
    { client_id: 'a', conversation: 'g', order: 1, state: 'queued', act: { type: 'react', target: 1, emoji: '👍', on: true } },
    { client_id: 'b', conversation: 'g', order: 2, state: 'sending', act: { type: 'edit', target: 1, content: text('new') } },
    { client_id: 'c', conversation: 'h', order: 3, state: 'queued', act: { type: 'recall', target: 1 } },
    { client_id: 'd', conversation: 'g', order: 4, state: 'failed', act: { type: 'recall', target: 1 } },
  ];
  const shown = wishes(rows, 'g', 'me').reduce((each, wish) => applied(each, wish, 'me'), taken(message(1)));
  assert.equal(shown.content.text, 'new');
  assert.equal(shown.reactions[0].count, 1);
  const acked = applied(taken(message(1)), react(5, 1, '👍', true, 'me'), 'me');
  assert.equal(wishes(rows, 'g', 'me').reduce((each, wish) => applied(each, wish, 'me'), acked).reactions[0].count, 1);
});

test('rows: a quote of what was recalled says so, and a thread tag leads on', () => {
  const store = createStore(() => {});
  store.put('me', 'user', 'me');
  store.put('user', 'u2', 'Ben');
  store.put('conversation', 'g', { ...group, members: 4 });
  const run = acceptPage(emptyRun(0), [message(1), message(2, 'me', { reply_to: 1 }), message(3, 'u2', { thread: 2 }), message(4, 'me', { reply_to: 99 }), recall(5, 1)], 0, 0, 'me');
  store.put('run', 'g', run);
  store.put('receipt', 'g/2', { total: 3, read: 1, delivered: 2 });
  const rows = timelineRows(store, 'g', run, { from: 1, to: Infinity }, null, 10).filter((row) => row.kind === 'message');
  assert.equal(rows[0].gone, 'recalled');
  assert.deepEqual([rows[1].quote.text, rows[1].quote.gone, rows[1].quote.known], ['This message was recalled', true, true]);
  assert.deepEqual([rows[1].replies, rows[1].markText], [1, 'Read 1 of 3']);
  assert.equal(rows[2].root.text, 'm2');
  assert.equal(rows[3].quote.known, false, 'not loaded yet: it is asked for');
  store.put('message', 'g/99', { missing: true, sequence: 99 });
  const again = timelineRows(store, 'g', run, { from: 1, to: Infinity }, null, 10).filter((row) => row.kind === 'message');
  assert.notEqual(again[3].stamp, rows[3].stamp, 'and drawn anew when it is known');
  store.put('thread', 'g/2', { entries: [taken(message(3, 'u2', { thread: 2 }))], loading: false });
  assert.deepEqual(threadRows(store, 'g', 2, 10).map((row) => row.text), ['m2', '1 reply', 'm3']);
});

test('frames: what was withheld has no content, everything else has', () => {
  const event = { type: 'event', conversation: 'g', sequence: 1, kind: 'edit', sender: 'u2', time: 1 };
  assert.equal(decode(JSON.stringify({ ...event, withheld: true })).withheld, true);
  assert.throws(() => decode(JSON.stringify(event)));
  assert.equal(decode('{"type":"position","conversation":"g","read":4,"delivered":5}').read, 4);
});
