/**
 * Opens zip archives under the rules of the server (evaluator/files/archive.py), and finds the results.json of one.
 */
import { counted, quoted } from "./check_problems.js";
import { ZipError, canRead, zipListing, zipMember } from "./check_zip.js";

const LIMITS = { members: 1000, total: 4 * 2 ** 30 };
export const MAP_LIMITS = { members: 250_000, total: 64 * 2 ** 30 };
const RATIO = 200;
const RATIO_FROM = 64 * 2 ** 20;
const LITTER = ["__macosx", ".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".spotlight-v100", ".trashes"];
const METHODS = [0, 8, 12, 14]; // what the server unpacks: stored, deflate, bzip2, lzma

/**
 * Return {name, size, slices} of the results.json, or null with a problem in the list. `slices` is null where only
 * the server can unpack it.
 */
export async function openArchive(file, problems) {
  const members = await openMembers(file, problems, LIMITS);
  const found = members === null ? null : findResults([...members.values()], problems);
  if (found === null) return null;
  const problem = memberProblem(found);
  if (problem) {
    problems.add(problem.code, {}, problem.message);
    return null;
  }
  return { name: "results.json", size: found.size, slices: canRead(found) ? memberSlices(file, found) : null };
}

/**
 * Return {name: member} of the files of an archive, or null with a problem in the list. Folders and what desktops add
 * do not count.
 */
export async function openMembers(file, problems, limits) {
  let members;
  try {
    members = await zipListing(file);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    problems.add("archive-damaged", {}, `The archive cannot be read: ${error.message}.`);
    return null;
  }
  if (isRefused(members, problems, limits)) return null;
  const files = members.map((member) => ({ ...member, name: plain(member.name), written: member.name }));
  const kept = files.filter(({ name }) => !name.endsWith("/") && !isLitter(name));
  const odd = kept.filter(({ name, written }) => name !== written);
  if (odd.length > 0) {
    const have = counted(odd.length, "name has backslashes", "names have backslashes");
    problems.add("archive-backslashes", {}, `${have}, first ${quoted(odd[0].written.slice(0, 80))}.`);
  }
  return withLowerSuffixes(new Map(kept.map((member) => [member.name, member])));
}

/** A name with "/" between folders; some programs of Windows write backslashes. */
function plain(name) {
  return name.replaceAll("\\", "/");
}

/** Maps may be called .PNG where no other file has the name with .png. */
function withLowerSuffixes(members) {
  const named = [...members].map(([name, member]) => {
    const lower = name.replace(/\.png$/i, ".png");
    return [members.has(lower) ? name : lower, member];
  });
  return new Map(named.map(([name, member]) => [name, { ...member, name }]));
}

function isRefused(members, problems, limits) {
  const refuse = (code, message) => {
    problems.add(code, {}, message);
    return true;
  };
  const total = members.reduce((sum, { size }) => sum + size, 0);
  if (members.length > limits.members) {
    return refuse("archive-members", `The archive lists ${members.length.toLocaleString("en")} files, but at most ${limits.members.toLocaleString("en")} are read.`);
  }
  if (total > limits.total) {
    return refuse("archive-size", `The archive unpacks to ${total.toLocaleString("en")} bytes, but at most ${limits.total.toLocaleString("en")} are read.`);
  }
  const names = new Set();
  for (const { name: written, link } of members) {
    const [name, shown] = [plain(written), quoted(written.slice(0, 80))];
    if (isUnsafe(name)) return refuse("archive-path", `The archive has a member ${shown}: only plain relative names are read.`);
    if (link) return refuse("archive-link", `The member ${shown} is a symbolic link.`);
    if (names.has(name)) return refuse("archive-duplicate", `The archive has two members called ${shown}.`);
    names.add(name);
  }
  return false;
}

function isUnsafe(name) {
  const parts = name.split("/");
  return name.startsWith("/") || parts.includes("..") || parts[0].includes(":") || name.includes("\0");
}

/** Whether macOS or Windows made a file, or a folder around it (evaluator/files/litter.py). */
function isLitter(name) {
  return name.split("/").some((part) => part.startsWith("._") || LITTER.includes(part.toLowerCase()));
}

/** The one results.json, at the top or, with all others, in one folder. */
function findResults(files, problems) {
  const found = files.filter(({ name }) => name.split("/").pop() === "results.json");
  if (found.length !== 1) {
    const names = (found.length > 1 ? found : files).slice(0, 5).map(({ name }) => quoted(name)).join(", ");
    if (found.length > 1) problems.add("results-twice", {}, `The archive has ${found.length} files called results.json: ${names}.`);
    else problems.add("results-missing", {}, `The archive holds no results.json; it holds ${names || "no file at all"}.`);
    return null;
  }
  const folders = found[0].name.split("/").slice(0, -1);
  const roots = new Set(files.map(({ name }) => name.split("/")[0]));
  if (folders.length === 0) return found[0];
  if (roots.size > 1) {
    const message = `The archive has ${quoted(found[0].name)}, but results.json must lie at the top, or everything in one folder.`;
    problems.add("results-missing", {}, message);
    return null;
  }
  problems.add("archive-root-folder", {}, `results.json lies in the folder ${quoted(folders.join("/"))} of the archive.`);
  return found[0];
}

/** Return {code, message} of what keeps the server from unpacking a member; undefined where nothing does. */
export function memberProblem({ name, encrypted, method, compressed, size }) {
  if (encrypted) return { code: "archive-encrypted", message: `The member ${quoted(name)} needs a password.` };
  if (!METHODS.includes(method)) return { code: "archive-compression", message: `The member ${quoted(name)} is compressed with method ${method}.` };
  if (size === 0) return { code: "file-empty", message: `The member ${quoted(name)} has 0 bytes.` };
  if (size > Math.max(RATIO_FROM, RATIO * compressed)) {
    return { code: "archive-ratio", message: `${compressed.toLocaleString("en")} bytes claim to unpack to ${size.toLocaleString("en")}, beyond ${RATIO}:1.` };
  }
  return undefined;
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
