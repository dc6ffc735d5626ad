// A question with a few answers, side by side.

import { h } from '../ui/dom.js';

/** `values`: [value, label]. `onChange(value)` after each press; `hint(value)`: a line about the answer that stands there. */
export function choice(name, label, values, { onChange = () => {}, hint = () => '' } = {}) {
  const inputs = values.map(([value]) => h('input', { type: 'radio', name, value, on: { change } }));
  const words = h('p', { class: 'hint' });
  const chosen = () => inputs.find((input) => input.checked)?.value;

  function change() {
    words.textContent = hint(chosen());
    onChange(chosen());
  }

  return {
    element: h('fieldset', { class: 'choice' }, h('legend', { text: label }),
      h('div', { class: 'segments' }, ...inputs.map((input, index) => h('label', { class: 'segment' }, input, h('span', { text: values[index][1] })))), words),
    get value() {
      return chosen();
    },
    set value(value) {
      if (value === chosen()) return;
      for (const input of inputs) input.checked = input.value === value;
      words.textContent = hint(value);
    },
  };
}
