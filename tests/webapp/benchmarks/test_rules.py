"""What an import says about a split: when it is open, what shows to whom, how often one may submit."""

import json
import re
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django.utils.formats import localize

from evaluator.types import VideoInfo
from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from tests.webapp.benchmarks.test_import import ground_truth, gt, import_benchmark
from webapp.accounts.audit import AuditEvent
from webapp.benchmarks.models import Benchmark, Split
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.results import Outcome
from webapp.submissions.services import SubmissionRefused

__all__ = ["gt"]

pytestmark = pytest.mark.django_db
NOON = datetime(2031, 1, 15, 12, tzinfo=UTC)


def change(*options: str) -> None:
    """Run the command again without a ground truth."""
    call_command("import_benchmark", "mine", "--split", "val", *options)


def rules(split: Split) -> dict[str, Any]:
    split.refresh_from_db()
    names = ("opens_at", "closes_at", "quota_per_day", "quota_total", "scores_visible", "details_visible")
    return {name: getattr(split, name) for name in (*names, "ground_truth_public", "frames_public")} | {
        "is_public": split.benchmark.is_public
    }


NEW = {
    "opens_at": None,
    "closes_at": None,
    "quota_per_day": 5,
    "quota_total": 100,
    "scores_visible": True,
    "details_visible": False,
    "ground_truth_public": False,
    "frames_public": False,
    "is_public": True,
}
TURNS = [
    (["--opens", "2031-01-15T12:00Z"], {"opens_at": NOON}, ["--close"]),
    (["--opens", "2031-01-15T13:00+01:00"], {"opens_at": NOON}, ["--close"]),
    (["--closes", "2031-01-15T12:00"], {"closes_at": NOON}, ["--no-closes"]),
    (["--quota-per-day", "9"], {"quota_per_day": 9}, ["--quota-per-day", "5"]),
    (["--no-quota-per-day"], {"quota_per_day": None}, ["--quota-per-day", "5"]),
    (["--quota-total", "9"], {"quota_total": 9}, ["--quota-total", "100"]),
    (["--no-quota-total"], {"quota_total": None}, ["--quota-total", "100"]),
    (["--blind"], {"scores_visible": False}, ["--no-blind"]),
    (["--details"], {"details_visible": True}, ["--no-details"]),
    (["--private"], {"is_public": False}, ["--no-private"]),
    (["--public-gt"], {"ground_truth_public": True}, ["--no-public-gt"]),
    (["--public-frames"], {"frames_public": True}, ["--no-public-frames"]),
]


def test_each_rule_can_be_set_is_kept_when_not_given_and_taken_back(gt: Path) -> None:
    import_benchmark(gt)
    split = Split.objects.get()
    assert rules(split) == NEW
    for options, wanted, opposite in TURNS:
        change(*options)
        import_benchmark(gt, "--summary", "Told again.")
        split = Split.objects.get()
        assert rules(split) == NEW | wanted, options
        change(*opposite)
        split = Split.objects.get()
        assert rules(split) == NEW, opposite


def test_open_opens_now_and_close_hides_the_scores_again(gt: Path) -> None:
    assert "Open since" in import_benchmark(gt, "--open")
    split = Split.objects.get()
    since = split.opens_at
    assert split.is_open()
    assert split.shows_scores()
    change("--open")
    split.refresh_from_db()
    assert split.opens_at == since
    change("--closes", "now")
    split.refresh_from_db()
    assert (split.is_open(timezone.now() + timedelta(seconds=1)), split.shows_scores()) == (False, True)
    change("--close", "--no-closes")
    split.refresh_from_db()
    assert (split.is_open(), split.shows_scores()) == (False, False)


def test_a_public_ground_truth_has_no_quota_of_its_own(gt: Path) -> None:
    import_benchmark(gt, "--public-gt")
    assert not Split.objects.get().has_quota


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--quota-per-day", "0"], "quota_per_day: .*greater than or equal to 1"),
        (["--opens", "2031-01-15T12:00Z", "--closes", "2031-01-15T11:00Z"], "Closes before it opens"),
        (["--opens", "soon"], "invalid time value: 'soon'"),
        (["--open", "--close"], "not allowed with argument"),
        (["--actor", "nobody"], "There is no account 'nobody'"),
    ],
)
def test_a_wrong_rule_is_refused_and_changes_nothing(gt: Path, options: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        import_benchmark(gt, *options)
    assert not Split.objects.exists()


def test_without_a_ground_truth_only_what_is_here_can_be_changed() -> None:
    with pytest.raises(CommandError, match="mine has no split 'val' with a ground truth"):
        change("--open")


def test_a_copy_of_a_blind_split_shows_nothing_until_it_is_opened(gt: Path) -> None:
    """The same ground truth, imported for after the challenge, once told the scores of the blind phase."""
    import_benchmark(gt, "--open", "--blind")
    arguments = ["mine", "--benchmark", "ytvis2019", "--split", "after", "--gt", str(gt)]
    call_command("import_benchmark", *arguments)
    after = Split.objects.get(name="after")
    author = make_user()
    with pytest.raises(SubmissionRefused, match="its organisers have not opened it"):
        make_submission(author, after)
    Split.objects.filter(pk=after.pk).update(opens_at=timezone.now())
    after.refresh_from_db()
    submission = make_submission(author, after)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.4321)))
    http = Client()
    http.force_login(author)
    assert "43.2" in http.get(submission.get_absolute_url()).content.decode()
    for opening in (None, timezone.now() + timedelta(days=1)):
        Split.objects.filter(pk=after.pk).update(opens_at=opening)
        assert "43.2" not in http.get(submission.get_absolute_url()).content.decode()
        assert "43.2" not in Client().get(after.get_absolute_url()).content.decode()


def test_each_split_keeps_its_own_categories(gt: Path, tmp_path: Path) -> None:
    import_benchmark(gt, "--open")
    less = ground_truth()
    less["categories"] = less["categories"][:1]
    other = tmp_path / "mini.json"
    other.write_text(json.dumps(less))
    call_command("import_benchmark", "mine", "--split", "mini", "--gt", str(other))
    benchmark = Benchmark.objects.get()
    sizes = {split.name: len(split.known_categories) for split in benchmark.splits.all()}
    assert (sizes, len(benchmark.categories)) == ({"val": 2, "mini": 1}, 2)
    http = Client()
    http.force_login(make_user())
    assert '"categories": [1, 2]' in http.get("/benchmarks/mine/submit/?split=val").content.decode()


def test_the_audit_trail_names_who_imported_and_what_was_given(gt: Path) -> None:
    organiser = make_user("olga")
    import_benchmark(gt, "--open", "--actor", "olga")
    event = AuditEvent.objects.get(action="benchmark.import")
    assert event.actor == organiser
    assert event.data["by"].startswith("manage.py, ")
    assert event.data["opens_at"].startswith("20")
    change("--blind")
    event = AuditEvent.objects.get(action="benchmark.change")
    assert (event.actor, event.data["scores_visible"]) == (None, False)


def test_the_migration_leaves_open_what_is_open_and_shows_what_it_showed() -> None:
    old = make_split(
        opens_at=None, details_visible=False, quota_total=7, benchmark={"categories": [{"id": 1}]}
    )
    later = make_split(opens_at=NOON, details_visible=False)
    bare = make_split(opens_at=None, details_visible=False, ground_truth=None)
    migration = import_module("webapp.benchmarks.migrations.0004_rules_of_splits")
    migration.keep_what_is_open(apps, None)
    for split in (old, later, bare):
        split.refresh_from_db()
    assert (old.opens_at, old.is_open()) == (old.benchmark.created_at, True)
    assert (old.categories, old.details_visible) == ([{"id": 1}], True)
    assert (old.quota_per_day, old.quota_total) == (None, 7)
    assert (later.opens_at, later.details_visible) == (NOON, True)
    assert (bare.opens_at, bare.categories, bare.details_visible) == (None, None, False)


def test_no_page_writes_a_time_without_its_zone() -> None:
    times = re.compile(r"""\{\{[^}]*\|date:"[^"]*[HPg][^"]*"[^}]*\}\}(?!</time>\s*UTC|\s*UTC)""")
    pages = list(Path("webapp").rglob("*.html"))
    found = {f"{page}: {time}" for page in pages for time in times.findall(page.read_text())}
    assert len(pages) > 50
    assert found - {one for one in found if re.search(r'date:"[^"]* (e|O|T)"', one)} == set()


def test_the_admin_writes_times_with_their_zone() -> None:
    assert localize(NOON) == "15 Jan 2031, 12:00 UTC"


def test_videos_of_a_split_are_read_whatever_else_its_row_says_of_them() -> None:
    known: dict[str, Any] = {"id": 3, "name": "clip", "length": 2, "height": 4, "width": 6}
    split = make_split("typed", videos=[{**known, "file_names": ["clip/0.jpg", "clip/1.jpg"]}])
    assert split.video_infos() == [VideoInfo(**known)]
