// Paints runs into pixels. A pixel is one number, as a Uint32Array over the bytes of an ImageData has it.

/** A colour as one number; parts from 0 to 255. */
export function pixel([red, green, blue], alpha = 255) {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0; // every machine with a browser is little-endian
}

function fill(pixels, runs, from, to, colour) {
  for (let i = from; i < to; i += 2) pixels.fill(colour, runs[i], runs[i + 1]);
}

/** Runs that grow. */
class Runs {
  constructor() {
    this.bounds = new Int32Array(1 << 12);
    this.count = 0;
  }

  push(begin, end) {
    if (this.count === this.bounds.length) {
      const larger = new Int32Array(2 * this.count);
      larger.set(this.bounds);
      this.bounds = larger;
    }
    this.bounds[this.count++] = begin;
    this.bounds[this.count++] = end;
  }
}

let [inner, next] = [new Runs(), new Runs()];

/** Put into `next`, then `inner`, what is left of runs without pixels that have one outside beside them. */
function shrink(runs, count, width) {
  next.count = 0;
  for (let i = 0, above = 0, below = 0; i < count; i += 2) {
    const [begin, end] = [runs[i] + 1, runs[i + 1] - 1];
    if (begin >= end) continue;
    while (above < count && runs[above + 1] + width <= begin) above += 2;
    while (below < count && runs[below + 1] - width <= begin) below += 2;
    for (let a = above, b = below; a < count && runs[a] + width < end; a += 2) {
      const [left, right] = [Math.max(begin, runs[a] + width), Math.min(end, runs[a + 1] + width)];
      while (b < count && runs[b + 1] - width <= left) b += 2;
      for (let c = b; c < count && runs[c] - width < right; c += 2) {
        next.push(Math.max(left, runs[c] - width), Math.min(right, runs[c + 1] - width));
      }
    }
  }
  [inner, next] = [next, inner];
}

/**
 * The same frame in fewer pixels: each of them takes the pixel of the video that lies below its middle.
 *
 * @param size {width, height} of the video.
 * @param raster {width, height}, no larger than that.
 */
export function scaled({ runs, first }, size, raster) {
  if (raster.width === size.width && raster.height === size.height) return { runs, first };
  const { rows, columns } = tableOf(size, raster);
  next.count = 0;
  const found = new Int32Array(first.length);
  for (let n = 0; n + 1 < first.length; n++) {
    let last = -1;
    for (let i = first[n]; i < first[n + 1]; i += 2) {
      const row = Math.floor(runs[i] / size.width);
      if (rows[row] < 0) continue;
      const begin = columns[runs[i] - row * size.width];
      const end = columns[runs[i + 1] - row * size.width];
      if (begin === end) continue;
      const start = rows[row] * raster.width;
      if (row === last && next.bounds[next.count - 1] === start + begin) next.bounds[next.count - 1] = start + end;
      else next.push(start + begin, start + end);
      last = row;
    }
    found[n + 1] = next.count;
  }
  return { runs: next.bounds.slice(0, next.count), first: found };
}

let table = null; // the last one: sizes change seldom

/** For each row of the video the one of the raster that shows it, or -1; for each column the first one from it on. */
function tableOf(size, raster) {
  const key = [size.width, size.height, raster.width, raster.height].join();
  if (table?.key !== key) {
    const rows = new Int32Array(size.height).fill(-1);
    for (let y = 0; y < raster.height; y++) rows[Math.floor(((y + 0.5) * size.height) / raster.height)] = y;
    const columns = Int32Array.from({ length: size.width + 1 }, (_, x) => Math.ceil((x * raster.width) / size.width - 0.5));
    table = { key, rows, columns };
  }
  return table;
}

/**
 * Paint the objects of a frame, the first one last.
 *
 * @param looks for each object null, or {fill, line, edge}: the colour of its surface, of the line around it, and of
 *   the edge around that.
 * @param lineWidth in pixels; 0 for no line and no edge.
 */
export function paint(pixels, { runs, first }, looks, width, lineWidth) {
  for (let n = first.length - 2; n >= 0; n--) {
    const look = looks[n];
    const [from, to] = [first[n], first[n + 1]];
    if (!look || from === to) continue;
    if (!lineWidth) {
      fill(pixels, runs, from, to, look.fill);
      continue;
    }
    fill(pixels, runs, from, to, look.edge);
    shrink(runs.subarray(from, to), to - from, width);
    fill(pixels, inner.bounds, 0, inner.count, look.line);
    for (let step = 0; step < lineWidth; step++) shrink(inner.bounds, inner.count, width);
    fill(pixels, inner.bounds, 0, inner.count, look.fill);
  }
}

/** Paint where two layers differ: pixels of the first alone, of the second alone, of both. */
export function paintDifference(pixels, frames, shown, colours) {
  const [a, b] = frames;
  for (let n = 0; n < a.first.length - 1; n++) {
    if (shown[0][n]) fill(pixels, a.runs, a.first[n], a.first[n + 1], colours.first);
  }
  for (let n = 0; n < b.first.length - 1; n++) {
    if (!shown[1][n]) continue;
    for (let i = b.first[n]; i < b.first[n + 1]; i += 2) {
      for (let p = b.runs[i]; p < b.runs[i + 1]; p++) {
        pixels[p] = pixels[p] === colours.first || pixels[p] === colours.both ? colours.both : colours.second;
      }
    }
  }
}

/** The same of maps, where nearly every pixel has an object: of both are those with one category. */
export function paintMapDifference(pixels, frames, shown, categories, colours) {
  const [a, b] = frames.map(({ runs, first }, side) => {
    const found = new Int32Array(pixels.length);
    for (let n = 0; n < first.length - 1; n++) {
      if (shown[side][n]) fill(found, runs, first[n], first[n + 1], categories[side][n] + 1);
    }
    return found;
  });
  for (let p = 0; p < pixels.length; p++) {
    if (a[p] && b[p]) pixels[p] = a[p] === b[p] ? colours.both : colours.other;
    else if (a[p]) pixels[p] = colours.first;
    else if (b[p]) pixels[p] = colours.second;
  }
}

/** For each object that has pixels: [object, x, y], the middle of the top of its mask. */
export function tops({ runs, first }, width) {
  const found = [];
  for (let n = 0; n < first.length - 1; n++) {
    if (first[n] === first[n + 1]) continue;
    const [begin, end] = [runs[first[n]], runs[first[n] + 1]];
    found.push([n, (begin + end) / 2 - Math.floor(begin / width) * width, Math.floor(begin / width)]);
  }
  return found;
}

/** The first object that has a pixel and may be seen; null where there is none. */
export function objectAt({ runs, first }, where, shown) {
  for (let n = 0; n < first.length - 1; n++) {
    if (!shown[n]) continue;
    for (let i = first[n]; i < first[n + 1] && runs[i] <= where; i += 2) {
      if (where < runs[i + 1]) return n;
    }
  }
  return null;
}
