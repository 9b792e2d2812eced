/**
 * A resumable upload (tus 1.0) of one File, in pieces, with the session's cookie.
 *
 * A lost connection is tried again, sooner and then later, until it is back; after a reload of the page the same
 * file goes on where it was, because its address at the server is kept under the file's name, size and date.
 */
const PIECE = 16 * 1024 * 1024;
const STALL_MS = 45_000; // without a byte of progress a connection counts as lost
const WAITS_S = [1, 2, 4, 8, 15, 30];
const GONE = [404, 410]; // expired or deleted: begin again
const PASSING = [0, 408, 409, 423, 425, 429, 500, 502, 503, 504]; // 0: no connection

/** The server said no, and trying again will not help. `problems`: what it said; `status`: 401 = logged out. */
export class UploadRefused extends Error {
  constructor(status, problems) {
    super(problems[0].message);
    this.status = status;
    this.problems = problems;
  }
}

export class Upload {
  /**
   * `options`: endpoint, csrfToken, owner (whose upload it is), kind (submission or checkpoint);
   * onProgress({sent, total, rate, left}) with bytes per second and seconds, onWait(seconds) before another try.
   */
  constructor(file, options) {
    this.file = file;
    this.options = options;
    this.url = null;
    this.offset = 0;
    this.failures = 0;
    this.request = null;
    this.stopped = false;
    this.creating = null; // the request that makes the upload, while it runs
    this.wake = null;
    this.rate = new Rate();
    this.key = ["upload", options.owner, options.kind, file.name, file.size, file.lastModified].join(":");
  }

  /** Send the file; return the address of the finished upload. Raises UploadRefused. */
  async run() {
    this.url = recall(this.key);
    const online = () => this.wake?.();
    window.addEventListener("online", online);
    try {
      while (!this.stopped) {
        const step = this.url === null ? await this.create() : await this.find();
        if (step && (await this.sendAll())) return this.url;
        if (!this.stopped && this.failures > 0) await this.pause();
      }
      return null;
    } finally {
      window.removeEventListener("online", online);
    }
  }

  /** Stop sending; what has arrived stays at the server, and the same file resumes there. */
  stop() {
    this.stopped = true;
    this.request?.abort();
    this.wake?.();
  }

  /** Stop sending and have the server delete what has arrived; what cannot be deleted now expires there. */
  async remove() {
    this.stopped = true;
    forget(this.key);
    // An upload that is being made gets its address first: it could not be deleted without one.
    if (this.creating === null) this.request?.abort();
    this.wake?.();
    await this.creating;
    for (const seconds of [0.2, 1, 4, 15]) {
      if (this.url === null) return;
      const { status } = await this.send("DELETE", this.url, {});
      if (!PASSING.includes(status)) return;
      // The server may not have noticed yet that nothing more comes.
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }

  /** The upload has been used: the same file would be a new one. */
  forget() {
    forget(this.key);
  }

  async create() {
    const name = btoa(String.fromCharCode(...new TextEncoder().encode(this.file.name)));
    const posted = this.send("POST", this.options.endpoint, {
      "Upload-Length": String(this.file.size),
      "Upload-Metadata": `filename ${name},kind ${btoa(this.options.kind)}`,
    });
    // The path alone: a proxy in front may have told the server another scheme or host.
    this.creating = posted.then((answer) => {
      if (answer.status === 201) this.url = new URL(answer.getResponseHeader("Location"), location.href).pathname;
      this.creating = null;
    });
    const answer = await posted;
    await this.creating;
    if (answer.status !== 201) return this.failed(answer);
    this.offset = 0;
    if (!this.stopped) remember(this.key, this.url);
    return true;
  }

  /** Ask the server how much it has. */
  async find() {
    const answer = await this.send("HEAD", this.url, {});
    if (GONE.includes(answer.status)) return this.beginAgain();
    if (answer.status !== 200 && answer.status !== 204) return this.failed(answer);
    this.offset = Number(answer.getResponseHeader("Upload-Offset"));
    return true;
  }

  async sendAll() {
    this.report(this.offset);
    while (this.offset < this.file.size && !this.stopped) {
      const headers = { "Upload-Offset": String(this.offset), "Content-Type": "application/offset+octet-stream" };
      const answer = await this.send("PATCH", this.url, headers, this.file.slice(this.offset, this.offset + PIECE));
      if (GONE.includes(answer.status)) return this.beginAgain();
      if (answer.status !== 204) return this.failed(answer);
      this.offset = Number(answer.getResponseHeader("Upload-Offset"));
      this.failures = 0;
      this.report(this.offset);
    }
    return !this.stopped;
  }

  beginAgain() {
    forget(this.key);
    this.url = null;
    return false;
  }

  /** Count a failure that will pass; raise on one that will not. */
  failed(answer) {
    if (this.stopped) return false;
    if (!PASSING.includes(answer.status)) throw new UploadRefused(answer.status, problemsOf(answer));
    this.failures += 1;
    return false;
  }

  async pause() {
    const seconds = WAITS_S[Math.min(this.failures, WAITS_S.length) - 1];
    this.options.onWait(seconds);
    this.rate = new Rate();
    await new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, seconds * 1000);
    });
    this.wake = null;
  }

  /** Resolve with the finished request; one without an answer has status 0. */
  send(method, url, headers, body = null) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open(method, url);
      request.setRequestHeader("Tus-Resumable", "1.0.0");
      request.setRequestHeader("X-CSRFToken", this.options.csrfToken);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      let stall = setTimeout(() => request.abort(), STALL_MS);
      request.upload.onprogress = ({ loaded }) => {
        clearTimeout(stall);
        stall = setTimeout(() => request.abort(), STALL_MS);
        if (body !== null) this.report(this.offset + Math.min(loaded, body.size));
      };
      request.onloadend = () => {
        clearTimeout(stall);
        resolve(request);
      };
      request.send(body);
    });
  }

  report(sent) {
    const rate = this.rate.at(sent);
    const left = rate > 0 ? (this.file.size - sent) / rate : null;
    this.options.onProgress({ sent, total: this.file.size, rate, left });
  }
}

/** Bytes per second over the last few seconds. */
class Rate {
  constructor() {
    this.marks = [];
  }

  at(sent) {
    const now = performance.now();
    this.marks.push([now, sent]);
    while (this.marks.length > 2 && now - this.marks[0][0] > 5000) this.marks.shift();
    const [start, before] = this.marks[0];
    return now - start > 200 ? ((sent - before) / (now - start)) * 1000 : 0;
  }
}

function problemsOf(request) {
  try {
    const { problems, detail, title } = JSON.parse(request.responseText);
    if (problems?.length) return problems;
    if (detail || title) return [plain(request.status, detail ?? title)];
  } catch {
    // No JSON: a proxy answered, not the site.
  }
  return [plain(request.status, `The server answered ${request.status} ${request.statusText}.`)];
}

function plain(status, message) {
  const hint = status === 401 || status === 403
    ? "Log in again in another tab, then choose the file again: the upload resumes where it was."
    : "Choose the file again. If it happens again, tell the people who run this server.";
  return { code: `http-${status}`, severity: "error", where: {}, message, hint, count: 1 };
}

// Storage may be forbidden or full: then an upload is resumed within the page, but not after a reload.
function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, url) {
  try {
    localStorage.setItem(key, url);
  } catch {
    // see above
  }
}

function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // see above
  }
}
