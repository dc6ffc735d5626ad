// What an address of the page stands for, and what a link is worth. Pure.

const joinMark = 'join=';

/** `{ join: token }`, `{ conversation: id }` or `{}` of the part after `#`. */
export function readAddress(hash) {
  let text = '';
  try {
    text = decodeURIComponent(hash.replace(/^#/, ''));
  } catch {
    // An address that somebody wrote by hand.
  }
  if (text.startsWith(joinMark)) return { join: text.slice(joinMark.length).trim() };
  return text === '' ? {} : { conversation: text };
}

/** The address by which one joins. The token stands after `#`: it is not sent to any server by following the link. */
export function linkAddress({ origin, pathname }, token) {
  return `${origin}${pathname.replace(/[^/]*$/, '')}#${joinMark}${encodeURIComponent(token)}`;
}

/** Whether a link is over, and a line about it. `until(time, now)` tells a time. */
export function linkState({ expires = 0, uses = 0, used = 0 }, now) {
  const spent = uses > 0 && used >= uses;
  const late = expires > 0 && expires <= now;
  const joined = uses > 0 ? `${used} of ${uses} used` : used === 1 ? 'used once' : `used ${used} times`;
  return {
    over: spent || late,
    words: (until) => {
      if (late) return `${joined}, ended`;
      if (spent) return `${joined}, used up`;
      return expires > 0 ? `${joined}, ends ${until(expires, now)}` : joined;
    },
  };
}
