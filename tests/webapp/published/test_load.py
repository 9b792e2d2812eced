"""Loading the published results into a real database."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.support.boards import make_row
from tests.support.factories import make_split, make_user
from webapp.benchmarks.models import Benchmark, Split
from webapp.methods.models import Method, Variant
from webapp.published.load import LoadSummary, load_published_results
from webapp.published.retired import RETIRED
from webapp.submissions.models import Score, Submission

pytestmark = pytest.mark.django_db


def score(row_id: str, metric: str) -> float | None:
    return Score.objects.get(submission__source__id=row_id, metric=metric).value


def test_all_results_become_reported_and_scored_submissions_that_nobody_wrote() -> None:
    summary = load_published_results()
    assert summary == LoadSummary(benchmarks=6, methods=47, variants=180, submissions=445, scores=1373)
    loaded = Submission.objects.filter(origin="reported", status="scored", author=None, blob=None)
    assert loaded.count() == Submission.objects.count() == 445
    assert Score.objects.count() == summary.scores
    assert not Method.objects.exclude(owner=None).exists()
    assert {split.name for split in Split.objects.all()} == {"val"}
    assert Split.objects.get(benchmark__slug="ovis").video_count == 140
    assert score("dvis-swin-l-offline-720p-ovis-dvis-paper", "AP") == 0.499
    assert score("dvis-swin-l-offline-720p-ovis-dvis-paper", "AP_ho") == 0.298


def test_a_second_load_changes_nothing_and_asks_little(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    load_published_results()
    ids = set(Submission.objects.values_list("id", flat=True))
    with django_assert_max_num_queries(40):
        summary = load_published_results()
    assert summary == LoadSummary(0, 0, 0, 0, 0)
    assert set(Submission.objects.values_list("id", flat=True)) == ids


def test_numbers_sources_and_factors_that_differ_from_the_data_are_mended() -> None:
    load_published_results()
    row = "dvis-swin-l-offline-720p-ovis-dvis-paper"
    submission = Submission.objects.get(source__id=row)
    Score.objects.filter(submission=submission, metric="AP").update(value=0.9)
    Score.objects.filter(submission=submission, metric="AP50").delete()
    Score.objects.create(submission=submission, metric="AR100", value=0.5)
    Submission.objects.filter(pk=submission.pk).update(source={**submission.source, "table": "Table 99"})
    Variant.objects.filter(pk=submission.variant_id).update(factors={})
    assert load_published_results() == LoadSummary(0, 0, variants=1, submissions=1, scores=3)
    assert (score(row, "AP"), score(row, "AP50")) == (0.499, 0.759)
    assert not Score.objects.filter(submission=submission, metric="AR100").exists()
    submission.refresh_from_db()
    assert submission.source["table"] == "Table 1"
    assert submission.variant.factors["refiner"] == "temporal refiner"


def test_what_organisers_wrote_and_imported_stays() -> None:
    imported = make_split("ovis", benchmark={"name": "OVIS, ours", "summary": "Our own words"})
    load_published_results()
    benchmark = Benchmark.objects.get(slug="ovis")
    assert (benchmark.name, benchmark.summary) == ("OVIS, ours", "Our own words")
    assert benchmark.paper_url == "https://arxiv.org/abs/2102.01558"
    split = benchmark.splits.get()
    assert (split.pk, split.ground_truth_id) == (imported.pk, imported.ground_truth_id)
    assert split.submissions.count() == 108


def test_every_number_of_a_row_keeps_the_place_where_it_was_printed() -> None:
    load_published_results()
    checkpoint = Submission.objects.get(source__id="dvis-resnet-50-offline-360p-ovis-dvis-zoo")
    assert checkpoint.source["repo"] == "https://github.com/zhang-tao-whu/DVIS"
    assert checkpoint.source["commit"] == "6695214bbdda73a004c88c3ab697ce1d9356c3f4"
    assert checkpoint.source["primary"] is False


def test_the_command_tells_what_it_did() -> None:
    first, second = StringIO(), StringIO()
    call_command("load_published", stdout=first)
    call_command("load_published", stdout=second)
    assert first.getvalue().startswith(
        "Loaded 445 published results with 1,373 numbers: 6 benchmarks, 47 methods"
    )
    assert second.getvalue() == "Nothing to do: all published results are there.\n"


def test_rows_of_ablation_tables_that_an_earlier_version_loaded_leave_and_their_links_lead_to_the_table() -> (
    None
):
    load_published_results()
    dvis, split = Method.objects.get(name="DVIS"), Split.objects.get(benchmark__slug="ovis")
    variants = [Variant.objects.create(method=dvis, name=f"former {n}") for n in range(len(RETIRED))]
    with transaction.atomic():
        for id, variant in zip(RETIRED, variants, strict=True):
            make_row(split, "", 0.3, variant=variant, source={"primary": False}, id=id)
    own = make_row(split, "", 0.4, variant=variants[0], author=make_user())
    assert load_published_results() == LoadSummary(0, 0, 0, 0, 0, retired=10)
    assert not Submission.objects.filter(pk__in=list(RETIRED)).exists()
    # What somebody measured of such a variant stays.
    assert [variant.pk for variant in Variant.objects.filter(name__startswith="former")] == [own.variant_id]
    id = next(id for id, table in RETIRED.items() if table == "dvis_refiner_block")
    led = Client().get(f"/submissions/{id}/", follow=True)
    assert led.redirect_chain == [("/benchmarks/ovis/ablations/#dvis-refiner-block", 301)]
    assert 'id="dvis-refiner-block"' in led.content.decode()
    told = Client().get(f"/api/v1/submissions/{id}")
    assert (told.status_code, told.json()["problems"][0]["code"]) == (410, "part-of-a-table")
    assert Client().get(told.json()["problems"][0]["hint"].split()[1].rstrip(".")).status_code == 200
