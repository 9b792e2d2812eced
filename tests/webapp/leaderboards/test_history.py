"""The board at a date, and what changed between two: on its page, embedded, and in the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.support.boards import board_again, make_board, make_row
from tests.support.factories import make_user
from webapp.benchmarks.models import Split
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db


def day(ago: int) -> str:
    return (timezone.now().astimezone(UTC) - timedelta(days=ago)).date().isoformat()


def scored(row: Submission, days_ago: int) -> Submission:
    """Have it scored at noon of a day."""
    noon = datetime.fromisoformat(f"{day(days_ago)}T12:00:00+00:00")
    Submission.objects.filter(pk=row.pk).update(finished_at=noon)
    row.refresh_from_db()
    board_again(row)
    return row


def past(split: Split, at: int, since: int | None = None, person: Any = None) -> dict[str, Any]:
    http = Client()
    if person is not None:
        http.force_login(person)
    query = f"?at={day(at)}" + (f"&since={day(since)}" if since is not None else "")
    answer = http.get(f"/api/v1/benchmarks/{split.benchmark.slug}/history{query}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def ranks(split: Split, at: int, **more: Any) -> list[tuple[int, str, float]]:
    rows = past(split, at, **more)["rows"]
    return [(row["rank"], row["method"], row["values"]["AP"]) for row in rows]


def test_it_has_the_rows_that_were_scored_by_the_end_of_the_day() -> None:
    split = make_board()
    first = scored(make_row(split, "First", 0.3), 10)
    scored(make_row(split, "Second", 0.4), 5)
    scored(make_row(split, "First", 0.5, variant=first.variant), 3)
    scored(make_row(split, "Equal", 0.4), 3)
    assert ranks(split, 11) == []
    assert ranks(split, 10) == [(1, "First", 0.3)]
    assert ranks(split, 5) == [(1, "Second", 0.4), (2, "First", 0.3)]
    today = [(1, "First", 0.5), (2, "Second", 0.4), (2, "Equal", 0.4)]
    assert ranks(split, 0) == today
    assert ranks(split, -30) == today  # what is to come is not known


def test_numbers_are_those_that_were_valid_then() -> None:
    split = make_board()
    row = scored(make_row(split, "Corrected", 0.3, metrics={"AP50": 0.5}), 20)
    scored(make_row(split, "Other", 0.35), 20)
    steps = [(15, 0.5, 0.4), (10, 0.4, 0.3)]  # it was 0.5, then 0.4, and is 0.3
    for ago, before, after in steps:
        Reevaluation.objects.create(
            submission=row,
            reason="Ties",
            replaced_at=timezone.now() - timedelta(days=ago),
            before_digest="sha256:0",
            before_metrics={"AP": before, "AP50": 0.7},
            after_metrics={"AP": after, "AP50": 0.7},
        )
    assert ranks(split, 16) == [(1, "Corrected", 0.5), (2, "Other", 0.35)]
    assert ranks(split, 12) == [(1, "Corrected", 0.4), (2, "Other", 0.35)]
    assert ranks(split, 1) == [(1, "Other", 0.35), (2, "Corrected", 0.3)]
    assert past(split, 16)["rows"][0]["values"] == {"AP": 0.5, "AP50": 0.7}
    changes = past(split, 1, since=16)["changes"]
    assert [(one["method"], one["rank_before"], one["rank"]) for one in changes] == [
        ("Corrected", 1, 2),
        ("Other", 2, 1),
    ]
    assert (changes[0]["value_before"], changes[0]["value"]) == (0.5, 0.3)
    assert past(split, 16, since=1)["changes"] == []


def test_nothing_hidden_private_or_from_before_a_blind_phase_ended_is_in_it() -> None:
    author, staff = make_user(), make_user(is_staff=True)
    split = make_board()
    scored(make_row(split, "Printed", 0.2, source={"primary": True}), 30)
    scored(make_row(split, "Printed", 0.9, source={"primary": False}), 30)
    kept = scored(make_row(split, "Kept", 0.3, author=author), 10)
    scored(make_row(split, "Private", 0.6, author=author, is_public=False), 10)
    everything = [(1, "Kept", 0.3), (2, "Printed", 0.2)]
    for person in (None, author, staff):
        assert ranks(split, 9, person=person) == everything
    split.scores_visible = False
    split.save()
    for person in (None, author, staff):
        blind = past(split, 9, person=person)
        assert (blind["rows"], blind["total"], blind["scores_hidden"]) == ([], 0, True)
    split.scores_visible = True
    split.save()
    split.name = "val"
    split.save()  # a row that was loaded before does not undo what the database has written
    assert ranks(split, 9) == [(1, "Printed", 0.2)]
    assert ranks(split, 0) == everything
    Submission.objects.filter(pk=kept.pk).update(is_public=False)
    board_again(kept)
    assert ranks(split, 0) == [(1, "Printed", 0.2)]
    Split.objects.update(opens_at=timezone.now() - timedelta(days=5))
    Submission.objects.filter(pk=kept.pk).update(is_public=True)
    board_again(kept)
    assert ranks(split, 6) == [(1, "Printed", 0.2)]


@pytest.mark.parametrize("change", [{"opens_at": None}, {"is_public": False}])
def test_closed_and_private_splits_have_none_whoever_asks(change: dict[str, Any]) -> None:
    author, staff = make_user(), make_user(is_staff=True)
    split = make_board()
    split.benchmark.members.add(author)
    make_row(split, "One", 0.3, author=author)
    for target in (split, split.benchmark):
        for name, value in change.items():
            if hasattr(target, name):
                setattr(target, name, value)
                target.save()
    slug = split.benchmark.slug
    for person in (None, author, staff):
        http = Client()
        if person is not None:
            http.force_login(person)
        addresses = (
            f"/api/v1/benchmarks/{slug}/history?at={day(0)}",
            f"/benchmarks/{slug}/?split=val&at={day(0)}",
            f"/embed/benchmarks/{slug}/val/?at={day(0)}",
        )
        assert [http.get(address).status_code for address in addresses] == [404, 404, 404]


def test_page_and_frame_show_the_board_of_a_day_and_what_changed() -> None:
    split = make_board()
    scored(make_row(split, "Old", 0.3), 10)
    scored(make_row(split, "New", 0.41234), 3)
    query = f"?split=val&at={day(1)}&since={day(5)}"
    page = Client().get(f"{split.benchmark.get_absolute_url()}{query}")
    frame = Client().get(f"/embed/benchmarks/{split.benchmark.slug}/val/{query}")
    for answer in (page, frame):
        text = answer.content.decode()
        assert text.index(">new<") < text.index("New") < text.index("Old")
        assert "41.2" in text
    assert f"{split.benchmark.slug}/val/?at={day(1)}&amp;amp;since={day(5)}" in page.content.decode()
    spelling = Client().get(f"{split.benchmark.get_absolute_url()}?since={day(5)}&at={day(1)}&q=new")
    assert (
        spelling.headers["Location"]
        == f"{split.benchmark.get_absolute_url()}{query.replace('split=val&', '')}"
    )
    for name, in_api in (("%00", 422), ("other", 404)):  # the API takes no text with a null character
        address = f"{split.benchmark.get_absolute_url()}?split={name}&at={day(1)}"
        assert Client().get(address).status_code == 404
        address = f"/api/v1/benchmarks/{split.benchmark.slug}/history?split={name}&at={day(1)}"
        assert Client().get(address).status_code == in_api
    wrong = Client().get(f"{split.benchmark.get_absolute_url()}?at=2026-02-31")
    assert wrong.headers["Location"] == split.benchmark.get_absolute_url()


def test_a_board_of_many_rows_comes_in_pages_by_few_queries(django_assert_max_num_queries: Any) -> None:
    split = make_board()
    for n in range(27):
        scored(make_row(split, f"Method {n:02}", 0.1 + n / 100), 5)
    with django_assert_max_num_queries(12):
        first = past(split, 1, since=9)
    assert (first["total"], first["pages"], len(first["rows"]), len(first["changes"])) == (27, 2, 25, 27)
    answer = Client().get(f"/api/v1/benchmarks/{split.benchmark.slug}/history?at={day(1)}&page=2").json()
    assert [row["rank"] for row in answer["rows"]] == [26, 27]
