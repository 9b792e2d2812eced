"""What `deploy/` says, tried without containers: the same commands, on the same kinds of servers."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from django.conf import settings
from packaging.requirements import Requirement

from tests.support.product import wait_until
from tests.support.s3 import s3_server
from tests.support.slow_benchmark import write_slow_benchmark
from webapp.embedded import DATABASE, database_url, programs, redis_url

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
LASTING = ("web", "worker", "housekeeper", "beat", "model-cpu")


def test_the_dockerfile_follows_the_rules_of_hadolint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "deploy" / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_images_pin_every_library_within_the_range_that_the_project_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "deploy" / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    extras = project["optional-dependencies"]
    needed = [
        Requirement(text) for text in project["dependencies"] + extras["web"] + extras["model"] + extras["s3"]
    ]
    for requirement in needed:
        if requirement.name != project["name"]:
            assert requirement.specifier.contains(pinned[requirement.name.lower()]), requirement


def test_no_image_is_left_to_chance_and_nothing_runs_as_root() -> None:
    own = {service["image"] for service in SERVICES.values() if "build" in service}
    foreign = {service["image"] for service in SERVICES.values()} - own
    assert foreign
    assert all(":" in image and not image.endswith("latest") for image in foreign)
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert dockerfile.rindex("\nUSER 10001") > dockerfile.rindex("\nRUN")
    for name, service in SERVICES.items():
        if "build" in service:
            assert (name, service["read_only"], service["cap_drop"]) == (name, True, ["ALL"])


def test_every_queue_has_a_container() -> None:
    commands = [" ".join(service.get("command", ())) for service in SERVICES.values()]
    for queue in ("evaluate", "housekeeping", "model"):
        assert any(f"--queues {queue}" in command for command in commands)


def test_the_containers_run_what_make_up_runs() -> None:
    var = Path("/nowhere")
    programs_here = {
        "worker": programs.worker(var, 1),
        "housekeeper": programs.housekeeper(var),
        "model-cpu": programs.model_worker(var, 1),
        "model-gpu": programs.model_worker(var, 1),
    }
    for name, program in programs_here.items():
        assert SERVICES[name]["command"][1:] == program.argv[1:], name


@pytest.fixture
def environment(servers: object, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The containers' settings: servers at addresses, files in S3."""
    name = "containers"
    with psycopg.connect(database_url(settings.VAR), autocommit=True) as postgres, ExitStack() as stack:
        postgres.execute(f"CREATE DATABASE {name}")
        stack.callback(postgres.execute, f"DROP DATABASE {name} WITH (FORCE)")
        s3 = stack.enter_context(s3_server(tmp_path / "s3"))
        yield {
            **os.environ,
            **s3.environment,
            "DVIS_BENCH_VAR": str(tmp_path / "data"),
            "DATABASE_URL": database_url(settings.VAR).replace(f"/{DATABASE}?", f"/{name}?"),
            "REDIS_URL": redis_url(settings.VAR).replace("virtual_host=0", "virtual_host=1"),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        }


def command_of(service: str, places: dict[str, str]) -> list[str]:
    """A container's command, with this Python and free places for what it shares with no container here."""
    command = [places.get(word, word) for word in SERVICES[service]["command"]]
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


def test_the_commands_of_the_containers_score_a_submission_and_stop_when_told(
    environment: dict[str, str], free_port: int, tmp_path: Path
) -> None:
    def run(*arguments: str) -> str:
        done = subprocess.run(
            arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    places = {"0.0.0.0:8000": f"127.0.0.1:{free_port}", "/tmp/beat.schedule": str(tmp_path / "beat.schedule")}
    run(*command_of("migrate", places))
    log = (tmp_path / "containers.log").open("wb")
    running = {
        name: subprocess.Popen(command_of(name, places), cwd=ROOT, env=environment, stdout=log, stderr=log)
        for name in LASTING
    }
    try:
        url = f"http://127.0.0.1:{free_port}"
        wait_until(lambda: _answers(url), 60)
        health = [word.replace("8000", str(free_port)) for word in SERVICES["web"]["healthcheck"]["test"]]
        assert (health[:2], run(sys.executable, *health[2:])) == (["CMD", "python"], "")
        manage = (sys.executable, "manage.py")
        truth, predictions = write_slow_benchmark(tmp_path, videos=3, tracklets=4)
        benchmark = ("lab", "--benchmark=ytvis2019", "--split=val", f"--gt={truth}", "--open")
        run(*manage, "import_benchmark", *benchmark)
        environment["DVIS_BENCH_SERVER"] = url
        environment["DVIS_BENCH_TOKEN"] = run(*manage, "create_token", "alice").strip()
        client = (sys.executable, "-m", "webapp.client", "submit", "lab", str(predictions))
        answer = json.loads(run(*client, "--split=val", "--method=Mine", "--wait", "--json"))
        assert answer["status"] == "scored"
        assert {name: process.poll() for name, process in running.items()} == dict.fromkeys(LASTING)
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        ends = {name: process.wait(30) for name, process in running.items()}
        log.close()
    assert ends == dict.fromkeys(LASTING, 0), (tmp_path / "containers.log").read_text()[-4000:]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
