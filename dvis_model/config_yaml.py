"""Reads the official YAML files of DVIS and DVIS++: detectron2's form, where `_BASE_` names another file."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from dvis_model.backbones.resnet import DEPTHS
from dvis_model.config import (
    DvisConfig,
    Generation,
    RefinerKind,
    ResNetConfig,
    SwinConfig,
    TrackerKind,
)

ARCHITECTURES: Final[dict[str, tuple[Generation, TrackerKind, RefinerKind]]] = {
    "MinVIS": ("dvis", "bipartite", "none"),
    "CTMinVIS": ("dvis_plus", "bipartite", "none"),
    "DVIS_online": ("dvis", "referring", "none"),
    "DVIS_offline": ("dvis", "referring", "temporal"),
    "DVIS_Plus_online": ("dvis_plus", "referring", "none"),
    "DVIS_Plus_offline": ("dvis_plus", "referring", "temporal"),
}
PLUS_DECODER: Final = "VideoMultiScaleMaskedTransformerDecoder_dvisPlus"
# VIPSeg's and VSPW's; no file says it.
PANOPTIC_THINGS: Final = {124: 58}
LONGEST_CHAIN: Final = 20

T = TypeVar("T", int, float, str, bool)
Choice = TypeVar("Choice", bound=str)


def read_yaml_config(path: Path) -> DvisConfig:
    """Read a file and the files it builds on.

    Raises:
        ValueError: no such YAML, a circle of `_BASE_`, or a model that we do not have. Says which file and
            key.
    """
    keys = _Keys(path, _merged(path, ()))
    architecture = keys.choice("MODEL.META_ARCHITECTURE", tuple(ARCHITECTURES))
    generation, tracker, refiner = ARCHITECTURES[architecture]
    num_classes = keys.get("MODEL.SEM_SEG_HEAD.NUM_CLASSES", int)
    dim = keys.get("MODEL.MASK_FORMER.HIDDEN_DIM", int, 256)
    plus_decoder = keys.get("MODEL.MASK_FORMER.TRANSFORMER_DECODER_NAME", str, "") == PLUS_DECODER
    reid = plus_decoder and keys.get("MODEL.MASK_FORMER.REID_BRANCH", bool, True)
    return DvisConfig(
        name=str(path),
        task=keys.choice("MODEL.MASK_FORMER.TEST.TASK", ("vis", "vps", "vss"), "vis"),
        num_classes=num_classes,
        num_queries=keys.get("MODEL.MASK_FORMER.NUM_OBJECT_QUERIES", int, 100),
        num_things=PANOPTIC_THINGS.get(num_classes, 0),
        backbone=_backbone(keys),
        tracker=tracker,
        refiner=refiner,
        generation=generation,
        reid_branch=reid,
        hidden_dim=dim,
        mask_dim=keys.get("MODEL.SEM_SEG_HEAD.MASK_DIM", int, 256),
        num_heads=keys.get("MODEL.MASK_FORMER.NHEADS", int, 8),
        ffn_dim=keys.get("MODEL.MASK_FORMER.DIM_FEEDFORWARD", int, 2048),
        reid_dim=keys.get("MODEL.MASK_FORMER.REID_HIDDEN_DIM", int, 256),
        encoder_layers=keys.get("MODEL.SEM_SEG_HEAD.TRANSFORMER_ENC_LAYERS", int, 6),
        # The official count includes the prediction before the first layer.
        decoder_layers=keys.get("MODEL.MASK_FORMER.DEC_LAYERS", int, 10) - 1,
        window_size=keys.get("MODEL.MASK_FORMER.TEST.WINDOW_SIZE", int, 3),
        max_num=keys.get("MODEL.MASK_FORMER.TEST.MAX_NUM", int, 20),
        object_mask_threshold=keys.get("MODEL.MASK_FORMER.TEST.OBJECT_MASK_THRESHOLD", float, 0.8),
        overlap_threshold=keys.get("MODEL.MASK_FORMER.TEST.OVERLAP_THRESHOLD", float, 0.8),
        min_size_test=keys.get("INPUT.MIN_SIZE_TEST", int, 800, least=0),
        max_size_test=keys.get("INPUT.MAX_SIZE_TEST", int, 1333),
        size_divisibility=keys.get("MODEL.MASK_FORMER.SIZE_DIVISIBILITY", int, 32),
        pixel_mean=keys.triple("MODEL.PIXEL_MEAN", (123.675, 116.28, 103.53)),
        pixel_std=keys.triple("MODEL.PIXEL_STD", (58.395, 57.12, 57.375)),
    )


class _Keys:
    """The merged file, read by dotted names; errors name file and key."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self.path, self.values = path, values

    def _find(self, key: str) -> Any:
        value: Any = self.values
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def get(self, key: str, kind: type[T], default: T | None = None, least: int = 1) -> T:
        """Return a value; whole numbers are checked to be at least so large."""
        value = self._find(key)
        value = default if value is None else value
        if isinstance(value, bool) and kind is not bool:
            value = str(value)
        if kind is float and isinstance(value, int):
            value = float(value)
        if not isinstance(value, kind):
            raise ValueError(f"{self.path}: expected {key} to be of type {kind.__name__}, but got {value!r}")
        if kind is int and isinstance(value, int) and value < least:
            raise ValueError(f"{self.path}: expected {key} to be at least {least}, but got {value}")
        return value

    def choice(self, key: str, choices: Sequence[Choice], default: Choice | None = None) -> Choice:
        value = self._find(key)
        for choice in choices:
            if choice == (default if value is None else value):
                return choice
        raise ValueError(f"{self.path}: expected {key} to be one of {', '.join(choices)}, but got {value!r}")

    def numbers(self, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
        value = self._find(key)
        if value is None:
            return default
        # Tuples are written as they are in Python, which YAML reads as text.
        value = literal_eval(value) if isinstance(value, str) else value
        if not isinstance(value, list | tuple) or len(value) != len(default):
            raise ValueError(f"{self.path}: expected {key} to be {len(default)} numbers, but got {value!r}")
        return tuple(type(like)(number) for like, number in zip(default, value, strict=True))

    def triple(self, key: str, default: tuple[float, float, float]) -> tuple[float, float, float]:
        first, second, third = self.numbers(key, default)
        return first, second, third


def _backbone(keys: _Keys) -> ResNetConfig | SwinConfig:
    name = keys.choice(
        "MODEL.BACKBONE.NAME", ("build_resnet_backbone", "D2SwinTransformer"), "build_resnet_backbone"
    )
    if name == "build_resnet_backbone":
        depth = keys.get("MODEL.RESNETS.DEPTH", int, 50)
        if depth not in DEPTHS:
            raise ValueError(
                f"{keys.path}: expected MODEL.RESNETS.DEPTH to be one of {', '.join(map(str, DEPTHS))}, "
                f"but got {depth}"
            )
        return ResNetConfig(depth)
    return SwinConfig(
        embed_dim=keys.get("MODEL.SWIN.EMBED_DIM", int, 96),
        depths=tuple(map(int, keys.numbers("MODEL.SWIN.DEPTHS", (2, 2, 6, 2)))),
        num_heads=tuple(map(int, keys.numbers("MODEL.SWIN.NUM_HEADS", (3, 6, 12, 24)))),
        window_size=keys.get("MODEL.SWIN.WINDOW_SIZE", int, 7),
    )


def _merged(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """Return a file on top of the files it builds on; `above` are those that led here."""
    if path.resolve() in above or len(above) > LONGEST_CHAIN:
        raise ValueError(f"{above[0]}: its `_BASE_` files build on each other in a circle, through {path}")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, RecursionError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected a YAML mapping, but got {type(values).__name__}")
    base = values.pop("_BASE_", None)
    if base is None:
        return values
    base_path = (path.parent / Path(str(base)).expanduser()).resolve()
    return _overlaid(_merged(base_path, (*above, path.resolve())), values)


def _overlaid(below: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in over.items():
        mine = merged.get(key)
        merged[key] = _overlaid(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged
