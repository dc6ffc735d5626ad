// Which tab this is: a name that outlives a reload, and a lock by which the others know that the tab is there. A lock is free when its
// tab is gone, whatever ended it.

const key = 'parley-tab';

/** `name`: made by the caller, for a tab that has none yet. */
export function openTab(name) {
  let own = name;
  try {
    // It lies there only between two pages of the tab: a tab that is duplicated while it lives gives its copy no name.
    own = sessionStorage.getItem(key) ?? name;
    sessionStorage.removeItem(key);
    window.addEventListener('pagehide', () => sessionStorage.setItem(key, own));
  } catch {
    // Without storage there is nothing that the name could find again.
  }
  navigator.locks?.request(`${key}-${own}`, () => new Promise(() => {}));
  return {
    name: own,
    /** The names of the tabs that are there. Locks are missing outside secure contexts: then nobody else is known to be. */
    async living() {
      const { held = [] } = (await navigator.locks?.query()) ?? {};
      return new Set(held.filter((each) => each.name.startsWith(`${key}-`)).map((each) => each.name.slice(key.length + 1)));
    },
  };
}
