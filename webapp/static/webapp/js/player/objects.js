// The list of objects of one layer: name, score, IoU over time, first and last frame.
import { css, foremost, NOBODY } from "./identity.js";

export class ObjectList {
  constructor(root, names, story, { onSolo }) {
    Object.assign(this, { root, names, story, onSolo, key: null, chosen: null });
    this.body = root.querySelector("tbody");
    this.note = root.querySelector(".list-note");
    this.iouHead = root.querySelector(".iou-head");
    this.scoreHead = root.querySelector(".score-head");
    this.occlusionHead = root.querySelector(".occlusion-head");
    this.tabs = root.querySelector(".list-tabs");
  }

  update(state, keys, titles) {
    const { heads } = this.names;
    const ready = keys.filter((key) => heads[key]);
    // The ground truth often comes first, yet its objects are listed where somebody asked for them, or there are no others.
    this.key = ready.includes(this.chosen) ? this.chosen : (ready.find((key) => key !== "truth") ?? ready[0] ?? null);
    this.state = state;
    this.tabs.replaceChildren(...ready.map((key) => this.tab(key, titles[key], () => this.update(state, keys, titles))));
    if (!this.key) return;
    const all = heads[this.key].objects.map((item, n) => ({ item, n }));
    const shown = all.filter(({ item }) => (item.score ?? 1) >= state.threshold);
    const hidden = all.length - shown.length;
    const listed = foremost(shown, state.solo?.key === this.key ? state.solo.n : null);
    const hasIou = this.key !== "truth" && Boolean(this.names.events[this.key]);
    this.iouHead.hidden = !hasIou;
    this.scoreHead.hidden = !heads[this.key].objects.some(({ score }) => score !== undefined);
    this.occlusionHead.hidden = !heads[this.key].objects.some(({ levels }) => levels);
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.object : null;
    this.rows = listed.map(({ item, n }) => this.row(item, n, hasIou));
    this.body.replaceChildren(...this.rows.map(({ element }) => element));
    if (focused) this.body.querySelector(`[data-object="${focused}"]`)?.focus({ preventScroll: true });
    const notes = [];
    if (!all.length) notes.push("There is no object of this file in the video.");
    if (listed.length < shown.length) notes.push(`${this.scoreHead.hidden ? listed.length : `The ${listed.length} with the highest scores`} of ${shown.length} are listed.`);
    if (hidden) notes.push(`${hidden} with a lower score hidden`);
    this.note.textContent = notes.join(" ");
    this.point(state.frame);
  }

  tab(key, title, again) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "chip", textContent: title });
    button.setAttribute("aria-pressed", key === this.key);
    button.addEventListener("click", () => {
      this.chosen = key;
      again();
      this.tabs.querySelector("[aria-pressed=true]").focus();
    });
    return button;
  }

  row(item, n, hasIou) {
    const element = document.createElement("tr");
    const { key, state } = this;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "object";
    button.dataset.object = n;
    button.setAttribute("aria-pressed", state.solo?.key === key && state.solo.n === n);
    button.title = `Show ${this.story.name(key, n)} alone`;
    const swatch = document.createElement("i");
    swatch.className = "swatch";
    button.append(swatch, `${this.story.category(item)}${item.score === undefined ? ` ${n + 1}` : ""}`);
    button.addEventListener("click", () => this.onSolo({ key, n }));
    const name = document.createElement("th");
    name.scope = "row";
    name.append(button);
    element.append(name);
    if (!this.scoreHead.hidden) element.append(cell("num", item.score?.toFixed(2) ?? "–"));
    if (!this.occlusionHead.hidden) element.append(this.occlusionCell(item));
    if (hasIou) element.append(this.iouCell(this.names.events[key].predictions[n].iou));
    element.append(cell("num", item.first === null ? "–" : `${item.first + 1}–${item.last + 1}`));
    return { element, swatch, n };
  }

  occlusionCell(item) {
    const found = cell("num", item.occlusion.toFixed(2));
    const text = this.story.occlusion(item);
    const spoken = document.createElement("span");
    Object.assign(spoken, { className: "visually-hidden", textContent: `: ${text}` });
    found.title = text;
    found.append(spoken);
    return found;
  }

  iouCell(values) {
    const known = values.filter((value) => value !== null);
    if (!known.length) return cell("num spark-cell", "–");
    const found = cell("num spark-cell", "");
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    found.append(sparkline(values), String(Math.round(mean)));
    return found;
  }

  /** Colours and who is there, in a frame. */
  point(frame) {
    for (const { element, swatch, n } of this.rows ?? []) {
      const { first, last } = this.names.heads[this.key].objects[n];
      element.classList.toggle("is-away", first === null || frame < first || frame > last);
      swatch.style.background = css(this.names.colour(this.key, n, frame));
      swatch.classList.toggle("is-nobody", this.names.colour(this.key, n, frame) === NOBODY);
    }
  }
}

function cell(className, text) {
  const element = document.createElement("td");
  element.className = className;
  element.textContent = text;
  return element;
}

/** IoU in percent over the frames, as a small picture; gaps where neither mask has a pixel. */
function sparkline(values) {
  const [width, height] = [72, 18];
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "spark");
  svg.setAttribute("aria-hidden", "true");
  let line = "";
  values.forEach((value, t) => {
    if (value === null) return;
    const x = ((t + 0.5) * width) / values.length;
    line += `${t === 0 || values[t - 1] === null ? "M" : "L"}${x.toFixed(1)} ${(height - 1 - (value / 100) * (height - 2)).toFixed(1)}`;
  });
  const base = document.createElementNS(space, "path");
  base.setAttribute("d", `M0 ${height / 2}H${width}`);
  base.setAttribute("class", "half");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", line);
  svg.append(base, path);
  return svg;
}
