// Lanes below the video: one per object, with what happens to it in each frame. The whole is a scrubber.
import { css, foremost, NOBODY } from "./identity.js";

const LANE = 24;
const RULER = 26;
const STRIP = 5; // below the bars: how occluded the object is
const SLIGHT = 2;
const STATES = ["absent", "matched", "switched", "missed"]; // evaluator/playback/events.py

export class Timeline {
  /** @param onSeek called with a frame; onSolo with {key, n}. */
  constructor(root, names, story, length, { onSeek, onSolo }) {
    Object.assign(this, { root, names, story, length, onSeek, onSolo });
    this.labels = root.querySelector(".lane-names");
    this.slider = root.querySelector("[role=slider]");
    this.canvas = root.querySelector("canvas");
    this.head = root.querySelector(".playhead");
    this.loop = root.querySelector(".loop-range");
    this.slider.setAttribute("aria-valuemax", length);
    this.slider.addEventListener("pointerdown", (event) => this.drag(event));
    new ResizeObserver(() => this.draw()).observe(this.slider);
  }

  drag(event) {
    if (event.button > 0) return;
    event.preventDefault();
    this.slider.setPointerCapture(event.pointerId);
    const { left, width } = this.slider.getBoundingClientRect(); // once: the browser lays out the page for it
    const seek = ({ clientX }) => {
      this.onSeek(Math.min(Math.max(Math.floor(((clientX - left) / width) * this.length), 0), this.length - 1));
    };
    const end = () => {
      this.slider.removeEventListener("pointermove", seek);
      this.slider.focus({ preventScroll: true });
    };
    seek(event);
    this.slider.addEventListener("pointermove", seek);
    this.slider.addEventListener("lostpointercapture", end, { once: true });
  }

  /** Show which frame the reader is at. */
  point(frame, text) {
    this.head.style.transform = `translateX(${(100 * (frame + 0.5)) / this.length}%)`; // no layout
    this.head.firstChild.textContent = frame + 1;
    this.slider.setAttribute("aria-valuenow", frame + 1);
    this.slider.setAttribute("aria-valuetext", text);
  }

  /** Make the lanes for the layers that are shown. */
  update(state, keys) {
    this.state = state;
    const { heads, events } = this.names;
    this.hasLevels = false;
    const submissions = keys.filter((key) => key !== "truth" && heads[key]);
    const explained = submissions.filter((key) => events[key] && heads.truth);
    this.lanes = [];
    if (heads.truth && (explained.length || keys.includes("truth"))) {
      if (submissions.length && !explained.length) this.lanes.push({ text: this.story.titles.truth, bars: [] });
      heads.truth.objects.forEach(({ levels }, n) => {
        this.lanes.push({ key: "truth", n, bars: this.bars(n, explained), levels: levels && this.names.spans(levels) });
        this.hasLevels ||= Boolean(levels);
      });
    }
    for (const key of submissions) {
      const kinds = explained.includes(key) ? this.falseOnes(key) : null;
      const found = heads[key].objects.map((item, n) => ({ ...item, n }));
      const wanted = found.filter(({ score, first, n }) => first !== null && (score ?? 1) >= state.threshold && (kinds?.has(n) ?? true));
      const own = foremost(wanted, state.solo?.key === key ? state.solo.n : null).map(({ first, last, n }) => {
        return { key, n, bars: [[{ from: first, to: last + 1, kind: kinds ? "false" : "present", colour: this.colour(key, n) }]] };
      });
      this.lanes.push(...this.headed(key, own, kinds), ...own);
      if (own.length < wanted.length) this.lanes.push({ text: `and ${wanted.length - own.length} more`, bars: [] });
    }
    const list = this.lanes.map(({ key, n, text }) => {
      const item = document.createElement("li");
      if (text) {
        Object.assign(item, { className: "lane-text", textContent: text });
        return item;
      }
      const button = document.createElement("button");
      button.type = "button";
      const isSolo = state.solo?.key === key && state.solo.n === n;
      button.setAttribute("aria-pressed", isSolo);
      button.dataset.object = `${key}.${n}`;
      const swatch = document.createElement("i");
      swatch.className = "swatch";
      swatch.style.background = css(this.colour(key, n));
      button.append(swatch, this.story.name(key, n));
      button.title = `Show ${this.story.name(key, n)} alone`;
      button.addEventListener("click", () => this.onSolo({ key, n }));
      item.append(button);
      return item;
    });
    const focused = this.labels.contains(document.activeElement) ? document.activeElement.dataset.object : null;
    this.labels.replaceChildren(...list);
    if (focused) this.labels.querySelector(`[data-object="${focused}"]`)?.focus({ preventScroll: true });
    const { loop } = state;
    this.loop.hidden = !loop;
    if (loop) {
      this.loop.style.left = `${(100 * loop[0]) / this.length}%`;
      this.loop.style.width = `${(100 * (loop[1] + 1 - loop[0])) / this.length}%`;
    }
    this.canvas.style.height = `${RULER + LANE * this.lanes.length}px`;
    this.draw();
  }

  /** The colour of a lane: tracks that follow nobody have lanes of their own where that is known. */
  colour(key, n) {
    return key !== "truth" && this.names.follows[key] ? NOBODY : this.names.colour(key, n, 0);
  }

  /** A line of text above the lanes of a submission, where others stand beside them or where it has none. */
  headed(key, own, kinds) {
    const title = this.story.titles[key];
    if (!this.names.heads[key].objects.length) return [{ text: `${title} has no object in this video.`, bars: [] }];
    if (!own.length || !(this.lanes.length || this.story.titles.b)) return [];
    return [{ text: kinds ? `False tracks of ${title}` : title, bars: [] }];
  }

  falseOnes(key) {
    const found = this.names.events[key].events.filter(([, kind]) => kind === "false");
    return new Set(found.map(([, , prediction]) => prediction));
  }

  /** The bars of an annotated object, one row per submission: {from, to, kind, person}. */
  bars(n, keys) {
    if (!keys.length) {
      // Where any submission was explained, it is known in which frames the object is there.
      const [explained] = Object.values(this.names.events);
      if (explained) return [this.runs(n, explained.objects[n].states, (state) => (state ? "matched" : "absent"))];
      const { first, last } = this.names.heads.truth.objects[n];
      return first === null ? [[]] : [[{ from: first, to: last + 1, kind: "matched", colour: this.names.colourOf(n) }]];
    }
    return keys.map((key) => {
      const { partner, states } = this.names.events[key].objects[n];
      return this.runs(n, states, (state) => STATES[state], (t) => this.names.personAt(key, partner, t));
    });
  }

  runs(n, states, kindOf, personAt) {
    const row = this.names.spread(states, 0);
    const found = [];
    for (let t = 0; t < this.length; t++) {
      const kind = kindOf(row[t]);
      const person = kind === "switched" ? personAt(t) : n;
      const bar = found.at(-1);
      if (bar && bar.kind === kind && bar.person === person) bar.to = t + 1;
      else found.push({ from: t, to: t + 1, kind, person, colour: person >= 0 ? this.names.colourOf(person) : NOBODY });
    }
    return found.filter(({ kind }) => kind !== "absent");
  }

  draw() {
    const { canvas, lanes } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!lanes || !width) return;
    const scale = window.devicePixelRatio;
    [canvas.width, canvas.height] = [width * scale, height * scale];
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const colours = Object.fromEntries(["ink", "muted", "line", "card", "occlusion-moderate", "occlusion-heavy"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    this.drawRuler(pen, width, height, colours, style);
    lanes.forEach(({ bars, levels, text }, lane) => {
      if (text) return;
      const margin = levels ? 2 : 3;
      const room = LANE - 2 * margin - (levels ? STRIP + 1 : 0);
      const top = RULER + LANE * lane + margin;
      const each = room / bars.length;
      pen.fillStyle = colours.line;
      pen.fillRect(0, top + room / 2, width, 1);
      if (levels) this.drawLevels(pen, levels, RULER + LANE * (lane + 1) - margin, width, colours);
      bars.forEach((row, n) => row.forEach((bar) => this.drawBar(pen, bar, top + n * each, each - (bars.length > 1 ? 1 : 0), width, colours)));
    });
  }

  drawRuler(pen, width, height, { line, muted }, style) {
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((size) => (size * width) / this.length >= 44) ?? 2000;
    pen.font = `11px ${style.fontFamily}`;
    pen.textAlign = "center";
    for (let frame = 1; frame <= this.length; frame += frame === 1 && step > 1 ? step - 1 : step) {
      const x = ((frame - 0.5) * width) / this.length;
      pen.fillStyle = line;
      pen.fillRect(Math.round(x), RULER - 6, 1, height);
      pen.fillStyle = muted;
      pen.fillText(frame, Math.min(Math.max(x, 8), width - 10), 13);
    }
  }

  /** Thin where an object is slightly occluded, thick where it is severely. */
  drawLevels(pen, levels, bottom, width, colours) {
    for (const { from, to, value } of levels) {
      if (value < 2) continue;
      const height = value === 2 ? SLIGHT : STRIP;
      pen.fillStyle = colours[value === 2 ? "occlusion-moderate" : "occlusion-heavy"];
      pen.fillRect((from * width) / this.length, bottom - height, ((to - from) * width) / this.length, height);
    }
  }

  drawBar(pen, { from, to, kind, colour }, top, height, width, { muted, card }) {
    const each = width / this.length;
    const gap = each > 3 ? 1 : 0; // a bar ends before the next one
    const [left, size] = [from * each, Math.max((to - from) * each - gap, 1)];
    if (kind === "missed") {
      pen.strokeStyle = muted;
      pen.strokeRect(left + 0.5, top + 0.5, Math.max(size - 1, 0.5), height - 1);
      return;
    }
    pen.fillStyle = css(colour);
    pen.fillRect(left, top, size, height);
    if (kind !== "switched" && kind !== "false") return;
    pen.save();
    pen.beginPath();
    pen.rect(left, top, size, height);
    pen.clip();
    pen.strokeStyle = card;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (let x = left - height; x < left + size; x += 5) {
      pen.moveTo(x, top + height);
      pen.lineTo(x + height, top);
      if (kind === "false") {
        pen.moveTo(x, top);
        pen.lineTo(x + height, top + height);
      }
    }
    pen.stroke();
    pen.restore();
  }
}
