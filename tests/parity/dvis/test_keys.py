"""Names, shapes and order of everything in a checkpoint are the official ones."""

from functools import lru_cache

import pytest
import torch

from dvis_model import build
from dvis_model.model import Dvis
from tests.parity.dvis import golden


@lru_cache
def on_meta(config: str) -> Dvis:
    """A model without weights."""
    with torch.device("meta"):
        return build(config)


@pytest.mark.parametrize("name", golden.MANIFESTS)
def test_the_state_dict_has_the_official_keys_shapes_types_and_order(name: str) -> None:
    official = golden.manifest(name)
    model = on_meta(official["config"])
    ours = [
        [key, list(value.shape), str(value.dtype).removeprefix("torch.")]
        for key, value in model.state_dict().items()
    ]
    assert ours == [[key, shape, dtype] for key, (shape, dtype, _) in official["entries"].items()]


@pytest.mark.parametrize("name", golden.MANIFESTS)
def test_the_configuration_has_the_official_sizes_and_thresholds(name: str) -> None:
    official = golden.manifest(name)
    config = on_meta(official["config"]).config
    test = official["test"]
    # MinVIS keeps ten results, whatever its configuration says.
    max_num = test["MAX_NUM"] if config.tracker == "referring" else 10
    assert (config.task, config.max_num, config.window_size) == (test["TASK"], max_num, test["WINDOW_SIZE"])
    assert config.object_mask_threshold == test["OBJECT_MASK_THRESHOLD"]
    assert config.overlap_threshold == test["OVERLAP_THRESHOLD"]
    assert (config.num_classes, config.num_queries) == (official["num_classes"], official["num_queries"])
    assert (config.min_size_test, config.max_size_test) == (
        official["min_size_test"],
        official["max_size_test"],
    )


@pytest.mark.parametrize("name", golden.MANIFESTS)
def test_the_parameters_are_as_many_as_the_official_ones(name: str) -> None:
    official = golden.manifest(name)
    model = on_meta(official["config"])
    for part, count in official["param_counts"].items():
        assert sum(parameter.numel() for parameter in model.get_submodule(part).parameters()) == count
