// The player of masks: what is looked at (`state`), what is drawn of it, and everything that changes it.
import { MODES, readAddress, writeAddress } from "./address.js";
import { Story } from "./events.js";
import { Identities } from "./identity.js";
import { listenToKeys } from "./keys.js";
import { ObjectList } from "./objects.js";
import { Painting } from "./painting.js";
import { Pane, widthOfPane } from "./panes.js";
import { listenToPointer } from "./pointer.js";
import { copyPicture, saveClip, savePicture } from "./save.js";
import { data, keys, layers, listen, root, worker } from "./start.js";
import { Timeline } from "./timeline.js";

const BLINK_MS = 700;
const SPEEDS = [0.25, 0.5, 1, 2, 4, 10];
const DIFFERENCE = { first: [239, 166, 73], second: [68, 110, 201], both: [226, 228, 232], other: [183, 68, 92] };

const { video } = data;
const titles = Object.fromEntries(data.layers.map(({ key, title }) => [key, title]));
const find = (name) => root.querySelector(`[data-${name}]`);

const names = new Identities(data);
const story = new Story(names, data.categories, titles);
const state = readAddress(location.hash, keys, video.length);
const painting = new Painting(worker, state.frame);
const panes = [];
const stage = find("stage");
const status = find("status");

let isPlaying = false;
let step = 1; // the direction in which frames are wanted
let drawn = -1; // the frame that is shown
let listed = -1; // the frame of which the list of objects tells
let shownAt = 0; // when it was first shown
let below = { at: -1 }; // what lies below its masks: {bitmap, at, fault}
let blink = 0;
let blinkedAt = 0;
let waiters = []; // of pictures and clips: called when their frame is drawn
let isWhole = false; // whether every pixel of the video is painted, more than the screen shows
const faults = new Map(); // what is wrong with a layer, by its key
let isNews = false; // whether lanes and lists lack what has come
let told = ""; // the sentence about the last event

const timeline = new Timeline(find("timeline"), names, story, video.length, { onSeek: seek, onSolo: solo });
const list = new ObjectList(find("objects"), names, story, { onSolo: solo });

// What is shown -------------------------------------------------------------------------------------------

/** The layers of each pane: one, or the two of a difference. */
function panesNow() {
  const { show } = state;
  if (show.length < 2) return show.map((key) => [key]);
  if (state.mode === "blink") return [[show[blink % show.length]]];
  if (state.mode === "difference") return [pairOf(show)];
  return show.map((key) => [key]);
}

function pairOf(show) {
  return show.includes("a") && show.includes("b") ? ["a", "b"] : show.slice(0, 2);
}

/** Want another frame. */
function aim(frame) {
  state.frame = frame;
  painting.aim(frame);
}

/** Ask for a picture of what is wanted. */
function ask() {
  const { opacity, outlines, threshold, solo } = state;
  const wanted = panesNow();
  const view = { opacity, outlines, threshold, solo, difference: DIFFERENCE, raster: rasterFor(wanted.length) };
  painting.ask({ step, panes: wanted, view, isFirst: drawn < 0 });
}

/** The pixels that are painted: those of the video, or as many as the screen has for them if that is less. */
function rasterFor(count) {
  const shown = panes.length === count ? panes[0].size.width : widthOfPane(stage, video, count);
  const scale = isWhole || state.zoom > 1 ? 1 : Math.min(1, (shown * window.devicePixelRatio) / video.width);
  return { width: Math.round(video.width * scale), height: Math.round(video.height * scale) };
}

/** Paint again where other pixels are wanted than were asked for. */
function sharpen() {
  if (panes.length && painting.raster.width !== rasterFor(panes.length).width) painting.redraw();
}

function hear(answer) {
  painting.hear(answer);
  if (answer.waiting || answer.lost) {
    say();
  } else if (answer.came !== undefined) {
    painting.redraw();
  } else if (answer.head) {
    const { key, head } = answer.head;
    names.addHead(key, head);
    isNews = true;
    if (head.kind === "maps" && !layers.some((layer) => layer.events_url)) find("colours").textContent = "Each category has a colour; further segments of it have others.";
    if (state.solo?.key === key && !head.objects[state.solo.n]) state.solo = null; // the address was of another file
    painting.redraw();
  } else if (answer.events) {
    names.addEvents(answer.events.key, answer.events.events);
    find("colours").textContent = "Colours follow the annotated object on which a mask lies; grey lies on none.";
    isNews = true;
    painting.redraw();
  } else if (answer.failed) {
    faults.set(answer.failed.key, `${titles[answer.failed.key]}: ${answer.failed.message}`);
    say();
  } else if (answer.mended) {
    faults.delete(answer.mended);
    say();
  } else if (answer.picked) {
    if (answer.picked.n === null) solo(null);
    else solo(answer.picked);
  }
}

/** Draw the frame and the masks of the last answer. */
function draw(now) {
  const painted = painting.take();
  while (panes.length < painted.panes.length) {
    const pane = new Pane(video);
    panes.push(pane);
    stage.append(pane.root);
    listenToPointer(pane, { zoomAt, pan, pick });
    pane.place(state);
    new ResizeObserver(() => {
      if (pane.view.clientWidth === pane.size.width && pane.view.clientHeight === pane.size.height) return;
      pane.place(state);
      writeLabels();
      sharpen();
    }).observe(pane.view);
  }
  while (panes.length > painted.panes.length) panes.pop().root.remove();
  root.dataset.panes = panes.length;
  if (drawn !== painted.frame) shownAt = now;
  drawn = painted.frame;
  below = painted.picture;
  const { bitmap } = below;
  painted.panes.forEach((answer, n) => {
    const pane = panes[n];
    pane.keys = answer.keys;
    pane.root.classList.toggle("is-difference", answer.keys.length > 1);
    caption(pane);
    pane.draw(bitmap, answer);
  });
  writeLabels();
  timeline.point(drawn, `Frame ${drawn + 1} of ${video.length}`);
  root.dataset.frame = drawn + 1;
  root.dataset.picture = bitmap && below.at === drawn ? drawn + 1 : "";
  say();
  waiters = waiters.filter((waiter) => !waiter());
}

function caption(pane) {
  const id = pane.keys.join();
  if (pane.id === id) return;
  pane.id = id;
  pane.caption.replaceChildren();
  if (pane.keys.length === 1) {
    pane.caption.textContent = titles[pane.keys[0]];
  } else {
    const [first, second] = pane.keys.map((key) => titles[key]);
    const parts = [["first", `only in ${first}`], ["second", `only in ${second}`], ["both", "in both"]];
    if (pane.keys.some((key) => names.heads[key].kind === "maps")) parts.push(["other", "another category"]);
    for (const [name, text] of parts) {
      const swatch = document.createElement("i");
      swatch.className = "swatch";
      swatch.style.background = `rgb(${DIFFERENCE[name].join(" ")})`;
      const part = document.createElement("span");
      part.append(swatch, text);
      pane.caption.append(part);
    }
  }
  pane.masks.setAttribute("aria-label", `Masks: ${pane.caption.textContent}`);
}

function textsOf(pane) {
  const [key] = pane.keys;
  return (n) => ({ text: story.name(key, n), colour: names.colour(key, n, drawn) });
}

function writeLabels() {
  for (const pane of panes) {
    if (!pane.offset || !pane.keys) continue;
    pane.labels.hidden = !state.labels;
    if (state.labels) pane.write(textsOf(pane));
  }
}

/** The line below the picture: what is not as it should be, else the last event. */
function say() {
  let text = told;
  if (below.fault) text = `Frame ${drawn + 1} has no picture: ${below.fault} Its masks are shown on a plain ground.`;
  else if (!isSettled()) {
    text = below.at === null ? `The picture of frame ${drawn + 1} is on its way.` : `The picture is that of frame ${below.at + 1} until frame ${drawn + 1} is here.`;
  }
  if (faults.size) [text] = faults.values();
  else if (painting.isWaiting && drawn !== state.frame) text = `Loading the masks of frame ${state.frame + 1} …`;
  if (status.textContent !== text) status.textContent = text;
}

/** Whether no other picture is to come for the frame that is shown. */
function isSettled() {
  return below.at === drawn;
}

function tick(now) {
  if (state.mode === "blink" && state.show.length > 1 && now - blinkedAt > BLINK_MS) {
    blink++;
    blinkedAt = now;
    painting.redraw();
  }
  if (painting.answer) draw(now);
  if (isPlaying && drawn === state.frame && isSettled() && now - shownAt >= 1000 / (data.fps * state.speed) - 4) {
    const [first, last] = state.loop ?? [0, video.length - 1];
    if (state.frame >= last && !state.loop) play(false);
    else {
      aim(state.frame >= last || state.frame < first ? first : state.frame + 1);
    }
  }
  if (isNews && (faults.size || (drawn >= 0 && now - shownAt > 30))) {
    isNews = false;
    refresh(); // when the first frame is seen, which does not wait for lists
  }
  if (painting.isStale && !painting.answer) ask();
  else if (!isPlaying && !painting.isStale && listed !== drawn) {
    list.point((listed = drawn)); // not while much moves
    find("goto").value = drawn + 1;
  }
  mark();
  requestAnimationFrame(tick);
}

/** Say to programs whether what is shown is what is wanted. */
function mark() {
  const busy = String(isNews || painting.isBusy);
  if (stage.getAttribute("aria-busy") !== busy) stage.setAttribute("aria-busy", busy);
}

// What changes it -----------------------------------------------------------------------------------------

let rememberAt = 0;

/** Show the state in controls and address, and in lanes and lists unless they stay as they are. */
function refresh(isListed = true) {
  const { show } = state;
  for (const button of root.querySelectorAll("[data-layer]")) button.setAttribute("aria-pressed", show.includes(button.dataset.layer));
  for (const input of root.querySelectorAll("[name=mode]")) {
    input.checked = input.value === state.mode;
    input.disabled = show.length < 2 && input.value !== "sides";
  }
  find("opacity").value = state.opacity;
  find("threshold").value = state.threshold;
  find("threshold-value").textContent = state.threshold.toFixed(2);
  find("outlines").checked = state.outlines;
  find("labels").checked = state.labels;
  find("speed").value = state.speed;
  find("loop").setAttribute("aria-pressed", state.loop !== null);
  find("zoom-value").textContent = state.zoom === 1 ? "Fit" : `${state.zoom.toFixed(1)}×`;
  const text = state.solo && names.heads[state.solo.key] ? `Only ${story.name(state.solo.key, state.solo.n)}` : "";
  find("solo").hidden = !text;
  find("solo-name").textContent = text;
  if (isListed) {
    timeline.update(state, show);
    list.update(state, show, titles);
  }
  const explained = show.filter((key) => names.events[key]);
  find("legend").hidden = !explained.length;
  find("events").hidden = layers.every((layer) => !layer.events_url) && layers.some(({ key }) => names.heads[key]?.kind === "maps");
  find("levels").hidden = !timeline.hasLevels;
  find("halves").textContent = explained.length > 1 ? `upper half ${titles[explained[0]]}, lower half ${titles[explained[1]]}` : "";
  const events = story.events(show, state);
  for (const button of root.querySelectorAll("[data-event]")) {
    const count = events.filter(({ kind }) => kind === button.dataset.event).length;
    button.disabled = count === 0;
    button.querySelector(".count").textContent = count;
  }
  painting.redraw();
  mark();
  remember();
}

function remember() {
  clearTimeout(rememberAt);
  rememberAt = setTimeout(() => history.replaceState(null, "", writeAddress(state, keys)), 250);
}

function change(values) {
  Object.assign(state, values);
  refresh(["show", "threshold", "solo", "loop"].some((name) => name in values));
}

function seek(frame) {
  const next = Math.min(Math.max(frame, 0), video.length - 1);
  if (next === state.frame) return;
  step = next < state.frame ? -1 : 1;
  aim(next);
  told = "";
  if (!painting.answer) ask();
  mark();
  remember();
}

function play(on = !isPlaying) {
  isPlaying = on;
  step = 1;
  const button = find("play");
  button.setAttribute("aria-label", on ? "Pause" : "Play");
  button.title = `${on ? "Pause" : "Play"} (space)`;
  button.classList.toggle("is-playing", on);
  if (on && !state.loop && state.frame === video.length - 1) aim(0);
  painting.redraw();
  remember();
}

function move(by) {
  play(false);
  seek(state.frame + by);
}

function goToEvent(kind, direction) {
  const events = story.events(state.show, state).filter((event) => !kind || event.kind === kind);
  const found = direction > 0 ? events.find(({ frame }) => frame > state.frame) : events.findLast(({ frame }) => frame < state.frame);
  play(false);
  if (!found) {
    const isComing = layers.some(({ key, events_url: url }) => url && state.show.includes(key) && !names.events[key]);
    if (isComing) told = "The events are on their way.";
    else told = events.length ? `There is no ${direction > 0 ? "later" : "earlier"} event of this kind.` : "There is no event of this kind.";
    return say();
  }
  seek(found.frame);
  told = events.filter(({ frame }) => frame === found.frame).slice(0, 3).map((event) => story.tell(event)).join(" ");
  say();
}

function solo(which) {
  const same = which && state.solo?.key === which.key && state.solo.n === which.n;
  change({ solo: same ? null : which });
}

function walkObjects(by) {
  const buttons = [...list.body.querySelectorAll("button.object")];
  if (!buttons.length) return;
  const now = buttons.findIndex((button) => button.getAttribute("aria-pressed") === "true");
  const next = buttons[Math.min(Math.max(now + by, 0), buttons.length - 1)];
  change({ solo: { key: list.key, n: Number(next.dataset.object) } });
  list.body.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" });
}

function toggleLayer(key) {
  if (!keys.includes(key)) return false;
  const show = keys.filter((one) => (one === key) !== state.show.includes(one));
  if (show.length) change({ show });
}

function zoom(factor, centre = state.centre) {
  const next = Math.min(Math.max(state.zoom * factor, 1), 16);
  state.zoom = next < 1.05 ? 1 : next;
  state.centre = state.zoom === 1 ? [0.5, 0.5] : inside(centre);
  replace();
}

function pan(x, y) {
  if (state.zoom === 1) return false;
  state.centre = inside([state.centre[0] + x / state.zoom, state.centre[1] + y / state.zoom]);
  replace();
}

/** A centre at which the picture fills its pane. */
function inside(centre) {
  const half = 0.5 / state.zoom;
  return centre.map((part) => Math.min(Math.max(part, half), 1 - half));
}

function replace() {
  for (const pane of panes) pane.place(state);
  writeLabels();
  sharpen();
  find("zoom-value").textContent = state.zoom === 1 ? "Fit" : `${state.zoom.toFixed(1)}×`;
  stage.classList.toggle("is-zoomed", state.zoom > 1);
  remember();
}

function loopAt(end) {
  const loop = state.loop ?? [0, video.length - 1];
  loop[end] = state.frame;
  change({ loop: [Math.min(...loop), Math.max(...loop)] });
}

function speed(by) {
  const now = SPEEDS.findIndex((one) => one >= state.speed);
  change({ speed: SPEEDS[Math.min(Math.max(now + by, 0), SPEEDS.length - 1)] });
}

/** Zoom so that a point of the picture, in parts of its size, stays where it is. */
function zoomAt([x, y], factor) {
  const real = Math.min(Math.max(state.zoom * factor, 1), 16) / state.zoom;
  zoom(factor, [x, y].map((part, i) => part + (state.centre[i] - part) / real));
}

/** Show alone the object of a pane that is at a pixel of the video. */
function pick(pane, [x, y]) {
  if (pane.keys.length !== 1 || x < 0 || y < 0 || x >= video.width || y >= video.height) return;
  worker.postMessage({ pick: { key: pane.keys[0], frame: drawn, where: y * video.width + x, view: { threshold: state.threshold } } });
}

// Saving --------------------------------------------------------------------------------------------------

const fileName = () => `${[video.name, ...state.show].join("-").replace(/[^\w.-]+/g, "-")}-${String(drawn + 1).padStart(5, "0")}`;
const forPicture = () => ({ labels: state.labels, texts: textsOf });

/** Have every pixel of the frame that is shown painted while `make` makes something of it. */
async function whole(make) {
  isWhole = true;
  await shown(drawn);
  try {
    return await make();
  } finally {
    isWhole = false;
    painting.redraw();
  }
}

async function copy() {
  const done = await whole(() => copyPicture(panes, forPicture()));
  told = done ? "The picture is in the clipboard." : "The browser lets no picture into the clipboard here: save it as PNG.";
  say();
}

/** Show a frame, and wait until it is drawn with its picture. */
function shown(frame) {
  seek(frame);
  painting.redraw();
  return new Promise((done) => {
    waiters.push(() => {
      if (drawn !== frame || !isSettled() || (isWhole && panes[0].masks.width !== video.width)) {
        if (state.frame === frame) return false;
        done(false); // the reader went elsewhere: the clip ends
        return true;
      }
      done(true);
      return true;
    });
  });
}

async function clip() {
  play(false);
  const before = state.frame;
  const [first, last] = state.loop ?? [0, video.length - 1];
  const wanted = Array.from({ length: last + 1 - first }, (_, n) => first + n);
  let now = null;
  const show = (frame) => {
    if (now !== null && state.frame !== now) return false; // the reader went elsewhere: the clip ends
    now = frame;
    const done = shown(frame);
    told = `Saving the clip: frame ${frame + 1 - first} of ${wanted.length}.`;
    return done;
  };
  const isSaved = await whole(() => saveClip(() => panes, forPicture(), wanted, data.fps * state.speed, fileName(), show));
  if (isSaved) seek(before);
  told = isSaved ? "The clip is saved." : "The clip was not saved: another frame was chosen.";
  say();
}

async function copyLink(button) {
  history.replaceState(null, "", writeAddress(state, keys));
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "It is in the address line";
  }
  setTimeout(() => (button.textContent = label), 1500);
}

const actions = {
  play: () => play(),
  back: () => move(-1),
  forward: () => move(1),
  farBack: () => move(-10),
  farForward: () => move(10),
  first: () => move(-video.length),
  last: () => move(video.length),
  slower: () => speed(-1),
  faster: () => speed(1),
  loopFrom: () => loopAt(0),
  loopTo: () => loopAt(1),
  loop: () => change({ loop: state.loop ? null : [0, video.length - 1] }),
  layer1: () => toggleLayer("truth"),
  layer2: () => toggleLayer("a"),
  layer3: () => toggleLayer("b"),
  view: () => change({ mode: MODES[(MODES.indexOf(state.mode) + 1) % MODES.length] }),
  outlines: () => change({ outlines: !state.outlines }),
  labels: () => change({ labels: !state.labels }),
  moreOpaque: () => change({ opacity: Math.min(state.opacity + 10, 100) }),
  lessOpaque: () => change({ opacity: Math.max(state.opacity - 10, 0) }),
  raise: () => change({ threshold: Math.min(Math.round(20 * state.threshold + 1) / 20, 1) }),
  lower: () => change({ threshold: Math.max(Math.round(20 * state.threshold - 1) / 20, 0) }),
  nextObject: () => walkObjects(1),
  previousObject: () => walkObjects(-1),
  everything: () => (state.solo ? change({ solo: null }) : false),
  zoomIn: () => zoom(1.5),
  zoomOut: () => zoom(1 / 1.5),
  fit: () => zoom(1 / 16),
  panLeft: () => pan(-0.2, 0),
  panRight: () => pan(0.2, 0),
  panUp: () => pan(0, -0.2),
  panDown: () => pan(0, 0.2),
  full: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()),
  copy,
  savePicture: () => whole(() => savePicture(panes, forPicture(), fileName())),
  saveClip: clip,
  nextEvent: () => goToEvent(null, 1),
  previousEvent: () => goToEvent(null, -1),
};
for (const [kind, name] of [["switch", "Switch"], ["miss", "Miss"], ["false", "False"], ["new", "New"]]) {
  actions[`next${name}`] = () => goToEvent(kind, 1);
  actions[`previous${name}`] = () => goToEvent(kind, -1);
}

listenToKeys(actions);
root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { action, layer, event: kind } = button.dataset;
  if (action === "link") copyLink(button);
  else if (action) actions[action]();
  else if (layer) toggleLayer(layer);
  else if (kind) goToEvent(kind, event.shiftKey ? -1 : 1);
});
root.addEventListener("input", ({ target }) => {
  if (target.name === "mode") change({ mode: target.value });
  else if (target.matches("[data-opacity]")) change({ opacity: Number(target.value) });
  else if (target.matches("[data-threshold]")) change({ threshold: Number(target.value) });
  else if (target.matches("[data-outlines]")) change({ outlines: target.checked });
  else if (target.matches("[data-labels]")) change({ labels: target.checked });
});
root.addEventListener("change", ({ target }) => {
  if (target.matches("[data-goto]")) seek(Math.round(Number(target.value) || 1) - 1);
  else if (target.matches("[data-speed]")) change({ speed: Number(target.value) });
  else if (target.matches("[data-size]")) {
    worker.postMessage({ size: target.value });
    painting.redraw();
  }
});
find("timeline").querySelector("[role=slider]").addEventListener("keydown", (event) => {
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  event.preventDefault();
  move(event.key === "ArrowUp" ? 1 : -1);
});
window.addEventListener("hashchange", () => {
  play(false); // a link shows its frame, and what is played would run away from it
  Object.assign(state, readAddress(location.hash, keys, video.length));
  aim(state.frame);
  refresh();
  replace();
});
new MutationObserver(() => timeline.draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });

if (layers.length) {
  listen(hear);
  refresh();
  stage.classList.toggle("is-zoomed", state.zoom > 1);
  requestAnimationFrame(tick);
}
