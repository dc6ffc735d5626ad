// The icons that only the panels use.

import { shapes } from '../ui/icons.js';

Object.assign(shapes, {
  chevron: ['M9 5l7 7-7 7'],
  link: ['M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1', 'M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1'],
  ban: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z', 'M5.7 5.7l12.6 12.6'],
  shield: ['M12 3l7 3v6c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6z'],
  crown: ['M4 18h16', 'M4 15l-1-8 5 4 4-6 4 6 5-4-1 8z'],
  book: ['M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3z', 'M9 9h6', 'M9 13h6'],
  add: ['M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z', 'M2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6', 'M19 8v6', 'M16 11h6'],
  keyboard: ['M3 7h18v10H3z', 'M7 10.5v.01', 'M12 10.5v.01', 'M17 10.5v.01', 'M8 14h8'],
  voice: ['M4 9v6h4l5 4V5L8 9z', 'M17 9l5 6', 'M22 9l-5 6'],
});
