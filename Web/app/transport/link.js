// One socket, kept alive: connects, logs in with a ticket, pairs answers with requests, notices a dead connection, and
// connects again with growing pauses.

import { ConnectionLost, decode, encode, ServerError, subprotocol } from '../codec/frames.js';
import { begin, counters, end, note } from '../probe.js';
import { backoff, reconnectDelay } from './backoff.js';

const openWithin = 15_000;
const answerWithin = 15_000;

/**
 * phases: `stopped`, `connecting`, `live` (after `ready`), `waiting` (until `retryAt`).
 * `onLive(hello, ready)` runs on each new connection, `onFrame(frame)` for each frame that answers nothing,
 * `onEnded(error)` when the server says that the session is over.
 */
export function createLink({ url, ticket, clock, onPhase, onLive, onFrame, onEnded }) {
  let socket = null;
  let phase = 'stopped';
  let attempt = 0;
  let identifier = 0;
  let heard = 0;
  let advised = 0;
  let beat = 30_000;
  let cancelTimer = () => {};
  let cancelWatch = () => {};
  const pending = new Map();

  function enter(next, retryAt = 0) {
    phase = next;
    note('phase', { phase: next });
    onPhase(next, retryAt);
  }

  async function connect() {
    cancelTimer();
    enter('connecting');
    const mine = (socket = {});
    cancelTimer = clock.after(openWithin, () => mine === socket && lose('no answer while connecting'));
    let pass;
    try {
      pass = await ticket();
    } catch (error) {
      if (mine !== socket) return;
      return lose(error.message, error.retryAfter);
    }
    if (mine !== socket) return;
    open(pass);
  }

  function open(pass) {
    const mine = (socket = new WebSocket(url, subprotocol));
    let hello = null;
    mine.onmessage = ({ data }) => {
      if (mine !== socket) return;
      heard = clock.now();
      counters.framesIn += 1;
      let frame;
      try {
        frame = decode(data);
      } catch (error) {
        note('bad-frame', { reason: error.message });
        return lose('a frame that is none');
      }
      if (!frame) return;
      if (frame.type === 'hello') {
        hello = frame;
        beat = frame.heartbeat_ms;
        request({ type: 'auth', ticket: pass }).then(
          (ready) => {
            cancelTimer();
            watch();
            enter('live');
            onLive(hello, ready);
          },
          (error) => note('auth-refused', { code: error.code }),
        );
      } else receive(frame);
    };
    mine.onclose = ({ code }) => mine === socket && lose(`closed ${code}`);
  }

  function receive(frame) {
    const waiter = frame.id === undefined ? undefined : pending.get(frame.id);
    if (waiter) {
      pending.delete(frame.id);
      waiter.settle();
      if (frame.type === 'error') waiter.reject(new ServerError(frame));
      else {
        // An ack stands in the place of an event, so it is taken in order with them and not a microtask later.
        waiter.before?.(frame);
        waiter.resolve(frame);
      }
      return;
    }
    if (frame.type === 'reconnect') return lose('asked to reconnect', reconnectDelay(frame.after_ms, Math.random()));
    if (frame.type === 'error') {
      const error = new ServerError(frame);
      note('error-frame', { code: error.code });
      if (error.name === 'session_ended') return onEnded(error);
      // It ends the connection: the close that follows waits as long as it says.
      advised = error.retryAfter;
      return;
    }
    onFrame(frame);
  }

  function request(frame, { before } = {}) {
    return new Promise((resolve, reject) => {
      if (!(socket instanceof WebSocket) || socket.readyState !== WebSocket.OPEN) {
        reject(new ConnectionLost('not connected'));
        return;
      }
      identifier += 1;
      const id = identifier;
      const sent = clock.now();
      begin();
      const cancel = clock.after(answerWithin, () => {
        // A server that speaks but does not answer is slow; one that says nothing at all is gone.
        if (heard < sent) lose('no answer');
        else if (pending.delete(id)) {
          end();
          reject(new ConnectionLost('no answer in time'));
        }
      });
      pending.set(id, {
        before,
        resolve,
        reject,
        settle() {
          cancel();
          end();
        },
      });
      counters.framesOut += 1;
      const { type, ...rest } = frame;
      socket.send(encode({ type, id, ...rest }));
    });
  }

  /** Nothing heard for two heartbeats: the socket is dead, whatever the browser says about it. */
  function watch() {
    cancelWatch();
    const remaining = heard + 2 * beat - clock.now();
    if (remaining <= 0) return lose('two heartbeats missed');
    cancelWatch = clock.after(remaining, watch);
  }

  function drop() {
    cancelTimer();
    cancelWatch();
    const last = socket;
    socket = null;
    if (last instanceof WebSocket) {
      last.onmessage = null;
      last.onclose = null;
      last.close();
    }
    const waiters = [...pending.values()];
    pending.clear();
    for (const waiter of waiters) {
      waiter.settle();
      waiter.reject(new ConnectionLost('the connection broke'));
    }
  }

  function lose(reason, delay = 0) {
    if (phase === 'stopped') return;
    note('lost', { reason });
    drop();
    const wait = Math.max(delay, advised, backoff(attempt, Math.random()));
    advised = 0;
    attempt += 1;
    enter('waiting', clock.now() + wait);
    cancelTimer = clock.after(wait, connect);
  }

  return {
    request,
    get phase() {
      return phase;
    },
    start() {
      if (phase === 'stopped') connect();
    },
    stop() {
      drop();
      attempt = 0;
      enter('stopped');
    },
    retryNow() {
      if (phase === 'waiting') connect();
    },
    /** The connection answers, but not with what is needed: try another. */
    giveUp(reason) {
      if (phase === 'live') lose(reason);
    },
    /** The connection has proved good: the next loss begins with short pauses again. */
    proved() {
      attempt = 0;
    },
    /** After sleep or a change of network: an answer within the usual time, or the socket is dead. */
    probe() {
      if (phase === 'waiting') connect();
      else if (phase === 'live') request({ type: 'ping' }).catch(() => {});
    },
  };
}
