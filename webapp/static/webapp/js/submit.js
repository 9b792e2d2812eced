/**
 * Pages that send a file: a file that is chosen is checked and sent at the same time, while the form is filled in. If the
 * check refuses it, the upload is given up. Submit waits for the upload, never for the check. Without this script the
 * same form sends the file by itself.
 */
import { counted, size } from "./check_problems.js";
import { problemList, element } from "./problems.js";
import { Upload, UploadRefused } from "./upload.js";

const form = document.getElementById("submit-form");
const NUMBER = new Intl.NumberFormat("en");

class SubmitPage {
  constructor() {
    this.input = form.elements.file;
    this.uploadField = form.elements.upload;
    this.drop = form.querySelector(".drop");
    this.findings = form.querySelector("[data-findings]");
    this.note = form.querySelector("[data-submit-note]");
    this.split = JSON.parse(document.getElementById("check-data").textContent);
    this.turn = 0; // raised by each chosen file: what belongs to an earlier one is dropped
    this.worker = null;
    this.upload = null;
    this.wantsSubmit = false;
    this.input.addEventListener("change", () => this.input.files[0] && this.choose(this.input.files[0]));
    const { method_name: name, variant } = form.elements; // a checkpoint has none
    for (const field of [name, variant]) field?.addEventListener("input", () => this.unmark(name));
    // Back from the submission: its upload is used up.
    window.addEventListener("pageshow", (event) => event.persisted && location.reload());
    form.addEventListener("submit", (event) => this.submit(event));
    this.listenForDrops();
    // A browser that keeps the choice over a reload keeps the file too: go on with it.
    if (this.input.files[0]) this.choose(this.input.files[0]);
  }

  listenForDrops() {
    const over = (isOver) => (event) => {
      event.preventDefault();
      this.drop.classList.toggle("is-over", isOver);
    };
    // A file that is dropped beside the zone must not replace the page.
    for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
    for (const name of ["dragenter", "dragover"]) this.drop.addEventListener(name, over(true));
    for (const name of ["dragleave", "drop"]) this.drop.addEventListener(name, over(false));
    this.drop.addEventListener("drop", (event) => {
      const { files } = event.dataTransfer;
      if (files.length !== 1) {
        this.say("error", files.length ? "Drop one file at a time." : "What you dropped is not a file.", this.split?.task === "vis" ? "Choose results.json, or a zip archive that holds it." : "");
      } else {
        this.input.files = files;
        this.choose(files[0]);
      }
    });
  }

  async choose(file) {
    this.stop();
    const turn = ++this.turn;
    this.uploadField.value = "";
    this.findings.replaceChildren();
    this.unmark(this.input);
    this.showFile(file);
    this.send(file, turn);
    const verdict = await this.check(file);
    if (turn !== this.turn) return;
    this.step("check").hidden = true;
    if (verdict === null) return;
    if (!verdict.ok) this.giveUp();
    this.showVerdict(file, verdict);
  }

  /** The check refuses the file: what has arrived of it is deleted at the server. */
  giveUp() {
    this.turn += 1; // what the upload still says is dropped
    this.upload?.remove();
    this.upload = null;
    this.uploadField.value = "";
    this.step("upload").hidden = true;
    this.drop.classList.remove("is-done");
    this.disarm();
  }

  stop() {
    this.worker?.terminate();
    this.upload?.stop();
    this.worker = this.upload = null;
    this.disarm();
    for (const name of ["check", "upload"]) this.step(name).hidden = true;
    this.drop.classList.remove("is-done");
  }

  // --- The check -------------------------------------------------------------------------------------------

  /** Return the verdict of checkFile, or null where it cannot be had: then the server alone decides. */
  check(file) {
    if (this.split === null) return null;
    return new Promise((resolve) => {
      this.progress("check", 0, `Checking ${file.name}`);
      this.worker = new Worker(form.dataset.worker, { type: "module" });
      this.worker.onmessage = ({ data }) => {
        if (data.total) this.progress("check", data.done / data.total, `Checking ${file.name}: ${this.amount(data.done)} of ${this.amount(data.total)}`);
        else resolve(data.verdict ?? null);
      };
      this.worker.onerror = () => resolve(null);
      this.worker.postMessage({ file, split: this.split });
    });
  }

  /** How much has been checked: bytes of a results.json, or maps. */
  amount(number) {
    return this.split.task === "vis" ? size(number) : counted(number, "map");
  }

  showVerdict(file, verdict) {
    const errors = verdict.problems.filter(({ severity }) => severity === "error");
    const warnings = verdict.problems.filter(({ severity }) => severity === "warning");
    if (errors.length > 0) {
      const count = errors.reduce((sum, problem) => sum + problem.count, 0);
      this.say("error", `${counted(count, "problem")} in ${file.name}.`, "The file was not submitted, and this costs no quota. Fix the file and choose it again.");
      this.findings.append(problemList([...errors, ...warnings], this.split.problems), this.letServerDecide(file));
    } else if (verdict.checked) {
      const count = counted(verdict.entries, this.split.task === "vis" ? "prediction" : "map");
      const found = `${count} in ${NUMBER.format(verdict.videos)} of ${counted(this.split.videos.length, "video")}`;
      this.say(warnings.length ? "warning" : "ok", `Checked: ${found}.`, warnings.length ? "It can be scored. The following looks unintended:" : "");
    }
    if (errors.length === 0 && warnings.length > 0) this.findings.append(problemList(warnings, this.split.problems));
  }

  /** The check may be wrong: the server has the last word. */
  letServerDecide(file) {
    const button = element("button", "button quiet small findings-more", "Send it anyway and let the server decide");
    button.type = "button";
    button.addEventListener("click", () => {
      button.remove();
      this.findings.querySelector(".alert.error p").textContent = "The server decides. If it rejects the file, this costs no quota.";
      this.send(file, this.turn);
    });
    return button;
  }

  // --- The upload ------------------------------------------------------------------------------------------

  async send(file, turn) {
    const upload = new Upload(file, {
      endpoint: form.dataset.uploads,
      csrfToken: form.elements.csrfmiddlewaretoken.value,
      owner: form.dataset.owner,
      kind: form.dataset.kind ?? "submission",
      onProgress: (now) => turn === this.turn && this.progress("upload", now.sent / now.total, sentence(now)),
      onWait: (seconds) => turn === this.turn && this.progressText("upload", `Connection lost. Trying again in ${seconds} s; what has arrived is kept.`),
    });
    this.upload = upload;
    try {
      const url = await upload.run();
      if (turn === this.turn && url !== null) this.uploaded(file, url);
    } catch (error) {
      if (!(error instanceof UploadRefused)) throw error;
      if (turn === this.turn) this.refused(error);
    }
  }

  uploaded(file, url) {
    this.uploadField.value = url.replace(/\/$/, "").split("/").pop();
    this.progress("upload", 1, `Uploaded: ${size(file.size)}.`);
    this.drop.classList.add("is-done");
    if (this.wantsSubmit) this.finish();
  }

  refused({ problems }) {
    this.upload = null;
    this.step("upload").hidden = true;
    this.disarm();
    this.say("error", "The server did not accept the file.", "");
    this.findings.append(problemList(problems));
  }

  // --- Submit ----------------------------------------------------------------------------------------------

  submit(event) {
    const missing = this.missing();
    document.getElementById("error-summary")?.remove();
    if (missing.length > 0) {
      event.preventDefault();
      this.summarise(missing);
    } else if (this.uploadField.value !== "") {
      this.finish(event);
    } else if (this.upload !== null || (this.input.files[0] && !this.hasErrors())) {
      event.preventDefault();
      this.arm();
    } else if (this.input.files[0]) {
      event.preventDefault();
      this.findings.querySelector(".alert")?.scrollIntoView({ block: "center" });
    }
  }

  /** The fields that lack something, with what the server would say of them after a long upload. */
  missing() {
    const { method_name: name, variant } = form.elements;
    const found = [];
    if (this.uploadField.value === "" && !this.input.files[0]) found.push({ field: this.input, label: "File", text: form.dataset.fileMissing });
    if (name && !variant?.value && name.value.trim() === "") found.push({ field: name, label: name.labels[0].textContent, text: form.dataset.methodMissing });
    return found;
  }

  /** Say all that is missing at the top and beside each field, as partials/error_summary.html does. */
  summarise(missing) {
    const box = element("div", "alert error");
    Object.assign(box, { id: "error-summary", tabIndex: -1 });
    box.setAttribute("role", "alert");
    const count = counted(missing.length, "field needs", "fields need");
    const list = element("ul");
    box.append(element("strong", "", `${form.dataset.notYet}. ${count} a look:`), list);
    for (const { field, label, text } of missing) {
      const link = element("a", "", label);
      link.href = `#${field.id}`;
      const item = element("li");
      item.append(link, `: ${text}`);
      list.append(item);
      this.mark(field, text);
    }
    form.querySelector(".stack").prepend(box);
    box.focus();
  }

  /** Describe a field by what is wrong with it, until it is changed. */
  mark(field, text) {
    this.unmark(field);
    const error = element("p", "error", text);
    error.id = `${field.id}_error`;
    (field.closest(".drop") ?? field).after(error);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", error.id);
  }

  unmark(field) {
    document.getElementById(`${field.id}_error`)?.remove();
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }

  /** The upload goes with the form by its name; the file itself must not travel twice. */
  finish(event) {
    this.upload?.forget();
    this.input.disabled = true;
    if (!event) form.submit();
  }

  arm() {
    this.wantsSubmit = true;
    this.note.textContent = "It will be submitted as soon as the upload is complete.";
  }

  disarm() {
    this.wantsSubmit = false;
    this.note.textContent = "";
  }

  hasErrors() {
    return this.findings.querySelector(".alert.error") !== null;
  }

  // --- What is shown ---------------------------------------------------------------------------------------

  showFile(file) {
    this.drop.querySelector("[data-drop-title]").textContent = file.name;
    this.drop.querySelector("[data-drop-detail]").textContent = `${size(file.size)}. Choose another to replace it.`;
  }

  say(level, title, text) {
    const box = element("div", `alert ${level}`);
    box.append(element("strong", "", title));
    if (text) box.append(element("p", "", text));
    this.findings.append(box);
  }

  step(name) {
    return form.querySelector(`[data-step="${name}"]`);
  }

  progress(name, share, text) {
    const step = this.step(name);
    step.hidden = false;
    step.querySelector("progress").value = share;
    this.progressText(name, text);
  }

  progressText(name, text) {
    const step = this.step(name);
    step.hidden = false;
    step.querySelector(".progress-text").textContent = text;
  }
}

function sentence({ sent, total, rate, left }) {
  const parts = [`Uploading ${size(sent)} of ${size(total)}`];
  if (rate > 0) parts.push(`${(rate / 1e6).toFixed(1)} MB/s`);
  if (left !== null) parts.push(left < 90 ? `about ${Math.max(1, Math.round(left))} s left` : `about ${Math.round(left / 60)} min left`);
  return parts.join(", ");
}

if (form) new SubmitPage();
