// The icons that only messages use.

import { shapes } from '../ui/icons.js';

Object.assign(shapes, {
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
});

export { icon } from '../ui/icons.js';
