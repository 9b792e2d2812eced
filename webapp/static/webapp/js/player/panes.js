// The pictures: for each pane a frame, the masks on it and labels, zoomed and moved together.
import { css, edgeOf } from "./identity.js";

const GROUND = "#2a2f37";

export class Pane {
  constructor(video) {
    this.video = video;
    this.root = document.createElement("figure");
    this.root.className = "pane";
    this.root.innerHTML = `<figcaption></figcaption>
      <div class="view"><div class="film"><canvas class="frame"></canvas><canvas class="masks"></canvas></div><canvas class="labels"></canvas></div>`;
    this.caption = this.root.querySelector("figcaption");
    this.view = this.root.querySelector(".view");
    this.view.style.aspectRatio = `${video.width} / ${video.height}`;
    this.root.style.setProperty("--aspect", video.width / video.height);
    this.film = this.root.querySelector(".film");
    [this.frame, this.masks, this.labels] = this.root.querySelectorAll("canvas");
    this.masks.setAttribute("role", "img");
    this.pens = [this.frame.getContext("2d", { alpha: false }), this.masks.getContext("2d")];
    this.names = [];
  }

  /** Draw a frame and its masks in one step. */
  draw(picture, { pixels, width, height, labels }) {
    const [ground, masks] = this.pens;
    // A picture that is much larger than it is seen would be scaled by the browser, which takes longer.
    const isLarge = !picture || picture.width > 1.25 * width;
    const [wide, high] = isLarge ? [width, height] : [picture.width, picture.height];
    resize(this.frame, wide, high);
    resize(this.masks, width, height);
    if (picture) ground.drawImage(picture, 0, 0, wide, high);
    else {
      ground.fillStyle = GROUND;
      ground.fillRect(0, 0, wide, high);
    }
    masks.putImageData(new ImageData(new Uint8ClampedArray(pixels), width, height), 0, 0);
    this.tops = labels;
  }

  /** Place the film: `centre` of it, in parts of its size, is in the middle, as far as its border allows. */
  place({ zoom, centre }) {
    const { clientWidth: width, clientHeight: height } = this.view;
    this.size = { width, height }; // kept, since to ask for it makes the browser lay out the page
    const [x, y] = [width, height].map((size, i) => Math.min(Math.max(size / 2 - centre[i] * size * zoom, size - size * zoom), 0));
    this.film.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
    this.film.classList.toggle("is-large", (width * zoom) / this.video.width > 2);
    this.offset = { x, y, scale: (width * zoom) / this.video.width };
  }

  /** Write labels beside the objects: [{n, text, colour}], on a canvas of the screen's own pixels. */
  write(texts) {
    const { width, height } = this.size;
    const scale = window.devicePixelRatio;
    const { labels } = this;
    if (labels.width !== Math.round(width * scale) || labels.height !== Math.round(height * scale)) {
      [labels.width, labels.height] = [Math.round(width * scale), Math.round(height * scale)];
    }
    const pen = labels.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    writeLabels(pen, this.tops ?? [], texts, this.offset, { width, height, size: width < 480 ? 11 : 12 });
  }

  /** Where on the video the pointer is: [x, y] in its pixels, with their fractions. */
  pixelAt({ clientX, clientY }) {
    const box = this.view.getBoundingClientRect();
    const { x, y, scale } = this.offset;
    return [(clientX - box.left - x) / scale, (clientY - box.top - y) / scale];
  }
}

function resize(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
}

/** How wide the picture of one of `count` panes will be; see `.view` in player.css. */
export function widthOfPane(stage, { width, height }, count) {
  const room = (stage.clientWidth - 8 * (count - 1)) / count;
  return Math.min(room, (Math.max(320, 0.66 * window.innerHeight) * width) / height);
}

const LONGEST = 40; // characters of a label

/** Write what `texts` says of each object above the top of its mask; labels keep off each other. */
export function writeLabels(pen, tops, texts, { x, y, scale }, { width, height, size }) {
  pen.font = `600 ${size}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  const high = size + 6;
  const taken = [];
  for (const [n, left, top] of tops) {
    const { text: whole, colour } = texts(n);
    const text = whole.length > LONGEST ? `${whole.slice(0, LONGEST - 10)}…${whole.slice(-9)}` : whole; // which ends in its number
    const wide = pen.measureText(text).width + size + 8;
    const [middle, bottom] = [x + left * scale, y + top * scale];
    if (middle < 0 || middle > width || bottom < -high || bottom > height) continue;
    const box = { left: Math.min(Math.max(middle - wide / 2, 2), width - wide - 2), top: Math.min(Math.max(bottom - high - 3, 2), height - high - 2) };
    const isBeside = (other) => box.left <= other.left + other.wide && other.left <= box.left + wide;
    // By less than it is moved: else rounding could have it moved to the same place for ever.
    const isOn = (other) => isBeside(other) && Math.abs(box.top - other.top) < high + 0.5;
    for (let other = taken.find(isOn); other && box.top < height; other = taken.find(isOn)) box.top = other.top + high + 1;
    if (box.top >= height) continue;
    taken.push({ ...box, wide });
    pen.fillStyle = "rgb(12 14 18 / 0.82)";
    pen.beginPath();
    pen.roundRect(box.left, box.top, wide, high, 4);
    pen.fill();
    pen.fillStyle = css(colour);
    pen.strokeStyle = css(edgeOf(colour));
    pen.fillRect(box.left + 4, box.top + high / 2 - 4, 8, 8);
    pen.fillStyle = "#fff";
    pen.fillText(text, box.left + 16, box.top + high / 2 + 0.5);
  }
}

/** One picture of all panes as they are shown, in the size of the video. */
export function compose(panes, { labels, texts }) {
  const { width, height } = panes[0].video;
  const gap = panes.length > 1 ? 8 : 0;
  const canvas = new OffscreenCanvas(width * panes.length + gap * (panes.length - 1), height);
  drawComposed(canvas.getContext("2d"), panes, { labels, texts, gap });
  return canvas;
}

export function drawComposed(pen, panes, { labels, texts, gap }) {
  const { width, height } = panes[0].video;
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, pen.canvas.width, height);
  panes.forEach((pane, n) => {
    pen.save();
    pen.translate(n * (width + gap), 0);
    pen.beginPath();
    pen.rect(0, 0, width, height);
    pen.clip();
    if (pane.keys.length > 1) pen.filter = "grayscale(1)";
    pen.drawImage(pane.frame, 0, 0, width, height);
    pen.filter = "none";
    pen.drawImage(pane.masks, 0, 0);
    const size = Math.max(11, Math.round(width / 70));
    if (labels) writeLabels(pen, pane.tops ?? [], texts(pane), { x: 0, y: 0, scale: 1 }, { width, height, size });
    pen.restore();
  });
}
