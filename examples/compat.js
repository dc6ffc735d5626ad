'use strict';
// A whole client of the profile parley.compat.1: log in, join, speak, history, heartbeat, come back. docs/PROTOCOL.md has the events.

const $ = (id) => document.getElementById(id);

let grant = null;               // what the log-in gave: tokens
let me = null;                  // who we are, as the server says: the claims of every frame
let socket = null;
let place = null;               // the open conversation: {mode, group_id, to_user_id}
let shown = new Set();          // what is shown of it already
let pause = 500;                // milliseconds before the next try to connect
let heard = 0;                  // when the server last said something
let pingTimer = 0;
let counter = 0;
const unsent = new Map();       // frames without an ack, by client_msg_id: sent again after a break, stored once
const run = crypto.randomUUID(); // makes our message ids different from those of other pages

// --- Log-in: plain HTTP ---

async function call(path, body, token) {
  const headers = {'Content-Type': 'application/json'};
  if (token) headers.Authorization = 'Bearer ' + token;
  const answer = await fetch(path, {method: 'POST', headers, body: JSON.stringify(body ?? {})});
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.message), {status: answer.status});
  return value;
}

$('door').addEventListener('submit', async (event) => {
  event.preventDefault();
  $('complaint').textContent = '';
  try {
    const body = {name: $('name').value, password: $('password').value, device: 'compat.html'};
    grant = await call('/v1/' + (event.submitter?.value ?? 'login'), body);
    $('door').hidden = true;
    $('room').hidden = false;
    connect();
  } catch (error) {
    $('complaint').textContent = error.message;
  }
});

/** A ticket opens one socket. The access token is short-lived; where it has ended, the refresh token gets a new one. */
async function ticket() {
  try {
    return (await call('/v1/ticket', null, grant.access_token)).ticket;
  } catch (error) {
    if (error.status !== 401) throw error;
    grant = await call('/v1/refresh', {refresh_token: grant.refresh_token});
    return (await call('/v1/ticket', null, grant.access_token)).ticket;
  }
}

// --- The socket ---

async function connect() {
  state('connecting');
  let opened;
  try {
    opened = await ticket();
  } catch (error) {
    if (error.status === 401) return location.reload();
    return later();
  }
  socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/v1/ws', 'parley.compat.1');
  socket.onopen = () => socket.send(JSON.stringify({event: 'auth', ticket: opened}));
  socket.onmessage = (message) => {
    heard = Date.now();
    const {code, msg, data} = JSON.parse(message.data);
    if (code === 0) handlers[data.event]?.(data);
    else failed(msg, data);
  };
  socket.onclose = later;
}

function later() {
  clearInterval(pingTimer);
  state('offline, trying again');
  // With jitter, so that not all clients of a server that comes back arrive at once.
  setTimeout(connect, pause * (0.5 + Math.random()));
  pause = Math.min(pause * 2, 15_000);
}

function send(frame) {
  if (socket?.readyState !== WebSocket.OPEN || !me) return;
  const claims = {from_user_id: me.from_user_id, from_username: me.from_username, from_avatar: me.from_avatar};
  socket.send(JSON.stringify({...frame, ...claims}));
}

const handlers = {
  auth(data) {
    me = data;
    pause = 500;
    state('connected');
    $('me').textContent = `${me.from_username}, number ${me.from_user_id}`;
    send({event: 'join', mode: 1, group_id: 0});
    send({event: 'sync'});
    if (place) open(place);
    for (const frame of unsent.values()) send(frame);
    clearInterval(pingTimer);
    pingTimer = setInterval(() => {
      if (Date.now() - heard > 2 * me.ping_ms) socket.close();
      else socket.send(JSON.stringify({event: 'ping'}));
    }, me.ping_ms);
  },
  init(data) {
    if (data.mode === 2 && isOpen(data)) title(`${data.group_name} (group ${data.group_id})`);
  },
  sync(data) {
    for (const line of data.list) listed(line);
    if (data.more) send({event: 'sync', token: data.token});
  },
  history(data) {
    if (!isOpen(data)) return;
    for (const line of data.list) show(line);
    if (data.sequence > 0) send({event: 'read', ...place, sequence: data.sequence});
  },
  speak(data) {
    if (isOpen(data)) {
      show(data);
      send({event: 'read', ...place, sequence: data.sequence});
    } else {
      const peer = data.mode === 1 ? other(data) : undefined;
      listed({mode: data.mode, group_id: data.group_id, to_user_id: peer, name: peer ? data.from_username : undefined, unread: 1});
    }
  },
  ack(data) {
    const frame = unsent.get(data.client_msg_id);
    unsent.delete(data.client_msg_id);
    document.querySelector(`[data-waiting="${CSS.escape(data.client_msg_id)}"]`)?.remove();
    if (frame && isOpen(data)) show({...frame, ...me, ...data, event: 'speak', content: frame.content});
  },
  join: (data) => isOpen(data) && show(data),
  leave: (data) => isOpen({mode: 2, ...data}) && show(data),
  behind: (data) => isOpen(data) && send({event: 'history', ...place}),
  reconnect: (data) => { pause = data.after_ms; },
};

function failed(message, data) {
  // Nothing was said to this user yet: the conversation comes with the first message.
  if (data.event === 'history' && data.mode === 1) return;
  if (data.event === 'speak' && data.retry === 'never') {
    unsent.delete(data.client_msg_id);
    document.querySelector(`[data-waiting="${CSS.escape(data.client_msg_id ?? '')}"]`)?.remove();
  }
  state(message);
}

// --- Conversations ---

/** The other one of a private message. */
function other(data) {
  return data.from_user_id === me.from_user_id ? data.to_user_id : data.from_user_id;
}

function isOpen(data) {
  if (!place || data.mode !== place.mode) return false;
  if (data.mode === 2) return String(data.group_id) === String(place.group_id);
  return String(data.event === 'speak' ? other(data) : data.to_user_id) === String(place.to_user_id);
}

function open(where) {
  place = where;
  shown = new Set();
  $('messages').replaceChildren();
  title(where.mode === 2 ? `Group ${where.group_id}` : `User ${where.to_user_id}`);
  $('text').disabled = $('say').disabled = false;
  for (const entry of $('conversations').children) entry.firstChild.removeAttribute('aria-current');
  if (where.mode === 2) send({event: 'join', mode: 2, group_id: where.group_id});
  send({event: 'history', ...where});
  for (const frame of unsent.values()) waiting(frame);
}

$('place').addEventListener('submit', (event) => {
  event.preventDefault();
  const number = Number($('number').value);
  if (new FormData(event.target).get('mode') === '2') open({mode: 2, group_id: number});
  else open({mode: 1, group_id: 0, to_user_id: number});
});

/** A conversation in the list; opened by a click. */
function listed({mode, group_id, to_user_id, name, unread}) {
  const where = mode === 2 ? {mode, group_id} : {mode, group_id: 0, to_user_id};
  const key = JSON.stringify(where);
  let entry = [...$('conversations').children].find((one) => one.dataset.key === key);
  if (!entry) {
    entry = document.createElement('li');
    entry.dataset.key = key;
    const button = document.createElement('button');
    button.onclick = () => {
      open(where);
      button.setAttribute('aria-current', 'true');
      button.textContent = entry.dataset.name;
    };
    entry.append(button);
    $('conversations').append(entry);
  }
  entry.dataset.name = name ?? entry.dataset.name ?? (mode === 2 ? `Group ${group_id}` : `User ${to_user_id}`);
  entry.firstChild.textContent = entry.dataset.name + (unread > 0 && key !== JSON.stringify(place) ? ' •' : '');
}

// --- Messages ---

$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const frame = {event: 'speak', ...place, content: $('text').value, client_msg_id: `${run}-${++counter}`};
  unsent.set(frame.client_msg_id, frame);
  waiting(frame);
  send(frame);
  $('text').value = '';
});

/** A message that is not stored yet. */
function waiting(frame) {
  if (frame.mode !== place.mode || frame.group_id !== place.group_id || frame.to_user_id !== place.to_user_id) return;
  const line = row(`${me.from_username}: ${frame.content}`, 'mine waiting');
  line.dataset.waiting = frame.client_msg_id;
  $('messages').append(line);
  line.scrollIntoView();
}

/** A message or a notice, at the place that its sequence gives it, once. */
function show(line) {
  const isMessage = line.event === 'speak';
  const key = `${line.event} ${line.sequence} ${line.from_user_id}`;
  if (line.sequence && shown.has(key)) return;
  shown.add(key);
  const text = `${line.from_username}: ${line.recalled ? '(taken back)' : line.content}`;
  const element = row(text, !isMessage ? 'notice' : line.from_user_id === me.from_user_id ? 'mine' : '');
  element.dataset.sequence = line.sequence ?? '';
  const after = [...$('messages').children].find((one) =>
    one.dataset.waiting || (line.sequence && Number(one.dataset.sequence) > line.sequence));
  $('messages').insertBefore(element, after ?? null);
  element.scrollIntoView();
}

function row(text, className) {
  const element = document.createElement('li');
  element.className = className;
  element.textContent = text;
  return element;
}

function title(text) { $('title').textContent = text; }
function state(text) { $('state').textContent = text; }
