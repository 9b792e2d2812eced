"""A chart of a page as a file: the page's own address with `chart=KEY&format=svg|png|json`."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from webapp.charts.drawing.pictures import chart_png, chart_svg
from webapp.charts.drawing.tokens import Theme
from webapp.charts.spec import Chart

# Width and height in pixels; without a height the plot is as high as on its page.
SIZES: dict[str, tuple[int, int | None]] = {"page": (1000, None), "slide": (1280, 720), "column": (560, None)}
# What the form of a chart sends besides the query of its page.
OWN = ("chart", "format", "theme", "size")


def chart_file(
    request: HttpRequest, charts: Iterable[Chart], *, name: str = "", address: str = ""
) -> HttpResponse | None:
    """Return the one of a page's `charts` that the address asks for as a file; None where it asks for none.

    Every page with charts calls it first: each chart of the site can be saved as SVG, PNG and JSON without
    scripts. `name` begins the file's name, `address` is the page that shows the chart; without them they
    are those of the page that is asked for.
    """
    if "chart" not in request.GET:
        return None
    chart = next((one for one in charts if one.key == request.GET["chart"]), None)
    if chart is None:
        raise Http404("This page has no such chart.")
    return chart_response(request, chart, name=name, address=address)


def chart_response(request: HttpRequest, chart: Chart, *, name: str = "", address: str = "") -> HttpResponse:
    """Return a chart as a file, in the format, theme and size that the query asks for."""
    format = request.GET.get("format", "json")
    theme: Theme = "dark" if request.GET.get("theme") == "dark" else "light"
    width, height = SIZES.get(request.GET.get("size", ""), SIZES["page"])
    source = _source(request, address)
    response: HttpResponse
    if format == "json":
        response = JsonResponse(chart.to_json() | {"source": source}, json_dumps_params={"indent": 1})
    elif format == "svg":
        text = chart_svg(chart, theme=theme, width=width, height=height, source=source)
        response = HttpResponse(text, content_type="image/svg+xml")
        response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    elif format == "png":
        png = chart_png(chart, theme=theme, width=width, height=height, source=source)
        response = HttpResponse(png, content_type="image/png")
    else:
        raise Http404("Charts are saved as svg, png or json.")
    begin = name or "-".join(request.path.strip("/").split("/"))
    response["Content-Disposition"] = f'attachment; filename="{begin}-{chart.key}.{format}"'
    return response


def _source(request: HttpRequest, address: str) -> str:
    """Return where and when a chart was made: the site, the day, and the address of its page."""
    query = request.GET.copy()
    for key in OWN:
        query.pop(key, None)
    own = request.path + (f"?{query.urlencode()}" if query else "")
    return f"{settings.SITE_NAME} · {datetime.now(UTC):%Y-%m-%d} · {request.get_host()}{address or own}"
