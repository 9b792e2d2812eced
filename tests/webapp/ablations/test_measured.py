"""Studies of what was measured here: found by themselves, kept, and shown to those who see the numbers."""

from typing import Any

import pytest
from django.test import Client

from evaluator.statistics.comparison import difference, pack_samples
from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from webapp.ablations.measured import About, Measured, measured_studies
from webapp.ablations.models import KeptStudies
from webapp.ablations.services import studies_measure_due
from webapp.ablations.studies import Kind
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
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
