// What happens in the video, as sentences, and names of objects.

export class Story {
  constructor(names, categories, titles) {
    Object.assign(this, { names, categories, titles });
  }

  category(item) {
    return this.categories[item.category] ?? "unknown category";
  }

  /** "fish 3", an annotated object; "fish 0.93", a prediction. */
  name(key, n) {
    const item = this.names.heads[key].objects[n];
    const tail = item.score === undefined ? `${n + 1}${item.crowd ? " (crowd)" : ""}` : item.score.toFixed(2);
    return `${this.category(item)} ${tail}`;
  }

  /** "slightly occluded in frames 3–9; severely in frames 10–12", of an annotated object. */
  occlusion({ levels }) {
    const spans = this.names.spans(levels);
    const frames = (level) => spans.filter(({ value }) => value === level).map(({ from, to }) => (to - from > 1 ? `${from + 1}–${to}` : `${to}`));
    const parts = [["slightly", frames(2)], ["severely", frames(3)]].filter(([, found]) => found.length);
    return parts.map(([word, found]) => `${word} occluded in frames ${found.join(", ")}`).join("; ") || "never occluded";
  }

  /** All events of some layers in order: {frame, kind, key, prediction, object}. */
  events(keys, { threshold }) {
    const found = [];
    const appeared = new Set();
    for (const key of keys) {
      for (const [frame, kind, prediction, object] of this.names.events[key]?.events ?? []) {
        if (kind === "new") {
          if (appeared.has(object)) continue; // the same for every submission
          appeared.add(object);
        } else if (prediction !== null && this.names.heads[key] && this.names.heads[key].objects[prediction].score < threshold) {
          continue;
        }
        found.push({ frame, kind, key, prediction, object });
      }
    }
    return found.sort((a, b) => a.frame - b.frame);
  }

  /** Say in a sentence what happens. */
  tell({ frame, kind, key, prediction, object }) {
    const where = `Frame ${frame + 1}`;
    const who = object === null || !this.names.heads.truth ? "" : this.name("truth", object);
    const by = this.titles[key];
    if (kind === "new") return `${where}: ${who} appears.`;
    if (kind === "miss") return `${where}: ${by} loses ${who}.`;
    if (kind === "false") return `${where}: ${by} begins to follow what is no annotated object (${this.name(key, prediction)}).`;
    const person = this.names.personAt(key, prediction, frame);
    const other = person !== null && person >= 0 ? this.name("truth", person) : "another object";
    return `${where}: identity switch. The track of ${who} in ${by} lies on ${other} now.`;
  }
}
