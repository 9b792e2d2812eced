// Keys on a leaderboard: j and k walk through the rows, x ticks one, c compares those, b pins the baseline.
// And the table in LaTeX, copied.
import { isTyping } from "./site.js";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  if (document.querySelector("dialog[open]")) return;
  const rows = [...document.querySelectorAll(".entry")];
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  if (event.key === "j" || event.key === "k") {
    const next = event.key === "j" ? Math.min(now + 1, rows.length - 1) : Math.max(now - 1, 0);
    const opener = rows[next]?.querySelector(".open-box");
    opener?.focus({ focusVisible: true, preventScroll: true });
    rows[next]?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "x" && now >= 0) {
    rows[now].querySelector(".choose")?.click();
  } else if (event.key === "c") {
    document.getElementById("compare-ticked")?.click();
  } else if (event.key === "b") {
    (now >= 0 ? rows[now].querySelector(".pin") : document.getElementById("unpin"))?.click();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-latex]");
  if (!button) return;
  const { form } = button;
  const shown = form.querySelector("textarea");
  // Asked for in this click: some browsers hand out the clipboard for no later moment.
  const text = fetch(`${form.action.split("?")[0]}?${new URLSearchParams(new FormData(form))}`).then((answer) => answer.text());
  try {
    const item = new ClipboardItem({ "text/plain": text.then((body) => new Blob([body], { type: "text/plain" })) });
    await navigator.clipboard.write([item]);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Selected"; // no clipboard without HTTPS: one key press copies it
  }
  shown.value = await text;
  shown.hidden = false;
  if (button.textContent === "Selected") shown.select();
  setTimeout(() => (button.textContent = "Copy"), 1500);
});
