"""Writes of runs: start, cancel, resume after a failure, delete files. Jobs write the status."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.blobs.disk import check_not_full
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.zoo import GENERATIONS, ModelSpec, models, models_for
from webapp.jobs.models import Job
from webapp.jobs.services import job_cancel, job_create, job_retry
from webapp.methods.models import Variant
from webapp.methods.services import method_get_or_create, variant_get_or_create
from webapp.refusal import Refused, check_one_line
from webapp.runs.models import Run, RunEvent, RunVideo
from webapp.runs.options import RunOptions
from webapp.runs.selectors import runs_unfinished
from webapp.runs.weights import BUILT_IN
from webapp.submissions.services import submission_check

EVERYONE, STAFF = "everyone", "staff"


class RunRefused(Refused):
    """A run cannot be started or changed, for a reason that the person can act on."""


@transaction.atomic
def run_create(
    *,
    author: User,
    split: Split,
    spec: ModelSpec,
    options: RunOptions,
    checkpoint: Checkpoint | None = None,
    method: str = "",
    variant: str = "",
    note: str = "",
    is_public: bool = True,
) -> Run:
    """Queue the model on a split's frames. What comes of it is submitted under the author's name.

    Args:
        checkpoint: one that the author may run; None: the built-in weights of a tiny model.
        method, variant: what it is published under; empty: named after the model.

    Raises Refused, RunRefused or SubmissionRefused: not allowed, split closed or without frames, model or
    checkpoint that does not fit, quota used up, too many runs at once, a note with unseen characters.
    """
    check_one_line("note", note)
    check_not_full()
    # One at a time for each author, so that two requests cannot both take the last place.
    User.objects.select_for_update(no_key=True).get(pk=author.pk)
    _check_person(author)
    _check_model(split, spec, checkpoint)
    chosen = _variant(author, spec, options, method, variant, checkpoint)
    # As at the end: better now than after an hour on a GPU.
    submission_check(author=author, split=split, variant=chosen)
    _check_count(author)
    run = Run.objects.create(
        author=author,
        split=split,
        variant=chosen,
        model=spec.name,
        checkpoint=checkpoint,
        options=options.to_json(),
        note=note[:300],
        is_public=is_public,
        frames_total=split.frame_count(),
    )
    weights = checkpoint.sha256 if checkpoint else "built-in"
    audit("run.received", f"run:{run.id}", actor=author, model=spec.name, weights=weights)
    job_create(kind=Job.Kind.RUN, subject=run, actor=author)
    return run


def run_cancel(*, run: Run, actor: User) -> Run:
    """Stop a run that is not finished; its worker stops within seconds. Raises RunRefused."""
    if not actor.is_staff and run.author_id != actor.pk:
        raise RunRefused("not-yours", "This run belongs to somebody else.", status=403)
    if not job_cancel(job=run.job, actor=actor):
        run.job.refresh_from_db()
        raise RunRefused(
            "run-finished",
            f"This run can no longer be cancelled: {run.job.get_status_display().lower()}.",
            status=409,
        )
    run.job.refresh_from_db()
    return run


@transaction.atomic
def run_retry(*, run: Run, actor: User) -> Run:
    """Queue a failed run again; it goes on after the last finished video. Raises RunRefused."""
    if not actor.is_staff and run.author_id != actor.pk:
        raise RunRefused("not-yours", "This run belongs to somebody else.", status=403)
    User.objects.select_for_update(no_key=True).get(pk=run.author_id)
    _check_person(actor)
    if not actor.is_staff:
        _check_count(run.author)
    if not job_retry(job=run.job, actor=actor):
        raise RunRefused("run-not-failed", "Only a failed run can be resumed.", status=409)
    run.job.refresh_from_db()
    return run


def videos_kept_until(run: Run) -> datetime | None:
    """Return the time at which a failed run's finished videos are deleted; None for any other run."""
    job = run.job
    if job.status != Job.Status.FAILED or job.finished_at is None:
        return None
    return job.finished_at + timedelta(seconds=settings.UPLOAD_LIFETIME_S)


@transaction.atomic
def runs_let_go(*, now: datetime | None = None) -> int:
    """Delete the videos of runs that failed some time ago and did not go on. Returns how many runs."""
    before = (now or timezone.now()) - timedelta(seconds=settings.UPLOAD_LIFETIME_S)
    failed = Job.objects.filter(kind=Job.Kind.RUN, status=Job.Status.FAILED, finished_at__lt=before)
    # Locked, so that none is queued again meanwhile.
    jobs = failed.filter(run__in=RunVideo.objects.values("run")).select_for_update(skip_locked=True)
    runs = [job.subject_id for job in jobs]
    RunVideo.objects.filter(run__in=runs).delete()
    text = "Its finished videos were deleted because it was not resumed; it would start again from the first."
    RunEvent.objects.bulk_create(RunEvent(run_id=run, text=text) for run in runs)
    return len(runs)


def model_get(name: str) -> ModelSpec:
    """Raises RunRefused where there is no such model."""
    try:
        return models()[name]
    except KeyError:
        raise RunRefused(
            "unknown-model", f"No model is called {name!r}.", "GET /api/v1/models lists them."
        ) from None


def may_run(user: User) -> bool:
    return user.is_staff or runs_are_for_everyone()


def runs_are_for_everyone() -> bool:
    """Return whether everybody with an account may start runs, not only the organisers."""
    return bool(settings.RUNS_WHO == EVERYONE)


def _check_person(author: User) -> None:
    if not may_run(author):
        raise RunRefused(
            "staff-only",
            "On this server only the organisers start runs.",
            "Run the model on your own machine (python -m dvis_model predict) and submit its results.",
            status=403,
        )


def _check_count(author: User) -> None:
    unfinished = runs_unfinished(author)
    if unfinished >= settings.RUNS_PER_USER:
        raise RunRefused(
            "too-many-runs",
            f"You have {unfinished} unfinished runs, and may have {settings.RUNS_PER_USER}.",
            "Wait until one has finished, or cancel one.",
            status=429,
        )


def _check_model(split: Split, spec: ModelSpec, checkpoint: Checkpoint | None) -> None:
    if not split.frames_dir:
        raise RunRefused(
            "no-frames",
            f"This server has no frames of {split}: no model can be run on it.",
            "Run it on your own machine and submit its results.",
            status=409,
        )
    if not spec.fits(split):
        fitting = ", ".join(model.name for model in models_for(split)[:5])
        raise RunRefused(
            "model-unfit",
            f"{spec.name} is for another task or number of categories than {split.benchmark}, which has "
            f"{len(split.known_categories)}.",
            f"Choose one that does, such as {fitting}." if fitting else "No model that we know does.",
        )
    if checkpoint is None and not spec.has_built_in_weights:
        raise RunRefused(
            "checkpoint-missing",
            f"{spec.name} needs a checkpoint.",
            "Upload one under Checkpoints, or choose one that is shared with you.",
        )
    if checkpoint and not checkpoint.is_ready:
        raise RunRefused(
            "checkpoint-not-ready",
            f"{checkpoint.name} cannot be run: {checkpoint.status.label.lower()}.",
            "Wait until it is ready, or choose another.",
            status=409,
        )
    if checkpoint and spec.name not in checkpoint.configurations:
        raise RunRefused(
            "checkpoint-unfit",
            f"{checkpoint.name} does not fit {spec.name}.",
            f"It fits {', '.join(checkpoint.configurations[:5])}.",
        )
    # Locked, so that it is not deleted before the run is there, which then keeps it.
    if checkpoint and not Checkpoint.objects.select_for_update(no_key=True).filter(pk=checkpoint.pk).exists():
        raise RunRefused("unknown-checkpoint", f"{checkpoint.name} was deleted just now.")


def _variant(
    author: User,
    spec: ModelSpec,
    options: RunOptions,
    method: str,
    variant: str,
    checkpoint: Checkpoint | None,
) -> Variant:
    """The variant that is asked for, or one named after the model, with what is known of it."""
    resolution = f"{options.short_side}p" if options.short_side else "full"
    name = variant or f"{spec.name}, {options.mode}, {resolution}, {_weights_name(checkpoint)}"
    return variant_get_or_create(
        method=method_get_or_create(owner=author, name=method or _method_name(spec)),
        name=name[:150],
        factors={**spec.factors(options.mode), "resolution": resolution},
    )


def _weights_name(checkpoint: Checkpoint | None) -> str:
    """Return the public facts; of a checkpoint that is not public only its hash."""
    if checkpoint is None:
        return BUILT_IN
    is_public = checkpoint.visibility == Checkpoint.Visibility.PUBLIC
    return checkpoint.name if is_public else f"checkpoint {checkpoint.sha256[:12]}"


def _method_name(spec: ModelSpec) -> str:
    family = GENERATIONS[spec.generation]
    return f"{family} tiny (demo)" if spec.has_built_in_weights else f"{family} (run here)"
