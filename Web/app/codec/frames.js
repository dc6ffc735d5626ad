// Frames <-> plain objects. Nothing behind this module sees text that did not pass here.
import { errors } from './errors.js';

/** The fields that the client relies on, by frame type. A frame without them is the server's fault and ends the connection. */
const shapes = {
  hello: { epoch: 'string', heartbeat_ms: 'number', limits: 'object' },
  ready: { id: 'number', user: 'string', name: 'string' },
  synced: { id: 'number', epoch: 'string', token: 'string', conversations: 'object' },
  event: { conversation: 'string', sequence: 'number', kind: 'string', sender: 'string' },
  ack: { id: 'number', conversation: 'string', client_id: 'string', sequence: 'number', time: 'number' },
  page: { id: 'number', conversation: 'string', entries: 'object', head: 'number' },
  created: { id: 'number', conversation: 'string' },
  ok: { id: 'number' },
  members: { id: 'number', members: 'object' },
  users: { id: 'number', users: 'object' },
  links: { id: 'number', links: 'object' },
  link_info: { id: 'number', conversation: 'string', title: 'string' },
  blocks: { id: 'number', users: 'object' },
  preferences: { id: 'number' },
  reports: { id: 'number', reports: 'object' },
  presence: { users: 'object' },
  pong: { id: 'number' },
  position: { conversation: 'string', read: 'number' },
  receipts: { conversation: 'string', counts: 'object' },
  readers: { id: 'number', members: 'object' },
  reactions: { id: 'number', users: 'object' },
  typing: { conversation: 'string', users: 'object' },
  heartbeat: { heads: 'object' },
  behind: { heads: 'object' },
  heads: { heads: 'object' },
  reconnect: { after_ms: 'number' },
  error: { code: 'number' },
};

export const subprotocol = 'parley.json.1';

/** What the server refused: its number, whether to try again, and one sentence for a person. */
export class ServerError extends Error {
  constructor(frame) {
    const row = errors[frame.code] ?? { name: 'unknown', retry: 'never', advice: 'The server refused this.' };
    super(row.advice);
    this.code = frame.code;
    this.name = frame.name ?? row.name;
    this.retry = frame.retry ?? row.retry;
    this.field = frame.field ?? '';
    this.rule = frame.rule ?? '';
    this.retryAfter = frame.retry_ms ?? 0;
  }
}

/** The answer did not come: the connection broke or nobody listened. Sending the same again is safe. */
export class ConnectionLost extends Error {
  constructor(reason) {
    super(reason);
    this.name = 'ConnectionLost';
    this.retry = 'later';
    this.code = 0;
    this.retryAfter = 0;
  }
}

export function encode(frame) {
  return JSON.stringify(frame);
}

/** The frame, or null for a type of a newer server. Throws on what is no frame at all. */
export function decode(text) {
  const frame = JSON.parse(text);
  if (frame === null || typeof frame !== 'object' || typeof frame.type !== 'string') throw new Error('no frame type');
  const shape = Object.hasOwn(shapes, frame.type) ? shapes[frame.type] : null;
  if (!shape) return null;
  for (const [field, type] of Object.entries(shape)) {
    if (typeof frame[field] !== type || frame[field] === null) throw new Error(`${frame.type}.${field} is no ${type}`);
  }
  if (frame.type === 'event' && !readable(frame)) throw new Error('event.content is no object');
  return frame;
}

/** What may not be seen any more comes without its content. */
function readable({ content, withheld, recalled }) {
  return content === undefined ? Boolean(withheld || recalled) : typeof content === 'object' && content !== null;
}

/** An event without what only addresses it: the same shape as an entry of a page. */
export function entryOf(event) {
  const { type, conversation, ...entry } = event;
  return entry;
}
