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
    """What a loaded model is told apart by. `weights`: SHA-256; None are the built-in ones."""

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
            model = build(name)
    else:
        model = build(name)
        with checkpoint_weights(checkpoint) as path:
            load_checkpoint(model, path)
    return without_later_stages(model, mode)


def without_later_stages(model: Dvis, mode: str) -> Dvis:
    """Leave out what a mode does without: online the refiner, minvis the tracker as well."""
    if mode == "offline" or (mode == "online" and model.refiner is None):
        return model
    tracker = "bipartite" if mode == "minvis" else model.config.tracker
    shorter = build(model.config, tracker=tracker, refiner="none")
    kept = shorter.state_dict().keys()
    shorter.load_state_dict({key: value for key, value in model.state_dict().items() if key in kept})
    return shorter
