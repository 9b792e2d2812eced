"""Reads the official YAML files of DVIS and DVIS++: detectron2's form, where `_BASE_` names other files."""

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
# Of other repositories, and what runs their weights here.
ELSEWHERE: Final = {
    "VideoMaskFormer_frame": "MinVIS's own name for MinVIS: write META_ARCHITECTURE: MinVIS, or use --config "
    "ovis/MinVIS_R50 or another of its configurations",
    "CTVISModel": "CTVIS in its own repository: DVIS++'s form of it, with weights from there, is "
    "--config dvispp/ovis/CTVIS_R50",
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
        ValueError: no such YAML, a circle of `_BASE_`, or a model that we do not have. The message names
            the file and the key.
    """
    keys = _Keys(path, _merged(path, ()))
    generation, tracker, refiner = ARCHITECTURES[_architecture(keys)]
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


def _architecture(keys: _Keys) -> str:
    """Return the name of one that we have. Raises ValueError with the way out."""
    name = keys.get("MODEL.META_ARCHITECTURE", str, "")
    if name in ARCHITECTURES:
        return name
    known = f"This program has {', '.join(ARCHITECTURES)}"
    if not name:
        raise ValueError(
            f"{keys.path}: there is no MODEL.META_ARCHITECTURE, which says what the model is. {known}. If "
            "the file builds on another one, name that under _BASE_"
        )
    why = ELSEWHERE.get(name, "another repository's model, which cannot be run here: use that repository")
    raise ValueError(f"{keys.path}: MODEL.META_ARCHITECTURE is {name!r}. {known}; {name!r} is {why}")


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
        value = _literal(value) if isinstance(value, str) else value
        if not isinstance(value, list | tuple) or len(value) != len(default):
            raise ValueError(f"{self.path}: expected {key} to be {len(default)} numbers, but got {value!r}")
        try:
            return tuple(type(like)(number) for like, number in zip(default, value, strict=True))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{self.path}: expected {key} to be {len(default)} numbers, but got {value!r}"
            ) from error

    def triple(self, key: str, default: tuple[float, float, float]) -> tuple[float, float, float]:
        first, second, third = self.numbers(key, default)
        return first, second, third


def _literal(text: str) -> Any:
    """Return what a text says in Python's words; the text itself where it says nothing."""
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


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
        values = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, RecursionError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected a YAML mapping, but got {type(values).__name__}")
    merged: dict[str, Any] = {}
    for base in _bases(path, values.pop("_BASE_", None)):
        merged = _overlaid(merged, _merged(base, (*above, path.resolve())))
    return _overlaid(merged, values)


class _Loader(yaml.SafeLoader):
    """Reads data alone; detectron2 also writes Python's tuples."""


def _tuple(loader: yaml.SafeLoader, node: yaml.Node) -> list[Any]:
    if not isinstance(node, yaml.SequenceNode):
        raise yaml.constructor.ConstructorError(
            problem="a tuple that is not a list", problem_mark=node.start_mark
        )
    return loader.construct_sequence(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:python/tuple", _tuple)


def _bases(path: Path, base: Any) -> list[Path]:
    """Return the files that one builds on, in the order in which later ones win.

    Raises:
        ValueError: the value of `_BASE_` is not a path or a list of paths, or one of the files is missing.
    """
    names = base if isinstance(base, list) else [] if base is None else [base]
    if wrong := [name for name in names if not isinstance(name, str) or not name]:
        raise ValueError(
            f"{path}: expected _BASE_ to be a path or a list of paths, but it holds {wrong[0]!r}"
        )
    paths = []
    for name in names:
        if "://" in name:
            raise ValueError(f"{path}: _BASE_ is the address {name}: fetch that file, and write its path")
        paths.append((path.parent / Path(name).expanduser()).resolve())
        if not paths[-1].is_file():
            raise ValueError(
                f"{path}: its _BASE_ {name!r} is not there: expected {paths[-1]}. Fetch it from where this "
                "file comes from, with the folders around it"
            )
        if paths[-1].suffix not in {".yaml", ".yml"}:
            raise ValueError(f"{path}: its _BASE_ {name!r} is not a YAML file, and nothing else is read")
    return paths


def _overlaid(below: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in over.items():
        mine = merged.get(key)
        merged[key] = _overlaid(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return merged
