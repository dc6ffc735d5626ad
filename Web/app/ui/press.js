// A long press on touch, which opens what the other mouse button opens; a finger that moves scrolls.

const pressFor = 500;
const slack = 10;

/** `itemOf(target)`: what is pressed, or nothing. `onPress(item)`: what it opens takes the click at the press's end. */
export function onLongPress(list, { clock, itemOf, onPress }) {
  let cancel = () => {};
  let pressed = false;

  function begin(event) {
    cancel();
    pressed = false;
    const item = event.pointerType !== 'mouse' && itemOf(event.target);
    if (!item) return;
    const { clientX, clientY } = event;
    const moved = (next) => Math.hypot(next.clientX - clientX, next.clientY - clientY) > slack && cancel();
    const stop = clock.after(pressFor, () => {
      cancel();
      pressed = true;
      onPress(item);
    });
    item.addEventListener('pointermove', moved);
    cancel = () => {
      stop();
      item.removeEventListener('pointermove', moved);
    };
  }

  /** Before anything in the list hears of it. */
  function click(event) {
    if (!pressed) return;
    pressed = false;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  list.addEventListener('pointerdown', begin);
  for (const end of ['pointerup', 'pointercancel', 'pointerleave']) list.addEventListener(end, () => cancel());
  list.addEventListener('contextmenu', (event) => pressed && event.preventDefault());
  list.addEventListener('click', click, true);
}
