"""Studies of what was measured here: found by themselves, kept, and shown to those who see the numbers."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from evaluator.statistics.comparison import difference, pack_samples
from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from tests.support.runs import make_run_split
from webapp.ablations.effects import effects_studies
from webapp.ablations.measured import About, Measured, measured_studies
from webapp.ablations.models import KeptStudies, StudyMark
from webapp.ablations.services import studies_measure_due
from webapp.ablations.studies import Kind, study_from_json, study_to_json
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.charts.ablations import study_charts
from webapp.methods.services import method_get_or_create, variant_get_or_create
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

ABOUT = About("M", "m", "shapes", "val", ("AP",), "Measured here.")
BASE = {"backbone": "ResNet-50", "tracker": "bipartite matching", "refiner": "none", "mode": "online"}
TRACKER = {**BASE, "tracker": "referring tracker"}
REFINER = {**TRACKER, "refiner": "temporal refiner", "mode": "offline"}
SWIN = {**REFINER, "backbone": "Swin-L"}
DRAWS = {name: [ap + 0.01 * (n % 7) for n in range(99)] for name, ap in (("low", 0.3), ("high", 0.4))}


def rows(*factors: dict[str, str]) -> list[Measured]:
    return [Measured(str(n), str(n), one, {"AP": 0.3 + n / 10}, {}) for n, one in enumerate(factors)]


def test_a_chain_and_a_set_are_found_and_the_mode_follows_the_refiner() -> None:
    chain, size = measured_studies(rows(BASE, TRACKER, REFINER, SWIN), ABOUT)
    assert (chain.kind, size.kind) == (Kind.CHAIN, Kind.SETTINGS)
    assert [row.name for row in chain.rows] == [
        "baseline (tracker bipartite matching, refiner none)",
        "+ referring tracker",
        "+ temporal refiner",
    ]
    assert chain.setup == ("val", "ResNet-50")
    assert [row.name for row in size.rows] == ["ResNet-50", "Swin-L"]
    assert size.rows[1].steps == {"AP": pytest.approx(0.1)}
    # Two factors at once tell nothing of either.
    assert measured_studies(rows(BASE, SWIN), ABOUT) == []
    assert measured_studies(rows(BASE, BASE), ABOUT) == []


def drawn(*factors: dict[str, str]) -> list[Measured]:
    """Rows whose draws say exactly what their numbers say."""
    found = []
    for row in rows(*factors):
        draws = [row.values["AP"] + 0.001 * (n % 5) for n in range(99)]
        found.append(replace(row, samples={"AP": draws}))
    return found


def test_an_effect_is_the_mean_over_all_pairs_that_differ_in_one_factor() -> None:
    large = [{**one, "backbone": "Swin-L"} for one in (BASE, TRACKER, REFINER)]
    measured = drawn(BASE, TRACKER, REFINER, *large)
    effects, *grids = effects_studies(measured, ABOUT)
    assert effects.kind == Kind.EFFECTS
    changes = {row.name: row for row in effects.rows}
    assert list(changes) == [
        "referring tracker instead of bipartite matching",
        "temporal refiner instead of none",
        "Swin-L instead of ResNet-50",
    ]
    backbone = changes["Swin-L instead of ResNet-50"]
    assert backbone.pairs == (("0", "3"), ("1", "4"), ("2", "5"))
    assert backbone.steps["AP"] == pytest.approx(0.3)
    assert backbone.intervals["AP"] == pytest.approx((0.3, 0.3))
    assert len(changes["temporal refiner instead of none"].pairs) == 2
    # Full ones first; of tracker and refiner, one corner is open with each backbone.
    assert [grid.title for grid in grids] == [
        "How do tracker and backbone of M go together?",
        "How do refiner and backbone of M go together?",
        "How do tracker and refiner of M go together?",
        "How do tracker and refiner of M go together?",
    ]
    (chart,) = study_charts(effects, {})
    (dots,) = chart.figure["data"]
    assert dots["x"] == pytest.approx([10, 10, 30], abs=1e-3)


def test_a_grid_shows_what_goes_beyond_the_sum_and_what_nobody_measured() -> None:
    small = {**TRACKER, "resolution": "360p"}
    large = {**small, "backbone": "Swin-L"}
    finer = {**small, "resolution": "720p"}
    measured = drawn(small, large, finer, {**large, "resolution": "720p"})
    (grid,) = [one for one in effects_studies(measured, ABOUT) if one.kind == Kind.GRID]
    assert (grid.columns, [row.name for row in grid.rows]) == (("360p", "720p"), ["ResNet-50", "Swin-L"])
    last = grid.rows[1].cells[1]
    assert (last.submission, last.beyond) == ("3", pytest.approx(0.6 - 0.5 - 0.4 + 0.3))
    assert last.interval == pytest.approx((0.0, 0.0))
    (grid,) = effects_studies(measured[:3], ABOUT)
    open_cell = grid.rows[1].cells[1]
    assert (open_cell.submission, open_cell.values) == ("", {})
    assert open_cell.factors == {**large, "resolution": "720p"}
    assert study_from_json(json.loads(json.dumps(study_to_json(grid)))) == grid


def score(
    author: User, split: Split, name: str, factors: dict[str, str], ap: float, draws: list[float]
) -> Any:
    method = method_get_or_create(owner=author, name="M")
    variant = variant_get_or_create(method=method, name=name, factors=factors)
    row = make_submission(author, split, variant=variant)
    outcome = Outcome(make_report(AP=ap), samples={"AP": pack_samples(draws)})
    assert evaluation_finish_scored(token=claim().token, outcome=outcome)
    return row


@pytest.mark.django_db
def test_the_job_keeps_what_it_finds_and_pages_and_api_show_it_as_long_as_its_numbers_show() -> None:
    author, split = make_user("alice"), make_split("shapes")
    score(author, split, "small", TRACKER, 0.3, DRAWS["low"])
    assert studies_measure_due() == 0
    assert not KeptStudies.objects.exists()
    large = score(author, split, "large", {**TRACKER, "backbone": "Swin-L"}, 0.4, DRAWS["high"])
    assert studies_measure_due() == 1
    assert studies_measure_due() == 0
    http = Client()
    (study,) = http.get("/api/v1/benchmarks/shapes/ablations").json()["measured"]
    (row,) = study["rows"][1:]
    packed = [[float(value) for value in DRAWS[name]] for name in ("high", "low")]
    expected = difference(0.4, 0.3, *packed)
    assert expected is not None
    assert (row["name"], row["steps"]["AP"]) == ("Swin-L", pytest.approx(0.1))
    assert row["intervals"]["AP"] == pytest.approx([expected.low, expected.high], abs=1e-6)
    assert row["submission"] == str(large.pk)
    # Its owner may name, place and hide it; others may not.
    address = f"/methods/m/ablations/{study['key']}/"
    owner, other = Client(), Client()
    owner.force_login(author)
    other.force_login(make_user("bob"))
    other.post(address, {"title": "Mine now"})
    assert not StudyMark.objects.exists()
    owner.post(address, {"title": "Larger is better", "place": "1", "is_hidden": "on"})
    assert "Larger is better" in owner.get("/methods/m/").content.decode()
    assert http.get("/api/v1/methods/m/ablations").json()["measured"] == []
    owner.post(address, {"title": "Larger is better", "place": "1"})
    assert http.get("/api/v1/methods/m/ablations").json()["measured"][0]["title"] == "Larger is better"
    owner.post(address, {})
    addresses = ("/benchmarks/shapes/ablations/", "/methods/m/")
    for address in addresses:
        page = http.get(address).content.decode()
        assert "What does the backbone of M change?" in page
        assert "40.0 (+10.0 [+10.0 to +10.0])" in page
        assert f"/submissions/{large.pk}/" in page
    assert http.get("/api/v1/methods/m/ablations").json()["measured"][0]["key"] == study["key"]
    # Nobody but organisers sees numbers of a blind phase, nor anybody those of a row that is hidden.
    Split.objects.filter(pk=split.pk).update(scores_visible=False)
    assert http.get("/api/v1/benchmarks/shapes/ablations").json()["measured"] == []
    organiser = Client()
    organiser.force_login(make_user("olga", is_staff=True))
    assert len(organiser.get("/api/v1/benchmarks/shapes/ablations").json()["measured"]) == 1
    Split.objects.filter(pk=split.pk).update(scores_visible=True)
    Submission.objects.filter(pk=large.pk).update(is_public=False)
    assert http.get("/api/v1/benchmarks/shapes/ablations").json()["measured"] == []
    assert "backbone of M" not in http.get(addresses[0]).content.decode()
    assert studies_measure_due() == 0
    assert not KeptStudies.objects.exists()


@pytest.mark.django_db
def test_the_page_shows_a_grid_and_how_an_open_cell_is_filled_by_one_click_and_by_one_call() -> None:
    categories = [{"id": number, "name": str(number)} for number in range(1, 26)]
    author, split = make_user("alice"), make_run_split(benchmark={"categories": categories})
    online = {"segmenter": "Mask2Former", **BASE}
    large = {**online, "backbone": "Swin-L"}
    cells = (online, 0.3), ({**online, "tracker": "referring tracker"}, 0.35), (large, 0.4)
    done = [score(author, split, f"{ap}", factors, ap, DRAWS["low"]) for factors, ap in cells]
    assert studies_measure_due() == 1
    page = Client().get(f"/benchmarks/{split.benchmark.slug}/ablations/").content.decode()
    _, _, grid = page.partition('class="data grid-table"')
    for row in done:
        assert f"/submissions/{row.pk}/" in grid.partition("</table>")[0]
    assert "/run/?split=val&amp;model=ovis%2Fswin%2FDVIS_Online_SwinL" in grid
    assert "curl -X POST http://testserver/api/v1/runs" in grid
    assert "&quot;model&quot;: &quot;ovis/swin/DVIS_Online_SwinL&quot;" in grid
