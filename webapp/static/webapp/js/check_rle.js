/**
 * The compressed run-lengths of COCO, added up while their bytes pass by: no mask is drawn and nothing is kept.
 *
 * Each run is a little-endian string of 5-bit groups (characters 48 to 111: bit 5 = more follow, bit 4 of the last
 * = sign); from the fourth run on it is the difference to the run two before.
 */
const BACKSLASH = 92; // a run-length character too, written twice in JSON

export class RunLengths {
  constructor() {
    this.reset();
  }

  reset() {
    this.total = 0; // sum of the finished runs
    this.count = 0; // finished runs
    this.outOfRange = false; // a run is negative or beyond 2^30
    this.longest = 0; // run
    this.foreign = false; // there was a byte outside 48..111
    this.value = 0; // of the run that is being read
    this.shift = 0; // its bits so far; not 0 at the end: the string was cut
    this.last = 0;
    this.beforeLast = 0;
  }

  /** Read bytes of a JSON text up to its end or one that is not a run-length byte. Returns where it stopped. */
  consume(bytes, from) {
    const end = bytes.length;
    let at = from;
    let { total, count, value, shift, last, beforeLast, longest } = this;
    while (at < end) {
      let byte = bytes[at];
      if (byte === BACKSLASH) {
        if (at + 1 === end || bytes[at + 1] !== BACKSLASH) break;
        at += 1;
      }
      const group = byte - 48;
      if (group < 0 || group > 63) break;
      at += 1;
      const bits = group & 31;
      if (shift < 30) value |= bits << shift;
      else if (bits === 31) value |= -1 << 30;
      else if (bits !== 0) this.outOfRange = true;
      shift += 5;
      if (group > 31) continue;
      if ((group & 16) !== 0 && shift < 32) value |= -1 << shift;
      if (count > 2) value += beforeLast;
      if (value < 0) this.outOfRange = true;
      else if (value > longest) longest = value;
      total += value;
      count += 1;
      beforeLast = last;
      last = value;
      value = 0;
      shift = 0;
    }
    this.total = total;
    this.count = count;
    this.longest = longest;
    this.value = value;
    this.shift = shift;
    this.last = last;
    this.beforeLast = beforeLast;
    return at;
  }

  /** Read one byte of the text after its escapes were undone. */
  take(byte) {
    if (byte === BACKSLASH) this.consume(DOUBLED, 0);
    else if (byte < 48 || byte > 111) this.foreign = true;
    else this.consume(Uint8Array.of(byte), 0);
  }
}

const DOUBLED = Uint8Array.of(BACKSLASH, BACKSLASH);
