// What the group screens decide without a screen: rights, words, summaries, rosters, settings, addresses, and the code.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { qrModules } from '../../../Web/app/panels/qr.js';
import { fromSync, inOrder, isMember, withEntry } from '../../../Web/app/store/summaries.js';
import { marks } from '../../../Web/app/sync/unread.js';
import { createGroups } from '../../../Web/app/sync/groups.js';
import { ConnectionLost, ServerError } from '../../../Web/app/codec/frames.js';
import { linkAddress, linkState, readAddress } from '../../../Web/app/viewmodel/address.js';
import { actionsOn, mayChange, mayDissolve, mayInvite, mayLeave, reasonNotToWrite } from '../../../Web/app/viewmodel/rights.js';
import { emptyRoster, selected, withChanges, withPage } from '../../../Web/app/viewmodel/roster.js';
import { changesOf, durationsWith, settingsOf, slowTimes } from '../../../Web/app/viewmodel/settings.js';
import { duration, faceOf, forGood, noticeParts, partsText, untilTime } from '../../../Web/app/viewmodel/text.js';

const now = new Date(2026, 4, 13, 12, 0).getTime();
const group = { conversation: 'g', kind: 'group', title: 'Sea', role: 'member', members: 3, head: 10, read: 10, unread: 0, time: 5 };
const as = (role, more = {}) => ({ ...group, role, ...more });

test('roles decide what a member\'s menu offers', () => {
  const on = (mine, theirs, more = {}) => actionsOn(as(mine), { user: 'u2', role: theirs, active: true, ...more }, 'me', now).join(' ');
  for (const [mine, theirs, expected] of [
    ['owner', 'member', 'promote transfer mute remove ban'],
    ['owner', 'administrator', 'demote transfer mute remove ban'],
    ['administrator', 'member', 'mute remove ban'],
    ['administrator', 'administrator', ''],
    ['administrator', 'owner', ''],
    ['member', 'member', ''],
    ['none', 'member', ''],
    ['invited', 'member', ''],
  ]) assert.equal(on(mine, theirs), expected, `${mine} on ${theirs}`);
  assert.equal(on('owner', 'member', { muted_until: now + 1 }), 'promote transfer unmute remove ban');
  assert.equal(on('owner', 'member', { muted_until: now }), 'promote transfer mute remove ban', 'a mute that has ended');
  assert.equal(on('administrator', 'member', { active: false }), 'ban');
  assert.equal(on('member', 'member', { active: false }), '');
  assert.deepEqual(actionsOn(as('owner'), { user: 'me', role: 'owner', active: true }, 'me', now), []);
  assert.deepEqual(actionsOn(as('owner', { dissolved: true }), { user: 'u2', role: 'member', active: true }, 'me', now), []);
});

test('rules decide who invites, and an owner leaves only when the group has another', () => {
  assert.equal(mayInvite(as('member', { rules: { invite: 'administrators' } })), false);
  assert.equal(mayInvite(as('member', { rules: { invite: 'members' } })), true);
  assert.equal(mayInvite(as('administrator', { rules: { invite: 'administrators' } })), true);
  assert.equal(mayInvite(as('owner', { dissolved: true })), false);
  assert.equal(mayInvite(as('invited', { rules: { invite: 'members' } })), false);
  assert.deepEqual(['owner', 'administrator', 'member', 'none'].map((role) => mayChange(as(role))), [true, true, false, false]);
  assert.deepEqual(['owner', 'administrator', 'member'].map((role) => mayDissolve(as(role))), [true, false, false]);
  assert.deepEqual([mayLeave(as('owner')), mayLeave(as('owner', { members: 1 })), mayLeave(as('owner', { dissolved: true })), mayLeave(as('member'))], [false, true, true, true]);
  assert.equal(mayLeave({ ...group, kind: 'direct' }), false);
});

test('who cannot write is told why', () => {
  assert.equal(reasonNotToWrite(group, now), '');
  assert.match(reasonNotToWrite(as('none'), now), /no longer a member/);
  assert.match(reasonNotToWrite(as('owner', { dissolved: true }), now), /dissolved/);
  assert.match(reasonNotToWrite(as('member', { muted_until: now + 3_600_000 }), now), /until .*1/);
  assert.match(reasonNotToWrite(as('member', { muted_until: forGood }), now), /muted you here/);
  assert.equal(reasonNotToWrite(as('member', { muted_until: now }), now), '');
  assert.equal(reasonNotToWrite(as('owner', { muted_until: forGood }), now), '', 'an owner is never muted');
  assert.match(reasonNotToWrite(as('member', { rules: { send: 'administrators' } }), now), /Only administrators/);
  assert.equal(reasonNotToWrite(as('administrator', { rules: { send: 'administrators' } }), now), '');
  assert.match(reasonNotToWrite({ ...group, kind: 'direct', blocked: true }, now), /blocked/);
});

const names = new Map([['ann', 'Ann'], ['ben', 'Ben'], ['cem', 'Cem'], ['me', 'Myself']]);
const store = { get: (table, key) => (table === 'user' ? names.get(key) : table === 'me' ? 'me' : undefined) };
const said = (kind, content, sender = 'ann') => partsText(noticeParts(store, { kind, content, sender, time: now, sequence: 1 }));

test('every control entry is told in words', () => {
  for (const [expected, kind, content, sender] of [
    ['Ann created the group', 'created', { kind: 'group' }],
    ['Beginning of your conversation', 'created', { kind: 'direct' }],
    ['Ann added Ben and you', 'added', { users: ['ben', 'me'] }],
    ['Ben joined', 'joined', { user: 'ben' }, 'ben'],
    ['Ben joined by a link', 'joined', { user: 'ben', link: 'k7' }, 'ben'],
    ['You left', 'left', { type: 'ended', user: 'me' }, 'me'],
    ['Ann removed Ben', 'removed', { type: 'ended', user: 'ben' }],
    ['Ann banned you', 'banned', { type: 'ended', user: 'me' }],
    ['You lifted the ban on Ben', 'unbanned', { user: 'ben' }, 'me'],
    ['Ann invited Ben and Cem', 'invited', { users: ['ben', 'cem'] }],
    ['Cem asked to join', 'requested', { user: 'cem' }, 'cem'],
    ['Ann declined Cem', 'declined', { user: 'cem' }],
    ['Cem will not join', 'declined', { user: 'cem' }, 'cem'],
    ['Ann made Ben an administrator', 'role', { user: 'ben', role: 'administrator' }],
    ['Ann made you an ordinary member', 'role', { user: 'me', role: 'member' }],
    ['Ann made Ben the owner', 'transferred', { user: 'ben' }],
    ['Ann muted Cem', 'muted', { user: 'cem', until: forGood }],
    ['Ann let Cem write again', 'muted', { user: 'cem', until: 0 }],
    ['Ann renamed the group to Lake', 'changed', { title: 'Lake' }],
    ['Ann removed the description and turned slow mode off', 'changed', { description: '', rules: { slow_ms: 0 } }],
    ['Ann changed the picture, let only administrators write and set slow mode to 30 seconds', 'changed', { avatar: 'x', rules: { send: 'administrators', slow_ms: 30_000 } }],
    ['Ann made joining by link need approval', 'changed', { rules: { join: 'approval' } }],
    ['Ann turned read receipts off', 'changed', { rules: { receipts: false } }],
    ['Ann set the size to at most 9 members and hid earlier messages from new members', 'changed', { member_cap: 9, history_visible: false }],
    ['Ann made an invite link', 'link', { on: true }],
    ['Ann revoked an invite link', 'link', { on: false }],
    ['Ann dissolved the group', 'dissolved', {}],
    ['Ann pinned a message', 'pin', { on: true }],
    ['Something happened that this page does not know yet', 'new_kind', {}],
    ['Something happened that you may not see', 'role', undefined],
  ]) assert.equal(said(kind, content, sender), expected, kind);
  assert.match(said('muted', { user: 'cem', until: now + 2 * 3_600_000 }), /^Ann muted Cem until (14:00|2:00\sPM)$/);
});

test('times are told in their largest whole unit', () => {
  assert.deepEqual([1_000, 30_000, 90_000, 120_000, 3_600_000, 86_400_000, 172_800_000].map(duration), [
    '1 second', '30 seconds', '90 seconds', '2 minutes', '1 hour', '1 day', '2 days',
  ]);
  assert.match(untilTime(now + 86_400_000, now), /^tomorrow /);
  assert.doesNotMatch(untilTime(now + 3_600_000, now), /tomorrow|day/);
});

test('a group\'s face is what it chose, or its initials', () => {
  assert.equal(faceOf({ avatar: '⛵' }, 'Sea Trip'), '⛵');
  assert.equal(faceOf({ avatar: '👩‍👩‍👧‍👦 and more' }, 'x'), '👩‍👩‍👧‍👦');
  assert.equal(faceOf({ avatar: 'Abc' }, 'x'), 'Ab');
  assert.equal(faceOf({}, 'Sea Trip'), 'ST');
  assert.equal(faceOf({ avatar: '  ' }, 'Sea Trip'), 'ST');
});

const control = (sequence, kind, content, sender = 'ann') => ({ sequence, kind, content, sender, time: sequence });

test('a summary follows the control entries of its log', () => {
  const after = (entry, from = group) => withEntry(from, entry, 'me');
  assert.equal(after(control(11, 'joined', { user: 'ben' })).members, 4);
  assert.equal(after(control(11, 'banned', { type: 'ended', user: 'ben' })).members, 2);
  assert.equal(after(control(11, 'banned', { type: 'banned', user: 'ben' })).members, 3, 'who is banned without being a member');
  const banned = after(control(11, 'banned', { type: 'ended', user: 'me' }));
  assert.deepEqual([banned.role, banned.unread], ['none', 0]);
  assert.equal(after(control(11, 'role', { user: 'me', role: 'administrator' })).role, 'administrator');
  assert.equal(after(control(11, 'transferred', { user: 'me' })).role, 'owner');
  assert.equal(after(control(11, 'transferred', { user: 'me' }), as('member', { muted_until: forGood })).muted_until, 0);
  assert.equal(after(control(11, 'transferred', { user: 'ben' }, 'me'), as('owner')).role, 'administrator');
  assert.equal(after(control(11, 'muted', { user: 'me', until: 99 })).muted_until, 99);
  assert.equal(after(control(11, 'muted', { user: 'ben', until: 99 })).muted_until, undefined);
  const changed = after(control(11, 'changed', { title: 'Lake', description: 'd', rules: { slow_ms: 5 } }), as('member', { rules: { send: 'members', slow_ms: 0 } }));
  assert.deepEqual([changed.title, changed.description, changed.rules], ['Lake', 'd', { send: 'members', slow_ms: 5 }]);
  assert.equal(after(control(11, 'dissolved', {})).dissolved, true);
  for (const kind of ['added', 'joined', 'left', 'removed', 'role', 'muted', 'requested', 'declined', 'unbanned']) {
    assert.equal(after(control(11, kind, { user: 'ben', users: ['ben'] })).changedAt, 11, kind);
  }
  assert.equal(after({ ...control(11, 'role'), withheld: true }).head, 11, 'an entry without content');
});

test('an invitation is in the list without being a membership', () => {
  const invited = fromSync({ conversation: 'i', kind: 'group', role: 'invited', title: 'Lake' }, undefined);
  assert.deepEqual([isMember(invited), invited.unread, invited.head], [false, 0, 0]);
  const joined = fromSync({ ...group, conversation: 'i' }, invited);
  assert.deepEqual([isMember(joined), joined.head], [true, 10]);
  assert.deepEqual(inOrder([group, invited, { ...invited, conversation: 'r', role: 'requested' }], null).map((each) => each.conversation), ['i', 'r', 'g']);
  assert.equal(fromSync({ ...group, notify: 'none', head: 9 }, group).notify, 'none', 'a setting in an answer that was overtaken');
});

test('what counts is what one wants to be told of', () => {
  assert.deepEqual(marks({ unread: 7, mentions: 2 }), { unread: 7, mentions: 2, quiet: false, total: 7 });
  assert.deepEqual(marks({ unread: 7, mentions: 2, notify: 'mentions' }), { unread: 7, mentions: 2, quiet: true, total: 2 });
  assert.deepEqual(marks({ unread: 7, mentions: 2, notify: 'none' }), { unread: 7, mentions: 2, quiet: true, total: 0 });
  assert.equal(marks({}).total, 0);
});

const member = (slot, name = `Member ${slot}`, more = {}) => ({ user: `u${slot}`, name, slot, role: 'member', active: true, ...more });

test('a roster grows by pages and changes in its place', () => {
  let roster = withPage(emptyRoster(), { members: [member(1), member(2)], more: true });
  assert.deepEqual([roster.lastSlot, roster.complete], [2, false]);
  roster = withPage(roster, { members: [member(2), member(5, 'Éva Kovács')], more: false });
  assert.deepEqual(roster.members.map((each) => each.slot), [1, 2, 5]);
  assert.equal(roster.complete, true);
  roster = withChanges(roster, [member(2, 'Two', { role: 'administrator' }), member(9)]);
  assert.deepEqual(roster.members.map((each) => [each.slot, each.role]), [[1, 'member'], [2, 'administrator'], [5, 'member'], [9, 'member']]);
  const partial = withChanges(withPage(emptyRoster(), { members: [member(1)], more: true }), [member(1, 'One'), member(7)]);
  assert.deepEqual(partial.members.map((each) => each.slot), [1], 'what lies beyond comes with its page');
  assert.deepEqual(selected(roster, { search: 'kov' }).map((each) => each.slot), [5]);
  assert.deepEqual(selected(roster, { search: 'EVA' }).map((each) => each.slot), [5]);
  const left = withChanges(roster, [member(1, 'Member 1', { active: false })]);
  assert.deepEqual([selected(left, {}).length, selected(left, { former: true }).length], [3, 4]);
  assert.deepEqual(selected(left, { only: (each) => each.role === 'administrator' }).map((each) => each.slot), [2]);
});

test('only what was changed in the form is sent', () => {
  const before = settingsOf(as('owner', { rules: { send: 'members', slow_ms: 30_000 } }));
  assert.deepEqual([before.slow_ms, before.join, before.member_cap], [30_000, 'link', undefined]);
  assert.equal(changesOf(before, { ...before }), null);
  assert.deepEqual(changesOf(before, { ...before, title: 'Lake', slow_ms: 0, receipts: false }), { title: 'Lake', rules: { slow_ms: 0, receipts: false } });
  assert.deepEqual(changesOf(before, { ...before, member_cap: 20 }), { member_cap: 20 });
  assert.equal(changesOf({ ...before, member_cap: 20 }, { ...before, member_cap: undefined }), null, 'an unknown value is left alone');
  assert.ok(durationsWith(slowTimes, 7_000).includes(7_000));
  assert.equal(durationsWith(slowTimes, 5_000), slowTimes);
});

test('an address is a link, a conversation or nothing', () => {
  assert.deepEqual(readAddress('#join=k7ab.x2-_'), { join: 'k7ab.x2-_' });
  assert.deepEqual(readAddress('#gQ8%40'), { conversation: 'gQ8@' });
  assert.deepEqual([readAddress(''), readAddress('#'), readAddress('#%')], [{}, {}, {}]);
  const address = linkAddress({ origin: 'https://a.example', pathname: '/chat/index.html' }, 'k7.x2');
  assert.equal(address, 'https://a.example/chat/#join=k7.x2');
  assert.deepEqual(readAddress(new URL(address).hash), { join: 'k7.x2' });
  assert.equal(linkState({ expires: now, uses: 0, used: 1 }, now).over, true);
  assert.equal(linkState({ expires: now + 1, uses: 3, used: 2 }, now).over, false);
  assert.equal(linkState({ uses: 3, used: 3 }, now).over, true);
});

test('the code for cameras has finders in three corners and grows with its text', async () => {
  const modules = await qrModules('https://a.example/#join=k7ab.x2');
  const size = modules.length;
  assert.ok(size >= 21 && modules.every((row) => row.length === size));
  for (const [row, column] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
    const ring = Array.from({ length: 7 }, (_, at) => modules[row][column + at] && modules[row + 6][column + at] && modules[row + at][column] && modules[row + at][column + 6]);
    assert.ok(ring.every(Boolean) && modules[row + 3][column + 3] && !modules[row + 1][column + 1], `${row} ${column}`);
  }
  assert.ok((await qrModules('x'.repeat(200))).length > size);
  assert.notDeepEqual(await qrModules('https://a.example/#join=k7ab.x3'), modules);
});

test('a command that is pressed again after a lost answer is the same command', async () => {
  const sent = [];
  let answer = () => Promise.reject(new ConnectionLost('gone'));
  let time = 0;
  const groups = createGroups({
    store: { get: () => undefined },
    link: { request: (frame) => (sent.push(frame), answer(frame)) },
    clock: { now: () => time },
    catchUp: { resync: async () => {}, reached: () => {} },
    people: { learn: () => {}, want: () => {} },
  });
  const wish = { type: 'role', conversation: 'g', user: 'u2', role: 'administrator' };
  const ids = () => sent.map((frame) => frame.client_id);
  await assert.rejects(groups.act(wish));
  await assert.rejects(groups.act(wish));
  assert.equal(ids()[0], ids()[1]);
  answer = async () => ({ conversation: 'g', sequence: 11 });
  await groups.act(wish);
  assert.equal(ids()[2], ids()[0]);
  await groups.act(wish);
  assert.notEqual(ids()[3], ids()[0], 'the same wish again, after it was granted');
  answer = () => Promise.reject(new ServerError({ code: 40301 }));
  await assert.rejects(groups.act(wish));
  await assert.rejects(groups.act(wish));
  assert.notEqual(ids()[4], ids()[5], 'a refusal is an answer');
  answer = () => Promise.reject(new ConnectionLost('gone'));
  await assert.rejects(groups.act(wish));
  time = 60_000;
  await assert.rejects(groups.act(wish));
  assert.notEqual(ids()[6], ids()[7], 'a minute later it is another intention');
});
