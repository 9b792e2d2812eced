"""The published studies: every table of the data, with its numbers, its differences and its source."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.support.boards import make_row
from tests.support.factories import make_split, make_user
from webapp.ablations.published import published_studies, studies_of_benchmark
from webapp.ablations.studies import Kind
from webapp.benchmarks.models import Benchmark
from webapp.charts.ablations import study_charts
from webapp.charts.study_parts import study_table
from webapp.published.load import load_published_results
from webapp.published.rows import DATA

DATA_OF_ABLATIONS: dict[str, Any] = json.loads((DATA / "ablations.json").read_text())
STUDIES = {study.key: study for study in published_studies()}


def test_every_table_of_the_data_is_a_study_with_its_numbers_and_its_source() -> None:
    assert STUDIES.keys() == DATA_OF_ABLATIONS.keys()
    assert len(STUDIES) == 18
    for key, study in STUDIES.items():
        entry = {} if key == "claims_check" else DATA_OF_ABLATIONS[key]
        assert study.source.url or study.kind == Kind.MISSING, key
        assert study.benchmarks or study.methods, key
        assert study.rows or study.facts or study.notes, key
        for printed, row in zip(entry.get("rows", ()), study.rows, strict=True):
            numbers = {v for v in printed.values() if isinstance(v, int | float)}
            if "T" in printed:
                numbers -= {printed["T"], printed["S"]}
            shown = {round(v * (100 if k.startswith("A") else 1), 6) for k, v in row.values.items()}
            assert shown == numbers - {printed.get("queries")}, (key, row.name)


def test_the_components_of_dvis_add_what_the_paper_says_at_each_level_of_occlusion() -> None:
    chain = STUDIES["dvis_components_by_occlusion"]
    _, tracker, refiner = chain.rows
    assert tracker.steps == {"AP": 0.055, "AP_so": -0.001, "AP_mo": 0.052, "AP_ho": 0.043}
    assert refiner.steps == {"AP": 0.028, "AP_so": 0.024, "AP_mo": 0.018, "AP_ho": 0.05}
    assert refiner.printed_steps == {"AP_ho": 0.051}
    assert DATA_OF_ABLATIONS["dvis_components_by_occlusion"]["computed_step_deltas"][
        "tracker minus baseline"
    ] == {
        key: round(100 * tracker.steps[name], 1)
        for key, name in {"AP_all": "AP", "AP_l": "AP_so", "AP_m": "AP_mo", "AP_h": "AP_ho"}.items()
    }


def test_the_chart_of_the_components_can_be_read_alone() -> None:
    (chart,) = study_charts(STUDIES["dvis_components_by_occlusion"], {"ovis": "OVIS"})
    baseline, tracker, refiner = chart.figure["data"]
    assert [trace["name"] for trace in chart.figure["data"]] == [
        "baseline (MinVIS)",
        "+ referring tracker",
        "+ temporal refiner",
    ]
    assert tracker["text"] == ["<b>+5.5</b>", "<b>\N{MINUS SIGN}0.1</b>", "<b>+5.2</b>", "<b>+4.3</b>"]
    assert refiner["text"][1:] == ["<b>+2.4</b>", "<b>+1.8</b>", "<b>+5.0</b> (printed +5.1)"]
    # Each bar begins where the one before it ends.
    assert tracker["base"] == baseline["x"]
    ends = [round(base + step, 4) for base, step in zip(tracker["base"], tracker["x"], strict=True)]
    assert refiner["base"] == ends
    assert chart.title.endswith("?")
    layout = chart.figure["layout"]
    assert layout["xaxis"]["title"]["text"] == "AP, %"
    assert layout["yaxis"]["ticktext"][3] == "heavily<br>occluded"
    notes = " ".join(chart.notes)
    for part in ("OVIS", "Swin-L", "DVIS (ICCV 2023)", "Table 5", "arxiv.org/abs/2306.03413"):
        assert part in notes


def test_every_study_with_rows_has_charts_with_all_its_rows_and_a_table_with_all_its_numbers() -> None:
    for study in STUDIES.values():
        charts = study_charts(study, {})
        assert bool(charts) == bool(study.rows), study.key
        for chart in charts:
            assert chart.title.endswith("?")
            assert (chart.head, chart.rows) == study_table(study)
            assert len(chart.rows) == len(study.rows)
            assert json.dumps(chart.to_json())
    tracker_start = study_charts(STUDIES["dvis_tracker_initial_value"], {})[0].figure["data"][1]
    assert tracker_start["text"] == [
        "<b>28.9</b> (\N{MINUS SIGN}1.6)",
        "<b>28.3</b> (\N{MINUS SIGN}2.2)",
        "<b>29.8</b> (\N{MINUS SIGN}0.7)",
        "<b>30.5</b>",
    ]
    cost = study_charts(STUDIES["dvis_cost"], {})[0].figure["data"][-1]["text"]
    shares = DATA_OF_ABLATIONS["dvis_cost"]["printed_share_of_segmenter_percent"]
    assert [cost[0], cost[3]] == [f" <b>{shares[key]:.1f} %</b>" for key in ("R50", "Swin-L")]


@pytest.mark.django_db
def test_pages_and_api_show_the_studies_to_those_who_see_their_benchmark() -> None:
    load_published_results()
    http = Client()
    page = http.get("/benchmarks/ovis/ablations/").content.decode()
    method = http.get("/methods/dvis/").content.decode()
    answer = http.get("/api/v1/benchmarks/ovis/ablations").json()["published"]
    assert [one["key"] for one in answer] == [study.key for study in studies_of_benchmark("ovis")]
    for study in answer:
        assert f'id="{study["page"].partition("#")[2]}"' in page
    chain = answer[0]
    assert [row["values"]["AP_ho"] for row in chain["rows"]] == [0.205, 0.248, 0.298]
    assert (chain["source"]["table"], chain["compared_with"]) == ("Table 5", "the row before")
    for text in ("54.2 (+5.2)", "29.8 (+5.0)", "https://arxiv.org/abs/2306.03413"):
        assert text in page
        assert text in method
    of_method = {one["key"] for one in http.get("/api/v1/methods/dvis/ablations").json()["published"]}
    assert "dvis_cost" in of_method
    assert 'id="dvis-cost"' in method
    # Whoever must not see the benchmark sees none of it elsewhere either.
    Benchmark.objects.filter(slug="ovis").update(is_public=False)
    assert http.get("/benchmarks/ovis/ablations/").status_code == 404
    assert http.get("/api/v1/benchmarks/ovis/ablations").status_code == 404
    hidden = http.get("/api/v1/methods/dvis/ablations").json()["published"]
    assert {one["key"] for one in hidden} == {
        "dvis_cost",
        "dvis_other_text_numbers",
        "dvis_training_config",
    }
    assert not any("ovis" in one["benchmarks"] for one in hidden)


@pytest.mark.django_db
def test_a_benchmark_and_a_method_without_studies_say_so() -> None:
    owner = make_user()
    split = make_split("shapes")
    # Somebody's own method of that name is not the published one.
    row = make_row(split, "DVIS", 0.5, author=owner)
    http = Client()
    assert "No ablation is known here yet" in http.get("/benchmarks/shapes/ablations/").content.decode()
    assert http.get("/api/v1/benchmarks/shapes/ablations").json() == {"published": [], "measured": []}
    assert http.get(f"/api/v1/methods/{row.variant.method.slug}/ablations").json() == {
        "published": [],
        "measured": [],
    }
