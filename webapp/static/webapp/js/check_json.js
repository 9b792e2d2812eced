/**
 * A JSON reader for files of any size: bytes go in slice by slice, events come out, nothing is kept.
 *
 * The listener gets startObject, endObject, startArray, endArray, key(text), string(text), number(value) and
 * word(name) with name one of true, false, null, NaN, Infinity, -Infinity (the last three are not JSON, but Python
 * writes them: the listener decides). Before a string value, listener.target() may return a sink; its bytes then
 * go to sink.consume(bytes, from) (returns where it stopped) and sink.take(byte), and no text is built.
 */

const ARRAY = 1;
const OBJECT = 2;

// What may come next. The order matters to nobody.
const VALUE = 0; // any value
const VALUE_OR_END = 1; // just after [
const KEY_OR_END = 2; // just after {
const KEY = 3; // after a comma in an object
const COLON = 4;
const AFTER = 5; // after a value: comma or closing bracket
const DONE = 6; // after the outermost value
const STRING = 7;
const ESCAPE = 8;
const HEX = 9;
const SCALAR = 10; // number or word

const EXPECTED = {
  [VALUE]: "a value",
  [VALUE_OR_END]: "a value or ]",
  [KEY_OR_END]: 'a name in double quotes or }',
  [KEY]: "a name in double quotes",
  [COLON]: "a colon",
  [AFTER]: "a comma or a closing bracket",
  [DONE]: "the end of the file",
};
const WORDS = new Set(["true", "false", "null", "NaN", "Infinity", "-Infinity"]);
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const ESCAPES = new Map([
  [34, 34], [92, 92], [47, 47], [98, 8], [102, 12], [110, 10], [114, 13], [116, 9],
]);
const FREQUENT = ["size", "counts"].map((text) => ({ text, bytes: new TextEncoder().encode(text) }));
const TEXT_LIMIT = 4096; // names and texts longer than this are cut: nothing we look for is longer

/** The file is not JSON. `kind`: "syntax", "truncated", "empty" or "depth"; `offset`: bytes from the start. */
export class JsonError extends Error {
  constructor(kind, offset, message) {
    super(message);
    this.kind = kind;
    this.offset = offset;
  }
}

export class JsonReader {
  constructor(listener, maxDepth = 64) {
    this.listener = listener;
    this.maxDepth = maxDepth;
    this.stack = new Uint8Array(maxDepth + 1);
    this.depth = 0;
    this.state = VALUE;
    this.offset = 0; // of the slice being read
    this.text = new Uint8Array(TEXT_LIMIT);
    this.textLength = 0;
    this.sink = null;
    this.isKey = false;
    this.hex = "";
    this.scalar = "";
    this.decoder = new TextDecoder();
  }

  /** Read the next slice of the file. Raises JsonError. */
  write(bytes) {
    const end = bytes.length;
    const hasMark = this.offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    let at = hasMark ? 3 : 0; // a byte order mark is not part of the text
    while (at < end) {
      switch (this.state) {
        case STRING:
          at = this.readString(bytes, at, end);
          break;
        case ESCAPE:
          this.readEscape(bytes[at]);
          at += 1;
          break;
        case HEX:
          this.readHex(bytes[at]);
          at += 1;
          break;
        case SCALAR:
          at = this.readScalar(bytes, at, end);
          break;
        default:
          this.readMark(bytes[at], at);
          at += 1;
          // A scalar's first byte belongs to it: look at it again.
          if (this.state === SCALAR) at -= 1;
      }
    }
    this.offset += end;
  }

  /** The file has ended. Raises JsonError unless a whole value was read. */
  end() {
    if (this.state === SCALAR) this.endScalar(0);
    if (this.state === VALUE && this.depth === 0) throw new JsonError("empty", this.offset, "there is nothing but white space");
    if (this.state !== DONE) throw new JsonError("truncated", this.offset, "the file ends in the middle");
  }

  /** One byte between values: white space, a bracket, a comma, a colon, or the start of a value. */
  readMark(byte, at) {
    if (byte === 32 || byte === 10 || byte === 13 || byte === 9) return;
    const state = this.state;
    const wantsValue = state === VALUE || state === VALUE_OR_END;
    if (state === AFTER && byte === 44) {
      this.state = this.stack[this.depth] === ARRAY ? VALUE : KEY;
    } else if (byte === 34 && (wantsValue || state === KEY_OR_END || state === KEY)) {
      this.startString(!wantsValue);
    } else if (byte === 58 && state === COLON) {
      this.state = VALUE;
    } else if (wantsValue && byte === 91) {
      this.open(ARRAY, at);
    } else if (wantsValue && byte === 123) {
      this.open(OBJECT, at);
    } else if (byte === 93 && (state === AFTER || state === VALUE_OR_END) && this.stack[this.depth] === ARRAY) {
      this.close();
    } else if (byte === 125 && (state === AFTER || state === KEY_OR_END) && this.stack[this.depth] === OBJECT) {
      this.close();
    } else if (wantsValue && isScalarByte(byte)) {
      this.state = SCALAR;
      this.scalar = "";
    } else {
      this.fail(byte, at, EXPECTED[state]);
    }
  }

  open(kind, at) {
    if (this.depth === this.maxDepth) {
      throw new JsonError("depth", this.offset + at, `lists and objects are nested more than ${this.maxDepth} deep`);
    }
    this.depth += 1;
    this.stack[this.depth] = kind;
    if (kind === ARRAY) {
      this.state = VALUE_OR_END;
      this.listener.startArray();
    } else {
      this.state = KEY_OR_END;
      this.listener.startObject();
    }
  }

  close() {
    const kind = this.stack[this.depth];
    this.depth -= 1;
    this.state = this.depth === 0 ? DONE : AFTER;
    if (kind === ARRAY) this.listener.endArray();
    else this.listener.endObject();
  }

  startString(isKey) {
    this.state = STRING;
    this.isKey = isKey;
    this.textLength = 0;
    this.sink = isKey ? null : this.listener.target();
  }

  readString(bytes, from, end) {
    let at = from;
    if (this.sink !== null) {
      while (at < end) {
        at = this.sink.consume(bytes, at);
        if (at === end) return at;
        const byte = bytes[at];
        if (byte === 34 || byte === 92) break;
        this.sink.take(byte);
        at += 1;
      }
    } else {
      while (at < end && bytes[at] !== 34 && bytes[at] !== 92) {
        if (this.textLength < TEXT_LIMIT) this.text[this.textLength++] = bytes[at];
        at += 1;
      }
    }
    if (at === end) return at;
    if (bytes[at] === 34) this.endString();
    else this.state = ESCAPE;
    return at + 1;
  }

  readEscape(byte) {
    if (byte === 117) {
      this.state = HEX;
      this.hex = "";
    } else {
      // What JSON does not know is taken as it stands: the server decides on such texts, not we.
      this.takeByte(ESCAPES.get(byte) ?? byte);
      this.state = STRING;
    }
  }

  readHex(byte) {
    this.hex += String.fromCharCode(byte);
    if (this.hex.length === 4) {
      // Surrogate halves become U+FFFD each: such text is only ever shown.
      for (const part of new TextEncoder().encode(String.fromCharCode(parseInt(this.hex, 16)))) this.takeByte(part);
      this.state = STRING;
    }
  }

  takeByte(byte) {
    if (this.sink !== null) this.sink.take(byte);
    else if (this.textLength < TEXT_LIMIT) this.text[this.textLength++] = byte;
  }

  endString() {
    if (this.isKey) {
      this.state = COLON;
      this.listener.key(this.textValue());
    } else {
      this.afterValue();
      if (this.sink !== null) this.listener.targetEnd();
      else this.listener.string(this.textValue());
    }
  }

  textValue() {
    // Nearly all names are those of a mask: comparing a few bytes is much quicker than decoding them.
    for (const { text, bytes } of FREQUENT) if (this.textIs(bytes)) return text;
    return this.decoder.decode(this.text.subarray(0, this.textLength));
  }

  textIs(bytes) {
    if (bytes.length !== this.textLength) return false;
    for (let at = 0; at < bytes.length; at++) if (bytes[at] !== this.text[at]) return false;
    return true;
  }

  readScalar(bytes, from, end) {
    let at = from;
    let value = 0;
    while (at < end && bytes[at] >= 48 && bytes[at] <= 57) {
      value = value * 10 + bytes[at] - 48;
      at += 1;
    }
    const isPlain = this.scalar === "" && at > from && at - from < 16 && (bytes[from] !== 48 || at - from === 1);
    if (isPlain && at < end && !isScalarByte(bytes[at])) {
      this.afterValue();
      this.listener.number(value);
      return at;
    }
    while (at < end && isScalarByte(bytes[at])) at += 1;
    // A number of a million digits is refused by its first hundred.
    if (this.scalar.length < 100) this.scalar += String.fromCharCode(...bytes.subarray(from, Math.min(at, from + 400)));
    if (at < end) this.endScalar(at);
    return at;
  }

  endScalar(at) {
    const text = this.scalar;
    if (WORDS.has(text)) {
      this.afterValue();
      this.listener.word(text);
    } else if (NUMBER.test(text)) {
      this.afterValue();
      this.listener.number(Number(text));
    } else {
      throw new JsonError("syntax", this.offset + at, `expected a value, but found ${text.slice(0, 30)}`);
    }
  }

  afterValue() {
    this.state = this.depth === 0 ? DONE : AFTER;
  }

  fail(byte, at, expected) {
    const found = byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `byte ${byte}`;
    throw new JsonError("syntax", this.offset + at, `expected ${expected}, but found ${found}`);
  }
}

/** Letters, digits, + - . _ : everything of which numbers and words are made. */
function isScalarByte(byte) {
  return (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90)
    || byte === 45 || byte === 46 || byte === 43 || byte === 95;
}
