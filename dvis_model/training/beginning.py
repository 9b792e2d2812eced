"""The weights that a stage begins from: those of the stage before, or of an official checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from torch import Tensor, nn

from dvis_model.assembly import build
from dvis_model.checkpoint import CheckpointMismatch, compare, read_state_dict
from dvis_model.config import DvisConfig, RefinerKind, TrackerKind
from dvis_model.model import Dvis
from dvis_model.training.recipe import Stage

SEGMENTER: Final = ("backbone.", "sem_seg_head.", "criterion.")
# Whose results each stage must find in its file.
NEEDED: Final[Mapping[Stage, tuple[Stage, ...]]] = {
    "segmenter": (),
    "tracker": ("segmenter",),
    "refiner": ("segmenter", "tracker"),
}
PARTS: Final[Mapping[Stage, tuple[TrackerKind, RefinerKind]]] = {
    "segmenter": ("bipartite", "none"),
    "tracker": ("referring", "none"),
    "refiner": ("referring", "temporal"),
}
HEADS: Final = ("class_embed", "mask_embed", "decoder_norm")
OF_CATEGORIES: Final = ("class_embed.weight", "class_embed.bias", "criterion.empty_weight")


def build_stage(config: DvisConfig, stage: Stage) -> Dvis:
    """Return the model of a configuration with the parts that a stage needs.

    Raises:
        ValueError: the configuration lacks them.
    """
    tracker, refiner = PARTS[stage]
    if stage != "segmenter" and config.tracker != tracker:
        raise ValueError(
            f"{config.name} has no referring tracker: use a configuration ..._Online or ..._Offline"
        )
    if stage == "refiner" and config.refiner != refiner:
        raise ValueError(f"{config.name} has no temporal refiner: use a configuration ..._Offline")
    return build(config, tracker=tracker, refiner=refiner)


def begin_from(model: Dvis, stage: Stage, init: Path | None) -> list[str]:
    """Give a model the weights of a file; return sentences that say what else was done.

    Raises:
        ValueError: the stage needs a file.
        CheckpointMismatch: the file is of another model, or lacks what stages before this one train.
    """
    if init is None:
        if stage != "segmenter":
            before = "segmenter" if stage == "tracker" else "tracker"
            raise ValueError(
                f"Stage {stage} needs --init, the weights of stage {before}: its OUTPUT/model.safetensors"
            )
        return []
    file = read_state_dict(init)
    for source in NEEDED[stage]:
        _check(init, model, source, file)
    if stage == "segmenter":
        return _take_segmenter(model, init, _part(file, SEGMENTER))
    own = model.state_dict()
    prefix = f"{stage}."
    known = {key: value for key, value in file.items() if key in own}
    if compare(_shapes(_part(known, (prefix,))), _shapes(_part(own, (prefix,)))):
        known = {key: value for key, value in known.items() if not key.startswith(prefix)}
        model.load_state_dict(own | known)
        _take_heads(
            model.sem_seg_head.predictor if stage == "tracker" else model.tracker, model.get_submodule(stage)
        )
        return [f"The {stage} begins from random weights, its heads from those of the stage before."]
    model.load_state_dict(own | known)
    return [f"The {stage} begins from that of {init.name}."]


def _take_segmenter(model: Dvis, init: Path, found: dict[str, Tensor]) -> list[str]:
    """Load a segmenter; class heads of other categories are left as they are."""
    own = model.state_dict()
    other = [
        key
        for key, value in found.items()
        if key.endswith(OF_CATEGORIES) and key in own and own[key].shape != value.shape
    ]
    found |= {key: own[key] for key in other}
    _check(init, model, "segmenter", found)
    model.load_state_dict(own | found)
    if not other:
        return []
    return [f"{init.name} has other categories than {model.config.name}: the class head begins anew."]


def _check(init: Path, model: Dvis, source: Stage, found: Mapping[str, Tensor]) -> None:
    """Raise CheckpointMismatch unless the part of the file that a stage trains fits."""
    prefixes = SEGMENTER if source == "segmenter" else (f"{source}.",)
    found = _part(found, prefixes)
    difference = compare(_shapes(found), _shapes(_part(model.state_dict(), prefixes)))
    if not difference:
        return
    what = f"has no {source}" if not found else f"has another {source} than {model.config.name}"
    heads = all(key.endswith(OF_CATEGORIES) for key, _, _ in difference.reshaped)
    if found and heads and not difference.missing and not difference.unexpected:
        what = f"was trained for other categories than {model.config.name} has"
    raise CheckpointMismatch(
        "\n  ".join(
            [
                f"{init.name} {what}. Train stage {source} first, and begin from its weights.",
                *difference.lines(),
            ]
        )
    )


def _take_heads(source: nn.Module, target: nn.Module) -> None:
    for name in HEADS:
        target.get_submodule(name).load_state_dict(source.get_submodule(name).state_dict())


def _part(state: Mapping[str, Tensor], prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key.startswith(prefixes)}


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in state.items()}
