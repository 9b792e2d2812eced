"""Short ways to the rows that a test needs. Everything goes through the services that the site uses."""

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from evaluator import __version__
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_save_bytes
from webapp.methods.models import Variant
from webapp.methods.services import method_get_or_create, variant_get_or_create
from webapp.submissions.attempts import Evaluation, evaluation_claim
from webapp.submissions.models import Submission
from webapp.submissions.services import submission_create

_numbers = itertools.count(1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OPEN = {"opens_at": LONG_AGO, "details_visible": True, "quota_per_day": None, "quota_total": None}
"""Rules of a split that is open to everybody, without a quota."""


def make_user(username: str = "", **fields: Any) -> User:
    """A person; without a `password`, whose hash takes its time, nobody can log in by form."""
    name = username or f"user{next(_numbers)}"
    return User.objects.create_user(username=name, email=f"{name}@example.org", **fields)


def make_split(slug: str = "", *, benchmark: dict[str, Any] | None = None, **fields: Any) -> Split:
    """An open split that shows all its numbers. Its ground truth is no file that could be evaluated."""
    row = Benchmark.objects.create(
        slug=slug or f"benchmark{next(_numbers)}",
        **{"name": "Benchmark", "evaluator": "ovis", "task": "vis", **(benchmark or {})},
    )
    fields = {"ground_truth": make_blob(), "opens_at": LONG_AGO, "details_visible": True, **fields}
    return Split.objects.create(benchmark=row, name="val", is_default=True, **fields)


def make_blob(content: bytes = b"") -> Blob:
    """A stored file; by default one that no other test has."""
    return blob_save_bytes(content or uuid.uuid4().bytes)


def make_variant(owner: User, name: str = "") -> Variant:
    return variant_get_or_create(
        method=method_get_or_create(owner=owner, name=name or f"Method {next(_numbers)}")
    )


def make_submission(author: User | None = None, split: Split | None = None, **fields: Any) -> Submission:
    """A queued submission, unless its file was scored before."""
    author = author or make_user()
    fields = {"filename": "results.json", "blob": None, "variant": None, **fields}
    fields["blob"] = fields["blob"] or make_blob()
    fields["variant"] = fields["variant"] or make_variant(author)
    return submission_create(author=author, split=split or make_split(), **fields)


def claim(worker: str = "worker@test") -> Evaluation:
    """The next job, claimed as a worker does it."""
    taken = evaluation_claim(worker=worker)
    assert taken is not None, "no job was due"
    return taken


def make_report(**metrics: float | None) -> dict[str, Any]:
    """What the evaluator would give for these metrics."""
    return {
        "benchmark": "ovis",
        "task": "vis",
        "evaluator": __version__,
        "digest": f"sha256:{uuid.uuid4().hex}",
        "videos": 1,
        "predictions": 1,
        "metrics": metrics or {"AP": 0.5},
        "per_category": {},
        "per_video": {"1": {"AP": 0.5}},
        "intervals": {},
        "seconds": {"total": 1.0},
        "warnings": [],
    }
