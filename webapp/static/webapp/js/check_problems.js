/**
 * Problems in the words of the server: codes, severities, titles and hints come from its table (evaluator.problems),
 * which the page hands over; here only the sentence with what was found is written.
 */
const LISTED = 100;
const LISTED_PER_CODE = 10;

/** A number and its noun, or what stands beside it of one and of several (evaluator/files/words.py). */
export function counted(number, noun, plural = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

/** A name in quotes, as Python writes it. */
export function quoted(name) {
  const mark = name.includes("'") && !name.includes('"') ? '"' : "'";
  return mark + name.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`) + mark;
}

/** A number of bytes in words: 200 bytes, 3 kB, 1.5 MB. */
export function size(bytes) {
  if (bytes < 1e3) return counted(bytes, "byte");
  if (bytes < 999_500) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

export class ProblemList {
  /** `table`: {code: {severity, title, hint}}; `file`: the name that `where` starts with. */
  constructor(table, file) {
    this.table = table;
    this.file = file;
    this.groups = new Map(); // code -> {shown, count}
  }

  /** `where`: {entry, video_id, video, frame, field}, only those that apply. */
  add(code, where, message) {
    let group = this.groups.get(code);
    if (group === undefined) {
      group = { shown: [], count: 0 };
      this.groups.set(code, group);
    }
    group.count += 1;
    if (group.shown.length < LISTED_PER_CODE) group.shown.push(this.problem(code, where, message, 1));
  }

  /** What was found before inside the file does not count any more: it cannot be read to its end. */
  only(code, message) {
    for (const found of this.groups.keys()) if (!found.startsWith("archive-")) this.groups.delete(found);
    this.add(code, {}, message);
  }

  problem(code, where, message, count) {
    const { severity, hint } = this.table[code];
    return { code, severity, where: { file: this.file, ...where }, message, hint, count };
  }

  hasErrors() {
    return [...this.groups.keys()].some((code) => this.table[code].severity === "error");
  }

  /**
   * At most 100 problems, by code, errors first; a group that was cut ends with one that counts the rest.
   */
  toList() {
    const isWarning = ([code]) => Number(this.table[code].severity === "warning");
    const groups = [...this.groups].sort((one, other) => isWarning(one) - isWarning(other));
    const perCode = Math.max(1, Math.min(LISTED_PER_CODE, Math.floor(LISTED / Math.max(1, groups.length)) - 1));
    const list = [];
    for (const [code, { shown, count }] of groups) {
      const listed = shown.slice(0, perCode);
      list.push(...listed);
      const rest = count - listed.length;
      if (rest > 0) list.push(this.problem(code, {}, `${rest} more of this kind (${this.table[code].title}).`, rest));
    }
    return list;
  }
}
