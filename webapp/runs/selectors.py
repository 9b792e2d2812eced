"""Reads of runs: visibility, progress, and devices."""

from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from evaluator.files.words import counted
from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.jobs.selectors import duration, job_expected_s, queued_sentence
from webapp.runs.models import Run, RunEvent
from webapp.submissions.models import Submission
from webapp.submissions.selectors import submissions_visible_to

# Of the model, in the order in which a window goes through them.
STAGES = ("input", "segmenter", "tracker", "refiner", "masks")


def runs_visible_to(user: User | AnonymousUser) -> QuerySet[Run]:
    """Everything to staff; their own to authors; others' with the submission that came of them."""
    rows = Run.objects.select_related(
        "job", "author", "checkpoint", "variant__method", "split__benchmark", "submission"
    )
    if user.is_staff:
        return rows
    public = Q(submission__in=submissions_visible_to(user).values("pk"))
    return rows.filter(Q(author=user) | public) if user.is_authenticated else rows.filter(public)


def run_get(*, user: User | AnonymousUser, id: UUID | str) -> Run:
    """Raises Run.DoesNotExist also for one that `user` must not see."""
    return runs_visible_to(user).get(pk=id)


def runs_of(user: User) -> QuerySet[Run]:
    """A person's own, latest first, each with its videos; a split's own list of videos is not read."""
    rows = runs_visible_to(user).filter(author=user).prefetch_related("videos")
    return rows.defer("split__videos", "split__categories", "split__benchmark__categories")


def runs_unfinished(user: User) -> int:
    return Run.objects.filter(author=user, job__status__in=Job.UNFINISHED).count()


def reads_log(*, user: User | AnonymousUser, run: Run) -> bool:
    """Return whether a person may read the log, which names workers: the author and staff."""
    return user.is_authenticated and (user.is_staff or user.pk == run.author_id)


def run_events(run: Run, *, after: int = 0) -> QuerySet[RunEvent]:
    """Return the lines of the log after the one with the id `after`."""
    return run.events.filter(pk__gt=after)


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The sums over a run's finished videos; None where there are none, or nothing was measured."""

    videos: int
    frames: int
    seconds: float
    frames_per_second: float | None
    device: str
    peak_memory: int | None
    stage_seconds: dict[str, float]


def run_figures(run: Run) -> RunFigures:
    videos = sorted(run.videos.all(), key=lambda video: video.created_at)
    frames, seconds = sum(video.frames for video in videos), sum(video.seconds for video in videos)
    stages = {
        stage: sum(video.stage_seconds.get(stage, 0.0) for video in videos)
        for stage in STAGES
        if any(stage in video.stage_seconds for video in videos)
    }
    devices = list(dict.fromkeys(video.device for video in videos))
    return RunFigures(
        videos=len(videos),
        frames=frames,
        seconds=seconds,
        frames_per_second=frames / seconds if seconds else None,
        device=", ".join(devices),
        peak_memory=max((video.peak_memory for video in videos), default=0) or None,
        stage_seconds=stages,
    )


@dataclass(frozen=True, slots=True)
class RunState:
    """Progress of a run. `frames_done` includes frames of the current video."""

    status: str
    sentence: str
    stage: str
    videos_done: int
    videos_total: int
    frames_done: int
    frames_total: int
    frames_per_second: float | None
    expected_s: float | None
    figures: RunFigures


def run_state(run: Run) -> RunState:
    job, figures = run.job, run_figures(run)
    is_running = job.status == Job.Status.RUNNING
    frames_done = max(job.progress_done, figures.frames) if is_running else figures.frames
    speed = figures.frames_per_second or (_first_speed(job) if is_running else None)
    state = RunState(
        status=job.status,
        sentence="",
        stage=job.stage if is_running else "",
        videos_done=figures.videos,
        videos_total=run.split.video_count,
        frames_done=frames_done,
        frames_total=run.frames_total,
        frames_per_second=speed,
        expected_s=_expected_s(run, frames_done, speed),
        figures=figures,
    )
    return replace(state, sentence=_sentence(run, state))


def _first_speed(job: Job) -> float | None:
    """Return the frames per second of an attempt that has not finished a video yet."""
    if not job.started_at or not job.progress_done:
        return None
    return job.progress_done / max(0.1, (timezone.now() - job.started_at).total_seconds())


def _expected_s(run: Run, frames_done: int, speed: float | None) -> float | None:
    if run.job.status == Job.Status.RUNNING:
        return (run.frames_total - frames_done) / speed if speed else None
    return job_expected_s(run.job)


def _sentence(run: Run, state: RunState) -> str:
    job = run.job
    match job.status:
        case Job.Status.QUEUED:
            kept = f", {state.videos_done} of {counted(state.videos_total, 'video')} kept"
            return queued_sentence(job) + (kept if state.videos_done else "")
        case Job.Status.RUNNING:
            left = f", about {duration(state.expected_s)} left" if state.expected_s is not None else ""
            return f"{_now(state)}{left}"
        case Job.Status.FAILED:
            return f"Failed on our side: {job.failure_message}"
        case Job.Status.SUCCEEDED if run.submission:
            return f"Done; its submission is {_submission_word(run.submission)}"
    return str(Job.Status(job.status).label)


def _now(state: RunState) -> str:
    if not state.frames_done:
        return f"Running, {state.stage}"
    if state.videos_done >= state.videos_total:
        return f"Running, {state.stage}"
    return f"Running video {state.videos_done + 1} of {state.videos_total}"


def _submission_word(submission: Submission) -> str:
    return str(submission.get_status_display()).lower()
