"""Who may load whom, seen in a fresh interpreter: what the import contracts promise, at run time."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path


def modules_after(*imports: str, statement: str = "") -> set[str]:
    """Names of the modules that a fresh interpreter has loaded with Django set up, after these imports."""
    program = (
        "import importlib, json, sys, django\n"
        "django.setup()\n"
        f"for name in {imports!r}: importlib.import_module(name)\n"
        f"{statement}\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def test_every_room_of_the_evaluator_is_either_light_or_closed_to_the_site() -> None:
    settings = tomllib.loads(Path("pyproject.toml").read_text())
    contracts = {contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}
    floors = contracts["the floors of the evaluator"]["layers"]
    rooms = {room.strip() for floor in floors for room in floor.split("|")}
    closed = contracts["the site imports the light rooms of evaluator alone"]["forbidden_modules"]
    light = {"catalog", "files", "ground_truths", "problem_table", "problems", "receipts", "statistics"}
    light |= {"frame_names", "types", "version"}
    assert rooms - {name.removeprefix("evaluator.") for name in closed} == light | {"__main__"}


def test_the_site_loads_neither_torch_nor_numba_nor_numpy_nor_the_workers() -> None:
    loaded = modules_after("webapp.urls", "webapp.front_door.door")
    assert loaded & {"torch", "numba", "numpy", "worker"} == set()
    assert "webapp.urls" in loaded


def test_a_worker_that_starts_loads_no_pages() -> None:
    # What Celery calls at the start of workers and of the clock.
    loaded = modules_after(
        "worker.app", statement="sys.modules['worker.app'].app.loader.import_default_modules()"
    )
    assert "worker.tasks" in loaded
    assert loaded & {"webapp.urls", "webapp.api", "ninja.main"} == set()


def test_the_model_and_its_worker_load_nothing_of_training_and_the_model_nothing_of_the_evaluator() -> None:
    program = "import json, sys, dvis_model.__main__, dvis_model.zoo; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(json.loads(done.stdout))
    assert "dvis_model.prediction" in loaded
    assert {name for name in loaded if name.startswith(("evaluator", "dvis_model.training"))} == set()
    worker = modules_after("worker.tasks_model", "worker.tasks_checkpoints")
    assert "dvis_model.prediction" in worker
    assert {name for name in worker if name.startswith("dvis_model.training")} == set()


def test_every_task_that_the_site_sends_exists_in_the_worker() -> None:
    from webapp.jobs.queue import TASKS
    from worker.app import app

    app.loader.import_default_modules()
    for module in ("worker.tasks_model", "worker.tasks_checkpoints"):
        app.loader.import_task_module(module)
    assert set(TASKS.values()) <= set(app.tasks)


def test_every_kind_of_job_names_a_function_that_exists() -> None:
    from webapp.jobs.kinds import KINDS
    from webapp.jobs.models import Job

    assert set(KINDS) == set(Job.Kind)
    assert all(callable(spec.follow) for spec in KINDS.values())
