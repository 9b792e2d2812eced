"""How much memory a job may take."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.db import connection

from tests.support.factories import make_blob, make_split, make_submission
from tests.support.slow_benchmark import HEIGHT, WIDTH, write_slow_benchmark
from webapp.blobs.storage import blob_save_copy
from webapp.embedded import DATABASE, database_url
from webapp.submissions.models import Submission
from worker import limits

MEBIBYTE = 1024**2


def test_beyond_the_limit_python_gets_a_memory_error_and_goes_on() -> None:
    program = (
        "import django; django.setup()\n"
        "from worker.limits import limit_memory\n"
        "limit_memory(300 * 1024**2)\n"
        "import numpy\n"
        "try:\n"
        "    numpy.ones(400 * 1024**2, dtype=numpy.uint8)\n"
        "except MemoryError:\n"
        "    print('refused, alive')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "refused, alive\n"


def test_jobs_that_run_at_once_share_three_quarters_of_the_machine(settings: Any) -> None:
    settings.JOB_MEMORY_BYTES, settings.EVALUATE_WORKERS = 0, 3
    assert limits.memory_for_one_job() == int(limits.machine_memory() / 4)
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 64 * MEBIBYTE < limits.machine_memory() <= physical


def test_operators_set_another_limit(settings: Any) -> None:
    settings.JOB_MEMORY_BYTES = 700 * MEBIBYTE
    assert limits.memory_for_one_job() == 700 * MEBIBYTE


@pytest.mark.django_db(transaction=True)
def test_a_file_that_takes_too_much_memory_fails_alone_and_says_so(tmp_path: Path) -> None:
    truth, predictions = write_slow_benchmark(tmp_path, videos=1, tracklets=1)
    split = make_split(benchmark={"evaluator": "ytvis2019"}, ground_truth=blob_save_copy(truth))
    full = {"size": [HEIGHT, WIDTH], "counts": [0, HEIGHT * WIDTH]}
    entry = {"video_id": 1, "category_id": 1, "score": 0.5, "segmentations": [None, None, None, full]}
    text = json.dumps([entry] * 900_000).encode()  # many entries cost more memory than large ones
    huge = make_submission(split=split, blob=make_blob(text))
    small = make_submission(split=split, blob=make_blob(predictions.read_bytes()))
    program = (
        "from worker.app import app\n"
        "from worker.limits import limit_memory\n"
        "from worker.tasks import evaluate_next\n"
        "import evaluator; evaluator.warm_up()\n"
        f"limit_memory({350 * MEBIBYTE})\n"
        "for _ in range(2): evaluate_next.apply(throw=True)\n"
    )
    url = database_url(site_settings.VAR).replace(f"/{DATABASE}?", f"/{connection.settings_dict['NAME']}?")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings", "DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    failed, scored = (Submission.objects.select_related("job").get(pk=row.pk) for row in (huge, small))
    assert (failed.status, failed.job.failure_code) == ("failed", "out-of-memory"), done.stderr
    assert scored.status == "scored"
