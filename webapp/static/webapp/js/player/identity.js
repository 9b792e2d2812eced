// Who is who: colours follow the annotated object on which a prediction lies, frame by frame.
import { pixel } from "./paint.js";

export const NOBODY = [150, 156, 166];

/** Heads and events of the layers, as far as they have come. */
export class Identities {
  constructor({ palette, categories, video }) {
    this.palette = palette.map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
    this.categories = Object.keys(categories);
    this.length = video.length;
    this.heads = {};
    this.events = {};
    this.follows = {};
    this.hues = {};
  }

  addHead(key, head) {
    this.heads[key] = head;
    // In maps a category has the same hue everywhere; further segments of it in one video have others.
    const times = new Map();
    this.hues[key] = head.objects.map(({ category }, n) => {
      if (head.kind !== "maps") return n;
      times.set(category, (times.get(category) ?? -1) + 1);
      return Math.max(this.categories.indexOf(String(category)), 0) + 5 * times.get(category);
    });
  }

  addEvents(key, events) {
    this.events[key] = events;
    this.follows[key] = events.predictions.map(({ on }) => this.spread(on, -1));
  }

  /** [frame, value] wherever a value changes -> a value for each frame. */
  spread(changes, none) {
    const found = new Int16Array(this.length).fill(none);
    for (const [frame, value] of changes) found.fill(value ?? none, frame);
    return found;
  }

  /** [frame, value] wherever a value changes -> {from, to, value}; `to` is the frame after the last one. */
  spans(changes) {
    return changes.map(([from, value], i) => ({ from, to: changes[i + 1]?.[0] ?? this.length, value }));
  }

  /** The annotated object on which object n of a layer lies: -1 for none, null where that is not known. */
  personAt(key, n, frame) {
    if (key === "truth") return n;
    return this.follows[key]?.[n][frame] ?? null;
  }

  /** The annotated object that object n of a layer is about, over all frames. */
  personOf(key, n) {
    return key === "truth" ? n : (this.events[key]?.predictions[n]?.about ?? null);
  }

  /** The hues of the palette, then darker ones, then lighter ones, and again. */
  hue(n) {
    const colour = this.palette[n % this.palette.length];
    const round = Math.floor(n / this.palette.length) % 3;
    if (round === 0) return colour;
    return colour.map((part) => Math.round(round === 1 ? 0.6 * part : 0.5 * part + 127));
  }

  /** Its colour in a frame. Where no annotated objects are known, it is that of its place in the list. */
  colour(key, n, frame) {
    const person = this.personAt(key, n, frame);
    if (person === -1) return NOBODY;
    return person === null ? this.hue(this.hues[key][n]) : this.colourOf(person);
  }

  /** The colour of an annotated object. */
  colourOf(person) {
    return this.hue(this.hues.truth?.[person] ?? person);
  }

  /** Whether an object is to be seen in a frame: by score, and by who alone is looked at. */
  isShown(key, n, frame, { threshold, solo }) {
    if (solo) {
      if (solo.key === key) return solo.n === n;
      const person = this.personOf(solo.key, solo.n);
      return person !== null && this.personAt(key, n, frame) === person;
    }
    return (this.heads[key].objects[n].score ?? 1) >= threshold;
  }

  /** What `paint` wants for each object. */
  looks(key, frame, view) {
    const alpha = Math.round(2.55 * view.opacity);
    return this.heads[key].objects.map((_, n) => {
      if (!this.isShown(key, n, frame, view)) return null;
      const colour = this.colour(key, n, frame);
      return { fill: pixel(colour, alpha), line: pixel(colour), edge: pixel(edgeOf(colour), 220) };
    });
  }
}

/** The edge around a line of a colour: one of the two is seen on every picture. */
export function edgeOf([red, green, blue]) {
  return 0.3 * red + 0.59 * green + 0.11 * blue > 120 ? [10, 12, 16] : [255, 255, 255];
}

export function css([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

/** As many objects as people look through: more would make each step of the page wait for thousands of rows. */
const MOST = 200;

/** The first of items {n}, which come by falling score where they have one, and the object that is shown alone. */
export function foremost(items, solo) {
  return items.filter(({ n }, at) => at < MOST || n === solo);
}
