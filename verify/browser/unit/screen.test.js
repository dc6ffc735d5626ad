// What the screen decides without a screen: windows, anchors, keys, links, names, frames, and the contrast of every colour pair.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';

import { anchorAt, atBottom, correction, firstShowing } from '../../../Web/app/viewmodel/anchor.js';
import { composerKey, outgoingText, remainder, scalarCount } from '../../../Web/app/viewmodel/keys.js';
import { neighbour } from '../../../Web/app/viewmodel/list.js';
import { preferencesOf } from '../../../Web/app/viewmodel/preferences.js';
import { acts, everywhere, helpOn, moves, ofList, shortcutOf } from '../../../Web/app/viewmodel/shortcuts.js';
import { withLinks } from '../../../Web/app/viewmodel/links.js';
import { colourOf, colours, initials, listTime } from '../../../Web/app/viewmodel/text.js';
import { afterGrowth, around, atLatest, further, nearer, rowsMax, within } from '../../../Web/app/viewmodel/window.js';
import { backoff, reconnectDelay } from '../../../Web/app/transport/backoff.js';
import { decode, ServerError } from '../../../Web/app/codec/frames.js';
import { errors } from '../../../Web/app/codec/errors.js';

const web = new URL('../../../Web/', import.meta.url);
const run = (from, position) => ({ from, position, entries: Array.from({ length: position - from + 1 }, (_, index) => ({ sequence: from + index })) });

test('a window never holds more than its rows, whichever way it moves', () => {
  const long = run(1, 1_000);
  let window = atLatest(long);
  const size = () => within(long.entries, window).length;
  assert.equal(size(), 50);
  let steps = 0;
  for (let next = further(window, long); next; next = further(window, long)) {
    window = next;
    steps += 1;
    assert.ok(size() <= rowsMax);
  }
  assert.equal(window.from, 1);
  assert.equal(steps, 19);
  for (let next = nearer(window, long); next; next = nearer(window, long)) {
    window = next;
    assert.ok(size() <= rowsMax);
  }
  assert.equal(window.to, Infinity);
  assert.ok(around(long, 500).from < 500 && around(long, 500).to > 500);
  assert.equal(around(long, 999).to, Infinity);
});

test('what arrives joins the window while following and stays out when it is full and one reads above', () => {
  const full = { from: 1, to: Infinity };
  assert.deepEqual(afterGrowth(full, run(1, 151), true), { from: 2, to: Infinity });
  assert.deepEqual(afterGrowth(full, run(1, 151), false), { from: 1, to: 150 });
  assert.deepEqual(afterGrowth({ from: 1, to: 150 }, run(1, 300), false), { from: 1, to: 150 });
});

test('the anchor puts a row back exactly where it was', () => {
  const bottoms = [40, 90, 200, 260];
  assert.equal(firstShowing(4, (index) => bottoms[index], 100), 2);
  assert.equal(firstShowing(4, (index) => bottoms[index], 90), 2);
  assert.equal(firstShowing(4, (index) => bottoms[index], 999), 4);
  const anchor = anchorAt('x', 200, 500);
  assert.equal(correction(anchor, 1_935, 500), 1_735, 'rows came above');
  assert.equal(correction(anchor, 200, 440), 60, 'the composer grew');
  assert.equal(atBottom({ scrollTop: 476, clientHeight: 500, scrollHeight: 1_000 }), true);
  assert.equal(atBottom({ scrollTop: 475, clientHeight: 500, scrollHeight: 1_000 }), false);
});

test('Enter sends, but never out of an input method', () => {
  const enter = { key: 'Enter', keyCode: 13 };
  for (const [event, options, expected] of [
    [enter, {}, 'send'],
    [{ ...enter, shiftKey: true }, {}, 'none'],
    [{ ...enter, altKey: true }, {}, 'none'],
    [{ ...enter, isComposing: true }, {}, 'none'],
    [{ ...enter, keyCode: 229 }, {}, 'none'],
    [{ key: 'a', keyCode: 65 }, {}, 'none'],
    [enter, { touch: true }, 'none'],
    [{ ...enter, ctrlKey: true }, { touch: true }, 'send'],
    [enter, { enter: 'break' }, 'none'],
    [{ ...enter, ctrlKey: true }, { enter: 'break' }, 'send'],
    [{ ...enter, metaKey: true }, { enter: 'break' }, 'send'],
    [{ ...enter, metaKey: true, isComposing: true }, { enter: 'break' }, 'none'],
  ]) assert.equal(composerKey(event, options), expected, JSON.stringify(event));
});

test('texts are counted in scalar values and cleaned of what cannot be sent', () => {
  assert.equal(scalarCount('a\u{1F40B}e\u0301'), 4);
  assert.equal(remainder('x'.repeat(7_499)), null);
  assert.equal(remainder('x'.repeat(7_500)), 500);
  assert.equal(remainder('\u{1F40B}'.repeat(4_000)), null);
  assert.equal(remainder('\u{1F40B}'.repeat(8_001)), -1);
  assert.equal(outgoingText('\n \n  two\nlines \n\n'), '  two\nlines');
  assert.equal(outgoingText(' \n\t '), '');
  assert.equal(outgoingText('a\u0000b\ud800c\udc00d\u{1F40B}'), 'ab\ufffdc\ufffdd\u{1F40B}');
});

test('links are found without the sentence around them, and nothing else is a link', () => {
  const links = (text) => withLinks(text).filter((part) => part.href).map((part) => part.href);
  assert.deepEqual(links('see https://a.example/x?y=1&z=(2), or (http://b.example).'), ['https://a.example/x?y=1&z=(2)', 'http://b.example']);
  assert.deepEqual(links('javascript:alert(1) data:text/html,x ftp://x //x www.x'), []);
  assert.deepEqual(links('https://a.example/\u202egnp.exe'), ['https://a.example/']);
  for (const text of ['', 'none', 'https://', 'a https://a.example b']) {
    assert.equal(withLinks(text).map((part) => part.text ?? part).join(''), text);
  }
  const start = performance.now();
  withLinks('https://a.example/'.repeat(450) + '('.repeat(4_000));
  withLinks(')'.repeat(8_000));
  assert.ok(performance.now() - start < 500);
});

test('avatars get letters and a steady colour', () => {
  assert.equal(initials('Ann Marie Lee'), 'AM');
  assert.equal(initials('\u202e<b>x'), 'BX');
  assert.equal(initials('☠️'), '·');
  assert.equal(initials('محمد'), 'م');
  const used = new Set(Array.from({ length: 64 }, (_, index) => colourOf(`u${index}`)));
  assert.equal(used.size, colours, 'ids that count up spread over all colours');
});

test('the list says the year of another year', () => {
  const now = new Date(2026, 5, 30, 12).getTime();
  assert.match(listTime(new Date(2013, 4, 19).getTime(), now), /2013/);
  assert.doesNotMatch(listTime(new Date(2026, 4, 19).getTime(), now), /2026/);
});

test('pauses before a new connection are jittered, grow and are bounded', () => {
  assert.equal(backoff(0, 0), 200);
  assert.equal(backoff(0, 0.999_999), 500);
  assert.equal(backoff(40, 0.999_999), 30_000);
  assert.ok(reconnectDelay(1_200, 0) === 1_200 && reconnectDelay(1_200, 0.99) > 1_700);
});

test('frames are checked at the door', () => {
  assert.equal(decode('{"type":"from_the_future"}'), null);
  assert.equal(decode('{"type":"toString"}'), null);
  assert.throws(() => decode('{"type":"event"}'));
  assert.throws(() => decode('{"type":"heartbeat","heads":null}'));
  assert.throws(() => decode('[]'));
  assert.throws(() => decode('nonsense'));
  const error = new ServerError({ type: 'error', code: 42900, retry_ms: 700 });
  assert.deepEqual([error.name, error.retry, error.retryAfter], ['rate_limited', 'later', 700]);
  assert.equal(new ServerError({ type: 'error', code: 49999 }).retry, 'never');
  const numbers = Object.keys(errors).map(Number);
  assert.deepEqual(numbers, [...numbers].sort((first, second) => first - second));
});

function luminance(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(first, second) {
  const [low, high] = [luminance(first), luminance(second)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

test('every colour pair can be read in both schemes', () => {
  const tokens = [...readFileSync(new URL('style/tokens.css', web), 'utf8').matchAll(/--([\w-]+): (?:light-dark\()?(#[0-9a-f]{6})(?:, (#[0-9a-f]{6})\))?;/g)];
  const colours = (place) => Object.fromEntries(tokens.map((match) => [match[1], match[place] ?? match[2]]));
  const schemes = { light: colours(2), dark: colours(3) };
  for (const [scheme, table] of Object.entries(schemes)) {
    const check = (ink, paper, least) => {
      const ratio = contrast(table[ink], table[paper]);
      assert.ok(ratio >= least, `${scheme}: ${ink} on ${paper} is ${ratio.toFixed(2)}`);
    };
    for (const ink of ['text', 'text-2', 'accent', 'danger', 'ok', 'warn']) {
      for (const paper of ['bg', 'surface', 'own', 'mention']) check(ink, paper, 4.5);
    }
    for (const paper of ['bg', 'surface']) check('border', paper, 3);
    check('on-accent', 'accent', 4.5);
    check('text', 'hover', 4.5);
    check('text-2', 'hover', 4.5);
    for (let index = 0; index < 8; index += 1) {
      check('on-face', `face-${index}`, 4.5);
      for (const paper of ['bg', 'surface']) check(`name-${index}`, paper, 4.5);
    }
  }
});

test('every module is loaded by another, written so that it can be joined, and builds no markup', () => {
  const index = readFileSync(new URL('index.html', web), 'utf8');
  const texts = new Map();
  const walk = (folder) => {
    for (const name of readdirSync(new URL(folder, web))) {
      if (statSync(new URL(folder + name, web)).isDirectory()) walk(`${folder}${name}/`);
      else texts.set(folder + name, readFileSync(new URL(folder + name, web), 'utf8'));
    }
  };
  walk('app/');
  const reached = (text, path, pattern) => [...text.matchAll(pattern)].map(([, target]) => new URL(target, new URL(path, web)).href.slice(web.href.length));
  const graph = (start, pattern) => {
    const found = new Set();
    const todo = [start];
    for (let path = todo.pop(); path; path = todo.pop()) {
      if (found.has(path) || !path.startsWith('app/')) continue;
      assert.ok(texts.has(path), `${path} is imported and does not exist`);
      found.add(path);
      todo.push(...reached(texts.get(path), path, pattern));
    }
    return found;
  };
  const all = graph('app/main.js', /(?:^(?:import|export)\s(?:[^;]*?from )?|import\()'([^']+)'/gm);
  assert.deepEqual([...texts.keys()].filter((path) => !all.has(path)), [], 'modules that nothing loads');
  for (const [path, text] of texts) {
    // The forms that Sources/ParleyGateway/HTTP/ScriptModule.swift understands.
    for (const [line] of text.matchAll(/^(?:import|export)\b.*/gm)) {
      assert.match(line, /^import (?:\{ [^}]+ \} from )?'\.[^']+';$|^export (?:async function|function|const|class) \w/, path);
    }
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'/, path);
  }
  for (const [, path] of index.matchAll(/(?:href|src)="([^"]+)"/g)) statSync(new URL(path, web));
  assert.doesNotMatch(index, /<style|style=|<script>| on\w+=/);
});

test('a shortcut is told from writing, by its sign or where it lies', () => {
  const event = { key: 'k', code: 'KeyK', altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, isComposing: false };
  const table = [
    [{}, null],
    [{ ctrlKey: true }, 'switch'],
    [{ metaKey: true, key: 'K' }, 'switch'],
    [{ ctrlKey: true, key: 'л' }, 'switch'],
    [{ ctrlKey: true, code: 'KeyV', key: 'k' }, 'switch'],
    [{ ctrlKey: true, key: 'v' }, null],
    [{ ctrlKey: true, shiftKey: true }, null],
    [{ ctrlKey: true, isComposing: true }, null],
    [{ altKey: true, key: 'ArrowUp', code: 'ArrowUp' }, 'previous'],
    [{ altKey: true, shiftKey: true, key: 'ArrowDown', code: 'ArrowDown' }, 'nextUnread'],
    [{ shiftKey: true, key: 'ArrowDown', code: 'ArrowDown' }, null],
    [{ ctrlKey: true, key: '/', code: 'Slash' }, 'help'],
    [{ ctrlKey: true, shiftKey: true, key: '/', code: 'Digit7' }, 'help'],
    [{ key: 'F6', code: 'F6' }, 'nextRegion'],
    [{ key: 'F6', code: 'F6', shiftKey: true }, 'previousRegion'],
    [{ key: 'F6', code: 'F6', altKey: true }, null],
  ];
  for (const [change, name] of table) assert.equal(shortcutOf({ ...event, ...change }), name, JSON.stringify(change));
});

test('the sheet of keys says what the handlers do', () => {
  const actions = [{ name: 'reply', text: 'Reply', key: 'r' }, { name: 'recall', text: 'Recall', key: 'Delete' }, { name: 'copy', text: 'Copy' }];
  const [pages, list, messages, writing] = helpOn(actions, { letters: true, enter: 'send' });
  assert.deepEqual(pages.rows.map(({ text }) => text), everywhere.map(({ text }) => text));
  assert.deepEqual(messages.rows[0].keys, Object.keys(moves).map((key) => [{ ArrowUp: '↑', ArrowDown: '↓' }[key] ?? key]));
  assert.deepEqual(messages.rows[1], { keys: [['r']], text: 'Reply' });
  assert.ok(!messages.rows.some(({ text }) => text === 'Copy'));
  for (const { key, text } of ofList) assert.ok(list.rows.some((row) => row.text === text && row.keys[0][0] === key), text);
  assert.deepEqual(writing.rows.slice(0, 2).map(({ keys }) => keys), [[['Enter']], [['Shift', 'Enter']]]);
});

test('the sheet of keys follows what was chosen', () => {
  const actions = [{ name: 'reply', text: 'Reply', key: 'r' }, { name: 'recall', text: 'Recall', key: 'Delete' }];
  const sheet = helpOn(actions, { letters: false, enter: 'break' });
  const chords = sheet.flatMap(({ rows }) => rows.flatMap(({ keys }) => keys));
  assert.deepEqual(chords.filter((chord) => chord.length === 1 && /^[a-z+]$/.test(chord[0])), []);
  assert.ok(sheet[2].rows.some(({ text }) => text === 'Recall'));
  assert.deepEqual(sheet[3].rows.slice(0, 2).map(({ keys }) => keys), [[['Ctrl', 'Enter']], [['Enter']]]);
  assert.deepEqual(['r', '+', 'Enter', 'F6'].map((key) => acts(key, false)), [false, false, true, true]);
});

test('preferences are as usual where nothing, or nothing sensible, was kept', () => {
  const usual = { theme: 'system', density: 'comfortable', enter: 'send', letters: true, notifying: false };
  for (const text of [null, '', 'null', '[]', '7', '{"theme":"pink","letters":"no","other":1}']) assert.deepEqual(preferencesOf(text), usual, String(text));
  assert.deepEqual(preferencesOf('{"theme":"dark","letters":false}'), { ...usual, theme: 'dark', letters: false });
});

test('the next conversation is the one below, the next unread one any that is left', () => {
  const order = ['a', 'b', 'c', 'd'];
  const unread = (key) => key === 'a' || key === 'c';
  for (const [from, offset, wanted, expected] of [
    ['b', 1, null, 'c'],
    ['d', 1, null, undefined],
    ['a', -1, null, undefined],
    [null, 1, null, 'a'],
    ['b', 1, unread, 'c'],
    ['d', 1, unread, 'a'],
    ['a', -1, unread, 'c'],
    [null, 1, unread, 'a'],
    [null, -1, unread, 'c'],
    ['a', 1, (key) => key === 'a', undefined],
  ]) assert.equal(neighbour(order, from, offset, wanted), expected, `${from} ${offset} ${Boolean(wanted)}`);
  assert.equal(neighbour([], null, 1, unread), undefined);
});

test('style sheets name no side, so that they fit a page from right to left', () => {
  for (const name of readdirSync(new URL('style/', web))) {
    const text = readFileSync(new URL(`style/${name}`, web), 'utf8');
    assert.deepEqual(text.match(/(?:^|[{;\s])(?:(?:margin|padding|border)-)?(?:left|right)(?:-\w+)?:|text-align: (?:left|right)|float: (?:left|right)/g), null, name);
    for (const [whole, right, left] of text.matchAll(/(?:padding|margin|inset): [^;\s]+ ([^;\s]+) [^;\s]+ ([^;\s]+);/g)) assert.equal(left, right, `${name}: ${whole}`);
    assert.doesNotMatch(text, /translateX|border-radius: [^;\s(]+ [^;\s]/, name);
  }
});
