/**
 * Finds the results.json of a zip archive, under the same rules as the server (evaluator/files/archive.py).
 */
import { ZipError, canRead, zipListing, zipMember } from "./check_zip.js";

const MEMBERS = 1000;
const TOTAL = 4 * 2 ** 30;
const RATIO = 200;
const RATIO_FROM = 64 * 2 ** 20;
const LITTER = ["__macosx", ".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".spotlight-v100", ".trashes"];
const METHODS = [0, 8, 12, 14]; // what the server unpacks: stored, deflate, bzip2, lzma

/**
 * Return {name, size, slices} of the results.json, or null with a problem in the list. `slices` is null where only
 * the server can unpack it.
 */
export async function openArchive(file, problems) {
  let found;
  try {
    const members = await zipListing(file);
    found = unsafe(members, problems) ? null : findResults(members, problems);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    problems.add("archive-damaged", {}, `The archive cannot be read: ${error.message}.`);
    return null;
  }
  if (found === null || unreadable(found, problems)) return null;
  return { name: "results.json", size: found.size, slices: canRead(found) ? memberSlices(file, found) : null };
}

function unsafe(members, problems) {
  const refuse = (code, message) => {
    problems.add(code, {}, message);
    return true;
  };
  const total = members.reduce((sum, { size }) => sum + size, 0);
  if (members.length > MEMBERS) {
    return refuse("archive-members", `The archive lists ${members.length} files, but at most ${MEMBERS} are read.`);
  }
  if (total > TOTAL) {
    return refuse("archive-size", `The archive unpacks to ${total} bytes, but at most ${TOTAL} are read.`);
  }
  const names = new Set();
  for (const { name, link } of members) {
    const shown = JSON.stringify(name.slice(0, 80));
    if (isUnsafe(name)) return refuse("archive-path", `The archive has a member ${shown}: only plain relative names are read.`);
    if (link) return refuse("archive-link", `The member ${shown} is a symbolic link.`);
    if (names.has(name)) return refuse("archive-duplicate", `The archive has two members called ${shown}.`);
    names.add(name);
  }
  return false;
}

function isUnsafe(name) {
  const parts = name.split("/");
  return name.startsWith("/") || parts.includes("..") || parts[0].includes(":") || /[\0\\]/.test(name);
}

/** Whether macOS or Windows made a file, or a folder around it (evaluator/files/litter.py). */
function isLitter(name) {
  return name.split("/").some((part) => part.startsWith("._") || LITTER.includes(part.toLowerCase()));
}

/** The one results.json, at the top or in one root folder. Folders and what desktops add do not count. */
function findResults(members, problems) {
  const files = members.filter(({ name }) => !name.endsWith("/") && !isLitter(name));
  const found = files.filter(({ name }) => name.split("/").pop() === "results.json");
  if (found.length !== 1) {
    const names = (found.length > 1 ? found : files).slice(0, 5).map(({ name }) => name).join(", ");
    if (found.length > 1) problems.add("results-twice", {}, `The archive has ${found.length} files called results.json: ${names}.`);
    else problems.add("results-missing", {}, `The archive holds no results.json; it holds ${names || "no file at all"}.`);
    return null;
  }
  const folders = found[0].name.split("/").slice(0, -1);
  const roots = new Set(files.map(({ name }) => name.split("/")[0]));
  if (folders.length === 0) return found[0];
  if (folders.length > 1 || roots.size > 1) {
    const message = `The archive has ${found[0].name}, but results.json must lie at the top or in one root folder.`;
    problems.add("results-missing", {}, message);
    return null;
  }
  problems.add("archive-root-folder", {}, `results.json lies in the folder ${folders[0]} of the archive.`);
  return found[0];
}

function unreadable({ name, encrypted, method, compressed, size }, problems) {
  const before = problems.hasErrors();
  if (encrypted) problems.add("archive-encrypted", {}, `The member ${name} needs a password.`);
  else if (!METHODS.includes(method)) problems.add("archive-compression", {}, `The member ${name} is compressed with method ${method}.`);
  else if (size === 0) problems.add("file-empty", {}, `The member ${name} has 0 bytes.`);
  else if (size > Math.max(RATIO_FROM, RATIO * compressed)) {
    problems.add("archive-ratio", {}, `${compressed} bytes claim to unpack to ${size}, beyond ${RATIO}:1.`);
  }
  return problems.hasErrors() !== before;
}

async function* memberSlices(file, found) {
  const reader = (await zipMember(file, found)).getReader();
  let done = 0;
  for (;;) {
    const part = await reader.read().catch(() => {
      throw new ZipError(`${found.name} does not unpack`);
    });
    if (part.done) break;
    done += part.value.length;
    if (done > found.size) break;
    yield part.value;
  }
  reader.cancel().catch(() => {});
  if (done !== found.size) throw new ZipError(`${found.name} does not unpack to the ${found.size} bytes it announces`);
}
