"""A leaderboard of many rows.

An OVIS board of scored variants with all metrics and 1,000 draws of the headline ones, through Django's test
client in one process. "Cold" is the first board of a new process; all others are warm, without what is kept
of a page for two seconds. Processor time is that of the site, and apart that of its PostgreSQL session.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone

from evaluator import __version__
from evaluator.catalog import BENCHMARKS
from tests.bench.anonymous_memory import Peak, anonymous_bytes
from tests.bench.figures import Figures
from tests.bench.spent import spent
from tests.support.boards import make_board
from tests.support.factories import make_blob
from webapp.benchmarks.models import Split
from webapp.leaderboards import ranks
from webapp.leaderboards.models import BoardColumn, Standing
from webapp.methods.models import Method, Variant
from webapp.submissions.models import Score, ScoreSamples, Submission
from webapp.submissions.signals import numbers_changed

pytestmark = pytest.mark.django_db(transaction=True)
DRAWS = 1000
SPEC = BENCHMARKS["ovis"]
URL = "/benchmarks/shapes/"
MB = 2**20
AT_ONCE = 500
PAGES = {
    "first page": "",
    "page 40": "?page=40",
    "sorted by another": "?sort=-AP_ho",
    "search": "?q=swin+m12",
}


def insert(split: Split, rows: int, first: int = 0) -> list[Submission]:
    """Insert scored variants as a finished evaluation leaves them, ten for each method."""
    rng = np.random.default_rng(first)
    common = np.random.default_rng(0).normal(0, 0.02, (len(SPEC.headline), DRAWS))
    blob, made = make_blob(), []
    for start in range(first, first + rows, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, first + rows))
        methods = {
            n // 10: Method(slug=f"m{n // 10}", name=f"M{n // 10}", year=2020 + n % 7) for n in numbers
        }
        known = {one.slug: one for one in Method.objects.filter(slug__in=[m.slug for m in methods.values()])}
        Method.objects.bulk_create([m for m in methods.values() if m.slug not in known])
        variants = [
            Variant(
                method=known.get(f"m{n // 10}", methods[n // 10]),
                name=f"variant {n}",
                factors={
                    "backbone": ("ResNet-50", "Swin-L", "ViT-L")[n % 3],
                    "mode": ("online", "offline")[n % 2],
                },
            )
            for n in numbers
        ]
        Variant.objects.bulk_create(variants)
        submissions = [
            Submission(
                variant=variant,
                split=split,
                blob=blob,
                status="scored",
                finished_at=timezone.now(),
                evaluator=__version__,
                ground_truth=split.ground_truth,
                digest=f"sha256:{n:064x}",
            )
            for n, variant in zip(numbers, variants, strict=True)
        ]
        with transaction.atomic():
            Submission.objects.bulk_create(submissions)
            scores, samples = [], []
            for one in submissions:
                quality = rng.uniform(0.2, 0.6)
                for key in SPEC.metrics:
                    value = float(np.clip(quality + rng.normal(0, 0.01), 0, 1))
                    bounds = {"low": value * 0.9, "high": value} if key in SPEC.headline else {}
                    scores.append(Score(submission=one, metric=key, value=value, **bounds))
                    if key in SPEC.headline:
                        draws = value + common[SPEC.headline.index(key)] + rng.normal(0, 0.01, DRAWS)
                        packed = draws.astype("<f4").tobytes()
                        samples.append(ScoreSamples(submission=one, metric=key, samples=packed))
            Score.objects.bulk_create(scores)
            ScoreSamples.objects.bulk_create(samples)
        made += submissions
    return made


@pytest.mark.parametrize("rows", [100, 1000, 10_000])
def test_a_board_opens_at_once_and_ranks_follow_within_seconds(rows: int, figures: Figures) -> None:
    cache.clear()
    split = make_board("shapes")
    insert(split, rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    rebuild(rows, figures)
    pages(rows, figures)
    after_a_score(split, rows, figures)


def rebuild(rows: int, figures: Figures) -> None:
    peak = Peak()
    before = anonymous_bytes()
    peak.start()
    with spent() as all_of_it:
        call_command("rebuild_boards")
    memory = (peak.stop() - before) / MB
    BoardColumn.objects.update(power=0, changes=F("changes") + 1)
    column = BoardColumn.objects.get(metric="AP")
    with spent() as one:
        assert ranks._rank(column)
    figures.add(
        {
            "rows": rows,
            "rebuild_boards, s of processor": f"{all_of_it.site:.1f}",
            "more memory, MB": f"{memory:.0f}",
            "full pass of a metric with draws, s": f"{one.site:.2f}",
            "of PostgreSQL, s": f"{one.postgres:.2f}",
        }
    )
    assert one.site < 10
    assert memory < 300
    assert not Standing.objects.filter(rank=None).exists()


def pages(rows: int, figures: Figures) -> None:
    """Ask for pages in a process of its own, as the web server is one: nothing of pytest is in it."""
    database = {name: connection.settings_dict[name] for name in ("NAME", "HOST", "USER", "OPTIONS")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.board_pages", repr(database), repr(PAGES)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    for name, one in found.items():
        figures.add(
            {
                "rows": rows,
                "page": name,
                "queries": one["queries"],
                "processor, ms": f"{one['site']:.0f}",
                "of PostgreSQL, ms": f"{one['postgres']:.0f}",
                "wall clock, ms": f"{one['wall']:.0f}",
                "cold, ms": f"{one['cold']:.0f}" if "cold" in one else "",
                "more memory, MB": f"{one['memory']:.0f}",
            }
        )
    first = found["first page"]
    assert max(first["site"], first["cold"]) < 200
    assert first["queries"] <= 15
    assert first["memory"] < 60
    twelve(rows, figures)


def twelve(rows: int, figures: Figures) -> None:
    """Ask for one page twelve times at once."""
    together = Barrier(12)

    def ask(_: object) -> int:
        return len(Client().get(URL).content)

    def in_each(work: Callable[[], object]) -> None:
        together.wait()
        work()

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(in_each, [lambda: connection.ensure_connection()] * 12))
        cache.clear()
        begin = time.process_time()
        list(threads.map(ask, range(1)))
        one = time.process_time() - begin
        cache.clear()
        begin = time.process_time()
        list(threads.map(ask, range(12)))
        all_of_them = time.process_time() - begin
        list(threads.map(in_each, [lambda: connection.close()] * 12))
    figures.add(
        {
            "rows": rows,
            "one request, ms of processor": f"{1000 * one:.0f}",
            "twelve at once, ms": f"{1000 * all_of_them:.0f}",
        }
    )


def after_a_score(split: Split, rows: int, figures: Figures) -> None:
    (fresh,) = insert(split, 1, first=rows)
    connection.ensure_connection()
    with spent() as written, transaction.atomic():
        numbers_changed.send(Submission, submissions=[fresh])
    with spent() as shown:
        assert "ranks are being computed" in Client().get(URL).content.decode()
    column = BoardColumn.objects.get(metric="AP")
    with spent() as primary:
        assert ranks._rank(column)
    with spent() as others:
        ranks.boards_rank()
    figures.add(
        {
            "rows": rows,
            "after a score": "",
            "written with it, ms": f"{1000 * written.wall:.0f}",
            "page, ms": f"{1000 * shown.wall:.0f}",
            "ranks of the primary metric, s": f"{primary.wall:.2f}",
            "all others, s": f"{others.wall:.1f}",
        }
    )
    assert primary.wall < 10
    assert others.wall < 60
    assert not Standing.objects.filter(rank=None).exists()
