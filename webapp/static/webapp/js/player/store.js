// Reads a mask store piece by piece: ranges of bytes, decompressed, and turned into runs row by row.
// The format is described in evaluator/playback/store.py.

/** Fetch pieces of a video that follow each other: piece n is `offsets[n]` to `offsets[n + 1]` of the file at `url`. */
export async function fetchPieces(url, offsets, first, last, signal) {
  const [begin, end] = [offsets[first], offsets[last + 1]];
  const answer = await fetch(url, { signal, headers: { Range: `bytes=${begin}-${end - 1}` } });
  if (answer.status !== 206) throw await faultOf(answer);
  const found = await answer.blob();
  const parts = offsets.slice(first, last + 1).map((offset, n) => found.slice(offset - begin, offsets[first + n + 1] - begin));
  return Promise.all(parts.map((part) => new Response(part.stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer()));
}

/** What a server says about a request that failed, and whether it will say the same again. */
export async function faultOf(answer) {
  const { status } = answer;
  const isLasting = status >= 400 && status < 500 && status !== 408 && status !== 429;
  const text = await answer.text().catch(() => "");
  let sentence = `The server answered with status ${status}.`;
  try {
    const { message, detail } = JSON.parse(text);
    sentence = message ?? detail ?? sentence;
  } catch {} // a page of a proxy, perhaps
  return Object.assign(new Error(sentence), { isLasting });
}

/** Pauses between attempts, which grow while they fail. */
export class Attempts {
  constructor() {
    this.pause = 0;
    this.due = 0;
  }

  get isResting() {
    return performance.now() < this.due;
  }

  /** Rest a while, then call `again`. */
  fail(again) {
    this.pause = Math.min(Math.max(500, 2 * this.pause), 8000);
    this.due = performance.now() + this.pause;
    setTimeout(again, this.pause + 10);
  }

  succeed() {
    this.pause = this.due = 0;
  }
}

export function readHead(piece) {
  return JSON.parse(new TextDecoder().decode(piece));
}

/**
 * A window of a store. Its frames are read when they are asked for, so that the first one is there at once.
 *
 * A frame is {runs, first}: `runs` holds the first pixel of each run and the one behind it, counted row by row from
 * the top left; no run goes on in the next row. Those of object n lie from first[n] to first[n + 1].
 */
export class Window {
  constructor(buffer, head) {
    this.bytes = buffer.byteLength;
    this.reader = head.kind === "maps" ? new Maps(buffer, head) : new Tracklets(buffer, head);
    this.read = new Array(this.reader.frames);
  }

  /** The runs of frame t of the window; null where it has no such frame. */
  frame(t) {
    if (t >= this.read.length) return null;
    if (!this.read[t]) {
      this.read[t] = this.reader.frame(t);
      this.bytes += this.read[t].runs.byteLength + this.read[t].first.byteLength;
    }
    return this.read[t];
  }
}

/** Where the frames of a window begin, which say before them how many bytes each part of them has. */
function begins(lengths, parts, at) {
  const found = [at];
  for (let i = 0; i < lengths.length; i++) {
    at += lengths[i];
    if ((i + 1) % parts === 0) found.push(at);
  }
  return found;
}

class Tracklets {
  constructor(buffer, { height, width }) {
    [this.objects, this.frames] = new Uint32Array(buffer, 0, 2);
    this.lengths = new Uint32Array(buffer, 8, this.objects * this.frames);
    this.begins = begins(this.lengths, this.objects, 8 + 4 * this.lengths.length);
    this.numbers = new Numbers(buffer);
    this.turn = new Turn(height, width);
  }

  frame(t) {
    const { numbers, objects, turn } = this;
    const first = new Int32Array(objects + 1);
    turn.clear();
    numbers.at = this.begins[t];
    for (let n = 0; n < objects; n++) {
      const end = numbers.at + this.lengths[t * objects + n];
      if (end > numbers.at) turn.add(numbers.bounds(end), numbers.count);
      first[n + 1] = turn.used;
    }
    return { runs: turn.runs.slice(0, turn.used), first };
  }
}

class Maps {
  constructor(buffer, { objects, width }) {
    [this.frames] = new Uint32Array(buffer, 0, 1);
    this.begins = begins(new Uint32Array(buffer, 4, this.frames), 1, 4 + 4 * this.frames);
    this.numbers = new Numbers(buffer);
    Object.assign(this, { objects: objects.length, width });
  }

  frame(t) {
    const { numbers, objects, width } = this;
    const pieces = []; // [object, first pixel, behind the last one], split where rows end
    const first = new Int32Array(objects + 1);
    numbers.at = this.begins[t];
    for (let pixel = 0; numbers.at < this.begins[t + 1]; ) {
      const object = numbers.next() - 1;
      const stop = pixel + numbers.next();
      if (object >= 0) {
        for (let begin = pixel; begin < stop; ) {
          const rowEnd = Math.min(stop, (Math.floor(begin / width) + 1) * width);
          pieces.push(object, begin, rowEnd);
          first[object + 1] += 2;
          begin = rowEnd;
        }
      }
      pixel = stop;
    }
    for (let n = 0; n < objects; n++) first[n + 1] += first[n];
    const runs = new Int32Array(first[objects]);
    const at = first.slice();
    for (let i = 0; i < pieces.length; i += 3) {
      runs[at[pieces[i]]++] = pieces[i + 1];
      runs[at[pieces[i]]++] = pieces[i + 2];
    }
    return { runs, first };
  }
}

/** Numbers of seven bits in a byte, in zigzag order. */
class Numbers {
  constructor(buffer) {
    this.bytes = new Uint8Array(buffer);
    this.at = 0;
    this.found = new Int32Array(1024);
    this.count = 0;
  }

  next() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return (value >>> 1) ^ -(value & 1);
    }
  }

  /** Read the mask that ends at `end`: the bounds of its runs, column by column; `count` says how many. */
  bounds(end) {
    let [bound, last, before] = [0, 0, 0];
    for (this.count = 0; this.at < end; this.count++) {
      const number = this.next();
      const run = this.count > 2 ? number + before : number;
      [before, last] = [last, run];
      bound += run;
      if (this.count === this.found.length) this.found = grown(this.found);
      this.found[this.count] = bound;
    }
    return this.found;
  }
}

/**
 * Turns runs along columns into runs along rows.
 *
 * A row changes between two columns where exactly one of them has it: so much work as there are runs, however
 * large they are.
 */
class Turn {
  constructor(height, width) {
    Object.assign(this, { height, width });
    this.runs = new Int32Array(1 << 14);
    this.used = 0;
    this.changes = new Int32Array(1 << 12); // row and column, column by column
    this.changed = 0;
    this.where = new Int32Array(height + 1); // changes of each row, then where its next one goes
    this.before = new Int32Array(height + 2);
    this.now = new Int32Array(height + 2);
  }

  clear() {
    this.used = 0;
  }

  /** Add an object's runs: `count` bounds, the first pixel of each run and the one behind it. */
  add(bounds, count) {
    const { height } = this;
    this.changed = 0;
    this.where.fill(0);
    let had = 0;
    let column = Math.floor(bounds[0] / height);
    for (let i = 0; i < count || had; ) {
      const top = column * height;
      let has = 0;
      while (i < count && bounds[i] < top + height) {
        this.now[has++] = Math.max(bounds[i] - top, 0);
        this.now[has++] = Math.min(bounds[i + 1] - top, height);
        if (bounds[i + 1] > top + height) break; // it goes on in the next column
        i += 2;
      }
      this.compare(had, has, column);
      [this.before, this.now] = [this.now, this.before];
      had = has;
      column = has || i >= count ? column + 1 : Math.floor(bounds[i] / height);
    }
    this.sort();
  }

  /** Note each row that either the column before has or this one, but not both. */
  compare(had, has, column) {
    const { before, now } = this;
    let open = -1;
    for (let a = 0, b = 0; a < had || b < has; ) {
      let row;
      if (b >= has || (a < had && before[a] < now[b])) row = before[a++];
      else if (a >= had || now[b] < before[a]) row = now[b++];
      else {
        a++;
        b++;
        continue;
      }
      if (open < 0) open = row;
      else {
        for (let r = open; r < row; r++) this.note(r, column);
        open = -1;
      }
    }
  }

  note(row, column) {
    if (this.changed + 2 > this.changes.length) this.changes = grown(this.changes);
    this.changes[this.changed++] = row;
    this.changes[this.changed++] = column;
    this.where[row]++;
  }

  /** Put the changes in the order of rows: they are the bounds of runs. */
  sort() {
    const count = this.changed / 2;
    while (this.used + count > this.runs.length) this.runs = grown(this.runs);
    let at = this.used;
    for (let row = 0; row < this.height; row++) {
      const next = at + this.where[row];
      this.where[row] = at;
      at = next;
    }
    for (let i = 0; i < this.changed; i += 2) {
      const row = this.changes[i];
      this.runs[this.where[row]++] = row * this.width + this.changes[i + 1];
    }
    this.used = at;
  }
}

function grown(numbers) {
  const larger = new Int32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
