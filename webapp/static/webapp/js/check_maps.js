/**
 * Checks an archive of PNG maps under the rules of the server (evaluator/maps, evaluator/panoptic, evaluator/semantic):
 * names and sizes from the table of contents, size and kind of each map from the first bytes of its file.
 *
 * The page does not know the names of the frames, so a map is looked at only where its video has exactly as many as
 * the split: then each of them counts. This check never refuses what the server would score.
 */
import { MAP_LIMITS, memberProblem, openMembers } from "./check_archive.js";
import { counted } from "./check_problems.js";
import { ZipError, canRead, zipMember } from "./check_zip.js";

const DEEPEST = 5; // folders in which maps are looked for
const HEADER = 33; // signature, length, IHDR and its checksum
const FIRST_BYTES = 512; // packed bytes that hold a header
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const KINDS = { 0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA" };
const SIDE = 16_384;
const PIXELS = 2 ** 26;

/** What a task's maps must be. `top`: folder of the videos; `json`: the file that must lie beside it. */
const TASKS = {
  vps: {
    top: "pan_pred/",
    json: "pred.json",
    fits: ({ kind }) => kind === 2 || kind === 6,
    wanted: "RGB: id = R + 256 G + 65536 B",
  },
  vss: { top: "", json: null, fits: ({ kind, depth }) => (kind === 0 || kind === 3) && depth <= 8, wanted: "one channel of 8 bits: the class" },
};

/** Return {maps, videos}: how many maps and videos of the split there are. Problems go to the list. */
export async function checkMaps(file, split, problems, onProgress) {
  const task = TASKS[split.task];
  const wanted = task.json ? [task.json] : split.videos.map(({ name }) => name);
  const archive = await openMembers(file, problems, MAP_LIMITS);
  if (archive === null) return { maps: 0, videos: 0 };
  const root = rootFolder(archive, wanted, problems);
  if (task.json && !archive.has(root + task.json)) {
    const names = [...archive.keys()].slice(0, 3).join(", ") || "no file at all";
    problems.add("panoptic-json-missing", {}, `There is no ${task.json} at the top; the first files are ${names}.`);
    return { maps: 0, videos: 0 };
  }
  const byVideo = mapsByVideo(archive, root + task.top);
  const complete = [];
  let extra = 0;
  for (const video of split.videos) {
    const found = byVideo.get(video.name) ?? [];
    extra += Math.max(0, found.length - video.length);
    if (found.length === video.length) complete.push({ video, found });
    else if (found.length < video.length) missing(video, found.length, task, problems);
  }
  if (!task.json) warnOfOthers(byVideo, split.videos, problems); // the server reads the videos from the JSON file
  if (extra > 0) problems.add("map-extra", {}, `${counted(extra, "map is", "maps are")} of no frame in the ground truth.`);
  const maps = complete.reduce((sum, { found }) => sum + found.length, 0);
  if (!problems.hasErrors()) await checkHeaders(file, complete, task, problems, (done) => onProgress(done, maps));
  return { maps, videos: complete.length };
}

/** What stands before the wanted names, files or folders: nothing, or the one place where they lie, with a warning. */
function rootFolder(archive, wanted, problems) {
  const known = new Set(wanted);
  const roots = new Set();
  for (const name of archive.keys()) {
    const parts = name.split("/");
    const depth = parts.slice(0, DEEPEST).findIndex((part) => known.has(part));
    if (depth >= 0) roots.add(parts.slice(0, depth).join("/"));
  }
  const [root] = roots;
  if (roots.size !== 1 || root === "") return "";
  problems.add("archive-root-folder", {}, `The files lie in the folder ${JSON.stringify(root.slice(0, 80))}.`);
  return `${root}/`;
}

/** Return the members of each folder of PNG files below `folder`, in the order of their names. */
function mapsByVideo(archive, folder) {
  const byVideo = new Map();
  for (const [name, member] of archive) {
    if (!name.startsWith(folder) || !name.endsWith(".png")) continue;
    const inner = name.slice(folder.length);
    const video = inner.slice(0, Math.max(0, inner.lastIndexOf("/")));
    if (!byVideo.has(video)) byVideo.set(video, []);
    byVideo.get(video).push(member);
  }
  for (const members of byVideo.values()) members.sort((one, other) => (one.name < other.name ? -1 : 1));
  return byVideo;
}

function missing({ name, length }, found, task, problems) {
  if (found === 0 && !task.json) problems.add("video-missing", { video_id: name }, `There is no folder '${name}' with PNG maps.`);
  else problems.add("map-missing", { video_id: name }, `The video has ${counted(length, "frame")}, but the archive has maps of ${found}.`);
}

function warnOfOthers(byVideo, videos, problems) {
  const known = new Set(videos.map(({ name }) => name));
  const others = [...byVideo.keys()].filter((name) => name !== "" && !known.has(name)).sort();
  if (others.length === 0) return;
  const shown = others.slice(0, 3).join(", ");
  problems.add("video-extra", {}, `${counted(others.length, "video is", "videos are")} not in the ground truth: ${shown}.`);
}

async function checkHeaders(file, complete, task, problems, onDone) {
  let done = 0;
  for (const { video, found } of complete) {
    for (const [frame, member] of found.entries()) {
      const where = { file: member.name, video_id: video.name, frame };
      const problem = memberProblem(member) ?? (await headerProblem(file, member, video, task));
      if (problem) problems.add(problem.code, where, problem.message);
      onDone(++done);
    }
  }
}

/** Return what is wrong with the header of a map, undefined where nothing is or only the server can unpack it. */
async function headerProblem(file, member, video, task) {
  if (!canRead(member)) return undefined;
  let bytes;
  try {
    bytes = await firstBytes(file, member);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    return { code: "archive-damaged", message: `The member ${member.name} cannot be read: ${error.message}.` };
  }
  const header = readHeader(bytes);
  if (header.problem) return header.problem;
  if (header.height !== video.height || header.width !== video.width) {
    const found = `The map has ${header.height} x ${header.width} pixels (height x width)`;
    return { code: "png-size", message: `${found}, but the frame has ${video.height} x ${video.width}.` };
  }
  if (task.fits(header)) return undefined;
  const found = `${KINDS[header.kind] ?? `unknown colour type ${header.kind}`}, ${header.depth} bits`;
  return { code: "png-kind", message: `The PNG is ${found}, expected ${task.wanted}.` };
}

async function firstBytes(file, member) {
  const reader = (await zipMember(file, member, FIRST_BYTES)).getReader();
  const bytes = new Uint8Array(HEADER);
  let length = 0;
  while (length < HEADER) {
    // Of a member that is cut off, the stream fails only after its bytes.
    const part = await reader.read().catch(() => ({ done: true }));
    if (part.done) break;
    bytes.set(part.value.subarray(0, HEADER - length), length);
    length += Math.min(part.value.length, HEADER - length);
  }
  reader.cancel().catch(() => {});
  return bytes.subarray(0, length);
}

function readHeader(bytes) {
  const damaged = (message) => ({ problem: { code: "png-damaged", message } });
  if (SIGNATURE.some((byte, at) => bytes[at] !== byte)) return damaged("This is not a PNG file: it begins with other bytes.");
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER || data.getUint32(8) !== 13 || data.getUint32(12) !== 0x49484452) return damaged("The PNG file has no complete header.");
  if (crc32(bytes.subarray(12, 29)) !== data.getUint32(29)) return damaged("The checksum of the PNG header is wrong.");
  const [width, height, depth, kind] = [data.getUint32(16), data.getUint32(20), bytes[24], bytes[25]];
  if (!(height > 0 && height <= SIDE && width > 0 && width <= SIDE) || height * width > PIXELS) {
    return { problem: { code: "png-size", message: `The PNG has ${height} x ${width} pixels, more than any frame.` } };
  }
  return { height, width, depth, kind };
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
