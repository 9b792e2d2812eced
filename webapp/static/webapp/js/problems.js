/** Problems for people: one block a kind, with its places. The template partials/problems.html draws the same. */

const NUMBER = new Intl.NumberFormat("en");
const PLACES_SHOWN = 3;

/** Return an <ol class="problems">. `problems`: as Problem.to_json() gives them; `table`: {code: {title}}. */
export function problemList(problems, table = {}) {
  const groups = new Map();
  for (const problem of problems) {
    if (!groups.has(problem.code)) groups.set(problem.code, []);
    groups.get(problem.code).push(problem);
  }
  const list = element("ol", "problems");
  for (const [code, members] of groups) list.append(groupItem(code, members, table[code]));
  return list;
}

function groupItem(code, members, spec) {
  const [{ severity, message, hint }] = members;
  const count = members.reduce((sum, member) => sum + member.count, 0);
  // A count above 1 closes a long group: it says how many are not listed.
  const places = spec ? members.filter((member) => member.count === 1) : [];
  const title = spec?.title ?? message;
  const what = element("p", "what", title[0].toUpperCase() + title.slice(1));
  if (count > 1) what.append(" ", element("span", "times", `${NUMBER.format(count)} times`));
  const item = element("li", severity);
  item.append(what, placeList(places.slice(0, PLACES_SHOWN)));
  const rest = places.slice(PLACES_SHOWN);
  const unlisted = count - places.length;
  if (spec && (rest.length > 0 || unlisted > 0)) item.append(moreOf(rest, unlisted));
  if (hint) item.append(withCode("p", "hint", hint));
  item.append(element("code", "code-name", code));
  return item;
}

function placeList(members) {
  const list = element("ul", "places");
  for (const { where, message } of members) {
    const item = withCode("li", "", message);
    const place = placeOf(where);
    if (place) item.prepend(element("span", "where", place), " ");
    list.append(item);
  }
  return list;
}

function moreOf(members, unlisted) {
  const parts = [];
  if (members.length > 0) parts.push(`${members.length} more`);
  if (unlisted > 0) parts.push(`${NUMBER.format(unlisted)} not listed`);
  const details = element("details", "more");
  details.append(element("summary", "", parts.join(", and ")), placeList(members));
  return details;
}

/** In words, as evaluator.problems.Where: results.json, entry 3 (video 12 "a5f1"), frame 7. */
function placeOf({ file, entry, video_id: videoId, video, frame }) {
  const parts = [];
  if (file) parts.push(file);
  if (entry !== undefined) parts.push(`entry ${entry}`);
  let place = parts.join(", ");
  if (videoId !== undefined) place += ` (video ${videoId}${video ? ` ${JSON.stringify(video)}` : ""})`;
  if (frame !== undefined) place += `, frame ${frame}`;
  return place.replace(/^[ ,]+/, "");
}

/** An element whose text has code between backticks. */
function withCode(name, className, text) {
  const made = element(name, className);
  text.split(/`([^`]+)`/).forEach((part, index) => made.append(index % 2 ? element("code", "", part) : part));
  return made;
}

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
