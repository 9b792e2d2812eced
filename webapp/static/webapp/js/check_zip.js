/**
 * The listing of a zip archive (zip64 too) and the bytes of one member, read from a File in slices.
 */
const END_RECORD = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const END64_RECORD = 0x06064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const FULL32 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const LISTING_LIMIT = 64 * 1024 * 1024;

/** The archive cannot be read: `message` says what was found. */
export class ZipError extends Error {}

async function view(file, from, to) {
  return new DataView(await file.slice(from, to).arrayBuffer());
}

/** Return [{name, method, compressed, size, at, encrypted, link}] in the order of the archive. Raises ZipError. */
export async function zipListing(file) {
  const { from, length, shift } = await listingPlace(file);
  if (from < 0 || length > LISTING_LIMIT) throw new ZipError("its table of contents lies outside the file");
  const data = await view(file, from, from + length);
  const members = [];
  for (let place = 0; place + 46 <= length; ) {
    if (data.getUint32(place, true) !== ENTRY) throw new ZipError("its table of contents is damaged");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => data.getUint16(place + field, true));
    const next = place + 46 + nameLength + extraLength + commentLength;
    if (next > length) throw new ZipError("its table of contents is cut short");
    const found = member(data, place, nameLength, extraLength);
    found.at += shift;
    members.push(found);
    place = next;
  }
  return members;
}

/**
 * Find the table of contents: it lies right before the end record, which is the last thing in the file but for a
 * comment. `shift` is how much was put before the archive: all places in it are meant without that.
 */
async function listingPlace(file) {
  const start = Math.max(0, file.size - 65557);
  const tail = await view(file, start, file.size);
  for (let at = tail.byteLength - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_RECORD) continue;
    if (at >= 20 && tail.getUint32(at - 20, true) === END64_LOCATOR) return listingPlace64(file, start + at - 76);
    const length = tail.getUint32(at + 12, true);
    const from = start + at - length;
    return { from, length, shift: from - tail.getUint32(at + 16, true) };
  }
  throw new ZipError("it has no table of contents at its end, so it was cut short");
}

async function listingPlace64(file, at) {
  const record = at >= 0 ? await view(file, at, at + 56) : null;
  if (record?.getUint32(0, true) !== END64_RECORD) throw new ZipError("its end is damaged");
  const [length, stated] = [40, 48].map((field) => Number(record.getBigUint64(field, true)));
  return { from: at - length, length, shift: at - length - stated };
}

function member(data, place, nameLength, extraLength) {
  const found = {
    name: new TextDecoder().decode(new Uint8Array(data.buffer, place + 46, nameLength)),
    encrypted: (data.getUint16(place + 8, true) & 1) !== 0,
    method: data.getUint16(place + 10, true),
    compressed: data.getUint32(place + 20, true),
    size: data.getUint32(place + 24, true),
    link: (data.getUint32(place + 38, true) >>> 28) === 0xa,
    at: data.getUint32(place + 42, true),
  };
  const extra = new DataView(data.buffer, place + 46 + nameLength, extraLength);
  for (let at = 0; at + 4 <= extraLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) === 1) widen(found, extra, at + 4);
  }
  return found;
}

/** Replace the 32-bit fields that are full by the 64-bit ones of the zip64 extra field. */
function widen(found, extra, from) {
  let at = from;
  for (const field of ["size", "compressed", "at"]) {
    if (found[field] !== FULL32 || at + 8 > extra.byteLength) continue;
    found[field] = Number(extra.getBigUint64(at, true));
    at += 8;
  }
}

/** Whether this browser can unpack the member; the server knows more methods. */
export function canRead({ method }) {
  return method === STORED || method === DEFLATED;
}

/** Return the member's bytes, unpacked, as a ReadableStream; with `limit` of its first packed bytes. Raises ZipError. */
export async function zipMember(file, { at, method, compressed }, limit = Infinity) {
  const local = at + 30 <= file.size ? await view(file, at, at + 30) : null;
  if (local === null || local.getUint32(0, true) !== LOCAL) throw new ZipError("a member lies outside the file");
  const from = at + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (from + compressed > file.size) throw new ZipError("a member ends outside the file");
  const packed = file.slice(from, from + Math.min(compressed, limit));
  return method === STORED ? packed.stream() : packed.stream().pipeThrough(new DecompressionStream("deflate-raw"));
}
