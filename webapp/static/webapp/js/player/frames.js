// Frames of the video as decoded pictures: those near the reader's place, a few of them, let go by bytes.
import { sentenceOf } from "./store.js";

const KEPT_BYTES = 90_000_000;
const AHEAD = 4;

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
    this.loading = new Map(); // index -> AbortController
    this.bytes = 0;
  }

  setSize(size) {
    this.size = size;
    for (const request of this.loading.values()) request.abort();
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

  /** Ask for a frame and some ahead of it, and end the requests that are no longer near. */
  want(index, step) {
    if (!this.spec) return;
    const near = [];
    for (let i = 0; i <= AHEAD; i++) {
      const at = index + i * step;
      if (at >= 0 && at < this.length) near.push(at);
    }
    for (const [at, request] of this.loading) {
      if (near.includes(at)) continue;
      request.abort();
      this.loading.delete(at);
    }
    for (const at of near) this.load(at);
  }

  async load(index) {
    if (this.isSettled(index) || this.loading.has(index)) return;
    const request = new AbortController();
    this.loading.set(index, request);
    try {
      const address = this.spec.url.replace("{size}", this.size).replace("{index}", index);
      const answer = await fetch(address, { signal: request.signal });
      if (!answer.ok) throw new Error(await sentenceOf(answer));
      const picture = await createImageBitmap(await answer.blob());
      if (request.signal.aborted) return picture.close();
      this.keep(index, picture);
    } catch (fault) {
      if (request.signal.aborted) return;
      this.faults.set(index, fault.message);
    } finally {
      if (this.loading.get(index) === request) this.loading.delete(index);
    }
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
