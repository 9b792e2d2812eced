"""The list of models that the site knows is the list that there is."""

import json

import pytest

from dvis_model.zoo import zoo
from tests.support.runs import make_run_split
from webapp.checkpoints.zoo import MODELS_FILE, models, models_for


@pytest.mark.slow
def test_the_file_of_the_site_is_what_the_model_says_today() -> None:
    assert json.loads(MODELS_FILE.read_text()) == zoo(), (
        "The models have changed: python -m dvis_model.zoo > webapp/data/models.json"
    )


def test_a_model_is_run_as_it_is_meant_to_unless_asked_otherwise() -> None:
    modes = {name: models()[f"ovis/{name}_R50"].modes for name in ("MinVIS", "DVIS_Online", "DVIS_Offline")}
    assert modes == {
        "MinVIS": ("minvis",),
        "DVIS_Online": ("online", "minvis"),
        "DVIS_Offline": ("offline", "online", "minvis"),
    }


@pytest.mark.django_db
def test_a_benchmark_is_offered_the_models_of_its_task_and_categories() -> None:
    assert [spec.name for spec in models_for(make_run_split())] == [
        "tiny_shapes",
        *(f"synthetic/vis/{stage}" for stage in ("MinVIS", "DVIS_Online", "DVIS_Offline")),
    ]
    ovis = [{"id": number, "name": str(number)} for number in range(1, 26)]
    names = [spec.name for spec in models_for(make_run_split(benchmark={"categories": ovis}))]
    assert "ovis/DVIS_Offline_R50" in names
    assert not any(name.startswith(("youtubevis", "VIPSeg", "tiny", "synthetic")) for name in names)
