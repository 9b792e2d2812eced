"""Backups with own servers: a database at an address, files in S3."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests.support.product import ROOT
from tests.support.s3 import BUCKET, S3Server, s3_server
from tests.support.slow_benchmark import write_slow_benchmark
from webapp.embedded import DATABASE, database_url

NAMES = ("backed_up", "restored")
Manage = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sites(servers: object, tmp_path: Path) -> Iterator[tuple[Manage, Manage, S3Server, S3Server]]:
    """`manage.py` of a site and of an empty one, each with a database and a bucket of its own."""
    with psycopg.connect(database_url(settings.VAR), autocommit=True) as postgres, ExitStack() as stack:
        made: list[Manage] = []
        buckets: list[S3Server] = []
        for name in NAMES:
            postgres.execute(f"CREATE DATABASE {name}")
            stack.callback(postgres.execute, f"DROP DATABASE {name} WITH (FORCE)")
            buckets.append(stack.enter_context(s3_server(tmp_path / name / "s3")))
            environment = {
                **os.environ,
                **buckets[-1].environment,
                "DVIS_BENCH_VAR": str(tmp_path / name / "var"),
                "DATABASE_URL": database_url(settings.VAR).replace(f"/{DATABASE}?", f"/{name}?"),
                "DJANGO_SETTINGS_MODULE": "webapp.settings",
            }

            def manage(
                *arguments: str, environment: dict[str, str] = environment
            ) -> subprocess.CompletedProcess[str]:
                command = [sys.executable, "manage.py", *arguments]
                return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

            made.append(manage)
        yield made[0], made[1], buckets[0], buckets[1]


def test_a_site_in_a_bucket_is_backed_up_checked_and_restored(
    sites: tuple[Manage, Manage, S3Server, S3Server], tmp_path: Path
) -> None:
    manage, manage_other, bucket, other_bucket = sites
    truth, _ = write_slow_benchmark(tmp_path, videos=2, tracklets=1)
    assert manage("migrate", "--no-input").returncode == 0
    imported = manage("import_benchmark", "lab", "--benchmark=ytvis2019", "--split=val", f"--gt={truth}")
    assert imported.returncode == 0, imported.stderr
    backup = tmp_path / "backup"
    inside = manage("backup", str(tmp_path / NAMES[0] / "var" / "backup"))
    assert (inside.returncode, "which a backup is to outlive" in inside.stderr) == (1, True)
    made = manage("backup", str(backup))
    assert made.returncode == 0, made.stderr
    again = manage("backup", str(backup))
    assert "each backup gets a folder of its own" in again.stderr

    blob = next(path for path in (backup / "blobs").rglob("*") if path.is_file())
    content = blob.read_bytes()
    blob.write_bytes(content[:-1] + b"?")
    damaged = manage_other("restore", str(backup))
    assert f"1 files of {backup} are missing or damaged: blobs/" in damaged.stderr
    blob.write_bytes(content)
    restored = manage_other("restore", str(backup))
    assert restored.returncode == 0, restored.stderr
    kept, given = ([path.read_bytes() for path in one.objects] for one in (bucket, other_bucket))
    assert given == kept
    key = "var/secret_key"
    assert (tmp_path / NAMES[1] / key).read_text() == (tmp_path / NAMES[0] / key).read_text()
    asked = manage_other(
        "shell", "-v0", "-c", "print(Split.objects.get(benchmark__slug='lab').ground_truth_id)"
    )
    assert asked.stdout.strip() == blob.name
    assert f"a part of one: the bucket/{BUCKET}" in manage_other("restore", str(backup)).stderr

    storage = "from django.core.files.storage import default_storage"
    lose = f"{storage}\nfor blob in Blob.objects.all(): default_storage.delete(blob.key)"
    assert manage("shell", "-c", lose).returncode == 0
    lossy = manage("backup", str(tmp_path / "lossy"))
    assert (lossy.returncode, f"But {len(kept)} files were lost or damaged" in lossy.stderr) == (1, True)
