/**
 * What a results.json for video instance segmentation must be, judged entry by entry, in the words of the server
 * (evaluator/tracklets/careful_reader.py).
 *
 * Where the server and this check could differ, this one stays silent: it never refuses what the server would score.
 */
import { judgeMask } from "./check_mask.js";
import { counted } from "./check_problems.js";

const FIELDS = ["video_id", "category_id", "score", "segmentations"];
const LISTED_IDS = 10;

export class VisRules {
  /** `split`: {videos: [{id, name, length, height, width}], categories: [id]}; `problems`: a ProblemList. */
  constructor(split, problems) {
    this.videos = new Map(split.videos.map((video) => [video.id, video]));
    this.categories = new Set(split.categories);
    this.problems = problems;
    this.entries = 0;
    this.seen = new Set(); // ids of the videos that have predictions
    this.kinds = { polygons: 0, uncompressed: 0 };
    this.unknown = { count: 0, entry: 0, ids: new Set() }; // categories
    this.used = new Set(); // ids of categories, as many as could be indices in a list of them
    this.scores = { outside: 0, entry: 0, low: Infinity, high: -Infinity };
  }

  notAList(shown) {
    const found = shown === "an object" ? shown : "a single value";
    this.problems.add("not-a-list", {}, `The top level is ${found}, expected a list of predictions.`);
  }

  wrongEntry(index, shown) {
    this.problems.add("entry-type", { entry: index }, `The item is ${shown}, expected an object.`);
  }

  /** Judge what a mask shows by itself; what depends on the video waits for the end of the entry. */
  mask(entry, mask) {
    const { size, kind, problem } = judgeMask(mask);
    if (problem) entry.wrongMasks.push({ frame: mask.frame, ...problem });
    else if (kind in this.kinds) this.kinds[kind] += 1;
    if (size === null) return;
    const last = entry.sizes[entry.sizes.length - 1];
    if (last !== undefined && last.height === size.height && last.width === size.width) last.frames.push(mask.frame);
    else entry.sizes.push({ ...size, frames: [mask.frame] });
  }

  /** Judge an entry that has been read to its end. */
  entry(entry) {
    this.entries += 1;
    const { values } = entry;
    const video = "video_id" in values ? this.video(entry, values.video_id) : undefined;
    const where = { entry: entry.index };
    if (video) Object.assign(where, { video_id: video.id, video: video.name });
    for (const field of FIELDS) {
      if (!(field in values)) this.problems.add("field-missing", { ...where, field }, `The prediction has no \`${field}\`.`);
    }
    if ("category_id" in values) this.category(where, values.category_id);
    if ("score" in values) this.score(where, values.score);
    if ("segmentations" in values) this.segmentations(where, entry, video);
  }

  video({ index }, { kind, value, shown }) {
    if (kind !== "number" || !Number.isInteger(value)) {
      const message = `\`video_id\` is ${shown}, expected an integer.`;
      this.problems.add("video-id-type", { entry: index, field: "video_id" }, message);
      return undefined;
    }
    const video = this.videos.get(value);
    if (video === undefined) {
      const message = `The ground truth has no video ${value}; its ${counted(this.videos.size, "id is", "ids are")} ${span(this.videos)}.`;
      this.problems.add("video-unknown", { entry: index, video_id: value, field: "video_id" }, message);
    } else {
      this.seen.add(value);
    }
    return video;
  }

  category(where, { kind, value, shown }) {
    if (kind !== "number" || !Number.isInteger(value)) {
      const message = `\`category_id\` is ${shown}, expected an integer.`;
      this.problems.add("category-id-type", { ...where, field: "category_id" }, message);
      return;
    }
    if (this.used.size <= this.categories.size) this.used.add(value);
    if (!this.categories.has(value)) {
      if (this.unknown.count === 0) this.unknown.entry = where.entry;
      this.unknown.count += 1;
      if (this.unknown.ids.size <= 1000) this.unknown.ids.add(value);
    }
  }

  score(where, { kind, value, shown }) {
    if (kind !== "number") {
      this.problems.add("score-type", { ...where, field: "score" }, `\`score\` is ${shown}, expected a number.`);
    } else if (!Number.isFinite(value)) {
      this.problems.add("score-not-finite", { ...where, field: "score" }, `\`score\` is ${shown}, expected a finite number.`);
    } else {
      const { scores } = this;
      if ((value < 0 || value > 1) && scores.outside++ === 0) scores.entry = where.entry;
      scores.low = Math.min(scores.low, value);
      scores.high = Math.max(scores.high, value);
    }
  }

  segmentations(where, entry, video) {
    const { kind, shown } = entry.values.segmentations;
    const place = { ...where, field: "segmentations" };
    if (kind !== "a list") {
      this.problems.add("segmentations-type", place, `\`segmentations\` is ${shown}, expected a list.`);
    } else if (video !== undefined && entry.frames !== video.length) {
      const message = `\`segmentations\` has ${counted(entry.frames, "item")}, but the video has ${counted(video.length, "frame")}.`;
      this.problems.add("tracklet-length", place, message);
    } else {
      for (const { frame, code, message } of this.wrongMasks(entry, video)) this.problems.add(code, { ...place, frame }, message);
    }
  }

  /** The problems of an entry's masks by frame; one of a wrong size has no other. */
  wrongMasks(entry, video) {
    const wrongSizes = video === undefined ? [] : entry.sizes.filter(({ height, width }) => height !== video.height || width !== video.width);
    if (wrongSizes.length === 0) return entry.wrongMasks;
    const byFrame = new Map(entry.wrongMasks.map((problem) => [problem.frame, problem]));
    for (const { height, width, frames } of wrongSizes) {
      const swapped = height === video.width && width === video.height ? " (height and width are swapped)" : "";
      const message = `The mask has size [${height}, ${width}], but the video has [${video.height}, ${video.width}]${swapped}.`;
      for (const frame of frames) byFrame.set(frame, { frame, code: "mask-size", message });
    }
    return [...byFrame.values()].sort((one, other) => one.frame - other.frame);
  }

  /** The list has been read to its end: say what looks unintended. */
  end(entries) {
    if (entries === 0) this.problems.add("predictions-empty", {}, "The list has no predictions.");
    this.missingVideos(entries);
    this.unusualScores(entries);
    const { count, entry, ids } = this.unknown;
    if (count > 0) {
      const sorted = [...ids].sort((one, other) => one - other);
      const have = counted(count, "prediction has a category", "predictions have categories");
      const message = `${have} that the ground truth lacks: ${listed(sorted)}.`;
      this.problems.add("category-unknown", { entry, field: "category_id" }, message);
      this.categoriesCountedOtherwise();
    }
    if (this.kinds.polygons > 0) this.problems.add("masks-polygons", {}, `${masks(this.kinds.polygons)} written as polygons.`);
    if (this.kinds.uncompressed > 0) this.problems.add("masks-uncompressed", {}, `${masks(this.kinds.uncompressed)} uncompressed RLE.`);
  }

  missingVideos(entries) {
    const missing = [...this.videos.values()].filter(({ id }) => !this.seen.has(id));
    if (entries === 0 || missing.length === 0) return;
    const have = missing.length === 1 ? "has" : "have";
    const message = `${missing.length} of the ${counted(this.videos.size, "video")} ${have} no prediction, this one first.`;
    const [{ id, name }] = missing;
    this.problems.add("videos-without-predictions", { video_id: id, video: name }, message);
  }

  unusualScores(entries) {
    const { outside, entry, low, high } = this.scores;
    if (outside === 0) return;
    const kind = low >= 0 && high <= 100 ? "as percent have" : "as logits have";
    const message = `Scores lie outside 0 to 1: ${outside} of ${entries}, from ${low} to ${high}, ${kind}.`;
    this.problems.add("scores-unusual", { entry, field: "score" }, message);
  }

  /** Say so if the ids of categories, not all of them known, look like indices in a list of classes. */
  categoriesCountedOtherwise() {
    const count = this.categories.size;
    const used = [...this.used];
    const starts = [0, 1].filter((first) => used.every((id) => id >= first && id < first + count));
    if (starts.length === 0) return;
    const from = starts.length === 1 ? `, counted from ${starts[0]}` : "";
    const known = [...this.categories].sort((one, other) => one - other);
    const [first] = known;
    const start = `The category ids ${Math.min(...used)} to ${Math.max(...used)} look like indices in a list of classes${from}`;
    const shift = first - starts[0];
    const message = known.every((id, index) => id === first + index)
      ? `${start}; those of the ground truth are ${first} to ${known.at(-1)}: ${shift > 0 ? "add" : "subtract"} ${Math.abs(shift)}.`
      : `${start}; the ids of the ground truth are ${listed(known)}.`;
    this.problems.add("categories-counted-otherwise", {}, message);
  }
}

function listed(ids) {
  return ids.slice(0, LISTED_IDS).join(", ") + (ids.length > LISTED_IDS ? ", ..." : "");
}

function masks(count) {
  return counted(count, "mask is", "masks are");
}

function span(videos) {
  const ids = [...videos.keys()];
  if (ids.length < 2) return ids.length === 0 ? "none" : String(ids[0]);
  return `${Math.min(...ids)} to ${Math.max(...ids)}`;
}
