/**
 * Checks a results.json, or a zip that holds one, before a byte of it is sent. The file is never read whole.
 */
import { JsonError, JsonReader } from "./check_json.js";
import { ProblemList } from "./check_problems.js";
import { ResultsReader } from "./check_results.js";
import { VisRules } from "./check_rules.js";
import { ZipError, canRead, zipListing, zipMember } from "./check_zip.js";

const SLICE = 4 * 1024 * 1024;
const JSON_CODES = { syntax: "json-syntax", truncated: "json-truncated", depth: "json-nesting" };

/**
 * Return {problems, ok, entries, videos, checked}: `ok` is false where the server would reject the file; `checked`
 * is false where only the server can look inside (an unusual compression).
 *
 * `split`: {videos, categories, problems}, as the page hands it over; `onProgress(done, total)` counts bytes.
 */
export async function checkFile(file, split, onProgress = () => {}) {
  const problems = new ProblemList(split.problems, file.name);
  const rules = new VisRules(split, problems);
  const source = await open(file, problems);
  let checked = false;
  if (source !== null && !problems.hasErrors()) {
    problems.file = source.name;
    checked = source.slices !== null;
    if (checked) await read(source, rules, problems, onProgress);
  }
  return {
    problems: problems.toList(),
    ok: !problems.hasErrors(),
    checked,
    entries: rules.entries,
    videos: rules.seen.size,
  };
}

/** Return {name, size, slices} of the results.json in the file; null where there is none. */
async function open(file, problems) {
  if (file.size === 0) {
    problems.add("file-empty", {}, "The file has 0 bytes.");
    return null;
  }
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (head[0] === 0x50 && head[1] === 0x4b) return openZip(file, problems);
  return { name: file.name, size: file.size, slices: fileSlices(file) };
}

async function* fileSlices(file) {
  for (let at = 0; at < file.size; at += SLICE) yield new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer());
}

async function openZip(file, problems) {
  let members;
  try {
    members = await zipListing(file);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    problems.add("archive-damaged", {}, `The archive cannot be read: ${error.message}.`);
    return null;
  }
  const found = findResults(members, problems);
  if (found === null || problems.hasErrors()) return null;
  if (!canRead(found)) return { name: found.name, size: found.size, slices: null };
  return { name: found.name, size: found.size, slices: memberSlices(file, found, problems) };
}

/** Return the one results.json of the archive, at its top or in one folder; null with a problem otherwise. */
function findResults(members, problems) {
  const candidates = members.filter(({ name }) => name.split("/").pop() === "results.json" && !name.startsWith("__MACOSX/"));
  if (candidates.length === 0) {
    const names = members.slice(0, 5).map(({ name }) => name).join(", ");
    problems.add("results-missing", {}, `The archive holds ${names || "nothing"}.`);
    return null;
  }
  if (candidates.length > 1) {
    const names = candidates.slice(0, 5).map(({ name }) => name).join(", ");
    problems.add("results-twice", {}, `The archive holds ${names}.`);
    return null;
  }
  const [found] = candidates;
  if (found.encrypted) problems.add("archive-encrypted", {}, `${found.name} is encrypted.`);
  if (found.link) problems.add("archive-link", {}, `${found.name} is a link.`);
  if (found.name.includes("/")) problems.add("archive-root-folder", {}, `results.json lies in ${found.name.slice(0, -13)}.`);
  return found;
}

async function* memberSlices(file, found, problems) {
  const reader = (await zipMember(file, found)).getReader();
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch {
      throw new ZipError(`${found.name} does not unpack`);
    }
    if (part.done) return;
    yield part.value;
  }
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
    if (error instanceof JsonError) problems.add(JSON_CODES[error.kind], {}, sentence(error, json));
    else if (error instanceof ZipError) problems.add("archive-damaged", {}, `The archive is damaged: ${error.message}.`);
    else throw error;
  }
}

function sentence({ message, offset }) {
  return `After ${offset.toLocaleString("en")} bytes: ${message}.`;
}
