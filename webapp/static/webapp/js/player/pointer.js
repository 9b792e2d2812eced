// Mouse and fingers on a picture: a click picks an object, a drag moves, two fingers or a wheel with Control zoom.

/** @param hear {zoomAt, pan, pick}: what player.js does. */
export function listenToPointer(pane, { zoomAt, pan, pick }) {
  const { view, video } = pane;
  const held = new Map(); // where the fingers are, or the mouse
  let isClick = false;
  const partsOf = (point) => pane.pixelAt(point).map((at, i) => at / [video.width, video.height][i]);
  view.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    isClick = held.size === 0;
    held.set(event.pointerId, event);
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before || (isClick && Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY) < 5)) return;
    isClick = false;
    const [was, wasWide] = grip(held);
    held.set(event.pointerId, event);
    const [now, wide] = grip(held);
    if (held.size === 2 && wasWide > 0) zoomAt(partsOf(now), wide / wasWide);
    pan((was.clientX - now.clientX) / view.clientWidth, (was.clientY - now.clientY) / view.clientHeight);
  });
  view.addEventListener("pointerup", (event) => {
    if (held.delete(event.pointerId) && isClick) pick(pane, pane.pixelAt(event).map(Math.floor));
  });
  view.addEventListener("pointercancel", (event) => held.delete(event.pointerId));
  // Without a key the wheel scrolls the page; a pinch of a touchpad comes as a wheel with Control.
  view.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomAt(partsOf(event), Math.exp(-event.deltaY / 200));
    },
    { passive: false },
  );
}

/** The middle between two fingers, and how far they are apart; one is its own middle. */
function grip(held) {
  const [one, other = one] = held.values();
  const middle = { clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 };
  return [middle, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY)];
}
