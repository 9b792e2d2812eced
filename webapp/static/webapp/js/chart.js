// Makes charts answer to the pointer. Each stands in the page as SVG already; Plotly (0.5 MB) is loaded when one is
// touched, or else after all that is to be seen, and takes the picture's place.

const NARROW = 620;
let loading = null;

function plotly(address) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("Plotly did not load"));
    document.head.append(script);
  });
  return loading;
}

// The figure names colours of the style sheet, var(--ink): they differ between light and dark.
function resolved(value, style) {
  if (typeof value === "string") {
    return value.replace(/^var\((--[a-z0-9-]+)\)$/, (_, name) => style.getPropertyValue(name).trim());
  }
  if (Array.isArray(value)) return value.map((item) => resolved(item, style));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, style)]));
  }
  return value;
}

function figureOf(canvas) {
  const spec = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  const { data, layout } = resolved(spec.figure, getComputedStyle(document.documentElement));
  layout.font.family = getComputedStyle(document.body).fontFamily;
  if (canvas.clientWidth < NARROW && layout.annotations?.length) {
    // No room for direct labels: a legend takes over, as narrow_figure in webapp/charts/drawing/pictures.py has it.
    layout.annotations = [];
    layout.showlegend = true;
    layout.legend = { orientation: "h", y: -0.16, x: 0, yanchor: "top" };
    layout.margin = { ...layout.margin, l: 40, r: 28 };
    for (const trace of data) if (trace.name) trace.showlegend = true;
  }
  return { data, layout };
}

// The address of what a point stands for is behind it; the table below has the same links for the keyboard.
function linkPoints(plot, canvas) {
  const { links } = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  canvas.dataset.links = links.length;
  if (!links.length) return;
  const linkOf = ({ points: [point] }) => (point.curveNumber === 0 ? links[point.pointIndex] : "");
  const pointAt = (cursor) => plot.querySelector(".nsewdrag").style.setProperty("cursor", cursor, "important");
  plot.on("plotly_hover", (found) => pointAt(linkOf(found) ? "pointer" : ""));
  plot.on("plotly_unhover", () => pointAt(""));
  plot.on("plotly_click", (found) => {
    const link = linkOf(found);
    if (!link) return;
    if (found.event.ctrlKey || found.event.metaKey) window.open(link, "_blank", "noopener");
    else window.location.assign(link);
  });
}

async function draw(canvas) {
  canvas.dataset.drawn = "false";
  nearby.unobserve(canvas);
  try {
    const Plotly = await plotly(canvas.dataset.plotly);
    const { data, layout } = figureOf(canvas);
    const plot = canvas.querySelector(".plot");
    await Plotly.react(plot, data, layout, { displayModeBar: false, responsive: true });
    if (!canvas.dataset.links) linkPoints(plot, canvas);
    canvas.dataset.drawn = "true";
  } catch (error) {
    canvas.removeAttribute("data-drawn"); // The picture stays.
    throw error;
  }
}

const nearby = new IntersectionObserver(
  (entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) draw(entry.target);
  },
  { rootMargin: "200px" },
);

// What a page needs to be seen is there when it is painted; of what follows, Plotly takes the longest.
const painted = new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

// The line has nothing else to do by now. Read and run is it only where a chart is near.
function fetchSoon(address) {
  if (document.querySelector('link[rel="preload"][as="script"]')) return;
  const link = Object.assign(document.createElement("link"), { rel: "preload", as: "script", href: address, fetchPriority: "low" });
  document.head.append(link);
}

function watch(root) {
  for (const canvas of root.querySelectorAll("[data-chart]:not([data-watched])")) {
    canvas.dataset.watched = "true";
    const touched = () => canvas.dataset.drawn ?? draw(canvas);
    for (const event of ["pointerenter", "touchstart", "focusin"]) canvas.addEventListener(event, touched, { once: true, passive: true });
    if (navigator.connection?.saveData) continue;
    fetchSoon(canvas.dataset.plotly);
    painted.then(() => canvas.dataset.drawn ?? nearby.observe(canvas));
  }
}

// The script does not wait for others (async): the page may not be read to its end.
watch(document);
document.addEventListener("DOMContentLoaded", () => watch(document));
document.addEventListener("htmx:afterSwap", () => watch(document));
document.addEventListener("themechange", () => {
  for (const canvas of document.querySelectorAll("[data-drawn]")) draw(canvas);
});
