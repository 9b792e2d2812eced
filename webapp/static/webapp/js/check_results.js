/**
 * Turns the events of a JsonReader into the entries of a results.json and hands each to the rules.
 *
 * Nothing but the entry that is being read is kept, so the file may have any size.
 */
import { RunLengths } from "./check_rle.js";

// Where in the file the reader is.
const TOP = 0;
const LIST = 1;
const ENTRY = 2;
const SEGMENTATIONS = 3;
const MASK = 4;
const SIZE = 5;
const COUNTS = 6;
const POLYGONS = 7;
const POLYGON = 8;
const SKIPPED = 9;

const MOST_ENTRIES = 1_000_000;

/** The list is longer than any that is scored. */
export class TooMany extends Error {}

export class ResultsReader {
  /** `rules`: notAList(shown), wrongEntry(index, shown), entry(entry), mask(entry, mask), end(entries). */
  constructor(rules) {
    this.rules = rules;
    this.place = TOP;
    this.outer = []; // the places around this one
    this.entries = 0;
    this.entry = null;
    this.field = ""; // of the entry
    this.mask = null;
    this.maskField = "";
    this.runs = new RunLengths();
  }

  startObject() {
    if (this.place === LIST) this.startEntry();
    else if (this.place === SEGMENTATIONS) this.startMask(MASK, "rle");
    else this.enter(SKIPPED, "an object");
  }

  startArray() {
    if (this.place === TOP) this.enter(LIST);
    else if (this.place === ENTRY && this.field === "segmentations") this.startSegmentations();
    else if (this.place === SEGMENTATIONS) this.startMask(POLYGONS, "polygons");
    else if (this.place === POLYGONS) this.startPolygon();
    else if (this.place === MASK && this.maskField === "size") this.startSize();
    else if (this.place === MASK && this.maskField === "counts") this.startCounts();
    else this.enter(SKIPPED, "a list");
  }

  endObject() {
    this.endArray();
  }

  endArray() {
    const left = this.place;
    this.place = this.outer.pop();
    if (left === POLYGON && this.mask.badPolygon === null && (this.mask.numbers < 6 || this.mask.numbers % 2 !== 0)) this.mask.badPolygon = this.mask.numbers;
    if (left === ENTRY) this.rules.entry(this.entry);
    else if (left === MASK || left === POLYGONS) this.rules.mask(this.entry, this.mask);
    else if (left === LIST) this.rules.end(this.entries);
  }

  key(text) {
    if (this.place === ENTRY) this.field = text;
    else if (this.place === MASK) this.startMaskField(text);
  }

  /** Compressed counts never become a text: their bytes go to the run-lengths. */
  target() {
    if (this.place !== MASK || this.maskField !== "counts") return null;
    this.runs.reset();
    return this.runs;
  }

  targetEnd() {
    const { runs, mask } = this;
    mask.counts = "compressed";
    mask.total = runs.total;
    mask.runs = runs.count;
    mask.longest = runs.longest;
    mask.outOfRange = runs.outOfRange;
    mask.foreign = runs.foreign;
    mask.cut = runs.shift !== 0;
  }

  string(text) {
    this.value({ kind: "string", value: text, shown: `the string '${text.slice(0, 40)}'` });
  }

  number(value) {
    if (this.place === COUNTS) this.addRun(value);
    else if (this.place === POLYGON) this.addCoordinate(value);
    else if (this.place === SIZE) this.mask.size.push(value);
    else this.value({ kind: "number", value, shown: String(value) });
  }

  word(name) {
    const isNumber = name === "NaN" || name === "Infinity" || name === "-Infinity";
    if (this.place === SEGMENTATIONS && name === "null") this.entry.frames += 1;
    else this.value({ kind: isNumber ? "number" : name, value: Number(name), shown: name });
  }

  enter(place, shown) {
    if (place === SKIPPED) this.value({ kind: shown, value: null, shown });
    this.outer.push(this.place);
    this.place = place;
  }

  /** A value that no other event is about, wherever it stands. */
  value(value) {
    if (this.place === TOP) this.rules.notAList(value.shown);
    else if (this.place === LIST) this.rules.wrongEntry(this.entries++, value.shown);
    else if (this.place === ENTRY) this.entry.values[this.field] = value;
    else if (this.place === SEGMENTATIONS) this.wrongMask(value.shown);
    else if (this.place === MASK && this.maskField === "size") this.mask.size = value;
    else if (this.place === MASK && this.maskField === "counts") this.mask.counts = value;
    else if (this.place === SIZE || this.place === COUNTS || this.place === POLYGONS || this.place === POLYGON) {
      this.mask.unreadable = value.shown;
    }
  }

  startEntry() {
    if (this.entries === MOST_ENTRIES) throw new TooMany(`The list has more than ${MOST_ENTRIES} entries.`);
    this.enter(ENTRY);
    this.field = "";
    this.entry = { index: this.entries++, values: {}, frames: 0, sizes: [], wrongMasks: [] };
  }

  startSegmentations() {
    this.enter(SEGMENTATIONS);
    Object.assign(this.entry, { frames: 0, sizes: [], wrongMasks: [] });
    this.entry.values.segmentations = { kind: "a list" };
  }

  startMask(place, kind) {
    this.enter(place);
    this.maskField = "";
    this.mask = {
      kind, frame: this.entry.frames++, isEmpty: true, size: null, counts: null, total: 0, runs: 0, longest: 0, outOfRange: false,
      foreign: false, cut: false, polygons: 0, numbers: 0, badPolygon: null, unreadable: null,
    };
  }

  startMaskField(name) {
    this.maskField = name;
    this.mask.isEmpty = false;
  }

  wrongMask(shown) {
    this.mask = { kind: "other", frame: this.entry.frames++, shown };
    this.rules.mask(this.entry, this.mask);
  }

  startSize() {
    this.enter(SIZE);
    this.mask.size = [];
  }

  startCounts() {
    this.enter(COUNTS);
    Object.assign(this.mask, { counts: "uncompressed", total: 0, runs: 0, longest: 0, outOfRange: false });
  }

  startPolygon() {
    this.enter(POLYGON);
    this.mask.polygons += 1;
    this.mask.numbers = 0; // of this polygon
  }

  addCoordinate(value) {
    this.mask.numbers += 1;
    if (Math.abs(value) >= 1e6) this.mask.unreadable = String(value);
  }

  addRun(value) {
    const { mask } = this;
    if (!Number.isInteger(value)) mask.unreadable = String(value);
    if (value < 0) mask.outOfRange = true;
    if (value > mask.longest) mask.longest = value;
    mask.total += value;
    mask.runs += 1;
  }
}
