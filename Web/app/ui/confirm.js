// Asks before what cannot be taken back.

import { h } from './dom.js';

/**
 * Resolves to whether the person agreed. `typed`: words that he has to type first; null where a press is enough.
 */
export function confirmed({ title, text, action, danger = false, typed = null }) {
  return new Promise((resolve) => {
    const agree = h('button', { type: 'submit', class: `primary${danger ? ' danger' : ''}`, text: action });
    const field = typed !== null && h('input', { id: 'confirm-words', dir: 'auto', autocomplete: 'off', spellcheck: 'false', on: { input: check } });
    const form = h('form', { novalidate: true, on: { submit } },
      h('p', { text }),
      field && h('div', { class: 'field typed' }, h('label', { for: 'confirm-words' }, 'Type ', h('bdi', { class: 'words', text: typed }), ' to confirm'), field),
      h('div', { class: 'actions' },
        h('button', { type: 'button', class: 'quiet', text: 'Cancel', on: { click: () => element.close() } }), agree));
    const element = h('dialog', { class: 'dialog confirm', role: 'alertdialog', 'aria-labelledby': 'confirm-heading', on: { close: finish } },
      h('div', { class: 'head' }, h('h2', { id: 'confirm-heading', text: title })), form);
    let agreed = false;

    function check() {
      agree.disabled = field.value.trim() !== typed.trim();
    }

    function submit(event) {
      event.preventDefault();
      agreed = !agree.disabled;
      if (!agreed) return;
      element.close();
      // The dialog's own event may come late: in a tab that was left at once, only when it is looked at again.
      finish();
    }

    function finish() {
      element.remove();
      resolve(agreed);
    }

    (document.querySelector('.shell') ?? document.body).append(element);
    if (field) check();
    element.showModal();
    // What destroys is never what a careless Enter presses.
    if (field) field.focus();
    else if (danger) form.querySelector('.quiet').focus();
    else agree.focus();
  });
}
