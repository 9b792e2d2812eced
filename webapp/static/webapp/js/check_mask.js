/**
 * One mask: what it says about itself, and what is wrong with it. The video's own size is compared elsewhere.
 */

/**
 * Return {size: {height, width} or null, kind: "compressed", "uncompressed", "polygons" or "absent",
 * problem: {code, message} or undefined} of a mask that ResultsReader has collected.
 */
export function judgeMask(mask) {
  if (mask.kind === "other") {
    return { size: null, problem: { code: "mask-type", message: `A mask is ${mask.shown}, expected an RLE object or null.` } };
  }
  if (mask.kind === "polygons") return judgePolygons(mask);
  if (mask.isEmpty) return { size: null, kind: "absent" }; // {}, as null
  const size = sizeOf(mask);
  if (size === null) return { size: null, problem: { code: "mask-size-type", message: sizeMessage(mask.size) } };
  return { size, kind: mask.counts, problem: countsProblem(mask, size) };
}

function judgePolygons(mask) {
  if (mask.polygons === 0 && mask.unreadable === null) return { size: null, kind: "absent" }; // []
  let message;
  if (mask.unreadable !== null) message = "A polygon holds something other than finite numbers below a million.";
  else if (mask.badPolygon !== null) message = `A polygon has ${mask.badPolygon} numbers, expected x, y of at least three points.`;
  return { size: null, kind: "polygons", problem: message && { code: "polygon-invalid", message } };
}

function sizeOf({ size }) {
  if (!Array.isArray(size) || size.length !== 2) return null;
  const [height, width] = size;
  const isSide = (side) => Number.isInteger(side) && side > 0;
  return isSide(height) && isSide(width) && height * width < 2 ** 31 ? { height, width } : null;
}

function sizeMessage(size) {
  if (size === null) return "The mask has no `size`, expected [height, width].";
  return `\`size\` is ${Array.isArray(size) ? `[${size.slice(0, 5).join(", ")}]` : size.shown}, expected [height, width].`;
}

function countsProblem(mask, { height, width }) {
  const { counts } = mask;
  const pixels = height * width;
  if (counts !== "compressed" && counts !== "uncompressed") {
    const found = counts === null ? "missing" : counts.shown;
    return { code: "rle-counts-type", message: `\`counts\` is ${found}, expected a string or a list of integers.` };
  }
  if (mask.unreadable !== null) {
    return { code: "rle-counts-type", message: `\`counts\` holds ${mask.unreadable}, expected integers.` };
  }
  if (mask.foreign) return { code: "rle-characters", message: "`counts` holds a character that is not one of '0' to 'o'." };
  if (mask.cut) return { code: "rle-truncated", message: "`counts` ends in the middle of a number." };
  if (mask.outOfRange || mask.longest > pixels) {
    return { code: "rle-range", message: `A run of the mask is negative or longer than ${pixels} (${height} x ${width}).` };
  }
  if (mask.total !== pixels) {
    const message = `The runs of the mask add up to ${mask.total}, expected ${pixels} (${height} x ${width}).`;
    return { code: "rle-total", message };
  }
  return undefined;
}
