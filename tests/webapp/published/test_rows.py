"""Published numbers as data: fractions, names, factors, and where each was printed."""

import json
from decimal import Decimal

import pytest

from webapp.published.catalogue import KNOWN_BENCHMARKS
from webapp.published.retired import RETIRED
from webapp.published.rows import (
    DATA,
    LENGTH_METRICS,
    PublishedRow,
    categories_of,
    fraction,
    published_rows,
    submission_id,
)


@pytest.fixture(scope="module")
def rows() -> dict[str, PublishedRow]:
    return {row.id: row for row in published_rows()}


def test_every_printed_number_arrives_as_its_exact_hundredth(rows: dict[str, PublishedRow]) -> None:
    printed = json.loads((DATA / "published_results.json").read_text(), parse_float=Decimal)
    assert len(printed) == 445
    for entry in printed:
        scores = rows[entry["id"]].scores
        names = LENGTH_METRICS if entry["benchmark"] == "ytvis2022" else {}
        for key, percent in entry["metrics"].items():
            assert scores[names.get(key, key)] == float(percent / 100)


def test_a_percentage_becomes_the_float_of_its_decimal_and_not_of_a_division() -> None:
    assert fraction(33.8) == 0.338 != 33.8 / 100


def test_short_and_long_videos_are_not_taken_for_small_and_large_objects(
    rows: dict[str, PublishedRow],
) -> None:
    keys = {key for row in rows.values() for key in row.scores}
    assert {"AP_short", "AP_long", "AR10_long"} <= keys
    assert not keys & {"AP_s", "AP_l", *LENGTH_METRICS}
    with_length = {row.benchmark for row in rows.values() if "AP_long" in row.scores}
    assert with_length == {"ytvis2022"}


def test_the_occlusion_table_of_dvis_joins_the_main_rows_of_the_same_models(
    rows: dict[str, PublishedRow],
) -> None:
    by_level = {
        (row.method, row.factors["mode"]): tuple(row.scores[key] for key in ("AP", "AP_so", "AP_mo", "AP_ho"))
        for row in rows.values()
        if "AP_ho" in row.scores
    }
    assert by_level == {
        ("MinVIS", "online"): (0.416, 0.648, 0.49, 0.205),
        ("DVIS", "online"): (0.471, 0.647, 0.542, 0.248),
        ("DVIS", "offline"): (0.499, 0.671, 0.56, 0.298),
    }
    for row in rows.values():
        if "AP_ho" in row.scores:
            assert row.source["table"] == "Table 1"
            assert row.source["primary"]
            assert [(also["table"], also["metrics"]) for also in row.source["also"]] == [
                ("Table 5", ["AP_so", "AP_mo", "AP_ho"])
            ]


def test_no_row_of_a_board_is_one_of_an_ablation_table(rows: dict[str, PublishedRow]) -> None:
    assert len(rows) == 445
    assert not any("ablation" in row.source for row in rows.values())
    assert not RETIRED.keys() & {submission_id(one) for one in rows}


def test_two_readings_of_one_configuration_are_rows_of_one_variant(rows: dict[str, PublishedRow]) -> None:
    paper = rows["dvis-resnet-50-offline-360p-ovis-dvis-paper"]
    checkpoint = rows["dvis-resnet-50-offline-360p-ovis-dvis-zoo"]
    assert paper.variant == checkpoint.variant == "ResNet-50, offline, 360p"
    assert (paper.source["primary"], checkpoint.source["primary"]) == (True, False)
    assert checkpoint.source["path"] == "MODEL_ZOO.md"
    assert len(checkpoint.source["commit"]) == 40


def test_a_board_has_at_most_one_row_to_show_for_each_variant(rows: dict[str, PublishedRow]) -> None:
    shown = [(row.benchmark, row.method, row.variant) for row in rows.values() if row.source["primary"]]
    assert len(shown) == len(set(shown)) > 350


def test_rows_of_one_variant_agree_on_its_factors(rows: dict[str, PublishedRow]) -> None:
    factors: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows.values():
        assert factors.setdefault((row.method, row.variant), row.factors) == row.factors


def test_extra_training_data_is_named_where_it_was_used(rows: dict[str, PublishedRow]) -> None:
    used = {row.method for row in rows.values() if "extra_data" in row.factors}
    expected = {"AUSM", "IDOL", "OV-DVIS++", "SeqFormer", "TarViS", "UNINEXT", "UniVS", "VITA"}
    assert used == expected
    assert {row.factors.get("extra_data") for row in rows.values() if row.method == "SeqFormer"} == {
        None,
        "COCO",
    }


def test_every_row_says_who_printed_it_and_where(rows: dict[str, PublishedRow]) -> None:
    for row in rows.values():
        assert row.source["reported_by"] in ("authors", "third_party")
        assert row.source.get("repo") or row.source.get("paper_url")
        assert row.source.get("table") or row.source["path"]
        assert row.source["retrieved"] == "2026-11-22"


def test_authors_that_nobody_read_are_no_name(rows: dict[str, PublishedRow]) -> None:
    authors = [row.method_fields.get("authors", "") for row in rows.values()]
    assert "" in authors
    assert not any("(" in name for name in authors)


def test_every_row_belongs_to_a_known_benchmark(rows: dict[str, PublishedRow]) -> None:
    assert {row.benchmark for row in rows.values()} == {known.slug for known in KNOWN_BENCHMARKS}


@pytest.mark.parametrize(
    ("slug", "count", "first"),
    [
        ("ovis", 25, "Person"),
        ("ytvis2019", 40, "person"),
        ("ytvis2021", 40, "airplane"),
        ("ytvis2022", 40, "airplane"),
        ("vipseg", 124, "wall"),
        ("vspw", 124, "wall"),
    ],
)
def test_known_benchmarks_have_the_categories_of_their_data_sets(slug: str, count: int, first: str) -> None:
    categories = categories_of(slug)
    assert len(categories) == count
    assert categories[0]["name"] == first
