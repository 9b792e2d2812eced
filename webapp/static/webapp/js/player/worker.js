/**
 * Keeps runs and paints them, in a thread of its own.
 *
 * In: {open: {layers, palette, categories, video}}, {paint: {id, frame, panes, view, buffers}}, {pick: {key, frame, pixel, view}}.
 * Out: {head: {key, head}}, {events: {key, events}}, {failed: {key, message}}, {waiting: {id, frame}},
 * {painted: {id, frame, panes}} and {picked: {key, n}}. The last `paint` alone counts.
 */
import { Identities } from "./identity.js";
import { objectAt, paint, paintDifference, paintMapDifference, pixel, tops } from "./paint.js";
import { fetchHead, fetchPiece, readWindow } from "./store.js";

const KEPT_BYTES = 64_000_000;
const AHEAD = 2;

let names;
let wanted = null;
let buffers = []; // of pixels, used again and again
let ticks = 0;
const layers = new Map();

class Layer {
  constructor({ key, url, offsets, events_url: eventsUrl, events_offsets: eventsOffsets }) {
    Object.assign(this, { key, url, offsets, eventsUrl, eventsOffsets });
    this.windows = new Map(); // number -> {frames, bytes, used}
    this.loading = new Map(); // number -> AbortController
    this.head = null;
  }

  async open() {
    if (this.eventsUrl) {
      fetchHead(this.eventsUrl, this.eventsOffsets).then(
        (events) => {
          names.addEvents(this.key, events);
          self.postMessage({ events: { key: this.key, events } });
        },
        (fault) => this.fail(fault),
      );
    }
    try {
      const head = await fetchHead(this.url, this.offsets);
      names.addHead(this.key, head);
      this.head = head;
      self.postMessage({ head: { key: this.key, head } });
      answer();
    } catch (fault) {
      this.fail(fault);
    }
  }

  fail(fault) {
    self.postMessage({ failed: { key: this.key, message: fault.message } });
  }

  /** The runs of a frame; null until they are here. */
  frame(t) {
    const window = this.windows.get(Math.floor(t / this.head.window));
    if (!window) return null;
    window.used = ++ticks;
    return window.frames[t % this.head.window] ?? null;
  }

  /** Ask for the window of a frame and those ahead of it; end what a scrubbing reader has passed. */
  want(t, step) {
    const now = Math.floor(t / this.head.window);
    const last = this.offsets.length - 3;
    const near = [];
    for (let i = 0; i <= AHEAD; i++) {
      const number = now + i * step;
      if (number >= 0 && number <= last) near.push(number);
    }
    for (const [number, request] of this.loading) {
      if (!near.includes(number)) {
        request.abort();
        this.loading.delete(number);
      }
    }
    // The one that is looked at comes first and alone.
    if (!this.windows.has(now)) this.load(now);
    else for (const number of near) this.load(number);
  }

  async load(number) {
    if (this.windows.has(number) || this.loading.has(number)) return;
    const request = new AbortController();
    this.loading.set(number, request);
    try {
      const buffer = await fetchPiece(this.url, this.offsets, number + 1, request.signal);
      const frames = readWindow(buffer, this.head);
      const bytes = frames.reduce((sum, { runs, first }) => sum + runs.byteLength + first.byteLength, 0);
      this.windows.set(number, { frames, bytes, used: ++ticks });
      letGo();
      answer();
    } catch (fault) {
      if (!request.signal.aborted) this.fail(fault);
    } finally {
      if (this.loading.get(number) === request) this.loading.delete(number);
    }
  }
}

/** Forget the windows that were longest not looked at. */
function letGo() {
  const kept = [...layers.values()].flatMap(({ windows }) => [...windows].map(([number, one]) => ({ windows, number, ...one })));
  let bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
  kept.sort((a, b) => a.used - b.used);
  for (const { windows, number, bytes: size } of kept.slice(0, -2 * layers.size)) {
    if (bytes <= KEPT_BYTES) break;
    windows.delete(number);
    bytes -= size;
  }
}

/** Paint what is wanted, if all of it is here. */
function answer() {
  if (!wanted) return;
  const { id, frame, panes, view, step } = wanted;
  const keys = [...new Set(panes.flat())];
  if (keys.some((key) => !layers.get(key)?.head)) return;
  for (const key of keys) layers.get(key).want(frame, step);
  const runs = Object.fromEntries(keys.map((key) => [key, layers.get(key).frame(frame)]));
  if (keys.some((key) => !runs[key])) {
    if (!wanted.told) self.postMessage({ waiting: { id, frame } });
    wanted.told = true;
    return;
  }
  wanted = null;
  const painted = panes.map((pane) => paintPane(pane, frame, view, runs, buffers.pop()));
  self.postMessage({ painted: { id, frame, panes: painted } }, painted.map(({ pixels }) => pixels));
}

function paintPane(keys, frame, view, runs, buffer) {
  const { height, width } = layers.get(keys[0]).head;
  const pixels = new Uint32Array(buffer?.byteLength === 4 * height * width ? buffer : new ArrayBuffer(4 * height * width));
  pixels.fill(0);
  if (keys.length === 2) {
    difference(pixels, keys, frame, view, runs);
  } else if (keys.length === 1) {
    const [key] = keys;
    paint(pixels, runs[key], names.looks(key, frame, view), width, view.outlines ? (width > 1000 ? 2 : 1) : 0);
  }
  const [key] = keys;
  const labels = keys.length === 1 ? tops(runs[key], width).filter(([n]) => names.isShown(key, n, frame, view)) : [];
  return { keys, pixels: pixels.buffer, labels };
}

function difference(pixels, keys, frame, view, runs) {
  const heads = keys.map((key) => layers.get(key).head);
  const shown = keys.map((key, i) => heads[i].objects.map((_, n) => names.isShown(key, n, frame, view)));
  const alpha = Math.round(2.55 * Math.max(view.opacity, 1));
  const colours = Object.fromEntries(Object.entries(view.difference).map(([name, colour]) => [name, pixel(colour, alpha)]));
  const frames = keys.map((key) => runs[key]);
  if (heads[0].kind !== "maps") return paintDifference(pixels, frames, shown, colours);
  const categories = heads.map(({ objects }) => objects.map(({ category }) => category ?? -2));
  paintMapDifference(pixels, frames, shown, categories, colours);
}

self.onmessage = ({ data }) => {
  if (data.open) {
    names = new Identities(data.open);
    for (const layer of data.open.layers) layers.set(layer.key, new Layer(layer));
    for (const layer of layers.values()) layer.open();
  } else if (data.paint) {
    wanted = data.paint;
    buffers = [...wanted.buffers, ...buffers].slice(0, 3);
    answer();
  } else if (data.pick) {
    const { key, frame, where, view } = data.pick;
    const layer = layers.get(key);
    const runs = layer?.head && layer.frame(frame);
    if (!runs) return;
    const shown = layer.head.objects.map((_, n) => names.isShown(key, n, frame, { ...view, solo: null }));
    self.postMessage({ picked: { key, n: objectAt(runs, where, shown) } });
  }
};
