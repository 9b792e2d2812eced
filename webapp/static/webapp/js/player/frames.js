// Pictures of frames: fetched and decoded before they are wanted, let go by bytes. It runs in the worker.
import { Attempts, faultOf } from "./store.js";

const KEPT_PICTURES = 70_000_000; // bytes, decoded
const KEPT_FILES = 128_000_000; // bytes, as they were fetched: they lie in the browser, outside the tab
const WINDOW = 8; // frames in one request; half as many large ones
const AHEAD = 4;
const BEHIND = 8;
const ALONE_AT_ONCE = 3;
const LONGEST_LEAD = 10;
const DECODED_AT_ONCE = 2;
const PATIENCE_MS = 300;

/** A map that forgets what was used longest ago, by bytes. */
class Kept {
  constructor(most, bytesOf, letGo = () => {}) {
    Object.assign(this, { most, bytesOf, letGo });
    this.items = new Map(); // the one used last at the end
    this.bytes = 0;
  }

  has(key) {
    return this.items.has(key);
  }

  add(key, item) {
    if (this.items.has(key)) this.drop(key, this.items.get(key));
    this.items.set(key, item);
    this.bytes += this.bytesOf(item);
    for (const [at, old] of this.items) {
      if (this.bytes <= this.most || at === key) break;
      this.drop(at, old);
    }
  }

  drop(key, item) {
    this.items.delete(key);
    this.bytes -= this.bytesOf(item);
    this.letGo(item);
  }

  /** Give an item away. */
  take(key) {
    const item = this.items.get(key) ?? null;
    this.items.delete(key);
    if (item) this.bytes -= this.bytesOf(item);
    return item;
  }

  clear() {
    for (const [key, item] of this.items) this.drop(key, item);
  }
}

export class Frames {
  /**
   * @param spec {url, windows, sizes}, addresses with {size}, {index}, {first} and {last}; null where there are no
   *   frames to show.
   * @param onChange called with the index of a frame that has come, or failed.
   */
  constructor(spec, { length, height, width }, onChange) {
    Object.assign(this, { spec, length, height, width, onChange });
    this.pictures = new Kept(KEPT_PICTURES, (picture) => 4 * picture.width * picture.height, (picture) => picture.close());
    this.files = new Kept(KEPT_FILES, (file) => file.size);
    this.faults = new Map(); // index -> a sentence
    this.fetching = new Map(); // "first-last" -> {first, last, request, since}
    this.decoding = new Set(); // of indices
    this.near = []; // what is wanted, in that order
    this.shown = -1; // the frame that was painted last
    this.places = []; // {index, at}: where the reader was a moment ago
    this.attempts = new Attempts();
    this.spare = null; // {bitmap, at}: a picture of another size, until one of this size is here
    this.latency = 30; // ms until a picture is decoded
    this.setSize(spec?.sizes[0]);
  }

  setSize(size) {
    this.size = size;
    this.window = size === "full" ? WINDOW / 2 : WINDOW;
    for (const { request } of this.fetching.values()) request.abort();
    for (const kept of [this.fetching, this.decoding, this.pictures, this.files, this.faults]) kept.clear();
  }

  /** Whether nothing is to be waited for. */
  isSettled(index) {
    return !this.spec || this.pictures.has(index) || this.faults.has(index);
  }

  /**
   * What to show for a frame: {bitmap, at, fault}. While it is on its way, the picture of the nearest one.
   *
   * The picture is lent: it comes back by `giveBack` when it is drawn.
   */
  lend(index) {
    const fault = this.faults.get(index);
    if (!this.spec || fault) return { bitmap: null, at: index, fault };
    if (this.pictures.has(index)) return { bitmap: this.pictures.take(index), at: index };
    let best = null;
    for (const at of this.pictures.items.keys()) {
      if (best === null || Math.abs(at - index) < Math.abs(best - index)) best = at;
    }
    if (best !== null) return { bitmap: this.pictures.take(best), at: best };
    const { bitmap, at } = this.spare ?? { bitmap: null, at: null };
    this.spare = null;
    return { bitmap, at };
  }

  giveBack({ bitmap, at, size }) {
    if (size === this.size && !this.pictures.has(at)) {
      this.pictures.add(at, bitmap);
    } else if (size !== this.size && !this.pictures.items.size) {
      this.spare?.bitmap.close();
      this.spare = { bitmap, at };
    } else bitmap.close();
  }

  /**
   * Ask for a frame, and with `isAhead` for some ahead of it.
   *
   * A reader who scrubs along wants another frame before one has come. So the first to be made is the one that will
   * be wanted when it is here; those that are passed meanwhile come after, to be seen a moment late.
   */
  want(index, step, isAhead) {
    if (!this.spec) return;
    const lead = isAhead ? this.lead(index, step) : 0;
    const isThere = (at) => at >= 0 && at < this.length;
    this.near = lead ? [] : [index];
    for (let i = lead || 1; isAhead && i <= lead + AHEAD; i++) this.near.push(index + i * step);
    for (let i = lead ? 0 : 1; i <= BEHIND && (index - i * step - this.shown) * step > 0; i++) this.near.push(index - i * step);
    this.near = this.near.filter(isThere);
    this.fetch(index, lead, step, isAhead);
    this.decode();
  }

  /**
   * Have on their way: the frame itself after a jump, and windows ahead while somebody moves along.
   *
   * What a jump has left behind ends at once. A frame alone comes all the same, so that something is seen, unless it
   * takes long.
   */
  fetch(index, lead, step, isAhead) {
    this.wanted = [index, lead, step, isAhead];
    const now = performance.now();
    for (const [wish, { first, last, request, since }] of this.fetching) {
      const [nearest, farthest] = [(step > 0 ? last : first) - index, (step > 0 ? first : last) - index].map((way) => way * step);
      const isNear = nearest >= -BEHIND && farthest <= LONGEST_LEAD + 4 * this.window;
      if (first === last ? now - since < PATIENCE_MS || first === index : isNear) continue;
      request.abort();
      this.fetching.delete(wish);
    }
    if (this.attempts.isResting) return;
    const isComing = [...this.fetching.values()].some(({ first, last }) => first <= index && index <= last);
    const alone = [...this.fetching.values()].filter(({ first, last }) => first === last).length;
    if (!isComing && !lead && alone < ALONE_AT_ONCE && this.lacks(index, index)) this.load(index, index);
    if (!isAhead || !(lead || this.isSettled(index))) return;
    for (let i = 0; i < 2 + (lead > 0); i++) {
      const first = (Math.floor((index + lead * step) / this.window) + i * step) * this.window;
      const last = Math.min(first + this.window, this.length) - 1;
      if (first >= 0 && first <= last && this.lacks(first, last)) this.load(first, last);
    }
  }

  /** How many frames the reader moves on until a picture is here that is asked for now. */
  lead(index, step) {
    const now = performance.now();
    const before = this.places.at(-1);
    const moved = before ? (index - before.index) * step : 0;
    if (moved < 0 || moved > BEHIND || now - before?.at > PATIENCE_MS) this.places = []; // a jump, or a new start
    if (moved || !this.places.length) this.places.push({ index, at: now });
    while (this.places.length > 2 && now - this.places[0].at > PATIENCE_MS) this.places.shift();
    const [first] = this.places;
    const took = now - first.at; // messages come in swarms: only over some time they tell a speed
    return took < 60 ? 0 : Math.min(Math.floor((Math.abs(index - first.index) / took) * this.latency), LONGEST_LEAD);
  }

  /** Whether a window has frames that are neither here nor cannot be shown. */
  lacks(begin, end) {
    for (let at = begin; at <= end; at++) if (!this.files.has(at) && !this.faults.has(at)) return true;
    return false;
  }

  async load(first, last) {
    const wish = `${first}-${last}`;
    if (this.fetching.has(wish)) return;
    const request = new AbortController();
    const { signal } = request;
    this.fetching.set(wish, { first, last, request, since: performance.now() });
    try {
      if (first === last) await this.loadOne(first, signal);
      else await this.loadWindow(first, last, signal);
      this.attempts.succeed();
    } catch (fault) {
      if (!signal.aborted) this.fail(first, fault);
    }
    if (this.fetching.get(wish)?.request === request) this.fetching.delete(wish);
  }

  /** What the server says of a frame stays; all else is tried again. */
  fail(index, fault) {
    if (fault.isLasting) {
      this.faults.set(index, fault.message);
      this.onChange(index);
    } else {
      this.attempts.fail(() => this.fetch(...this.wanted));
    }
  }

  async loadOne(index, signal) {
    const answer = await fetch(this.addressOf(this.spec.url, { index }), { signal });
    if (!answer.ok) throw await faultOf(answer);
    const file = await answer.blob();
    if (signal.aborted) return;
    this.files.add(index, file);
    this.decode();
  }

  /** A window: the size of each frame, then their files. One without bytes is asked for alone, to hear what is wrong. */
  async loadWindow(first, last, signal) {
    const answer = await fetch(this.addressOf(this.spec.windows, { first, last }), { signal });
    if (!answer.ok) throw await faultOf(answer);
    const whole = await answer.blob(); // its parts are not copied
    const count = last + 1 - first;
    const sizes = new DataView(await whole.slice(0, 4 * count).arrayBuffer());
    if (signal.aborted) return;
    let begin = 4 * count;
    const faulty = [];
    for (let n = 0; n < count; n++) {
      const end = begin + sizes.getUint32(4 * n, true);
      if (end > begin) this.files.add(first + n, whole.slice(begin, end, "image/jpeg"));
      else faulty.push(first + n);
      begin = end;
    }
    this.decode();
    for (const index of faulty) {
      await this.loadOne(index, signal).catch((fault) => signal.aborted || this.fail(index, fault));
    }
  }

  addressOf(text, values) {
    return Object.entries({ size: this.size, ...values }).reduce((url, [name, value]) => url.replace(`{${name}}`, value), text);
  }

  /** Decode what is wanted first, as far as there are hands free. */
  decode() {
    for (const at of this.near) {
      if (this.decoding.size >= DECODED_AT_ONCE) return;
      if (this.files.has(at) && !this.isSettled(at) && !this.decoding.has(at)) this.picture(at);
    }
  }

  async picture(index) {
    const { size } = this;
    const since = performance.now();
    this.decoding.add(index);
    let picture = null;
    try {
      picture = await createImageBitmap(this.files.items.get(index));
    } catch {
      if (size === this.size) this.faults.set(index, "The browser cannot read it.");
    }
    if (size !== this.size) return picture?.close();
    this.latency = 0.8 * this.latency + 0.2 * (performance.now() - since);
    if (picture && Math.abs(picture.width * this.height - picture.height * this.width) > Math.max(this.width, this.height)) {
      // It would lie askew below the masks.
      this.faults.set(index, `The frame has ${picture.width} x ${picture.height} pixels, the annotations say ${this.width} x ${this.height}.`);
      picture.close();
    } else if (picture) this.pictures.add(index, picture);
    this.decoding.delete(index);
    this.decode();
    this.onChange(index);
  }
}
