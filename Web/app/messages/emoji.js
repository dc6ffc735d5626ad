// Choosing an emoji: the usual ones in a grid, and a field for any other.

import { h } from '../ui/dom.js';
import { createFloat } from './float.js';

const usual = [
  ['👍', 'thumbs up'], ['❤️', 'heart'], ['😂', 'tears of joy'], ['🎉', 'party'], ['😮', 'surprised'], ['😢', 'crying'], ['🙏', 'thank you'], ['🔥', 'fire'],
  ['👎', 'thumbs down'], ['😀', 'grinning'], ['😅', 'relieved'], ['😉', 'winking'], ['😍', 'heart eyes'], ['🤔', 'thinking'], ['😴', 'sleeping'], ['😡', 'angry'],
  ['👏', 'clapping'], ['🙌', 'raised hands'], ['💪', 'strong'], ['👀', 'eyes'], ['✅', 'done'], ['❌', 'cross'], ['❓', 'question'], ['❗', 'exclamation'],
  ['💯', 'hundred'], ['⭐', 'star'], ['☕', 'coffee'], ['🍕', 'pizza'], ['🎂', 'cake'], ['🌧️', 'rain'], ['☀️', 'sun'], ['🚀', 'rocket'],
];
const columns = 8;
const bytesMax = 32;

/** What the server takes as a reaction: one piece of text without letters, of 32 bytes at most. */
export function asEmoji(text) {
  const parts = [...new Intl.Segmenter().segment(text.trim())];
  if (parts.length !== 1 || new TextEncoder().encode(parts[0].segment).length > bytesMax) return null;
  return /\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Presentation}|[#*0-9]\uFE0F?\u20E3/u.test(parts[0].segment) ? parts[0].segment : null;
}

export function createEmojiPicker() {
  let choose = () => {};
  const field = h('input', { type: 'text', class: 'emoji-field', 'aria-label': 'Another emoji', placeholder: 'Or type any emoji', autocomplete: 'off', on: { input, keydown: (event) => event.key === 'Enter' && input() } });
  const grid = h('div', { class: 'emoji-grid', role: 'group', 'aria-label': 'Emoji', on: { click, keydown } },
    ...usual.map(([emoji, name], index) => h('button', { type: 'button', class: 'emoji-button', tabindex: index === 0 ? '0' : '-1', 'aria-label': name, title: name, data: { emoji }, text: emoji })));
  const float = createFloat({ class: 'emoji-picker', role: 'dialog', 'aria-label': 'React with' }, grid, field);

  function take(emoji) {
    float.close();
    choose(emoji);
  }

  function click(event) {
    const { emoji } = event.target.closest('button')?.dataset ?? {};
    if (emoji) take(emoji);
  }

  function input() {
    const emoji = asEmoji(field.value);
    if (emoji) take(emoji);
  }

  function keydown(event) {
    const all = [...grid.children];
    const index = all.indexOf(document.activeElement);
    const sideways = getComputedStyle(grid).direction === 'rtl' ? -1 : 1;
    const offset = { ArrowRight: sideways, ArrowLeft: -sideways, ArrowDown: columns, ArrowUp: -columns }[event.key];
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? all.length - 1 : index + (offset ?? NaN);
    if (!all[next]) return;
    event.preventDefault();
    all[index].tabIndex = -1;
    all[next].tabIndex = 0;
    all[next].focus();
  }

  return {
    element: float.element,
    open(near, onChoose, back) {
      choose = onChoose;
      field.value = '';
      float.open(near, back);
      grid.querySelector('[tabindex="0"]').focus();
    },
  };
}
