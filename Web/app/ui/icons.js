// Line icons on a 24 by 24 grid, drawn here because the security policy allows no markup and no inline style.

/** By name. Parts that are loaded later add their own. */
export const shapes = {
  plus: ['M12 5v14', 'M5 12h14'],
  back: ['M15 5l-7 7 7 7'],
  send: ['M5 12h13', 'M12 5l7 7-7 7'],
  down: ['M12 5v14', 'M6 13l6 6 6-6'],
  leave: ['M10 4H5v16h5', 'M14 8l4 4-4 4', 'M18 12H9'],
  close: ['M6 6l12 12', 'M18 6L6 18'],
  waiting: ['M12 7v5l3 2', 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z'],
  sent: ['M5 13l4.5 4.5L19 7'],
  alert: ['M12 8v5', 'M12 16.5v.01', 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z'],
  people: ['M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z', 'M2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6', 'M16 4.3a3.5 3.5 0 0 1 0 6.4', 'M18 14.4c2.1.8 3.5 2.8 3.5 5.6'],
  search: ['M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14z', 'M16 16l5 5'],
  bubble: ['M4 5h16v11H10l-5 4v-4H4z'],
  settings: ['M4 7h9', 'M17 7h3', 'M15 5v4', 'M4 17h3', 'M11 17h9', 'M9 15v4'],
  bell: ['M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15z', 'M10 21h4'],
  silent: ['M6 16V11a6 6 0 0 1 9-5.2', 'M18 11v5l1.5 2h-15L6 16', 'M10 21h4', 'M4 4l16 16'],
  smile: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z', 'M8.5 14.5c1.8 2.4 5.2 2.4 7 0', 'M9 9.5v.01', 'M15 9.5v.01'],
  reply: ['M10 6L4 12l6 6', 'M4 12h9a7 7 0 0 1 7 7'],
  thread: ['M4 5h16v9H9l-5 4z', 'M8 9.5h8'],
  pencil: ['M5 19l1-4L16.5 4.5l3 3L9 18z', 'M14 7l3 3'],
  pin: ['M9 4h6l-1 6 3 3H7l3-3z', 'M12 13v7'],
  forward: ['M14 6l6 6-6 6', 'M20 12h-9a7 7 0 0 0-7 7'],
  bin: ['M4 7h16', 'M9 7V4h6v3', 'M6 7l1 13h10l1-13'],
  sheets: ['M9 9h11v11H9z', 'M15 9V4H4v11h5'],
  eye: ['M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z', 'M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z'],
  past: ['M4 12a8 8 0 1 0 2.5-5.8', 'M4 4v4h4', 'M12 8v4l3 2'],
  twice: ['M2.5 13l4 4L15 8', 'M11.5 16l1 1L21 8'],
  person: ['M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8z', 'M4.5 20.5c0-4 3.3-6.5 7.5-6.5s7.5 2.5 7.5 6.5'],
  report: ['M5 21V4', 'M5 4h12l-2 4.5 2 4.5H5'],
  dots: ['M5 12v.01', 'M12 12v.01', 'M19 12v.01'],
};

const space = 'http://www.w3.org/2000/svg';

export function icon(name) {
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  for (const shape of shapes[name]) {
    const path = document.createElementNS(space, 'path');
    path.setAttribute('d', shape);
    svg.append(path);
  }
  return svg;
}
