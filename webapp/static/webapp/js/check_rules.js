/**
 * What a results.json for video instance segmentation must be, judged entry by entry.
 *
 * Where the server and this check could differ, this one stays silent: it never refuses what the server would score.
 */
const FIELDS = ["video_id", "category_id", "score", "segmentations"];

export class VisRules {
  /** `split`: {videos: [{id, name, length, height, width}], categories: [id]}; `problems`: a ProblemList. */
  constructor(split, problems) {
    this.videos = new Map(split.videos.map((video) => [video.id, video]));
    this.categories = new Set(split.categories);
    this.problems = problems;
    this.entries = 0;
    this.seen = new Set(); // ids of the videos that have predictions
  }

  notAList(shown) {
    this.problems.add("not-a-list", {}, `The file holds ${shown}, but must hold a list of predictions.`);
  }

  wrongEntry(index, shown) {
    this.problems.add("entry-type", { entry: index }, `The item is ${shown}, but must be an object.`);
  }

  /** Judge what one mask tells by itself; what depends on the video waits for the end of the entry. */
  mask(entry, mask) {
    if (mask.kind === "rle") this.rle(entry, mask);
    else if (mask.kind === "polygons") this.polygons(entry, mask);
    else this.maskProblem("mask-type", entry, mask, "segmentations", `The mask is ${mask.shown}.`);
  }

  rle(entry, mask) {
    if (mask.size === null && mask.counts === null) return; // {}: absent, as null is
    const size = this.size(entry, mask);
    if (size === null) return;
    const area = size[0] * size[1];
    const found = (code, message) => this.maskProblem(code, entry, mask, "counts", message);
    if (mask.counts !== "compressed" && mask.counts !== "uncompressed") {
      found("rle-counts-type", mask.counts === null ? "`counts` is missing." : `\`counts\` is ${mask.counts.shown}.`);
    } else if (mask.unreadable !== null) {
      found("rle-counts-type", `\`counts\` holds ${mask.unreadable}.`);
    } else if (mask.foreign) {
      found("rle-characters", "`counts` holds characters outside 0 to o (ASCII 48 to 111).");
    } else if (mask.cut) {
      found("rle-truncated", "`counts` ends within a number.");
    } else if (mask.outOfRange || mask.longest > area) {
      found("rle-range", `A run is negative or longer than the mask, which has ${size[0]} x ${size[1]} = ${area} pixels.`);
    } else if (mask.total !== area) {
      found("rle-total", `The runs add up to ${mask.total}, but the mask has ${size[0]} x ${size[1]} = ${area} pixels.`);
    } else if (mask.counts === "uncompressed") {
      this.maskProblem("masks-uncompressed", entry, mask, "counts", "`counts` is a list of numbers.");
    }
  }

  /** Return [height, width], and note it for the comparison with the video; null where it cannot be read. */
  size(entry, mask) {
    const { size } = mask;
    const readable = Array.isArray(size) && size.length === 2 && size.every((side) => Number.isInteger(side) && side > 0);
    if (!readable) {
      const shown = size === null ? "missing" : Array.isArray(size) ? `[${size.slice(0, 5).join(", ")}]` : size.shown;
      this.maskProblem("mask-size-type", entry, mask, "size", `\`size\` is ${shown}.`);
      return null;
    }
    const [height, width] = size;
    const last = entry.sizes[entry.sizes.length - 1];
    if (last === undefined || last.height !== height || last.width !== width) {
      entry.sizes.push({ frame: mask.frame, height, width });
    }
    return size;
  }

  polygons(entry, mask) {
    if (mask.unreadable !== null) {
      const message = `A polygon holds ${mask.unreadable}, but must hold finite numbers below a million.`;
      this.maskProblem("polygon-invalid", entry, mask, "segmentations", message);
    } else if (mask.badPolygon !== null) {
      const message = `A polygon has ${mask.badPolygon} numbers, but must have x, y of at least three points.`;
      this.maskProblem("polygon-invalid", entry, mask, "segmentations", message);
    } else if (mask.polygons > 0) {
      this.maskProblem("masks-polygons", entry, mask, "segmentations", "The mask is a list of polygons.");
    }
  }

  maskProblem(code, entry, mask, field, message) {
    this.problems.add(code, { ...this.where(entry), frame: mask.frame, field }, message);
  }

  /** Judge an entry that has been read to its end. */
  entry(entry) {
    this.entries += 1;
    const missing = FIELDS.filter((field) => !(field in entry.values));
    for (const field of missing) this.entryProblem("field-missing", entry, field, `\`${field}\` is missing.`);
    const video = this.video(entry);
    this.category(entry);
    this.score(entry);
    this.segmentations(entry, video);
  }

  video(entry) {
    const id = entry.values.video_id;
    if (id === undefined) return undefined;
    if (id.kind !== "number" || !Number.isInteger(id.value)) {
      this.entryProblem("video-id-type", entry, "video_id", `\`video_id\` is ${id.shown}, but must be an integer.`);
      return undefined;
    }
    const video = this.videos.get(id.value);
    if (video === undefined) {
      const message = `\`video_id\` ${id.value} is not among the ${this.videos.size} videos of this split.`;
      this.entryProblem("video-unknown", entry, "video_id", message);
    } else {
      this.seen.add(video.id);
    }
    return video;
  }

  category(entry) {
    const id = entry.values.category_id;
    if (id === undefined) return;
    if (id.kind !== "number" || !Number.isInteger(id.value)) {
      this.entryProblem("category-id-type", entry, "category_id", `\`category_id\` is ${id.shown}, but must be an integer.`);
    } else if (!this.categories.has(id.value)) {
      const message = `\`category_id\` ${id.value} is not among the ${this.categories.size} categories.`;
      this.entryProblem("category-unknown", entry, "category_id", message);
    }
  }

  score(entry) {
    const { score } = entry.values;
    if (score === undefined) return;
    if (score.kind !== "number") {
      this.entryProblem("score-type", entry, "score", `\`score\` is ${score.shown}, but must be a number.`);
    } else if (!Number.isFinite(score.value)) {
      this.entryProblem("score-not-finite", entry, "score", `\`score\` is ${score.shown}, but must be finite.`);
    }
  }

  segmentations(entry, video) {
    const { segmentations } = entry.values;
    if (segmentations === undefined) return;
    if (segmentations.kind !== "list") {
      const message = `\`segmentations\` is ${segmentations.shown}, but must be a list.`;
      this.entryProblem("segmentations-type", entry, "segmentations", message);
    } else if (video !== undefined) {
      this.length(entry, video);
      this.sizes(entry, video);
    }
  }

  length(entry, video) {
    if (entry.frames === video.length) return;
    const message = `\`segmentations\` has ${entry.frames} items, but the video has ${video.length} frames.`;
    this.entryProblem("tracklet-length", entry, "segmentations", message);
  }

  sizes(entry, video) {
    for (const { frame, height, width } of entry.sizes) {
      if (height === video.height && width === video.width) continue;
      const message = `\`size\` is [${height}, ${width}], but the video has [${video.height}, ${video.width}].`;
      this.problems.add("mask-size", { ...this.where(entry), frame, field: "size" }, message);
    }
  }

  entryProblem(code, entry, field, message) {
    this.problems.add(code, { ...this.where(entry), field }, message);
  }

  where(entry) {
    const id = entry.values.video_id;
    const where = { entry: entry.index };
    if (id === undefined || id.value === null) return where;
    where.video_id = id.value;
    const video = this.videos.get(id.value);
    return video === undefined ? where : { ...where, video: video.name };
  }

  end(entries) {
    if (entries === 0) this.problems.add("predictions-empty", {}, "The list is empty.");
  }
}
