/** Problems as a list for people: the same markup as the template partials/problems.html. */

const PLURAL = new Intl.NumberFormat("en");

/** Return an <ol class="problems">. `problems`: as Problem.to_json() gives them. */
export function problemList(problems) {
  const list = element("ol", "problems");
  list.append(...problems.map(problemItem));
  return list;
}

function problemItem({ code, severity, where, message, hint }) {
  const item = element("li", severity);
  const place = placeOf(where);
  if (place) item.append(element("p", "where", place));
  item.append(element("p", "what", message));
  if (hint) item.append(element("p", "hint", hint));
  item.append(element("code", "code-name", code));
  return item;
}

/** In words, as evaluator.problems.Where does: results.json, entry 3 (video 12 "a5f1"), frame 7. */
function placeOf({ file, entry, video_id: videoId, video, frame }) {
  const parts = [];
  if (file) parts.push(file);
  if (entry !== undefined) parts.push(`entry ${PLURAL.format(entry)}`);
  let place = parts.join(", ");
  if (videoId !== undefined) place += ` (video ${videoId}${video ? ` "${video}"` : ""})`;
  if (frame !== undefined) place += `, frame ${frame}`;
  return place.replace(/^[ ,]+/, "");
}

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
