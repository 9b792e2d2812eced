/**
 * The rules of a results.json for video instance segmentation, applied to the events of a JsonReader.
 *
 * Nothing but the entry that is being read is kept, so the file may have any size. Where the server and this check
 * could differ, this one stays silent: it never refuses what the server would score.
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

const FIELDS = ["video_id", "category_id", "score", "segmentations"];

export class ResultsRules {
  /** `split`: {videos: [{id, name, length, height, width}], categories: [id]}; `problems`: a ProblemList. */
  constructor(split, problems) {
    this.videos = new Map(split.videos.map((video) => [video.id, video]));
    this.categories = new Set(split.categories);
    this.problems = problems;
    this.places = [];
    this.place = TOP;
    this.entries = 0;
    this.seenVideos = new Set();
    this.uncompressed = 0;
    this.polygons = 0;
    this.runs = new RunLengths();
    this.entry = null;
    this.mask = null;
  }

  // --- Events --------------------------------------------------------------------------------------------

  startArray() {
    const field = this.place === ENTRY ? this.entry.field : this.place === MASK ? this.mask.field : "";
    if (this.place === TOP) this.enter(LIST);
    else if (this.place === LIST) this.wrongEntry("a list");
    else if (field === "segmentations") this.startSegmentations();
    else if (this.place === ENTRY) this.wrongField("a list");
    else if (this.place === SEGMENTATIONS) this.startPolygons();
    else if (field === "size") this.enter(SIZE);
    else if (field === "counts") this.startCounts();
    else if (this.place === POLYGONS) this.enter(POLYGON);
    else this.enter(SKIPPED);
  }

  startObject() {
    if (this.place === TOP) this.notAList("an object");
    else if (this.place === LIST) this.startEntry();
    else if (this.place === ENTRY) this.wrongField("an object");
    else if (this.place === SEGMENTATIONS) this.startMask();
    else this.other("an object");
  }

  endArray() {
    const place = this.place;
    this.leave();
    if (place === POLYGONS) this.endPolygons();
  }

  endObject() {
    const place = this.place;
    this.leave();
    if (place === ENTRY) this.endEntry();
    else if (place === MASK) this.endMask();
  }

  key(text) {
    if (this.place === ENTRY) this.entry.field = text;
    else if (this.place === MASK) this.mask.field = text;
  }

  target() {
    if (this.place !== MASK || this.mask.field !== "counts") return null;
    this.runs.reset();
    return this.runs;
  }

  targetEnd() {
    this.mask.counts = "compressed";
    this.mask.total = this.runs.total;
  }

  string(text) {
    this.scalar("string", text, text);
  }

  number(value) {
    if (this.place === COUNTS) this.addRun(value);
    else if (this.place === SIZE) this.mask.size.push(value);
    else if (this.place === SEGMENTATIONS) this.wrongMask("a number");
    else this.scalar("number", value, String(value));
  }

  word(name) {
    if (this.place === SEGMENTATIONS) {
      if (name === "null") this.entry.frames += 1;
      else this.wrongMask(name);
    } else {
      this.scalar(name, null, name);
    }
  }

  // --- Values --------------------------------------------------------------------------------------------

  scalar(kind, value, shown) {
    if (this.place === TOP) this.notAList(shown);
    else if (this.place === LIST) this.wrongEntry(shown, false);
    else if (this.place === ENTRY) this.entry.values[this.entry.field] = { kind, value, shown };
    else if (this.place === SEGMENTATIONS) this.wrongMask(shown, false);
    else this.other(shown, false);
  }
}
