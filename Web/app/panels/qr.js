// A code for a camera: black on white whatever the scheme, with the margin of four modules that cameras need.

const margin = 4;
const space = 'http://www.w3.org/2000/svg';

/** The modules of the code as rows of true (dark) and false. */
export async function qrModules(text) {
  const { qrcode } = await import('../../vendor/qrcode.js');
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (_, column) => code.isDark(row, column)));
}

export async function qrCode(text) {
  const modules = await qrModules(text);
  const size = modules.length + 2 * margin;
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'The link as a code');
  svg.setAttribute('shape-rendering', 'crispEdges');
  svg.append(shape('rect', { width: size, height: size, fill: '#ffffff' }), shape('path', { d: darkPath(modules), fill: '#000000' }));
  return svg;
}

/** One path of all dark modules, a stretch of a row at a time. */
function darkPath(modules) {
  let path = '';
  for (const [row, cells] of modules.entries()) {
    for (let column = 0; column < cells.length; column += 1) {
      if (!cells[column]) continue;
      const from = column;
      while (cells[column + 1]) column += 1;
      const length = column - from + 1;
      path += `M${from + margin} ${row + margin}h${length}v1h-${length}z`;
    }
  }
  return path;
}

function shape(name, attributes) {
  const element = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
