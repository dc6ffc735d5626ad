// Everything that the page loads only when it is wanted: the side panel with its screens, the sheets of the keyboard, and the page
// of a link.

import './icons.js';
import { createJoin } from './join.js';
import { createHelp, createSwitcher } from './keyboard.js';
import { membersScreen } from './members.js';
import { overviewScreen } from './overview.js';
import { createPanel } from './panel.js';
import { preferencesScreen } from './preferences.js';
import { profileScreen } from './profile.js';
import { reportScreen } from './reports.js';

export function createAll({ store, app, clock, visit, leave }) {
  const panel = createPanel();
  const context = { store, app, clock, panel, visit };
  const join = createJoin({ store, app, visit, leave });
  const sheets = { help: createHelp({ store }), switch: createSwitcher({ store, clock, visit }) };
  const screens = {
    members: (conversation) => membersScreen(context, conversation),
    preferences: () => preferencesScreen(context),
    profile: (user) => profileScreen(context, user),
    report: (conversation, sequence) => reportScreen(context, conversation, sequence),
    about(conversation) {
      const summary = store.get('conversation', conversation);
      return summary.kind === 'direct' ? profileScreen(context, summary.peer, { conversation }) : overviewScreen(context, conversation);
    },
  };

  return {
    elements: [panel.element, ...Object.values(sheets).map((each) => each.element)],
    join,
    /** `name`: one of the sheets or the screens above. */
    show(name, ...about) {
      if (sheets[name]) sheets[name].show();
      else panel.start(screens[name](...about));
    },
    refresh: panel.refresh,
    close() {
      for (const each of [panel, ...Object.values(sheets)]) each.close();
    },
  };
}
