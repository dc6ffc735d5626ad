// What the screen decides without a screen: windows, anchors, keys, links, names, frames, and the contrast of every colour pair.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';

import { anchorAt, atBottom, correction, firstShowing } from '../../../Web/app/viewmodel/anchor.js';
import { composerKey, outgoingText, remainder, scalarCount } from '../../../Web/app/viewmodel/keys.js';
import { everywhere, helpOn, moves, shortcutOf } from '../../../Web/app/viewmodel/shortcuts.js';
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
  const [light, dark] = readFileSync(new URL('style/tokens.css', web), 'utf8').split('@media (prefers-color-scheme: dark)');
  const colours = (part) => Object.fromEntries([...part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2]]));
  const schemes = { light: colours(light), dark: { ...colours(light), ...colours(dark) } };
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
  ];
  for (const [change, name] of table) assert.equal(shortcutOf({ ...event, ...change }), name, JSON.stringify(change));
});

test('the sheet of keys says what the handlers do', () => {
  const [pages, messages] = helpOn([{ name: 'reply', text: 'Reply', key: 'r' }, { name: 'copy', text: 'Copy' }]);
  assert.deepEqual(pages.rows.map(({ text }) => text), everywhere.map(({ text }) => text));
  assert.deepEqual(messages.rows[0].keys, Object.keys(moves).map((key) => [{ ArrowUp: '↑', ArrowDown: '↓' }[key] ?? key]));
  assert.deepEqual(messages.rows[1], { keys: [['r']], text: 'Reply' });
  assert.ok(!messages.rows.some(({ text }) => text === 'Copy'));
});
