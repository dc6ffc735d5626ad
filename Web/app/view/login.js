// Log in and create an account: one form, so that a password manager knows both.

import { h, sentence } from '../ui/dom.js';
import { readAddress } from '../viewmodel/address.js';

const words = {
  login: {
    title: 'Log in to Parley',
    submit: 'Log in',
    question: 'New here?',
    other: 'Create an account',
    autocomplete: 'current-password',
    path: 'v1/login',
  },
  register: {
    title: 'Create your account',
    submit: 'Create account',
    question: 'Already have an account?',
    other: 'Log in',
    autocomplete: 'new-password',
    path: 'v1/register',
  },
};

const causes = {
  wrong_credentials: 'This name and password do not belong together. Check both and try again.',
  name_taken: 'This name is taken. Choose another, or log in if it is yours.',
};

export function createLogin({ store, app }) {
  let mode = 'login';
  let busy = false;

  const title = h('h1');
  const notice = h('p', { class: 'login-notice' });
  const problem = h('p', { class: 'problem', id: 'login-problem', role: 'alert', tabindex: '-1', hidden: true });
  const name = h('input', {
    id: 'name', name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true,
    maxlength: '128', dir: 'auto', 'aria-describedby': 'login-problem',
  });
  const password = h('input', {
    id: 'password', name: 'password', type: 'password', required: true, maxlength: '1024', 'aria-describedby': 'login-problem password-hint',
  });
  const reveal = h('button', { type: 'button', class: 'link reveal', text: 'Show', 'aria-pressed': 'false', 'aria-label': 'Show password', on: { click: toggle } });
  const hint = h('p', { class: 'hint', id: 'password-hint', text: 'At least 8 characters.' });
  const submit = h('button', { type: 'submit', class: 'primary wide' });
  const question = h('span');
  const other = h('button', { type: 'button', class: 'link', on: { click: () => turn(mode === 'login' ? 'register' : 'login') } });

  const form = h('form', { novalidate: true, on: { submit: enter } },
    h('div', { class: 'field' }, h('label', { for: 'name', text: 'Name' }), name),
    h('div', { class: 'field' },
      h('label', { for: 'password', text: 'Password' }),
      h('div', { class: 'with-button' }, password, reveal),
      hint),
    problem, submit);

  const element = h('main', { class: 'login', hidden: true },
    h('div', { class: 'card' },
      h('img', { class: 'mark', src: 'icon.svg', alt: '', width: '48', height: '48' }),
      title, notice, form,
      h('p', { class: 'switch' }, question, ' ', other)));

  function turn(next) {
    mode = next;
    const text = words[mode];
    title.textContent = text.title;
    submit.textContent = text.submit;
    question.textContent = text.question;
    other.textContent = text.other;
    password.autocomplete = text.autocomplete;
    hint.hidden = mode === 'login';
    tell('');
  }

  function toggle() {
    const shown = password.type === 'password';
    password.type = shown ? 'text' : 'password';
    reveal.textContent = shown ? 'Hide' : 'Show';
    reveal.setAttribute('aria-pressed', String(shown));
  }

  function tell(text, at) {
    problem.textContent = text;
    problem.hidden = text === '';
    for (const input of [name, password]) input.setAttribute('aria-invalid', String(input === at));
    if (text !== '') (at ?? problem).focus();
  }

  async function enter(event) {
    event.preventDefault();
    if (busy) return;
    if (name.value.trim() === '') return tell('Enter your name.', name);
    if (password.value === '') return tell('Enter your password.', password);
    if (mode === 'register' && [...password.value].length < 8) return tell('The password needs at least 8 characters.', password);
    tell('');
    busy = true;
    submit.setAttribute('aria-busy', 'true');
    try {
      await app.enter(words[mode].path, name.value.trim(), password.value);
      password.value = '';
    } catch (error) {
      tell(causes[error.name] ?? sentence(error));
    } finally {
      busy = false;
      submit.removeAttribute('aria-busy');
    }
  }

  turn('login');
  return {
    element,
    refresh() {
      const shown = store.get('view', 'screen') === 'login';
      const invited = readAddress(location.hash).join ? 'You were invited to a group: log in, or create an account, to join it.' : '';
      const text = store.get('view', 'notice') || invited;
      notice.textContent = text;
      notice.hidden = text === '';
      if (shown && element.hidden) {
        element.hidden = false;
        turn('login');
        name.focus();
      } else if (!shown) element.hidden = true;
    },
  };
}
