/**
 * Checks a results.json, a zip that holds one, or a zip of maps, while it is sent. The file is never read whole.
 */
import { openArchive } from "./check_archive.js";
import { JsonError, JsonReader } from "./check_json.js";
import { ProblemList, counted } from "./check_problems.js";
import { checkMaps } from "./check_maps.js";
import { ResultsReader, TooMany } from "./check_results.js";
import { VisRules } from "./check_rules.js";
import { ZipError } from "./check_zip.js";

const SLICE = 4 * 1024 * 1024;
const JSON_CODES = { syntax: "json-syntax", empty: "file-empty", truncated: "json-truncated", depth: "json-nesting" };
const PICKLE = "a Python pickle, such as results.pkl";
// What people choose by mistake, by its first bytes (evaluator/files/forms.py).
const SIGNATURES = [
  ["1f8b", "a gzip file, such as a .tar.gz"], ["52617221", "a RAR archive"], ["377abcaf271c", "a 7-Zip archive"], ["425a68", "a bzip2 file"],
  ["fd377a585a", "an xz file"], ["28b52ffd", "a Zstandard file"], ["8002", PICKLE], ["8003", PICKLE], ["8004", PICKLE], ["8005", PICKLE],
  ["934e554d5059", "a NumPy array (.npy)"], ["89484446", "an HDF5 file"], ["50415231", "a Parquet file"],
  ["89504e47", "a PNG image"], ["ffd8ff", "a JPEG image"], ["47494638", "a GIF image"], ["25504446", "a PDF document"],
  ["3c", "an HTML or XML page"],
];
const MOTS = /^\d+ \d+ \d+ \d+ \d+ \S+\s/;
const MOT = /^\d+, ?-?\d+, ?-?[\d.]+, ?-?[\d.]+, ?-?[\d.]+/;

/**
 * Return {problems, ok, entries, videos, checked}: `ok` is false where the server would reject the file; `checked`
 * is false where only the server can look inside (an unusual compression).
 *
 * `split`: {task, videos, categories, problems}, as the page hands it over; `onProgress(done, total)` counts bytes of a
 * JSON file, and maps of an archive. `entries` are predictions or maps.
 */
export async function checkFile(file, split, onProgress = () => {}) {
  const problems = new ProblemList(split.problems, file.name);
  if (split.task !== "vis") {
    const { maps, videos } = (await isArchive(file, problems)) ? await checkMaps(file, split, problems, onProgress) : { maps: 0, videos: 0 };
    return { problems: problems.toList(), ok: !problems.hasErrors(), checked: true, entries: maps, videos };
  }
  const rules = new VisRules(split, problems);
  const source = await open(file, problems);
  if (source?.slices) {
    problems.file = source.name;
    await read(source, rules, problems, onProgress);
  }
  return {
    problems: problems.toList(),
    ok: !problems.hasErrors(),
    checked: source === null || source.slices !== null,
    entries: rules.entries,
    videos: rules.seen.size,
  };
}

/** Whether a file is a zip archive; where it is not, a problem says what it is. */
async function isArchive(file, problems) {
  const head = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  if (head[0] === 0x50 && head[1] === 0x4b) return true;
  const found = otherFormat(head, file.name) ?? "another file";
  if (file.size === 0) problems.add("file-empty", {}, "The file has 0 bytes.");
  else problems.add("file-not-recognised", {}, `Expected a zip archive, but this is ${found}.`);
  return false;
}

/** Return {name, size, slices} of the results.json, or null with a problem in the list. */
async function open(file, problems) {
  if (file.size === 0) {
    problems.add("file-empty", {}, "The file has 0 bytes.");
    return null;
  }
  const head = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  if (head[0] === 0x50 && head[1] === 0x4b) return openArchive(file, problems);
  const found = otherFormat(head, file.name);
  if (found !== undefined) {
    problems.add("file-not-recognised", {}, `Expected JSON or a zip archive, but this is ${found}.`);
    return null;
  }
  if ([...head.subarray(0, 4)].includes(0) || isUtf16(head)) {
    problems.add("json-encoding", {}, "The file begins as UTF-16 or UTF-32 files do.");
    return null;
  }
  return { name: /.\../.test(file.name) ? file.name : "results.json", size: file.size, slices: fileSlices(file) };
}

function isUtf16(head) {
  return (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
}

function otherFormat(head, name) {
  const hex = [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const text = String.fromCharCode(...head);
  const known = SIGNATURES.find(([signature]) => hex.startsWith(signature));
  if (known) return known[1];
  if (text.slice(257, 262) === "ustar") return "a tar archive";
  if (text.slice(4, 8) === "ftyp") return "an MP4 video";
  if (MOTS.test(text)) return "a text file of MOTS (frame, object, class, height, width, mask)";
  if (MOT.test(text)) return "a text file of boxes, as MOTChallenge has them";
  const isNamedZip = name.toLowerCase().endsWith(".zip") && !"[{".includes(text.trimStart()[0] ?? "?");
  return isNamedZip ? "no zip archive in spite of its name" : undefined;
}

async function* fileSlices(file) {
  for (let at = 0; at < file.size; at += SLICE) yield new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer());
}

/** Send every slice through the JSON reader and the rules. */
async function read(source, rules, problems, onProgress) {
  const json = new JsonReader(new ResultsReader(rules));
  let done = 0;
  try {
    for await (const bytes of source.slices) {
      json.write(bytes);
      done += bytes.length;
      onProgress(done, source.size);
    }
    json.end();
  } catch (error) {
    if (error instanceof JsonError) problems.only(JSON_CODES[error.kind], sentence(error));
    else if (error instanceof TooMany) problems.only("entries-too-many", error.message);
    else if (error instanceof ZipError) problems.only("archive-damaged", `The archive cannot be read: ${error.message}.`);
    else throw error;
  }
}

function sentence({ kind, message, offset }) {
  if (kind === "truncated") return `The file ends after ${counted(offset, "byte")} in the middle of a value.`;
  if (kind === "empty") return `The file has ${counted(offset, "byte")} and nothing but white space.`;
  return `After ${offset.toLocaleString("en")} bytes: ${message}.`;
}
