// Frames of the video as decoded pictures: those near the reader's place, a few of them, let go by bytes.
import { sentenceOf } from "./store.js";

const KEPT_BYTES = 70_000_000;
const AHEAD = 4;
const AT_ONCE = 3;
const PATIENCE_MS = 300;

export class Frames {
  /**
   * @param spec {url, sizes}, the address with {size} and {index}; null where there are no frames to show.
   * @param onChange called with the index of a frame that has come, or failed.
   */
  constructor(spec, { length, height, width }, onChange) {
    Object.assign(this, { spec, length, height, width, onChange });
    this.size = spec?.sizes[0];
    this.pictures = new Map(); // index -> ImageBitmap, the one used last at the end
    this.faults = new Map(); // index -> a sentence
    this.loading = new Map(); // index -> {request, since, isAhead}
    this.near = []; // what is wanted, in that order
    this.bytes = 0;
  }

  setSize(size) {
    this.size = size;
    for (const { request } of this.loading.values()) request.abort();
    for (const picture of this.pictures.values()) picture.close();
    for (const kept of [this.loading, this.pictures, this.faults]) kept.clear();
    this.bytes = 0;
  }

  /** The picture of a frame; null where it is not here. */
  get(index) {
    const picture = this.pictures.get(index) ?? null;
    if (picture) {
      this.pictures.delete(index);
      this.pictures.set(index, picture);
    }
    return picture;
  }

  /** Whether nothing is to be waited for. */
  isSettled(index) {
    return !this.spec || this.pictures.has(index) || this.faults.has(index);
  }

  /** The picture that is nearest to a frame, with its index; null where there is none. */
  nearest(index) {
    let best = null;
    for (const [at, picture] of this.pictures) {
      if (best === null || Math.abs(at - index) < Math.abs(best.at - index)) best = { at, picture };
    }
    return best;
  }

  /**
   * Ask for a frame, and where it is here and `isAhead` for some ahead of it.
   *
   * A reader who scrubs wants another frame before one has come: the few that are under way come all the same, so
   * that something is seen, unless they take long. What was only ahead of a place that is left ends at once.
   */
  want(index, step, isAhead) {
    if (!this.spec) return;
    this.near = [index];
    for (let i = 1; isAhead && i <= AHEAD && this.isSettled(index); i++) {
      const at = index + i * step;
      if (at >= 0 && at < this.length) this.near.push(at);
    }
    const now = performance.now();
    for (const [at, load] of this.loading) {
      if (at === index) load.isAhead = false;
      else if (!this.near.includes(at) && (load.isAhead || now - load.since > PATIENCE_MS)) this.end(at, load);
    }
    this.next();
  }

  /** Begin with what is wanted first, as far as there are hands free. */
  next() {
    for (const at of this.near) {
      if (this.loading.size >= AT_ONCE) return;
      if (!this.isSettled(at) && !this.loading.has(at)) this.load(at);
    }
  }

  end(index, load) {
    load.request.abort();
    this.loading.delete(index);
  }

  async load(index) {
    const load = { request: new AbortController(), since: performance.now(), isAhead: index !== this.near[0] };
    const { signal } = load.request;
    this.loading.set(index, load);
    try {
      const address = this.spec.url.replace("{size}", this.size).replace("{index}", index);
      const answer = await fetch(address, { signal });
      if (!answer.ok) throw new Error(await sentenceOf(answer));
      const picture = await createImageBitmap(await answer.blob());
      if (signal.aborted) return picture.close();
      this.keep(index, picture);
    } catch (fault) {
      if (signal.aborted) return;
      this.faults.set(index, fault.message);
    }
    this.loading.delete(index);
    this.next();
    this.onChange(index);
  }

  keep(index, picture) {
    // A picture of another shape would lie askew below the masks.
    if (Math.abs(picture.width * this.height - picture.height * this.width) > Math.max(this.width, this.height)) {
      const sizes = `${picture.width} x ${picture.height} pixels, the annotations say ${this.width} x ${this.height}`;
      picture.close();
      throw new Error(`The frame has ${sizes}.`);
    }
    this.pictures.set(index, picture);
    this.bytes += 4 * picture.width * picture.height;
    for (const [at, old] of this.pictures) {
      if (this.bytes <= KEPT_BYTES || at === index) break;
      this.bytes -= 4 * old.width * old.height;
      this.pictures.delete(at);
      old.close();
    }
  }
}
