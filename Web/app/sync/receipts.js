// Tells the server how far the user has read: bundled, and again after a broken connection.

import { note } from '../probe.js';
import { isMember, withRead } from '../store/summaries.js';
import { report, reportAfterMilliseconds } from './reading.js';
import { unreadAfterReading } from './unread.js';

export function createReceipts({ store, link, clock }) {
  const reported = new Map();
  let cancelTimer = null;

  /** Everything up to `sequence` stood before the user's eyes. */
  function seen(id, sequence) {
    const summary = store.get('conversation', id);
    if (!isMember(summary) || sequence <= summary.read) return;
    const unread = unreadAfterReading(summary, store.get('run', id), sequence, store.get('me', 'user'));
    store.put('conversation', id, withRead(summary, sequence, unread));
    const decision = report(reported.get(id) ?? 0, sequence, cancelTimer !== null);
    if (decision === 'now') flush();
    else if (decision === 'later') cancelTimer = clock.after(reportAfterMilliseconds, flush);
  }

  function flush() {
    cancelTimer?.();
    cancelTimer = null;
    if (link.phase !== 'live') return;
    for (const summary of store.values('conversation')) {
      const id = summary.conversation;
      if (!isMember(summary) || !(summary.read > (reported.get(id) ?? 0))) continue;
      reported.set(id, summary.read);
      note('read', { conversation: id, sequence: summary.read });
      link.request({ type: 'read', conversation: id, sequence: summary.read }).catch(() => {
        // Positions only move forward, so the next report repairs a lost one; until then it counts as not reported.
        reported.set(id, 0);
      });
    }
  }

  return {
    seen,
    flush,
    onServerRead: (id, read) => reported.set(id, read),
    forget: () => reported.clear(),
  };
}
