"""`manage.py import_benchmark SLUG --benchmark ovis --split val --gt PATH`: host a benchmark of your own."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluator.catalog import BENCHMARKS
from evaluator.problems import GroundTruthError
from webapp.benchmarks.services import Import, benchmark_import
from webapp.refusal import Refused

FIELDS = ("name", "summary", "homepage", "licence", "citation")


class Command(BaseCommand):
    help = "Check a ground truth, store it, and open a split for submissions. Run again to change it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="the benchmark's part of addresses")
        parser.add_argument("--benchmark", required=True, help=f"evaluator: {', '.join(BENCHMARKS)}")
        parser.add_argument("--split", required=True, help="such as val")
        parser.add_argument(
            "--gt", required=True, type=Path, help="annotation file (.json or .json.gz), or folder with maps"
        )
        parser.add_argument("--frames", type=Path, help="folder that holds a folder of frames per video")
        parser.add_argument("--public-gt", action="store_true", help="visitors may see the ground truth")
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
        for field in FIELDS:
            parser.add_argument(f"--{field}", help=f"the benchmark's {field}, for its page")

    def handle(self, *args: Any, **options: Any) -> None:
        fields = {field: options[field] for field in FIELDS if options[field] is not None}
        try:
            done = benchmark_import(
                slug=options["slug"],
                evaluator=options["benchmark"],
                split=options["split"],
                ground_truth=options["gt"],
                frames=options["frames"],
                public_ground_truth=options["public_gt"],
                replace=options["replace"],
                subsets=_subset_files(options["subset"]),
                **fields,
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
        self.stdout.write(
            f"{split} is open: {split.video_count} videos, {done.annotations} annotated objects, "
            f"{len(split.benchmark.categories)} categories."
        )
        for subset in split.subsets.all():
            self.stdout.write(
                f"Subset {subset.name}: {subset.video_count} video{'' if subset.video_count == 1 else 's'}."
            )
        self.stdout.write(f"Page: /benchmarks/{split.benchmark.slug}/?split={split.name}")
        if done.outdated:
            self.stdout.write(
                f"Note: {done.outdated} scores stay as they were measured against the former ground truth."
            )


def _subset_files(options: list[str]) -> dict[str, Path]:
    files = {}
    for option in options:
        name, separator, file = option.partition("=")
        if not (name and separator and file) or name in files:
            raise CommandError(f"--subset is {option!r}. Write NAME=FILE, each name once: long=long.txt")
        files[name] = Path(file)
    return files
