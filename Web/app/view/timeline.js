// The open conversation's messages: a window of rows that keeps the reader's place.
//
// `overflow-anchor` is off in the style sheet; this is the one mechanism that holds the place. Each commit measures it before,
// changes the rows, and scrolls by the difference in the same frame; a ResizeObserver does the same for every other change.

import { counters, note } from '../probe.js';
import { isMember } from '../store/summaries.js';
import { attentive } from '../sync/reading.js';
import { badge } from '../sync/unread.js';
import { elementOf, h, reconcile } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { anchorAt, atBottom, correction, firstShowing } from '../viewmodel/anchor.js';
import { acts, moves } from '../viewmodel/shortcuts.js';
import { timelineRows } from '../viewmodel/timeline.js';
import { afterGrowth, around, atLatest, further, nearer } from '../viewmodel/window.js';
import { createRow, fillRow } from './rows.js';

const nearEdge = 600;
const foundFor = 2_500;

export function createTimeline({ store, app, clock, attention, actions, onEscape }) {
  const list = h('ol', { class: 'rows', on: { click } });
  const status = h('div', { class: 'timeline-status' });
  const scroller = h('div', { class: 'scroller', tabindex: '0', role: 'group', 'aria-label': 'Messages', on: { keydown, focusin, focusout } }, list);
  const count = h('span', { class: 'badge', hidden: true });
  const jump = h('button', { type: 'button', class: 'jump', hidden: true, 'aria-label': 'Jump to the latest message', on: { click: toLatest } }, icon('down'), count);
  const back = h('button', { type: 'button', class: 'jump-back', hidden: true, on: { click: goBack } }, icon('reply'), 'Back');
  const problem = h('p', { class: 'timeline-status', role: 'alert', hidden: true });
  const element = h('section', { class: 'timeline', 'aria-label': 'Timeline' }, status, problem, scroller, back, jump);
  actions.serve(list);

  /**
   * { conversation, window, divider, following, found, origins } of the conversation on the screen, once it has rows.
   * `found`: the message that was jumped to; `origins`: where the jumps came from.
   */
  let visit = null;
  let held = null;
  let keys = [];
  const places = new Map();

  scroller.addEventListener('scroll', settle, { passive: true });
  attention.onChange(() => visit && see());
  new ResizeObserver(() => visit && hold(held)).observe(scroller);
  new ResizeObserver(() => visit && hold(held)).observe(list);

  /** The stretch on the screen: another one than the newest, where one jumped to it. */
  const runOf = (id) => store.get('far', id) ?? store.get('run', id);

  function refresh() {
    const open = store.get('view', 'open');
    if (visit && visit.conversation !== open) leave();
    // A far stretch is loaded first: what is to be shown is known once the newest one is there too.
    const run = open && store.get('run', open) && runOf(open);
    showStatus(open, run);
    if (!run) {
      visit = null;
      reconcile(list, [], createRow, fillRow);
      jump.hidden = true;
      back.hidden = true;
      return;
    }
    if (!visit) return arrive(open, run);
    mark();
    visit.window = afterGrowth(visit.window, run, visit.following);
    // What came above is shown in the same commit. The first row changes with what stands before it (no day above it, no name), and
    // at the very top there is no room to scroll by the difference.
    if (!visit.following && scroller.scrollTop < nearEdge) visit.window = further(visit.window, run) ?? visit.window;
    commit();
  }

  function arrive(conversation, run) {
    const { read, unread } = store.get('conversation', conversation);
    const place = places.get(conversation);
    const known = unread > 0 && run.from <= read + 1;
    visit = { conversation, window: atLatest(run), divider: known ? read : null, following: !known, unread, found: 0, origins: [] };
    list.setAttribute('aria-label', 'Messages');
    if (known) visit.window = around(run, read);
    else if (place && run.from <= place.window.from) {
      Object.assign(visit, { window: place.window, following: false });
      render();
      hold(place.anchor);
      return settle();
    }
    render();
    const divider = known && elementOf(list, 'new');
    // The first new message stands below some of what came before it.
    if (divider) scroller.scrollTop += top(divider) - view().top - scroller.clientHeight / 4;
    else scroller.scrollTop = scroller.scrollHeight;
    settle();
    note('opened', { conversation });
  }

  function leave() {
    // A far stretch is not kept: its place is nothing without it.
    if (visit.following || store.get('far', visit.conversation)) places.delete(visit.conversation);
    else places.set(visit.conversation, { window: visit.window, anchor: held });
    app.leaveFar(visit.conversation);
    visit = null;
    reconcile(list, [], createRow, fillRow);
  }

  /** New messages that nobody saw come get a divider, where there was none to be read yet. */
  function mark() {
    const { read, unread } = store.get('conversation', visit.conversation);
    if (visit.unread === 0 && unread > 0 && !(visit.following && attentive(attention.now))) visit.divider = read;
    visit.unread = unread;
  }

  function commit() {
    const place = visit.following ? null : measure();
    render();
    hold(place);
    settle();
  }

  function render() {
    const { conversation, window: shown, divider } = visit;
    const rows = timelineRows(store, conversation, runOf(conversation), shown, divider, clock.now());
    for (const row of rows) row.found = visit.found !== 0 && row.sequence === visit.found;
    const focused = document.activeElement?.dataset?.key;
    if (focused && list.contains(document.activeElement) && !rows.some((row) => row.key === focused)) {
      scroller.focus({ preventScroll: true });
    }
    reconcile(list, rows, createRow, fillRow);
    keys = rows.filter((row) => row.kind === 'message' || row.kind === 'notice').map((row) => row.key);
    counters.commits += 1;
    want(conversation, rows);
  }

  /** What the rows on the screen need besides: the messages that they quote, and how far one's own have come. */
  function want(conversation, rows) {
    const own = [];
    for (const { quote, root, mark, sequence } of rows) {
      if (quote && !quote.known) app.wantMessage(conversation, quote.sequence);
      if (root && !root.known) app.wantMessage(conversation, root.sequence);
      if (mark && sequence) own.push(sequence);
    }
    app.countsOf(conversation, own);
  }

  const view = () => scroller.getBoundingClientRect();
  const top = (row) => row.getBoundingClientRect().top;
  const bottom = (row) => row.getBoundingClientRect().bottom;
  const rowAt = (index) => elementOf(list, keys[index]);

  function measure() {
    if (keys.length === 0) return null;
    const port = view();
    const index = Math.min(firstShowing(keys.length, (at) => bottom(rowAt(at)), port.top), keys.length - 1);
    return anchorAt(keys[index], bottom(rowAt(index)), port.bottom);
  }

  /** Puts the place back where it was: the end while following, else the anchor. */
  function hold(place) {
    if (visit.following) {
      scroller.scrollTop = scroller.scrollHeight;
      return;
    }
    const row = place && elementOf(list, place.key);
    if (row) scroller.scrollTop += correction(place, bottom(row), view().bottom);
  }

  /** After any scroll: where the reader is now, what he saw, and whether more is needed. */
  function settle() {
    if (!visit) return;
    visit.following = visit.window.to === Infinity && !store.get('far', visit.conversation) && atBottom(scroller);
    held = measure();
    see();
    const { unread } = store.get('conversation', visit.conversation);
    jump.hidden = visit.following;
    count.textContent = badge(unread);
    count.hidden = unread === 0;
    back.hidden = visit.origins.length === 0;
    extend();
  }

  function extend() {
    const run = runOf(visit.conversation);
    const below = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    if (scroller.scrollTop < nearEdge) {
      const next = further(visit.window, run);
      if (next) return move(next);
      if (!run.start && !store.get('loading', visit.conversation)) app.older(visit.conversation);
    }
    if (below >= nearEdge) return;
    if (visit.window.to !== Infinity) move(nearer(visit.window, run));
    else if (store.get('far', visit.conversation) && !store.get('loading', visit.conversation)) app.newer(visit.conversation);
  }

  function move(next) {
    visit.window = next;
    visit.following = false;
    commit();
  }

  /** Reading is: a row whole on the screen, or its end, in a window that somebody is in front of. */
  function see() {
    if (!attentive(attention.now) || keys.length === 0) return;
    // What was jumped over has not been seen.
    const far = store.get('far', visit.conversation);
    if (far && far.from > store.get('conversation', visit.conversation).read + 1) return;
    const limit = view().bottom + 1;
    let index = firstShowing(keys.length, (at) => bottom(rowAt(at)), limit) - 1;
    while (index >= 0 && !rowAt(index).dataset.id) index -= 1;
    if (index >= 0) app.seen(visit.conversation, Number(rowAt(index).dataset.id));
  }

  function toLatest() {
    if (!visit) return;
    app.leaveFar(visit.conversation);
    visit.origins = [];
    visit.window = atLatest(store.get('run', visit.conversation));
    visit.following = true;
    commit();
  }

  /** Brings a message to the middle of the screen, wherever it is. `from`: the message that led to it. */
  async function jumpTo(sequence, from = 0) {
    const { conversation } = visit ?? {};
    if (!conversation) return;
    problem.hidden = true;
    const reached = await app.reach(conversation, sequence).catch(() => false);
    if (visit?.conversation !== conversation) return;
    if (!reached) {
      problem.textContent = 'This message cannot be shown.';
      problem.hidden = false;
      clock.after(foundFor, () => (problem.hidden = true));
      return note('jump-failed', { sequence });
    }
    if (from) visit.origins = [...visit.origins.slice(-9), from];
    visit.window = around(runOf(conversation), sequence);
    visit.following = false;
    visit.found = sequence;
    render();
    const row = rowOf(sequence);
    if (row) {
      scroller.scrollTop += top(row) - view().top - Math.max(0, (scroller.clientHeight - row.offsetHeight) / 2);
      row.focus({ preventScroll: true });
    }
    settle();
    note('jumped', { sequence });
    clock.after(foundFor, () => {
      if (visit?.found !== sequence) return;
      visit.found = 0;
      commit();
    });
  }

  const rowOf = (sequence) => list.querySelector(`li[data-id="${sequence}"]`);

  function goBack() {
    const origin = visit.origins.at(-1);
    visit.origins = visit.origins.slice(0, -1);
    jumpTo(origin);
  }

  function showStatus(open, run) {
    // Without a connection nothing is under way, and still it is what one waits for.
    const loading = open && (store.get('loading', open) ?? (!run && isMember(store.get('conversation', open)) ? 'opening' : null));
    element.setAttribute('aria-busy', String(Boolean(loading && loading !== 'failed')));
    status.hidden = !loading;
    if (loading === 'failed') {
      status.replaceChildren('These messages could not be loaded. ', h('button', { type: 'button', class: 'link', text: 'Try again', on: { click: again } }));
    } else status.textContent = !loading ? '' : !run ? 'Loading messages …' : loading === 'newer' ? 'Loading later messages …' : 'Loading earlier messages …';
  }

  function again() {
    const open = store.get('view', 'open');
    store.delete('loading', open);
    if (store.get('run', open)) app.older(open);
    else app.show(open);
  }

  function click(event) {
    const action = event.target.closest('[data-action]')?.dataset.action;
    const id = event.target.closest('li')?.dataset.key?.slice(2);
    if (action === 'retry') app.retry(id);
    if (action === 'discard') app.discard(id);
  }

  function keydown(event) {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.target.closest('button')) return;
    if (event.key === 'Escape') return onEscape();
    if (event.key === 'End') {
      event.preventDefault();
      return toLatest();
    }
    const offset = acts(event.key, store.get('page', 'letters')) && moves[event.key];
    if (!offset) return;
    event.preventDefault();
    const current = keys.indexOf(event.target.dataset.key);
    const last = Math.max(0, firstShowing(keys.length, (at) => bottom(rowAt(at)), view().bottom) - 1);
    const next = keys[current < 0 ? last : current + offset];
    const row = next && elementOf(list, next);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }

  /** The timeline is one tab stop: the row with the focus, or the scroller while no row has it. */
  function focusin(event) {
    scroller.tabIndex = event.target === scroller ? 0 : -1;
    reach(event.target.closest('li'), 0);
  }

  function focusout(event) {
    const row = event.target.closest('li');
    if (row && !row.contains(event.relatedTarget)) reach(row, -1);
    if (!list.contains(event.relatedTarget)) scroller.tabIndex = 0;
  }

  /** What is in a row is reached from the row. */
  function reach(row, tabIndex) {
    for (const each of row?.querySelectorAll('a, button') ?? []) each.tabIndex = tabIndex;
  }

  return {
    element,
    refresh,
    toLatest,
    jumpTo,
    focus: () => scroller.focus({ preventScroll: true }),
    focusRow(sequence) {
      const row = rowOf(sequence);
      row?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: 'nearest' });
    },
  };
}
