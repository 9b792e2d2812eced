"""`manage.py import_benchmark SLUG --benchmark ovis --split val --gt PATH`: host a benchmark of your own."""

import getpass
from argparse import BooleanOptionalAction
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from evaluator.catalog import BENCHMARKS
from evaluator.files.words import counted
from evaluator.problems import GroundTruthError
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.rules import rules_in_words
from webapp.benchmarks.services import Import, benchmark_import, split_update
from webapp.refusal import Refused

FIELDS = ("name", "summary", "homepage", "licence", "citation")


class Command(BaseCommand):
    help = (
        "Check a ground truth, store it, and make a split, which is closed until it is opened. "
        "Run again to change the split: what is not given stays as it is."
    )
    requires_system_checks = ()  # `migrate` makes them: they load all pages

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="the benchmark's part of addresses")
        parser.add_argument(
            "--benchmark", help=f"evaluator: {', '.join(BENCHMARKS)}; needed the first time only"
        )
        parser.add_argument("--split", required=True, help="such as val")
        parser.add_argument(
            "--gt",
            type=Path,
            help="annotation file (.json or .json.gz), or folder with maps; needed the first time only",
        )
        parser.add_argument("--frames", type=Path, help="folder that holds a folder of frames per video")
        parser.add_argument(
            "--replace", action="store_true", help="change a ground truth against which scores were measured"
        )
        parser.add_argument(
            "--subset",
            action="append",
            default=[],
            metavar="NAME=FILE",
            help="score the videos of a list apart, too: one id or name per line; may be given several times",
        )
        _add_rules(parser)
        parser.add_argument("--actor", metavar="USER", help="whose account the audit trail names for this")
        for field in FIELDS:
            parser.add_argument(f"--{field}", help=f"the benchmark's {field}, for its page")

    def handle(self, *args: Any, **options: Any) -> None:
        fields = {field: options[field] for field in FIELDS if options[field] is not None}
        if options["private"] is not None:
            fields["is_public"] = not options["private"]
        given = {
            "slug": options["slug"],
            "split": options["split"],
            "frames": options["frames"],
            "subsets": _subset_files(options["subset"]),
            "rules": _rules(options),
            "actor": _actor(options["actor"]),
            "by": f"manage.py, {getpass.getuser()}",
            **fields,
        }
        try:
            if options["gt"] is None:
                done = split_update(**given)
            else:
                evaluator = options["benchmark"] or _evaluator_of(options["slug"])
                done = benchmark_import(
                    evaluator=evaluator, ground_truth=options["gt"], replace=options["replace"], **given
                )
        except GroundTruthError as error:
            problems = "\n".join(map(str, error.problems))
            raise CommandError(f"{options['gt']} cannot be used; nothing was changed.\n{problems}") from error
        except OSError as error:
            raise CommandError(f"Cannot read {error.filename}: {error.strerror}.") from error
        except Refused as refused:
            raise CommandError(f"{refused.message}\n  -> {refused.hint}   [{refused.code}]") from refused
        self._report(done)

    def _report(self, done: Import) -> None:
        for warning in done.warnings:
            self.stderr.write(f"warning: {warning}")
        split = done.split
        objects = "" if done.annotations is None else f" {counted(done.annotations, 'annotated object')},"
        self.stdout.write(
            f"{split}: {counted(split.video_count, 'video')},{objects} "
            f"{counted(len(split.known_categories), 'category', 'categories')}."
        )
        for line in rules_in_words(split):
            self.stdout.write(line)
        for subset in split.subsets.all():
            self.stdout.write(f"Subset {subset.name}: {counted(subset.video_count, 'video')}.")
        self.stdout.write(f"Page: /benchmarks/{split.benchmark.slug}/?split={split.name}")
        if split.opens_at is None:
            again = f"manage.py import_benchmark {split.benchmark.slug} --split {split.name}"
            self.stdout.write(f"Open it now:  {again} --open")
            self.stdout.write(f"Or at a time: {again} --opens 2027-01-15T12:00Z --closes 2027-02-15T12:00Z")
        if done.outdated:
            self.stdout.write(
                f"Note: {counted(done.outdated, 'score stays', 'scores stay')} as measured against the former"
                " ground truth; the board marks such rows."
            )


def _add_rules(parser: CommandParser) -> None:
    """Everything about when, how often and how much: each with its opposite; what is not given stays."""
    opening = parser.add_mutually_exclusive_group()
    opening.add_argument("--open", action="store_true", help="open the split for submissions now")
    opening.add_argument(
        "--opens",
        type=_time,
        metavar="TIME",
        help="when it opens, such as 2027-01-15T12:00Z",
    )
    opening.add_argument(
        "--close",
        action="store_true",
        help="close it: no submissions, and scores show to organisers alone (to end a phase: --closes now)",
    )
    closing = parser.add_mutually_exclusive_group()
    closing.add_argument("--closes", type=_time, metavar="TIME", help="when it ends; scores go on showing")
    closing.add_argument("--no-closes", action="store_true", help="take the closing time away")
    for span, text in (("per-day", "per day"), ("total", "in all")):
        quota = parser.add_mutually_exclusive_group()
        quota.add_argument(
            f"--quota-{span}", type=int, metavar="N", help=f"accepted submissions per person {text}"
        )
        quota.add_argument(f"--no-quota-{span}", action="store_true", help=f"no limit {text}")
    switches = {
        "--blind": "scores show to organisers alone",
        "--details": "numbers per video and category show, though the ground truth is not public",
        "--private": "only members and staff see the benchmark, with all its splits",
        "--public-gt": "visitors may see the ground truth",
        "--public-frames": "visitors may see the frames, below the masks of the player",
    }
    for name, text in switches.items():
        parser.add_argument(name, action=BooleanOptionalAction, default=None, help=text)


def _rules(options: dict[str, Any]) -> dict[str, Any]:
    """Return the values that were given for fields of the split."""
    now = timezone.now()
    rules: dict[str, Any] = {}
    if options["open"]:
        split = Split.objects.filter(benchmark__slug=options["slug"], name=options["split"]).first()
        is_open = split is not None and split.has_opened(now)
        rules |= {} if is_open else {"opens_at": now}
    elif options["close"]:
        rules["opens_at"] = None
    elif options["opens"] is not None:
        rules["opens_at"] = options["opens"]
    if options["closes"] is not None or options["no_closes"]:
        rules["closes_at"] = options["closes"]
    for span in ("per_day", "total"):
        if options[f"quota_{span}"] is not None or options[f"no_quota_{span}"]:
            rules[f"quota_{span}"] = options[f"quota_{span}"]
    if options["blind"] is not None:
        rules["scores_visible"] = not options["blind"]
    if options["details"] is not None:
        rules["details_visible"] = options["details"]
    if options["public_gt"] is not None:
        rules["ground_truth_public"] = options["public_gt"]
    if options["public_frames"] is not None:
        rules["frames_public"] = options["public_frames"]
    return rules


def _time(text: str) -> datetime:
    """A point in time; without a zone it is UTC."""
    if text == "now":
        return timezone.now()
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_time.__name__ = "time"  # what argparse calls it: "invalid time value"


def _actor(username: str | None) -> User | None:
    if username is None:
        return None
    actor = User.objects.filter(username=username).first()
    if actor is None:
        raise CommandError(f"There is no account {username!r} for --actor.")
    return actor


def _evaluator_of(slug: str) -> str:
    evaluator = Benchmark.objects.filter(slug=slug).values_list("evaluator", flat=True).first()
    if evaluator is None:
        raise CommandError(f"{slug} is new: say how it is evaluated, --benchmark {'|'.join(BENCHMARKS)}.")
    return evaluator


def _subset_files(options: list[str]) -> dict[str, Path]:
    files = {}
    for option in options:
        name, separator, file = option.partition("=")
        if not (name and separator and file) or name in files:
            raise CommandError(f"--subset is {option!r}. Write NAME=FILE, each name once: long=long.txt")
        files[name] = Path(file)
    return files
