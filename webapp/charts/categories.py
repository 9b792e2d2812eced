"""Up to five submissions by category, as a map of shades: what is hard for all, and who is good at what."""

from webapp.charts.spec import Chart, layout, plain
from webapp.compare.comparison import Comparison, part_key
from webapp.numbers import UNDEFINED, percent

ROWS = 40
ROW_PX, FRAME_PX = 22, 64
# The darkest shade, as a share of the colour at the scale's end: letters stay readable on it.
DARKEST = 0.55


def category_map(comparison: Comparison) -> Chart | None:
    """Draw a metric of every category and submission, the hardest category on top; None without categories.

    Of many categories those are drawn in which the submissions differ most.
    """
    compared = [one for one in comparison.compared if one.per_category]
    if len(compared) < 2:
        return None
    against = next(one for one in comparison.against if one.categories)
    key = part_key(comparison, against.categories)
    names = dict.fromkeys(name for one in compared for name in one.per_category)
    values = {name: [one.per_category.get(name, {}).get(key) for one in compared] for name in names}
    known = {name: found for name, row in values.items() if (found := [v for v in row if v is not None])}
    if not known:
        return None
    wide = sorted(known, key=lambda name: max(known[name]) - min(known[name]), reverse=True)[:ROWS]
    drawn = sorted(wide, key=lambda name: sum(known[name]) / len(known[name]))
    which = "" if len(drawn) == len(known) else f" · the {len(drawn)} that differ most of {len(known)}"
    columns = [plain(comparison.names[one.row.submission_id]) for one in compared]
    highest = max(max(row) for row in known.values()) or 1.0
    return Chart(
        key="map",
        title="What is hard for all, and who is good at what?",
        subtitle=f"{key} (%) by category, the hardest on top, darker is better · {comparison.split}{which}",
        figure={
            "data": [
                {
                    "type": "heatmap",
                    "x": columns,
                    "y": [plain(name) for name in drawn],
                    "z": [[None if v is None else round(100 * v, 4) for v in values[name]] for name in drawn],
                    "text": [["" if v is None else percent(v) for v in values[name]] for name in drawn],
                    "texttemplate": "%{text}",
                    "colorscale": [[0, "var(--card)"], [1, "var(--muted)"]],
                    "zmin": 0,
                    "zmax": round(100 * highest / DARKEST, 4),
                    "showscale": False,
                    "xgap": 2,
                    "ygap": 2,
                    "hoverongaps": False,
                    "hovertemplate": "%{y}, %{x}: %{z:.1f}<extra></extra>",
                }
            ],
            "layout": layout(
                xaxis={"showgrid": False, "type": "category", "fixedrange": True},
                yaxis={"showgrid": False, "type": "category", "autorange": "reversed", "automargin": True},
            ),
        },
        head=("Category", *(comparison.names[one.row.submission_id] for one in compared)),
        rows=tuple((name, *(UNDEFINED if v is None else percent(v) for v in values[name])) for name in drawn),
        height=FRAME_PX + ROW_PX * len(drawn),
    )
