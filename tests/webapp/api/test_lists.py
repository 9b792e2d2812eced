"""Lists of the API, and the pages with the same rows: as many queries for twenty rows as for five."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.factories import (
    claim,
    make_blob,
    make_report,
    make_split,
    make_submission,
    make_user,
    make_variant,
)
from tests.support.rest import Api
from tests.support.runs import claim_run, make_run, make_run_split, store_video
from tests.webapp.checkpoints.checked import claimed, make_checkpoint, make_ready, make_refused
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.jobs.services import job_finish_failed
from webapp.runs.attempts import run_finish
from webapp.runs.services import run_cancel
from webapp.submissions.attempts import evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db
Make = Callable[[User, Split], object]


def submissions(author: User, split: Split) -> None:
    """Five, after which there are some of every status, and one that waits for the evaluation of another."""
    for _ in range(4):
        make_submission(author, split)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    evaluation_finish_rejected(token=claim().token, problems=[])
    job_finish_failed(token=claim().token, code="time-limit")
    claim()
    queued = make_submission(author, split, blob=make_blob())
    make_submission(author, split, blob=queued.blob)


def runs(author: User, split: Split) -> None:
    for _ in range(5):
        run = make_run(author, split)
    run_cancel(run=run, actor=author)
    done = claim_run()
    store_video(done, 0)
    run_finish(token=done.token, blob=make_blob(), filename="submission.zip", provenance={})
    job_finish_failed(token=claim_run().token, code="not-finite")
    store_video(claim_run(), 0)


def checkpoints(author: User, split: Split) -> None:
    make_ready(author, shared_with=[make_user().username])
    make_ready(author)
    make_refused(author)
    for _ in range(2):
        make_checkpoint(author)
    claimed()


def variants(author: User, split: Split) -> None:
    for _ in range(5):
        make_variant(author)


def benchmarks(author: User, split: Split) -> None:
    for _ in range(5):
        make_split()


@pytest.mark.parametrize(
    ("make", "path", "page"),
    [
        (submissions, "/submissions", "/submissions/"),
        (runs, "/runs", "/runs/"),
        (checkpoints, "/checkpoints", "/checkpoints/"),
        (variants, "/methods", "/methods/"),
        (variants, "/variants", "/methods/"),
        (benchmarks, "/benchmarks", "/"),
    ],
)
def test_a_list_asks_as_many_queries_for_50_rows_as_for_5(
    make: Make, path: str, page: str, settings: Any
) -> None:
    settings.RUNS_PER_USER = settings.CHECKPOINTS_PER_USER = 100
    author, split = make_user(), make_run_split(quota_per_day=None, quota_total=None)
    api, client = Api(author), Client()
    client.force_login(author)

    def queries(rows: int) -> list[int]:
        counts = []
        for get in (lambda: api.get(path, limit=rows), lambda: client.get(page)):
            cache.clear()  # of the header, too, which remembers the queue's state for some seconds
            get()  # what is asked once for all pages is known from now on
            with CaptureQueriesContext(connection) as captured:
                answer = get()
            assert answer.status_code == 200
            counts.append(len(captured))
        assert len(api.get(path, limit=rows).json()["results"]) == rows
        return counts

    make(author, split)
    few = queries(5)
    for _ in range(3):
        make(author, split)
    assert queries(20) == few
