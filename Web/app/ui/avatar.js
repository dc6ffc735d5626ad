import { h } from './dom.js';

const pictograph = /\p{Extended_Pictographic}/u;

/** A disc with initials; the name stands beside it in words, so it is not read out. */
export function avatar({ initials, colour, group = false }, size = '') {
  return h('span', {
    class: `avatar ${size}${group ? ' group' : ''}${pictograph.test(initials) ? ' pictograph' : ''}`,
    'aria-hidden': 'true',
    data: { colour },
    text: initials,
  });
}
