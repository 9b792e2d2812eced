// What the reader looks at, in the address behind the #, to be sent to a colleague.

export const MODES = ["sides", "blink", "difference"];

export function initialState(keys) {
  return {
    frame: 0,
    show: keys.slice(0, 3),
    mode: "sides",
    opacity: 55,
    outlines: true,
    labels: true,
    threshold: 0,
    solo: null, // {key, n}
    speed: 1,
    loop: null, // [first, last]
    zoom: 1,
    centre: [0.5, 0.5],
  };
}

/** Read a state; what makes no sense is left out. Frames and objects count from 1, as people do. */
export function readAddress(hash, keys, length) {
  const state = initialState(keys);
  const query = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (name, low, high, otherwise) => {
    const value = query.has(name) ? Number(query.get(name)) : NaN;
    return Number.isFinite(value) ? Math.min(Math.max(value, low), high) : otherwise;
  };
  state.frame = Math.round(number("frame", 1, length, 1)) - 1;
  const show = (query.get("show") ?? "").split(",").filter((key) => keys.includes(key));
  if (show.length) state.show = keys.filter((key) => show.includes(key));
  if (MODES.includes(query.get("mode"))) state.mode = query.get("mode");
  state.opacity = number("opacity", 0, 100, state.opacity);
  state.outlines = query.get("outlines") !== "0";
  state.labels = query.get("labels") !== "0";
  state.threshold = number("above", 0, 1, 0);
  state.speed = number("speed", 0.1, 10, 1);
  const solo = (query.get("solo") ?? "").match(/^(\w+)\.(\d{1,5})$/);
  if (solo && keys.includes(solo[1]) && solo[2] > 0) state.solo = { key: solo[1], n: solo[2] - 1 };
  const loop = (query.get("loop") ?? "").match(/^(\d{1,6})-(\d{1,6})$/);
  if (loop && loop[1] >= 1 && +loop[1] <= +loop[2] && loop[2] <= length) state.loop = [loop[1] - 1, loop[2] - 1];
  const zoom = (query.get("zoom") ?? "").split(",").map(Number);
  if (zoom.length === 3 && zoom.every(Number.isFinite) && zoom[0] >= 1 && zoom[0] <= 16) {
    state.zoom = zoom[0];
    state.centre = zoom.slice(1).map((part) => Math.min(Math.max(part, 0), 1));
  }
  return state;
}

export function writeAddress(state, keys) {
  const plain = initialState(keys);
  const query = new URLSearchParams({ frame: state.frame + 1 });
  if (String(state.show) !== String(plain.show)) query.set("show", state.show);
  if (state.mode !== plain.mode) query.set("mode", state.mode);
  if (state.opacity !== plain.opacity) query.set("opacity", state.opacity);
  if (!state.outlines) query.set("outlines", 0);
  if (!state.labels) query.set("labels", 0);
  if (state.threshold) query.set("above", state.threshold);
  if (state.speed !== 1) query.set("speed", state.speed);
  if (state.solo) query.set("solo", `${state.solo.key}.${state.solo.n + 1}`);
  if (state.loop) query.set("loop", `${state.loop[0] + 1}-${state.loop[1] + 1}`);
  if (state.zoom > 1) query.set("zoom", [state.zoom, ...state.centre].map((part) => +part.toFixed(3)).join(","));
  return `#${String(query).replaceAll("%2C", ",")}`;
}
