// Tells the server how far the user has read: bundled, and again after a broken connection.

import { note } from '../probe.js';
import { isMember, withRead } from '../store/summaries.js';
import { report, reportAfterMilliseconds } from './reading.js';
import { countsAfterReading } from './unread.js';

export function createReceipts({ store, link, clock }) {
  const reported = new Map();
  const delivered = new Map();
  const arrivals = new Map();
  let cancelTimer = null;

  /** Everything up to `sequence` stood before the user's eyes. */
  function seen(id, sequence) {
    const summary = store.get('conversation', id);
    if (!isMember(summary) || summary.stale || sequence <= summary.read) return;
    const counts = countsAfterReading(summary, store.get('run', id), sequence, store.get('me', 'user'), store.get('far', id));
    store.put('conversation', id, withRead(summary, sequence, counts));
    plan(report(reported.get(id) ?? 0, sequence, cancelTimer !== null));
  }

  /** Everything up to `sequence` is on this device. Who reads it at once says so with the same request. */
  function arrived(id, sequence) {
    const known = Math.max(reported.get(id) ?? 0, delivered.get(id) ?? 0);
    if (sequence <= known || sequence <= (arrivals.get(id) ?? 0)) return;
    arrivals.set(id, sequence);
    plan(report(known, sequence, cancelTimer !== null));
  }

  function plan(decision) {
    if (decision === 'now') flush();
    else if (decision === 'later') cancelTimer = clock.after(reportAfterMilliseconds, flush);
  }

  function flush() {
    cancelTimer?.();
    cancelTimer = null;
    if (link.phase !== 'live') return;
    for (const summary of store.values('conversation')) {
      const id = summary.conversation;
      if (!isMember(summary) || summary.stale) continue;
      const frame = { type: 'read', conversation: id };
      if (summary.read > (reported.get(id) ?? 0)) frame.sequence = summary.read;
      const here = arrivals.get(id) ?? 0;
      if (here > Math.max(summary.read, delivered.get(id) ?? 0)) frame.delivered = here;
      arrivals.delete(id);
      if (frame.sequence || frame.delivered) tell(id, frame);
    }
  }

  function tell(id, frame) {
    if (frame.sequence) reported.set(id, frame.sequence);
    if (frame.delivered) delivered.set(id, frame.delivered);
    note(frame.sequence ? 'read' : 'delivered', { conversation: id, sequence: frame.sequence ?? frame.delivered });
    link.request(frame).catch(() => {
      // Positions only move forward, so the next report repairs a lost one; until then it counts as not reported.
      if (frame.sequence) reported.set(id, 0);
      if (frame.delivered) delivered.set(id, 0);
    });
  }

  return {
    seen,
    arrived,
    flush,
    onServerRead: (id, read) => reported.set(id, read),
    onServerDelivered: (id, sequence) => delivered.set(id, sequence),
    forget() {
      for (const map of [reported, delivered, arrivals]) map.clear();
    },
  };
}
