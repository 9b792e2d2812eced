// Draws the chart described in the page. Plotly (several megabytes) is loaded once a chart comes near the screen.

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

function figureOf(canvas, width) {
  const spec = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  const style = getComputedStyle(document.documentElement);
  const { data, layout } = resolved(spec.figure, style);
  layout.font.family = getComputedStyle(document.body).fontFamily;
  const foot = (layout.annotations ?? []).filter((one) => one.name === "source");
  if (width < NARROW && layout.annotations?.length > foot.length) {
    // No room for direct labels beside the lines: a legend takes over, below them, or above where a foot is.
    layout.annotations = foot;
    layout.showlegend = true;
    layout.legend = foot.length
      ? { orientation: "h", y: 1.02, x: 0, yanchor: "bottom" }
      : { orientation: "h", y: -0.16, x: 0, yanchor: "top" };
    layout.margin = { ...layout.margin, l: 40, r: 28 };
  }
  return { spec, data, layout };
}

async function draw(canvas) {
  canvas.dataset.drawn = "false";
  try {
    const Plotly = await plotly(canvas.dataset.plotly);
    const { data, layout } = figureOf(canvas, canvas.clientWidth);
    await Plotly.react(canvas, data, layout, { displayModeBar: false, responsive: true });
    canvas.dataset.drawn = "true";
  } catch (error) {
    canvas.innerHTML = '<p class="failed">The chart did not load; the table below has the same numbers.</p>';
    throw error;
  }
}

async function exportChart(canvas, format) {
  const Plotly = await plotly(canvas.dataset.plotly);
  const { spec, data, layout } = figureOf(canvas, 1000);
  const style = getComputedStyle(document.documentElement);
  layout.title = { text: spec.title, subtitle: { text: spec.subtitle }, x: 0.02, xanchor: "left", font: { size: 18, color: style.getPropertyValue("--ink").trim() } };
  const { l, t, b } = layout.margin;
  layout.margin = { ...layout.margin, l: Math.max(60, l), t: 74 + t, b: Math.max(70, b) };
  layout.paper_bgcolor = layout.plot_bgcolor = style.getPropertyValue("--card").trim();
  const filename = document.title.split(" · ")[0].toLowerCase().replaceAll(" ", "-") + "-" + spec.key;
  await Plotly.downloadImage({ data, layout }, { format, width: 1000, height: 560, scale: format === "png" ? 2 : 1, filename });
}

const nearby = new IntersectionObserver(
  (entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      nearby.unobserve(entry.target);
      draw(entry.target);
    }
  },
  { rootMargin: "400px" },
);

function watch(root) {
  for (const canvas of root.querySelectorAll("[data-chart]")) nearby.observe(canvas);
}

watch(document);
document.addEventListener("htmx:afterSwap", () => watch(document));
document.addEventListener("themechange", () => {
  for (const canvas of document.querySelectorAll("[data-drawn]")) draw(canvas);
});
// Paper cannot scroll. Where Plotly is not here yet the drawing comes too late: its table is printed instead.
window.addEventListener("beforeprint", () => {
  for (const canvas of document.querySelectorAll('[data-chart]:not([data-drawn="true"])')) {
    nearby.unobserve(canvas);
    draw(canvas);
    const table = canvas.closest(".chart").querySelector(".chart-table:not([open])");
    if (table) table.dataset.printed = table.open = true;
  }
});
window.addEventListener("afterprint", () => {
  for (const table of document.querySelectorAll("[data-printed]")) {
    delete table.dataset.printed;
    table.open = false;
  }
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-chart-export]");
  if (!link) return;
  event.preventDefault();
  exportChart(link.closest(".figure, .chart").querySelector("[data-chart]"), link.dataset.chartExport);
});
