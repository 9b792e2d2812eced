"""What is kept of boards is what a board made from nothing would be, after whatever happened."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evaluator.statistics.comparison import pack_samples
from tests.support.boards import board_again, make_board, make_row
from tests.support.drawn import make_drawn
from tests.support.factories import claim, make_blob, make_report, make_user
from tests.support.product import wait_until
from webapp.accounts.models import User
from webapp.benchmarks.models import Split, VideoSubset
from webapp.leaderboards import ranks
from webapp.leaderboards.models import Board, BoardColumn, BoardRow, Standing
from webapp.leaderboards.ranks import boards_rank
from webapp.leaderboards.services import boards_fill_missing, boards_rebuild
from webapp.methods.models import Method
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.errata.services import reevaluations_request
from webapp.submissions.models import Score, ScoreSamples, Submission
from webapp.submissions.results import Outcome
from webapp.submissions.services import submission_create, submission_set_public

pytestmark = pytest.mark.django_db
DRAWS = 40
ROW = (
    "submission_id",
    "variant_id",
    "is_public",
    "is_secondary",
    "is_measured",
    "stand_in",
    "stand_in_value",
)
RANKING = ("value", "rank", "is_tied", "rank_low", "rank_high", "tie_group", "above", "below", "is_counted")


def kept() -> dict[str, Any]:
    """All that is kept, in terms that do not depend on when it was written."""
    board = ("board__subset__name", "board__is_printed")
    rows = BoardRow.objects.values_list(*board, *ROW)
    standings = Standing.objects.values_list(
        *(f"row__{name}" for name in board), "row__submission_id", "column__metric", "samples", *RANKING
    )
    columns = BoardColumn.objects.filter(standings__isnull=False).distinct()
    return {
        "rows": sorted(map(repr, rows)),
        "standings": sorted(map(repr, standings)),
        "columns": sorted(map(repr, columns.values_list(*board, "metric", "power", "draws", "counted"))),
    }


class Events:
    """Random changes of the submissions to one split, by the services that the site uses."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.split = make_board(video_count=5)
        self.subset = VideoSubset.objects.create(split=self.split, name="long", title="Long", videos=["1"])
        self.people = [make_user() for _ in range(3)]
        self.staff = make_user(is_staff=True)
        self.rows: list[Submission] = []

    def any(self) -> Submission | None:
        return self.random.choice(self.rows) if self.rows else None

    def outcome(self) -> Outcome:
        """Numbers on a coarse scale, so that some are equal, with draws that may be undefined."""
        ap = round(self.random.uniform(0.3, 0.7), 1)
        common = random.Random(0)
        draws = [ap + common.gauss(0, 0.03) + self.random.gauss(0, 0.02) for _ in range(DRAWS)]
        holes = self.random.random() < 0.3
        packed = pack_samples([None if holes and n % 7 == 0 else value for n, value in enumerate(draws)])
        report = make_report(AP=None if self.random.random() < 0.1 else ap, AP50=round(ap / 2, 1))
        part = {"metrics": {"AP": 1 - ap}, "intervals": {}}
        return Outcome(
            {**report, "subsets": {"long": part}},
            samples={"AP": packed},
            subsets=[self.subset],
            subset_samples={"long": {"AP": packed}},
        )

    def score(self) -> None:
        author = self.random.choice(self.people)
        own = [row.variant for row in self.rows if row.author_id == author.pk]
        if own and self.random.random() < 0.4:
            variant = self.random.choice(own)
        else:
            number = len(self.rows)
            method = Method.objects.create(owner=author, name=f"M{number}", slug=f"m{self.random.random()}")
            variant = method.variants.create()
        is_public = self.random.random() < 0.8
        fields = {"blob": make_blob(), "filename": "results.json", "is_public": is_public}
        row = submission_create(author=author, split=self.split, variant=variant, **fields)
        assert evaluation_finish_scored(token=claim().token, outcome=self.outcome())
        self.rows.append(row)

    def printed(self) -> None:
        before = self.any()
        source = {"primary": self.random.random() < 0.7}
        variant = before.variant if before and self.random.random() < 0.5 else None
        value = round(self.random.uniform(0.3, 0.7), 1)
        metrics: dict[str, float | None] = {"AP_long": value} if self.random.random() < 0.5 else {}
        name = f"P{self.random.random()}"
        self.rows.append(make_row(self.split, name, value, variant=variant, source=source, metrics=metrics))

    def show_or_hide(self) -> None:
        if row := self.any():
            row.refresh_from_db()
            submission_set_public(submission=row, actor=self.staff, is_public=not row.is_public)

    def measure_again(self) -> None:
        row = self.any()
        if row is not None and row.origin == "upload":
            assert reevaluations_request(submissions=[row], reason="a test", actor=None) == 1
            assert evaluation_finish_scored(token=claim().token, outcome=self.outcome())

    def other_ground_truth(self) -> None:
        self.split.ground_truth = make_blob()
        self.split.save()

    def delete(self) -> None:
        if row := self.any():
            self.rows.remove(row)
            Submission.objects.filter(waits_for=row).update(waits_for=None)
            row.reevaluations.all().delete()
            row.refresh_from_db()
            row.delete()

    def happen(self) -> None:
        events: list[tuple[Callable[[], None], int]] = [
            (self.score, 8),
            (self.printed, 3),
            (self.show_or_hide, 4),
            (self.measure_again, 3),
            (self.other_ground_truth, 1),
            (self.delete, 2),
            (lambda: boards_rank() and None, 5),
        ]
        (event,) = self.random.choices([one for one, _ in events], [weight for _, weight in events])
        event()


@pytest.mark.parametrize("seed", range(4))
def test_after_any_events_what_is_kept_is_what_is_made_from_nothing(seed: int) -> None:
    events = Events(seed)
    for _ in range(40):
        events.happen()
    boards_rank()
    assert not Standing.objects.filter(row=None).exists()
    now = kept()
    boards_rebuild()
    boards_rank()
    assert kept() == now
    Board.objects.all().delete()
    boards_rebuild()
    boards_rank()
    assert kept() == now
    assert len(now["standings"]) > 10


def test_a_row_that_comes_or_goes_is_compared_alone_and_the_others_are_not_compared_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    split = make_board()
    rows = [make_drawn(split, f"M{n}", 0.4 + n / 100) for n in range(5)]
    monkeypatch.setattr(ranks, "counts", None)  # what compares all pairs
    make_drawn(split, "New", 0.5)
    submission_set_public(submission=rows[2], actor=rows[2].author or make_user(), is_public=False)
    boards_rank()
    column = BoardColumn.objects.get(metric="AP")
    assert (column.counted, column.power, column.is_ranked) == (5, 8, True)
    spans = Standing.objects.filter(column=column, row__is_public=True).order_by("rank")
    assert [(one.rank_low, one.rank_high) for one in spans] == [(n, n) for n in range(1, 6)]


def test_a_row_that_left_and_came_back_before_ranks_were_made_is_compared_as_before() -> None:
    split = make_board()
    rows = [make_drawn(split, f"M{n}", 0.4 + n / 100) for n in range(5)]
    before = kept()
    for is_public in (False, True):
        submission_set_public(submission=rows[2], actor=make_user(is_staff=True), is_public=is_public)
    boards_rank()
    assert kept() == before


def test_several_results_of_one_variant_are_deleted_together() -> None:
    split = make_board()
    first = make_row(split, "A", 0.5)
    make_row(split, "A", 0.6, variant=first.variant)
    kept_row = make_row(split, "A", 0.4, variant=first.variant)
    Submission.objects.filter(variant=first.variant).exclude(pk=kept_row.pk).delete()
    boards_rank()
    assert [(one.row.submission_id, one.rank) for one in Standing.objects.filter(column__metric="AP")] == [
        (kept_row.pk, 1)
    ]
    Submission.objects.filter(variant=first.variant).delete()
    assert not BoardRow.objects.exists()


def shown(client: Client | None = None) -> str:
    return (client or Client()).get("/benchmarks/shapes/").content.decode()


def test_a_new_row_shows_at_once_and_its_rank_a_moment_later() -> None:
    split = make_board("shapes")
    make_row(split, "First", 0.5)
    boards_rank()
    author = make_user()
    submission = make_row_unranked(split, author)
    page = shown()
    assert "rank being computed" in page
    assert "ranks are being computed" in page
    answer = Client().get("/api/v1/benchmarks/shapes/leaderboard").json()
    assert answer["ranks_pending"]
    assert [(row["method"], row["rank"]) for row in answer["rows"]] == [("New", None), ("First", 1)]
    own = Client()
    own.force_login(author)
    boards_rank()
    assert "being computed" not in shown()
    (first, second) = Client().get("/api/v1/benchmarks/shapes/leaderboard").json()["rows"]
    assert (first["submission"], first["rank"], second["rank"]) == (str(submission.pk), 1, 2)


def make_row_unranked(split: Split, author: User) -> Submission:
    method = Method.objects.create(owner=author, name="New", slug="new")
    variant = method.variants.create()
    row = submission_create(
        author=author, split=split, variant=variant, blob=make_blob(), filename="results.json"
    )
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.7)))
    return row


def test_what_is_hidden_is_gone_from_a_page_that_was_just_shown() -> None:
    split = make_board("shapes")
    row = make_row(split, "Secret", 0.5, author=make_user())
    make_row(split, "Other", 0.4)
    assert "Secret" in shown()
    submission_set_public(submission=row, actor=make_user(is_staff=True), is_public=False)
    assert "Secret" not in shown()


def test_the_same_page_asked_for_again_costs_no_query_of_rows() -> None:
    make_row(make_board("shapes"), "A", 0.5)
    with CaptureQueriesContext(connection) as first:
        shown()
    with CaptureQueriesContext(connection) as second:
        shown()
    assert len(first) <= 15
    assert any("leaderboards_standing" in query["sql"] for query in first.captured_queries)
    assert not any("leaderboards_standing" in query["sql"] for query in second.captured_queries)


def test_numbers_written_by_other_means_are_found_by_rebuilding() -> None:
    split = make_board("shapes")
    row = make_row(split, "A", 0.5)
    make_row(split, "B", 0.4)
    Score.objects.filter(submission=row, metric="AP").update(value=0.3)
    with transaction.atomic():
        variant = Method.objects.create(name="C", slug="c").variants.create()
        other = Submission.objects.create(
            variant=variant, split=split, blob=make_blob(), status="scored", finished_at=row.finished_at
        )
        Score.objects.create(submission=other, metric="AP", value=0.6)
        ScoreSamples.objects.create(submission=other, metric="AP", samples=pack_samples([0.6] * 5))
    Submission.objects.filter(variant__method__name="B").update(is_public=False)
    boards_rebuild()
    boards_rank()
    rows = Client().get("/api/v1/benchmarks/shapes/leaderboard").json()["rows"]
    assert [(one["method"], one["rank"]) for one in rows] == [("C", 1), ("A", 2)]


def test_in_a_blind_phase_printed_numbers_are_ranked_among_themselves_and_others_leave_no_trace() -> None:
    split = make_board("shapes", scores_visible=False)
    secret = make_row(split, "Secret", 0.9)
    make_row(split, "Low", 0.3, source={"primary": True})
    make_row(split, "Both", 0.5, variant=secret.variant, source={"primary": True})
    answer = Client().get("/api/v1/benchmarks/shapes/leaderboard").json()
    assert [(row["values"]["AP"], row["rank"]) for row in answer["rows"]] == [(0.5, 1), (0.3, 2)]
    assert answer["total"] == 2
    staff = Client()
    staff.force_login(make_user(is_staff=True))
    rows = staff.get("/api/v1/benchmarks/shapes/leaderboard").json()["rows"]
    assert [(row["values"]["AP"], row["rank"]) for row in rows] == [(0.9, 1), (0.3, 2)]


def test_the_api_pages_json_and_the_other_formats_have_all_rows() -> None:
    split = make_board("shapes")
    for n in range(7):
        make_row(split, f"M{n}", n / 10)
    address = "/api/v1/benchmarks/shapes/leaderboard"
    found, pages = [], 0
    following = f"{address}?limit=3&columns=all"
    while following:
        answer = Client().get(following).json()
        assert (answer["matching"], answer["pages"], answer["page"]) == (7, 3, pages + 1)
        found += [row["rank"] for row in answer["rows"]]
        following, pages = answer["next"], pages + 1
    assert found == list(range(1, 8))
    assert len(Client().get(address).json()["rows"]) == 7
    assert Client().get(f"{address}?limit=1001").status_code == 422
    table = Client().get(f"{address}?format=csv&limit=3")
    assert table.streaming
    assert len(table.getvalue().splitlines()) == 8
    assert Client().head(f"{address}?format=csv").getvalue() == b""


def test_rows_that_are_missing_are_written_by_the_housekeeper() -> None:
    from worker.housekeeping import rank_boards

    split = make_board("shapes")
    for n in range(3):
        make_row(split, f"M{n}", 0.5 - n / 10)
    Board.objects.all().delete()  # as after an update
    make_row(split, "New", 0.1)  # scored before the housekeeper comes
    rank_boards()
    rows = Client().get("/api/v1/benchmarks/shapes/leaderboard").json()["rows"]
    assert [(row["method"], row["rank"]) for row in rows] == [("M0", 1), ("M1", 2), ("M2", 3), ("New", 4)]
    assert boards_fill_missing() == 0


@pytest.mark.django_db(transaction=True)
def test_ranks_that_another_process_makes_are_left_to_it() -> None:
    row = make_row(make_board(), "A", 0.5)
    BoardColumn.objects.update(changes=F("changes") + 1)
    column = BoardColumn.objects.get(metric="AP")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [ranks.LOCK, column.pk])
        assert boards_rank() == 0
    finally:
        other.close()
    board_again(row)
    column.refresh_from_db()
    assert column.is_ranked


@pytest.mark.django_db(transaction=True)
def test_two_results_of_one_variant_are_hidden_at_the_same_time() -> None:
    better = make_row(make_board(), "A", 0.6)
    worse = make_row(better.split, "A", 0.5, variant=better.variant)
    staff = make_user(is_staff=True)

    def hide_other() -> None:
        try:
            submission_set_public(submission=worse, actor=staff, is_public=False)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            submission_set_public(submission=better, actor=staff, is_public=False)  # the other one moves up
            hidden = another.submit(hide_other)
            wait_until(is_waited_for)
            assert is_waited_for()
        hidden.result()
    assert not BoardRow.objects.filter(is_public=True).exists()


def is_waited_for() -> bool:
    """Whether another session waits for a lock of this one."""
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS({waiting})")
        return bool(cursor.fetchone()[0])
