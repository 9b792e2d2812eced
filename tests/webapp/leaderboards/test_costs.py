"""Parameters, multiply-adds and speed of rows: printed, stated by authors, measured here."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import QueryDict
from django.test import Client

from tests.support.boards import board_again, make_board, make_row
from tests.support.factories import make_user
from tests.support.rest import make_token
from tests.support.runs import MODEL
from webapp.accounts.models import Scope
from webapp.benchmarks.models import Split
from webapp.checkpoints.zoo import models
from webapp.jobs.models import Job
from webapp.jobs.services import job_create
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.models import BoardRow
from webapp.leaderboards.selectors import Leaderboard, leaderboard
from webapp.leaderboards.services import boards_rebuild
from webapp.refusal import Refused
from webapp.runs.models import Run, RunVideo
from webapp.submissions.models import Submission
from webapp.submissions.services import submission_state_cost

pytestmark = pytest.mark.django_db
URL = "/benchmarks/shapes/"


def board_of(split: Split, query: str = "") -> Leaderboard:
    return leaderboard(split=split, user=AnonymousUser(), filters=Filters.from_query(QueryDict(query)))


def names(board: Leaderboard) -> list[str]:
    return [one.row.method for one in board.rows]


def make_run_row(split: Split, name: str, ap: float, *devices: str) -> Submission:
    """A row of a reference run of ten frames in two seconds per video, one video on each device."""
    author = make_user()
    row = make_row(split, name, ap, author=author)
    with transaction.atomic():
        Submission.objects.filter(pk=row.pk).update(origin="run")
        run = Run.objects.create(
            author=author,
            split=split,
            variant=row.variant,
            model=MODEL,
            options={"mode": "offline"},
            frames_total=10,
            submission=row,
        )
        job_create(kind=Job.Kind.RUN, subject=run, actor=author)
    for number, device in enumerate(devices):
        RunVideo.objects.create(run=run, video_id=number, frames=10, seconds=2, worker="w", device=device)
    row.refresh_from_db()
    board_again(row)
    return row


def make_three(split: Split) -> tuple[Submission, Submission, Submission]:
    facts = {"params_m": 88, "gflops": 419, "fps": 24, "fps_device": "H100"}
    printed = make_row(split, "Printed", 0.5, source={"primary": True, **facts})
    stated = make_row(split, "Stated", 0.4, author=make_user())
    submission_state_cost(
        submission=stated,
        actor=stated.author or make_user(),
        cost={"params_m": 44.1, "gmacs": 58.9, "fps": 31.5, "fps_device": " RTX  4090 "},
    )
    return printed, stated, make_run_row(split, "Ran", 0.3, "cpu", "cpu")


def test_each_row_has_its_cost_and_who_says_so_on_board_api_and_page() -> None:
    split = make_board("shapes")
    make_three(split)
    printed, stated, ran = (one.row.cost for one in board_of(split).rows)
    assert (printed.params_m, printed.gmacs, printed.gflops, printed.fps, printed.device) == (
        *(88, None, 419, 24),
        "H100",
    )
    assert (stated.gmacs, stated.fps, stated.device) == (58.9, 31.5, "RTX 4090")
    assert (ran.fps, ran.device, ran.params_m) == (5.0, "cpu", models()[MODEL].parameters / 1e6)
    assert [one.kind for one in (printed, stated, ran)] == ["printed", "stated", "measured here"]
    answer = Client().get("/api/v1/benchmarks/shapes/leaderboard").json()
    assert [row["cost"]["kind"] for row in answer["rows"]] == ["printed", "stated", "measured here"]
    page = Client().get(f"{URL}?columns=cost").content.decode()
    assert "RTX 4090, stated" in page
    assert "cpu, measured here" in page
    assert "419 GFLOPs" in page  # the paper's own word, in the detail
    assert "419 GMACs" not in page


def test_costs_order_and_filter_the_board_in_the_database_and_rows_without_them_are_folded() -> None:
    split = make_board("shapes")
    make_three(split)
    make_row(split, "Unknown", 0.9)
    board = board_of(split, "sort=-fps")
    assert (names(board), board.folded) == (["Stated", "Printed", "Ran"], 1)
    assert [one.rank for one in board.rows] == [3, 2, 4]  # a speed is no quality: ranks stay those of AP
    assert names(board_of(split, "sort=-fps&without=1"))[-1] == "Unknown"
    assert names(board_of(split, "sort=params_m")) == ["Ran", "Stated", "Printed"]
    assert names(board_of(split, "device=H100&device=cpu")) == ["Printed", "Ran"]
    assert board_of(split, "device=H100&device=cpu").matching == 2


def test_the_speed_of_a_run_on_two_machines_is_that_of_neither() -> None:
    split = make_board("shapes")
    make_run_row(split, "Ran", 0.3, "a GPU", "a processor")
    row = board_of(split).rows[0].row
    assert (row.cost.fps, row.cost.device) == (None, "")
    assert row.ran is not None
    assert row.ran.device == "a GPU and a processor"


def test_a_stated_cost_is_there_at_once_leaves_ranks_alone_and_can_be_taken_back() -> None:
    split = make_board("shapes")
    _, stated, _ = make_three(split)
    board = board_of(split)
    assert (board.is_ranked, [one.rank for one in board.rows]) == (True, [1, 2, 3])
    kept = {
        one.submission_id: (one.params_m, one.gmacs, one.fps, one.device) for one in BoardRow.objects.all()
    }
    boards_rebuild()
    again = {
        one.submission_id: (one.params_m, one.gmacs, one.fps, one.device) for one in BoardRow.objects.all()
    }
    assert kept == again
    assert stated.author is not None
    submission_state_cost(submission=stated, actor=stated.author, cost={})
    assert board_of(split).costs == ("params_m", "fps")


@pytest.mark.parametrize(
    ("cost", "code"),
    [
        ({"fps": 20.0}, "cost-device"),
        ({"params_m": -1.0}, "cost-number"),
        ({"gmacs": float("inf")}, "cost-number"),
        ({"fps": 20.0, "fps_device": "x" * 61}, "cost-device"),
    ],
)
def test_a_cost_that_says_nothing_is_refused_and_keeps_what_was_stated(
    cost: dict[str, float | str], code: str
) -> None:
    author = make_user()
    row = make_row(make_board("shapes"), "A", 0.5, author=author, cost={"params_m": 9.0})
    with pytest.raises(Refused) as refused:
        submission_state_cost(submission=row, actor=author, cost=cost)
    row.refresh_from_db()
    assert (refused.value.problem["code"], row.cost) == (code, {"params_m": 9.0})


def test_nobody_states_the_cost_of_what_is_measured_or_printed() -> None:
    split = make_board("shapes")
    printed, _, ran = make_three(split)
    for row in (printed, ran):
        with pytest.raises(Refused, match="measured or printed"):
            submission_state_cost(submission=row, actor=make_user(is_staff=True), cost={"params_m": 1.0})


def test_an_author_states_the_cost_on_the_page_and_by_the_api() -> None:
    author = make_user()
    row = make_row(make_board("shapes"), "A", 0.5, author=author)
    client = Client()
    client.force_login(author)
    address = row.get_absolute_url()
    client.post(f"{address}cost/", {"cost_params_m": "44.1", "cost_fps": "20", "cost_fps_device": "H100"})
    page = client.get(address).content.decode()
    assert "44.1 M parameters · 20.0 frames/s on H100, as its author states" in page
    told = client.post(f"{address}cost/", {"cost_params_m": "many"}, follow=True).content.decode()
    assert "The cost stays as it was." in told
    token = make_token(author, Scope.SUBMIT)
    answer = Client().put(
        f"/api/v1/submissions/{row.pk}/cost",
        {"gmacs": 58.9},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.json()["cost"] == {"params_m": None, "gmacs": 58.9, "fps": None, "fps_device": ""}
