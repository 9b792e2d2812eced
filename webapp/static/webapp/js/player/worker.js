/**
 * Keeps runs and pictures, and paints them, in a thread of its own.
 *
 * In: {open: {layers, palette, categories, video, frames, frame}}, {paint: {id, frames, step, panes, view, look,
 * isFirst, buffers, pictures}}, {size}, {pick: {key, frame, where, view}}.
 * Out: {head: {key, head}}, {events: {key, events}}, {failed: {key, message}}, {mended: key}, {lost: id}, {waiting: {id, frame}}, {came: frame}, {same: id},
 * {painted: {id, frame, picture, panes}} and {picked: {key, n}}. The last `paint` alone counts.
 */
import { Frames } from "./frames.js";
import { Identities } from "./identity.js";
import { objectAt, paint, paintDifference, paintMapDifference, pixel, scaled, tops } from "./paint.js";
import { Attempts, fetchPieces, readHead, Window } from "./store.js";

const KEPT_BYTES = 64_000_000;
const AHEAD = 2;
const PATIENCE_MS = 300; // after that, masks are shown without their picture
const USUAL_WINDOW = 32; // frames; the head says how many they are

let names;
let frames;
let wanted = null;
let since = 0; // when the first of those frames was wanted of which none has been painted
let timer = null;
let painted = {}; // {frame, look} of the last answer
let lacking = null; // the frame that was painted without its picture
let buffers = []; // of pixels, used again and again
let ticks = 0;
const layers = new Map();

class Layer {
  constructor({ key, url, offsets, events_url: eventsUrl, events_offsets: eventsOffsets }) {
    Object.assign(this, { key, url, offsets, eventsUrl, eventsOffsets });
    this.windows = new Map(); // number -> Window, with the tick at which it was last used
    this.loading = new Map(); // number -> AbortController
    this.head = null;
    this.attempts = new Attempts();
    this.isLost = false; // whether there is no more of it
  }

  /** Read the head, and with it the window of the frame that is looked at first. */
  async open(frame) {
    this.early = Math.floor(frame / USUAL_WINDOW);
    const isNext = this.early === 0 && this.offsets.length > 2; // behind the head
    const pieces = fetchPieces(this.url, this.offsets, 0, isNext ? 1 : 0);
    if (isNext) this.piece = pieces.then(([, window]) => window);
    else if (this.early < this.offsets.length - 2) this.piece = this.fetch(this.early);
    else this.piece = Promise.reject();
    this.piece.catch(() => {}); // whoever waits for it hears of it
    try {
      const head = readHead((await pieces)[0]);
      names.addHead(this.key, head);
      this.head = head;
      this.succeed();
      self.postMessage({ head: { key: this.key, head } });
      answer();
    } catch (fault) {
      this.fail(fault, () => this.open(frame));
    }
  }

  async openEvents() {
    try {
      const [piece] = await fetchPieces(this.eventsUrl, this.eventsOffsets, 0, 0);
      const events = readHead(piece);
      names.addEvents(this.key, events);
      this.succeed();
      self.postMessage({ events: { key: this.key, events } });
    } catch (fault) {
      this.fail(fault, () => this.openEvents());
    }
  }

  async fetch(number, signal) {
    const [window] = await fetchPieces(this.url, this.offsets, number + 1, number + 1, signal);
    return window;
  }

  /** Say what is wrong, and try again unless it will be the same. */
  fail(fault, again) {
    this.isLost = fault.isLasting ?? false;
    const more = this.isLost ? "Load the page again to see what is there." : "It is tried again.";
    self.postMessage({ failed: { key: this.key, message: `${fault.message.replace(/\.$/, "")}. ${more}` } });
    if (!this.isLost) this.attempts.fail(again);
    else answer();
  }

  succeed() {
    if (this.attempts.pause) self.postMessage({ mended: this.key });
    this.attempts.succeed();
  }

  /** The runs of a frame; null until they are here. */
  frame(t) {
    const window = this.windows.get(Math.floor(t / this.head.window));
    if (!window) return null;
    window.used = ++ticks;
    const before = window.bytes;
    const found = window.frame(t % this.head.window);
    if (window.bytes > before) letGo();
    return found;
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
    if (this.isLost || this.attempts.isResting || this.windows.has(number) || this.loading.has(number)) return;
    const request = new AbortController();
    this.loading.set(number, request);
    try {
      const isEarly = number === this.early && this.head.window === USUAL_WINDOW;
      this.early = null;
      const buffer = await (isEarly ? this.piece : this.fetch(number, request.signal));
      this.succeed();
      this.windows.set(number, Object.assign(new Window(buffer, this.head), { used: ++ticks }));
      letGo();
      answer();
    } catch (fault) {
      if (!request.signal.aborted) this.fail(fault, answer);
    } finally {
      if (this.loading.get(number) === request) this.loading.delete(number);
    }
  }
}

/** Forget the windows that were longest not looked at. */
function letGo() {
  const kept = [...layers.values()].flatMap(({ windows }) => [...windows].map(([number, window]) => ({ windows, number, window })));
  let bytes = kept.reduce((sum, { window }) => sum + window.bytes, 0);
  kept.sort((a, b) => a.window.used - b.window.used);
  for (const { windows, number, window } of kept.slice(0, -2 * layers.size)) {
    if (bytes <= KEPT_BYTES) break;
    windows.delete(number);
    bytes -= window.bytes;
  }
}

/**
 * Paint what is wanted, if all of it is here: of the frames that were wanted the last one whose picture is.
 *
 * A reader who scrubs wants another frame before the picture of one has come. After some time masks are shown
 * without it.
 */
function answer() {
  if (!wanted) return;
  const { id, frames: asked, step, panes, view, isFirst, look } = wanted;
  const keys = [...new Set(panes.flat())];
  const last = asked.at(-1);
  frames.want(last, step, !isFirst); // the first one comes before all others
  const isLost = (key) => layers.get(key).isLost;
  if (keys.some((key) => !layers.get(key).head)) {
    if (keys.some(isLost)) self.postMessage({ lost: id });
    return;
  }
  const left = since + PATIENCE_MS - performance.now();
  const isNews = (one) => one !== painted.frame || one === last || look !== painted.look;
  const frame = asked.findLast((one) => frames.isSettled(one) && isNews(one)) ?? (left > 0 ? null : last);
  for (const key of keys) layers.get(key).want(frame ?? last, step);
  if (frame === null) {
    timer ??= setTimeout(() => {
      timer = null;
      answer();
    }, left);
    return;
  }
  const runs = Object.fromEntries(keys.map((key) => [key, layers.get(key).frame(frame)]));
  if (keys.some((key) => !runs[key])) {
    if (keys.some((key) => !runs[key] && isLost(key))) return self.postMessage({ lost: id });
    if (!wanted.told) self.postMessage({ waiting: { id, frame } });
    wanted.told = true;
    return;
  }
  wanted = null;
  if (frame === painted.frame && look === painted.look) {
    self.postMessage({ same: id });
    return;
  }
  lacking = frames.isSettled(frame) ? null : frame;
  painted = { frame, look };
  frames.shown = frame;
  const answers = panes.map((pane) => paintPane(pane, frame, view, runs, buffers.pop()));
  const picture = { ...frames.lend(frame), size: frames.size };
  const given = answers.map(({ pixels }) => pixels);
  if (picture.bitmap) given.push(picture.bitmap);
  self.postMessage({ painted: { id, frame, picture, panes: answers } }, given);
}

function paintPane(keys, frame, view, runs, buffer) {
  const [key] = keys;
  const size = layers.get(key).head;
  const { width, height } = view.raster;
  const small = Object.fromEntries(keys.map((one) => [one, scaled(runs[one], size, view.raster)]));
  const pixels = new Uint32Array(buffer?.byteLength === 4 * height * width ? buffer : new ArrayBuffer(4 * height * width));
  pixels.fill(0);
  if (keys.length === 2) difference(pixels, keys, frame, view, small);
  else paint(pixels, small[key], names.looks(key, frame, view), width, view.outlines ? (width > 1000 ? 2 : 1) : 0);
  const labels = keys.length === 1 ? tops(runs[key], size.width).filter(([n]) => names.isShown(key, n, frame, view)) : [];
  return { keys, pixels: pixels.buffer, width, height, labels };
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

function onPicture(index) {
  if (wanted) answer();
  else if (index === lacking) self.postMessage({ came: index });
}

self.addEventListener("online", () => {
  for (const { attempts } of [...layers.values(), frames]) attempts.succeed();
  answer();
});

self.onmessage = ({ data }) => {
  if (data.open) {
    names = new Identities(data.open);
    frames = new Frames(data.open.frames, data.open.video, onPicture);
    for (const layer of data.open.layers) layers.set(layer.key, new Layer(layer));
    for (const layer of layers.values()) {
      layer.open(data.open.frame);
      if (layer.eventsUrl) layer.openEvents();
    }
    frames.want(data.open.frame, 1, false);
  } else if (data.paint) {
    if (!wanted) since = performance.now();
    wanted = data.paint;
    buffers = [...wanted.buffers, ...buffers].slice(0, 3);
    wanted.pictures.forEach((picture) => frames.giveBack(picture));
    answer();
  } else if (data.size) {
    frames.setSize(data.size);
  } else if (data.pick) {
    const { key, frame, where, view } = data.pick;
    const layer = layers.get(key);
    const runs = layer?.head && layer.frame(frame);
    if (!runs) return;
    const shown = layer.head.objects.map((_, n) => names.isShown(key, n, frame, { ...view, solo: null }));
    self.postMessage({ picked: { key, n: objectAt(runs, where, shown) } });
  }
};
