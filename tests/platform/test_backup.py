"""Backups with own servers: a database at an address, files in S3."""

import json
import os
import shutil
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
# One process for several commands, since each would load the site again; prints what each refused.
COMMANDS = """
import json, sys
import django
django.setup()
from io import StringIO
from django.core.management import CommandError, call_command
refused = []
for command in json.loads(sys.argv[1]):
    try:
        call_command(*command, stdout=StringIO())
        refused.append("")
    except CommandError as error:
        refused.append(str(error))
print(json.dumps(refused))
"""
Manage = Callable[..., list[str]]


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

            def manage(*commands: list[str], environment: dict[str, str] = environment) -> list[str]:
                program = [sys.executable, "-c", COMMANDS, json.dumps(commands)]
                done = subprocess.run(
                    program, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
                )
                return [str(sentence) for sentence in json.loads(done.stdout.splitlines()[-1])]

            made.append(manage)
        yield made[0], made[1], buckets[0], buckets[1]


def test_a_site_in_a_bucket_is_backed_up_checked_and_restored(
    sites: tuple[Manage, Manage, S3Server, S3Server], tmp_path: Path
) -> None:
    manage, manage_other, bucket, other_bucket = sites
    truth, _ = write_slow_benchmark(tmp_path, videos=2, tracklets=1)
    backup, damaged = tmp_path / "backup", tmp_path / "damaged"
    *done, inside, made, again = manage(
        ["migrate", "--no-input"],
        ["import_benchmark", "lab", "--benchmark=ytvis2019", "--split=val", f"--gt={truth}"],
        ["backup", str(tmp_path / NAMES[0] / "var" / "backup")],
        ["backup", str(backup)],
        ["backup", str(backup)],
    )
    assert (done, made) == (["", ""], "")
    assert "which a backup is to outlive" in inside
    assert "each backup gets a folder of its own" in again

    shutil.copytree(backup, damaged)
    blob = next(path for path in (damaged / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    refused, restored, again = manage_other(
        ["restore", str(damaged)], ["restore", str(backup)], ["restore", str(backup)]
    )
    assert f"1 file is missing or damaged in {damaged}: blobs/" in refused
    assert restored == ""
    assert f"a part of one: the bucket/{BUCKET}" in again
    kept, given = ([path.read_bytes() for path in one.objects] for one in (bucket, other_bucket))
    assert given == kept != []
    key = "var/secret_key"
    assert (tmp_path / NAMES[1] / key).read_text() == (tmp_path / NAMES[0] / key).read_text()
    with psycopg.connect(database_url(settings.VAR).replace(f"/{DATABASE}?", f"/{NAMES[1]}?")) as postgres:
        found = postgres.execute("SELECT ground_truth_id FROM benchmarks_split WHERE ground_truth_id <> ''")
        assert found.fetchall() == [(blob.name,)]

    storage = "from django.core.files.storage import default_storage"
    lose = f"{storage}\nfor blob in Blob.objects.all(): default_storage.delete(blob.key)"
    _, lossy = manage(["shell", "-c", lose], ["backup", str(tmp_path / "lossy")])
    assert f"But {len(kept)} file{'s were' if len(kept) > 1 else ' was'} lost or damaged" in lossy
