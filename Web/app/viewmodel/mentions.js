// Mentions: what is being typed behind an @, who fits it, and which names in a text call somebody. Pure.
//
// A text says "@Name"; the message says which users are meant by their ids, so that a name that two people have, or that is
// a word, calls only who was chosen.

import { plainText } from './text.js';

const queryMax = 64;
export const everybody = 'all';

/** The @ that the caret stands behind and what was typed since; null where there is none. */
export function mentionAt(text, caret) {
  const start = text.lastIndexOf('@', caret - 1);
  if (start < 0 || caret - start > queryMax) return null;
  const query = text.slice(start + 1, caret);
  if (/[\n@]|^\s|\s\s/u.test(query) || isWord(text[start - 1])) return null;
  return { start, query };
}

const isWord = (character) => character !== undefined && /[\p{L}\p{N}_]/u.test(character);

/** At most `most` of `people` ({ user, name }) whose name, or a word of it, begins with the query: whole names first. */
export function fitting(people, query, most = 8) {
  const wanted = plainText(query);
  const first = [];
  const second = [];
  for (const person of people) {
    const name = plainText(person.name);
    if (name.startsWith(wanted)) first.push(person);
    else if (name.split(/[\s\-_.]+/u).some((word) => word.startsWith(wanted))) second.push(person);
    if (first.length >= most) break;
  }
  return [...first, ...second].slice(0, most);
}

/** The text with the name in the place of the query, and where the caret goes. */
export function completed(text, { start, query }, name) {
  const rest = text.slice(start + 1 + query.length);
  const space = /^\s/u.test(rest) ? '' : ' ';
  return { text: `${text.slice(0, start)}@${name}${space}${rest}`, caret: start + 1 + name.length + 1 };
}

/** The mentions in a text: { start, end, person } of `people`, the longest name that stands behind each @. */
export function mentionsIn(text, people) {
  const found = [];
  if (people.length === 0) return found;
  for (let start = text.indexOf('@'); start >= 0; start = text.indexOf('@', start + 1)) {
    if (isWord(text[start - 1])) continue;
    let longest = null;
    for (const person of people) {
      if (person.name === '' || !text.startsWith(person.name, start + 1) || isWord(text[start + 1 + person.name.length])) continue;
      if (!longest || person.name.length > longest.name.length) longest = person;
    }
    if (longest) found.push({ start, end: start + 1 + longest.name.length, person: longest });
  }
  return found;
}

/** What a message says of its mentions to the server: 50 users at most, each once. */
export function calls(text, people) {
  const users = new Set();
  let all = false;
  for (const { person } of mentionsIn(text, people)) {
    if (person.user === everybody) all = true;
    else users.add(person.user);
  }
  return { mentions: [...users].slice(0, 50), mention_all: all };
}

/** Parts of a text (strings and links) with the mentions taken out of the strings, as { user, text }. */
export function withMentions(parts, people) {
  if (people.length === 0) return parts;
  return parts.flatMap((part) => {
    if (typeof part !== 'string') return [part];
    const split = [];
    let end = 0;
    for (const mention of mentionsIn(part, people)) {
      if (mention.start > end) split.push(part.slice(end, mention.start));
      split.push({ user: mention.person.user, text: part.slice(mention.start, mention.end) });
      end = mention.end;
    }
    if (end < part.length) split.push(part.slice(end));
    return split;
  });
}
