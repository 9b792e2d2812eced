// Keys on a leaderboard: j and k walk through the rows, x chooses one for the chart.
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
  }
});
