// Finds the links in a text. Pure, in linear time, and only of kinds that cannot run anything here.

const address = /\bhttps?:\/\/[^\s<>"\u0000-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;
const trailing = new Set('.,;:!?\'"*_~');

/** The text in parts: plain strings and { href, text }. */
export function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const link = trimmed(match[0]);
    if (!URL.canParse(link)) continue;
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ href: link, text: link });
    end = match.index + link.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** Without the punctuation of the sentence around it; a closing bracket stays where it was opened inside. */
function trimmed(link) {
  let open = 0;
  for (const character of link) open += character === '(' ? 1 : character === ')' ? -1 : 0;
  let end = link.length;
  for (; end > 0; end -= 1) {
    const last = link[end - 1];
    if (last === ')' && open < 0) open += 1;
    else if (!trailing.has(last)) break;
  }
  return link.slice(0, end);
}
