// Puts the message features together for the shell: one set of dialogs, one menu, and what each action does.

import { confirmed } from '../ui/confirm.js';
import { h } from '../ui/dom.js';
import { openProfile, openReport } from '../view/panels.js';
import { createActions } from './actions.js';
import { createReactors, createRevisions, createToast } from './details.js';
import { createEmojiPicker } from './emoji.js';
import { createForward } from './forward.js';
import { createMenu } from './menu.js';
import { createPins } from './pins.js';
import { createReceiptPanel } from './receipts.js';

/** `views()`: { composer, thread, timeline }; `openThread(root)` shows one. */
export function createMessageParts({ store, app, clock, views, openThread, visit }) {
  const toast = createToast({ clock });
  const menu = createMenu('Message');
  const picker = createEmojiPicker();
  const revisions = createRevisions({ app });
  const reactors = createReactors({ app });
  const receipts = createReceiptPanel({ store, app });
  const forward = createForward({ store, app, clock, onDone: (conversation, title) => toast.say(`Forwarded to ${title}`, { label: 'Open', onAct: () => visit(conversation) }) });
  const pins = createPins({ store, app, onJump: (sequence) => views().timeline.jumpTo(sequence), perform });
  const actions = createActions({ store, clock, menu, perform });
  const sheets = [revisions, reactors, receipts, forward];
  const element = h('div', { class: 'message-parts' }, menu.element, picker.element, ...sheets.map((each) => each.element), pins.dialog, toast.element);
  let refused = null;

  function perform(name, target) {
    doings[name]?.(target);
  }

  const where = ({ inThread }) => (inThread ? views().thread : views().composer);
  const react = ({ conversation, sequence }, emoji, on) => app.act(conversation, { type: 'react', target: sequence, emoji, on });
  const pin = ({ conversation, sequence }, on) => app.act(conversation, { type: 'pin', target: sequence, on });

  const doings = {
    react: (target) => picker.open(target.rectangle, (emoji) => react(target, emoji, true), target.back),
    toggle: (target) => react(target, target.emoji, !target.entry.reactions?.find((each) => each.emoji === target.emoji)?.mine),
    reply: (target) => where(target).reply(target.sequence),
    edit: (target) => where(target).edit(target.entry),
    thread: ({ entry, sequence }) => openThread(entry.thread ?? sequence),
    forward: forward.show,
    pin: (target) => pin(target, true),
    unpin: (target) => pin(target, false),
    receipts: receipts.show,
    reactions: reactors.show,
    revisions: revisions.show,
    jump: ({ to, sequence }) => views().timeline.jumpTo(to, sequence),
    async copy({ entry }) {
      try {
        await navigator.clipboard.writeText(entry.content.text);
        toast.say('Copied');
      } catch {
        toast.say('The browser did not let this page copy.');
      }
    },
    profile: ({ entry }) => openProfile(entry.sender),
    report: ({ conversation, sequence }) => openReport(conversation, sequence),
    async recall({ conversation, sequence }) {
      const sure = await confirmed({ title: 'Recall this message?', text: 'Nobody can read it any more, neither here nor in its earlier versions.', action: 'Recall', danger: true });
      if (sure) app.act(conversation, { type: 'recall', target: sequence });
    },
  };

  const names = { edit: 'Your change was not made.', recall: 'The message was not recalled.', react: 'Your reaction was not taken.', pin: 'The pin was not changed.', forward: 'The message was not forwarded.' };

  return {
    element,
    actions,
    pins,
    toast,
    perform,
    refresh() {
      pins.refresh();
      receipts.refresh();
      const last = store.get('view', 'refused');
      if (!last || last === refused) return;
      refused = last;
      toast.refuse(names[last.row.act.type] ?? 'That was not done.', last.error);
    },
    closeAll() {
      for (const each of [...sheets, pins, menu]) each.close();
      toast.hide();
    },
  };
}
