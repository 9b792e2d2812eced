"""What several tests of the model share."""

from pathlib import Path

import pytest
import safetensors.torch

from dvis_model import build


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of `tiny`."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    safetensors.torch.save_file(build("tiny").state_dict(), path)
    return path
