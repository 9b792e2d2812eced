"""The model of the latest run stays in memory: the next run of the same checkpoint starts at once."""

import logging
from dataclasses import dataclass

import torch

from dvis_model import build, load_checkpoint
from dvis_model.model import Dvis
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.selectors import checkpoint_weights

logger = logging.getLogger(__name__)

# Of the weights that the tiny models have without a checkpoint.
SEED = 0


@dataclass(frozen=True, slots=True)
class Key:
    """Identity of a loaded model. `weights`: SHA-256; None are the built-in ones."""

    name: str
    weights: str | None
    mode: str


class ModelCache:
    """Holds one model, on one device."""

    def __init__(self, kind: str) -> None:
        self._device = torch.device(kind)
        self._key: Key | None = None
        self._model: Dvis | None = None

    def holds(self, name: str, checkpoint: Checkpoint | None, mode: str) -> bool:
        return self._key == _key(name, checkpoint, mode)

    def get(self, name: str, checkpoint: Checkpoint | None, mode: str) -> Dvis:
        """The model, loaded where it is not the one held. Raises CheckpointMismatch, CheckpointRefused."""
        key = _key(name, checkpoint, mode)
        if self._model is None or self._key != key:
            self.clear()  # the former must not be in memory beside the new one
            self._model = _load(name, checkpoint, mode).to(self._device)
            self._key = key
        return self._model

    def clear(self) -> None:
        """Let go of the model, as after an error that may have left its memory full."""
        self._model = self._key = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def _key(name: str, checkpoint: Checkpoint | None, mode: str) -> Key:
    return Key(name, checkpoint.weights_id if checkpoint else None, mode)


def _load(name: str, checkpoint: Checkpoint | None, mode: str) -> Dvis:
    if checkpoint is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            return _build(name, mode)
    model = _build(name, mode)
    with checkpoint_weights(checkpoint) as path:
        load_checkpoint(model, path)
    return model


def _build(name: str, mode: str) -> Dvis:
    """The model without what a mode does without: online the refiner, minvis the tracker as well."""
    match mode:
        case "minvis":
            return build(name, tracker="bipartite", refiner="none")
        case "online":
            return build(name, refiner="none")
        case _:
            return build(name)
