"""GET /compare: what it answers, to whom, and what it refuses."""

import csv
import io
from typing import Any

import pytest

from tests.support.boards import make_board, make_row
from tests.support.drawn import make_drawn
from tests.support.factories import make_blob, make_submission, make_user
from tests.support.rest import Api
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db
UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def split() -> Split:
    videos = [{"id": n, "name": f"clip-{n}", "length": 9, "height": 9, "width": 9} for n in (1, 2, 3)]
    return make_board(videos=videos)


def compare(*submissions: Submission | str, user: User | None = None, **query: str) -> Any:
    ids = ",".join(str(getattr(one, "id", one)) for one in submissions)
    return Api(user).get("/compare", submissions=ids, **query)


def refusal(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["problems"][0]["code"]


def test_a_difference_comes_with_interval_and_p_from_the_draws_of_both(split: Split) -> None:
    first, other = make_drawn(split, "A", 0.5), make_drawn(split, "B", 0.48)
    document = compare(first, other).json()
    (pair,) = document["comparisons"]
    ap = pair["metrics"]["AP"]
    assert (ap["first"], ap["other"]) == (0.5, 0.48)
    assert ap["difference"] == pytest.approx(0.02)
    assert 0 < ap["low"] < ap["difference"] < ap["high"] < 0.03
    assert ap["p"] == pytest.approx(2 / 201)
    assert ap["significant"] is True
    assert pair["sentence"].startswith("A is better than B: AP is 2.0 points higher")
    assert (document["resamples"], document["primary"]) == (200, "AP")
    # Alone, the intervals overlap.
    a, b = (one["intervals"]["AP"] for one in document["submissions"])
    assert b[1] > a[0]


def test_the_other_way_round_the_signs_turn_and_the_sentence_stays(split: Split) -> None:
    first, other = make_drawn(split, "A", 0.5), make_drawn(split, "B", 0.48)
    one = compare(first, other).json()["comparisons"][0]
    turned = compare(other, first).json()["comparisons"][0]
    ap, pa = one["metrics"]["AP"], turned["metrics"]["AP"]
    assert (pa["difference"], pa["low"], pa["high"]) == pytest.approx(
        (-ap["difference"], -ap["high"], -ap["low"])
    )
    assert turned["sentence"] == one["sentence"]


def test_what_may_be_chance_is_called_so(split: Split) -> None:
    pair = compare(
        make_drawn(split, "A", 0.42, scatter=0.1), make_drawn(split, "B", 0.41, scatter=0.1)
    ).json()["comparisons"][0]
    assert pair["metrics"]["AP"]["significant"] is False
    assert pair["sentence"].startswith(
        "A and B do not differ significantly: AP of A is 1.0 points higher, but that may be"
    )


def test_the_same_numbers_in_every_draw_are_no_difference(split: Split) -> None:
    first = make_drawn(split, "A", 0.5, scatter=0)
    pair = compare(first, make_drawn(split, "B", 0.5, scatter=0)).json()["comparisons"][0]
    assert pair["metrics"]["AP"]["p"] == 1
    assert pair["sentence"] == "A and B have the same AP, whichever videos are drawn."


def test_the_first_is_compared_with_each_of_up_to_four_others(split: Split) -> None:
    rows = [make_drawn(split, name, 0.5) for name in "ABCDE"]
    pairs = compare(*rows).json()["comparisons"]
    assert [(pair["first"], pair["other"]) for pair in pairs] == [
        (str(rows[0].id), str(r.id)) for r in rows[1:]
    ]


def test_categories_and_videos_are_subtracted_where_both_have_them(split: Split) -> None:
    first = make_drawn(
        split, "A", 0.5, per_category={"cat": {"AP": 0.6}, "dog": {"AP": None}}, per_video={"1": {"AP": 0.5}}
    )
    other = make_drawn(
        split, "B", 0.4, per_category={"cat": {"AP": 0.5}, "dog": {"AP": 0.1}}, per_video={"1": {"AP": 0.75}}
    )
    pair = compare(first, other).json()["comparisons"][0]
    assert pair["per_category"] == {"cat": {"AP": pytest.approx(0.1)}, "dog": {"AP": None}}
    assert pair["per_video"] == {"1": {"AP": -0.25}}


def test_csv_has_a_line_for_every_number(split: Split) -> None:
    first = make_drawn(split, "A", 0.5, per_video={"1": {"AP": 0.5}})
    other = make_drawn(split, "B", 0.4, per_video={"1": {"AP": 0.75}})
    answer = compare(first, other, format="csv")
    assert answer["Content-Type"].startswith("text/csv")
    whole, video = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (whole["part"], whole["metric"], whole["first"]) == ("all", "AP", str(first.id))
    assert float(whole["low"]) < float(whole["difference"]) < float(whole["high"])
    assert (video["part"], video["name"], video["difference"], video["p"]) == ("video", "clip-1", "-0.25", "")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("reported", "Printed is a reported number"),
        ("no draws", "Old was scored before draws of the videos were kept"),
        ("ground truth", "not measured on the same draws of the same videos"),
    ],
)
def test_without_common_draws_there_is_a_difference_but_no_p(split: Split, other: str, why: str) -> None:
    first = make_drawn(split, "A", 0.5)
    if other == "reported":
        second = make_row(split, "Printed", 0.4, source={"primary": True})
    elif other == "no draws":
        second = make_drawn(split, "Old", 0.4, draws=0)
    else:
        split.ground_truth = make_blob()
        split.save()
        second = make_drawn(split, "B", 0.4)
    pair = compare(first, second).json()["comparisons"][0]
    ap = pair["metrics"]["AP"]
    assert ap["difference"] == pytest.approx(0.1)
    assert (ap["low"], ap["high"], ap["p"], ap["significant"]) == (None, None, None, None)
    assert why in pair["sentence"]


def test_a_private_submission_is_compared_by_its_author_and_staff_alone(split: Split) -> None:
    author = make_user()
    private = make_drawn(split, "A", 0.5, author=author, is_public=False)
    public = make_drawn(split, "B", 0.4)
    unknown = refusal(compare(public, UNKNOWN))
    assert unknown == (404, "unknown-submission")
    for user, expected in ((None, 404), (make_user(), 404), (author, 200), (make_user(is_staff=True), 200)):
        answer = compare(public, private, user=user)
        assert answer.status_code == expected
        if expected == 404:
            assert refusal(answer) == unknown


def test_a_private_benchmark_is_for_its_members(split: Split) -> None:
    rows = [make_drawn(split, name, 0.5) for name in "AB"]
    member = make_user()
    split.benchmark.is_public = False
    split.benchmark.save()
    split.benchmark.members.add(member)
    assert refusal(compare(*rows)) == (404, "unknown-submission")
    assert compare(*rows, user=member).status_code == 200


def test_in_a_blind_phase_staff_alone_compare(split: Split) -> None:
    author = make_user()
    rows = [make_drawn(split, name, 0.5, author=author) for name in "AB"]
    split.scores_visible = False
    split.save()
    assert refusal(compare(*rows, user=author)) == (403, "scores-hidden")
    assert compare(*rows, user=make_user(is_staff=True)).status_code == 200


def test_submissions_to_several_splits_are_not_comparable(split: Split) -> None:
    answer = compare(make_drawn(split, "A", 0.5), make_drawn(make_board(), "B", 0.5))
    assert refusal(answer) == (422, "several-splits")
    assert "Shapes val" in answer.json()["detail"]


def test_what_is_not_scored_yet_is_not_comparable(split: Split) -> None:
    author = make_user()
    scored = make_drawn(split, "A", 0.5)
    answer = compare(scored, make_submission(author, split), user=author)
    assert refusal(answer) == (409, "not-scored")
    assert "queued" in answer.json()["detail"]


@pytest.mark.parametrize("count", [0, 1, 6])
def test_fewer_than_two_or_more_than_five_are_refused(split: Split, count: int) -> None:
    rows = [make_drawn(split, f"M{n}", 0.5) for n in range(count)]
    assert refusal(compare(*rows)) == (422, "submissions-count")


def test_a_submission_is_not_compared_with_itself(split: Split) -> None:
    row = make_drawn(split, "A", 0.5)
    assert refusal(compare(row, str(row.id).upper())) == (422, "submissions-count")


@pytest.mark.parametrize("text", ["x,y", "1,2", "a,b\x00", "\N{GRINNING FACE},b"])
def test_what_is_no_id_is_refused(text: str) -> None:
    answer = Api().get("/compare", submissions=text)
    assert answer.status_code == 422


def test_two_submissions_of_one_method_have_names_that_tell_them_apart(split: Split) -> None:
    author = make_user()
    first = make_drawn(split, "A", 0.5, author=author)
    second = make_drawn(split, "A", 0.48, author=author)
    assert first.variant_id == second.variant_id
    sentence = compare(first, second).json()["comparisons"][0]["sentence"]
    assert sentence.startswith("A [A] is better than A [B]")
