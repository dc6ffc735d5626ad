// The members that are loaded, in the order of their slots, and what a search leaves of them. Pure.

import { plainText } from './text.js';

/** Members by slot: pages append, changes replace. */
export function emptyRoster() {
  return Object.freeze({ members: Object.freeze([]), lastSlot: 0, complete: false });
}

export function withPage(roster, page) {
  const members = [...roster.members, ...page.members.filter((member) => member.slot > roster.lastSlot)];
  return Object.freeze({
    members: Object.freeze(members),
    lastSlot: page.members.at(-1)?.slot ?? roster.lastSlot,
    complete: !page.more || page.members.length === 0,
  });
}

/** Members that changed. Those beyond what is loaded come with their page. */
export function withChanges(roster, changed) {
  const bySlot = new Map(roster.members.map((member) => [member.slot, member]));
  for (const member of changed) {
    if (member.slot <= roster.lastSlot || roster.complete) bySlot.set(member.slot, member);
  }
  const members = [...bySlot.values()].sort((first, second) => first.slot - second.slot);
  return Object.freeze({ ...roster, members: Object.freeze(members), lastSlot: Math.max(roster.lastSlot, members.at(-1)?.slot ?? 0) });
}

/** Those that are shown: active ones unless `former`, whose names have a word that begins with `search`, of this `only`. */
export function selected(roster, { search = '', former = false, only = () => true }) {
  const wanted = plainText(search.trim());
  return roster.members.filter((member) => {
    if (!member.active && !former) return false;
    if (!only(member)) return false;
    if (wanted === '') return true;
    const name = plainText(member.name);
    return name.startsWith(wanted) || name.includes(` ${wanted}`);
  });
}
