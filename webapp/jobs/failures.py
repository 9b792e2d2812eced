"""The reasons why a job can fail: what people read, and whether another try makes sense."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FailureSpec:
    """`message` completes "Failed on our side: ..."; `is_retried`: trying again may help by itself."""

    code: str
    message: str
    is_retried: bool


_SPECS = (
    FailureSpec(
        "worker-lost",
        "the worker stopped while it worked, on each attempt. Its log shows the operators why.",
        is_retried=True,
    ),
    FailureSpec(
        "out-of-memory",
        "the evaluation needed more memory than this server gives to one job. A file with fewer predictions "
        "per video may fit; the operators can raise the limit.",
        is_retried=False,
    ),
    FailureSpec(
        "time-limit",
        "it took longer than this server allows. Fewer predictions per video, or a smaller model, may fit; "
        "the operators can raise the limit.",
        is_retried=False,
    ),
    FailureSpec(
        "ground-truth-unusable",
        "the ground truth of this split cannot be used. Your file is not the cause; "
        "the organisers have to fix it.",
        is_retried=False,
    ),
    FailureSpec(
        "model-memory",
        "the model does not fit into the memory of this server's device, not even with the smallest window. "
        "A smaller model, or a smaller short side of the frames, may fit.",
        is_retried=False,
    ),
    FailureSpec(
        "broken-frame",
        "a frame of this split cannot be read. The organisers have to fix it.",
        is_retried=False,
    ),
    FailureSpec(
        "frames-missing",
        "frames of this split were missing on each attempt. The organisers have to provide them.",
        is_retried=True,
    ),
    FailureSpec(
        "checkpoint-unusable",
        "the checkpoint cannot be loaded into this model.",
        is_retried=False,
    ),
    FailureSpec(
        "not-finite",
        "the model produced NaN or infinity. Try precision float32; if it fails again, the weights are "
        "damaged.",
        is_retried=False,
    ),
    FailureSpec(
        "submission-refused",
        "all frames are done, but the split does not accept the submission.",
        is_retried=False,
    ),
    FailureSpec(
        "file-lost",
        "a stored file that it needs is missing on this server. It is not your fault; the operators have to "
        "restore it.",
        is_retried=True,
    ),
    FailureSpec(
        "disk-full",
        "the server's disk was full on each attempt.",
        is_retried=True,
    ),
    FailureSpec(
        "internal-error",
        "an unexpected error happened on each attempt. The details are kept for the operators.",
        is_retried=True,
    ),
)
FAILURES: dict[str, FailureSpec] = {spec.code: spec for spec in _SPECS}
