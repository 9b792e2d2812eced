"""Every configuration that can be asked for by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

from dvis_model.config import (
    MINVIS_MAX_NUM,
    DvisConfig,
    RefinerKind,
    ResNetConfig,
    SwinConfig,
    Task,
    TrackerKind,
)
from dvis_model.config_yaml import read_yaml_config

STAGES: Final[dict[str, tuple[TrackerKind, RefinerKind]]] = {
    "MinVIS": ("bipartite", "none"),
    "CTVIS": ("bipartite", "none"),
    "Online": ("referring", "none"),
    "Offline": ("referring", "temporal"),
}
# Also found under the folder of the official repository.
ALIASES: Final = {"dvis_Plus/": "dvispp/"}


@dataclass(frozen=True, slots=True)
class _Dataset:
    task: Task
    num_classes: int
    max_num: int = 20
    num_things: int = 0


OVIS: Final = _Dataset("vis", 25)
YTVIS: Final = _Dataset("vis", 40, max_num=10)
VIPSEG: Final = _Dataset("vps", 124, num_things=58)
VSPW: Final = _Dataset("vss", 124, num_things=58)


def _config(name: str, dataset: _Dataset, short_side: int) -> DvisConfig:
    """Return the configuration that an official file name stands for."""
    stage = next(stage for stage in STAGES if stage in name.rsplit("/", 1)[-1])
    tracker, refiner = STAGES[stage]
    swin, plus = "SwinL" in name, name.startswith("dvispp/")
    return DvisConfig(
        name=name,
        task=dataset.task,
        num_classes=dataset.num_classes,
        num_things=dataset.num_things,
        num_queries=200 if swin else 100,
        backbone=SwinConfig() if swin else ResNetConfig(),
        tracker=tracker,
        refiner=refiner,
        generation="dvis_plus" if plus else "dvis",
        reid_branch=plus and stage != "MinVIS",
        max_num=dataset.max_num if tracker == "referring" else MINVIS_MAX_NUM,
        min_size_test=short_side,
    )


def _dvis() -> Iterator[DvisConfig]:
    for stage in ("MinVIS", "DVIS_Online", "DVIS_Offline"):
        for year in (2019, 2021):
            yield _config(f"youtubevis_{year}/{stage}_R50", YTVIS, 360)
            yield _config(f"youtubevis_{year}/swin/{stage}_SwinL", YTVIS, 480)
        yield _config(f"ovis/{stage}_R50", OVIS, 360)
        yield _config(f"ovis/{stage}_R50_cocoPesudo", OVIS, 360)
        yield _config(f"ovis/{stage}_R50_720p", OVIS, 720)
        yield _config(f"ovis/swin/{stage}_SwinL", OVIS, 480)
        yield _config(f"ovis/swin/{stage}_SwinL_720p", OVIS, 720)
        yield _config(f"VIPSeg/{stage}_R50_720p", VIPSEG, 720)
        yield _config(f"VIPSeg/swin/{stage}_SwinL", VIPSEG, 720)
        yield _config(f"VSPW/{stage}_R50_720p", VSPW, 720)
        yield _config(f"VSPW/swin/{stage}_SwinL_720p", VSPW, 720)
    yield _config("VSPW/MinVIS_R50_480p", VSPW, 480)


def _dvis_plus() -> Iterator[DvisConfig]:
    for folder, dataset in (("ovis", OVIS), ("ytvis19", YTVIS), ("ytvis21", YTVIS)):
        for stage in ("MinVIS_R50", "CTVIS_R50", "DVIS_Plus_Offline_R50"):
            yield _config(f"dvispp/{folder}/{stage}", dataset, 480)
        for schedule in ("4wIter", "8wIter", "16wIter"):
            yield _config(f"dvispp/{folder}/DVIS_Plus_Online_R50_{schedule}", dataset, 480)
    for stage in ("MinVIS_R50", "CTVIS_r50", "DVIS_Plus_Online_R50", "DVIS_Plus_Offline_R50"):
        yield _config(f"dvispp/VIPSeg/{stage}", VIPSEG, 720)
    for stage in ("MinVIS_R50_720p", "CTVIS_R50", "DVIS_Plus_Online_R50", "DVIS_Plus_Offline_R50"):
        yield _config(f"dvispp/VSPW/{stage}", VSPW, 720)
    yield _config("dvispp/VSPW/MinVIS_R50_480p", VSPW, 480)


# Ours: small enough to try anything within a second. Its results mean nothing.
TINY: Final = DvisConfig(
    name="tiny",
    num_classes=5,
    num_things=3,
    num_queries=12,
    backbone=SwinConfig(embed_dim=16, depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8), window_size=4),
    refiner="temporal",
    hidden_dim=32,
    mask_dim=32,
    num_heads=4,
    ffn_dim=64,
    encoder_layers=2,
    decoder_layers=3,
    tracker_layers=2,
    refiner_layers=2,
    max_num=5,
    min_size_test=64,
)

# For the shapes of `python -m evaluator synth demo-vis`, and for the classes of VSPW.
TINY_SHAPES: Final = replace(TINY, name="tiny_shapes", num_classes=8, num_things=8)
TINY_VSPW: Final = replace(TINY, name="tiny_vspw", task=VSPW.task, num_classes=124, num_things=58)

# Ours: what `training/` learns from the synthetic benchmark, small enough to be shipped.
SYNTHETIC: Final = DvisConfig(
    name="synthetic",
    num_classes=8,
    num_queries=20,
    backbone=ResNetConfig(depth=10, width=24),
    matching="direct",
    hidden_dim=96,
    mask_dim=32,
    num_heads=4,
    ffn_dim=288,
    encoder_layers=2,
    encoder_ffn_dim=256,
    decoder_layers=3,
    tracker_layers=3,
    refiner_layers=3,
    window_size=15,
    max_num_minvis=20,
    min_size_test=96,
)


def _synthetic() -> Iterator[DvisConfig]:
    classes = {"vis": (8, 8), "vps": (VIPSEG.num_classes, VIPSEG.num_things), "vss": (VSPW.num_classes, 58)}
    for task, (num_classes, num_things) in classes.items():
        for stage in ("MinVIS", "DVIS_Online", "DVIS_Offline"):
            tracker, refiner = STAGES[stage.removeprefix("DVIS_")]
            yield replace(
                SYNTHETIC,
                name=f"synthetic/{task}/{stage}",
                shipped=f"synthetic-{task}.safetensors",
                task=cast(Task, task),
                num_classes=num_classes,
                num_things=num_things,
                tracker=tracker,
                refiner=refiner,
            )


VARIANTS: Final[dict[str, DvisConfig]] = {
    config.name: config for config in [*_dvis(), *_dvis_plus(), TINY, TINY_SHAPES, TINY_VSPW, *_synthetic()]
}


def shipped_weights(config: DvisConfig) -> Path | None:
    """Return the file of weights that comes with the program for a configuration, None if there is none."""
    path = Path(__file__).parent / "weights" / config.shipped
    return path if config.shipped and path.is_file() else None


def find_config(name: str | Path) -> DvisConfig:
    """Return the configuration of this name, or of the YAML file at this path.

    Raises:
        ValueError: neither, or the file asks for what we do not have.
    """
    text = str(name)
    if text.endswith((".yaml", ".yml")) and Path(text).is_file():
        config = read_yaml_config(Path(text))
        return replace(config, max_num=MINVIS_MAX_NUM) if config.tracker == "bipartite" else config
    known = text.removesuffix(".yaml").removeprefix("configs/")
    for official, ours in ALIASES.items():
        known = ours + known.removeprefix(official) if known.startswith(official) else known
    if known not in VARIANTS and text.endswith((".py", ".json")):
        raise ValueError(
            f"{text} is not a YAML file. Configurations in Python (LazyConfig, MMDetection) or JSON are not "
            "read, and no code is run: give the YAML file or the name of an official configuration, see "
            "python -m dvis_model inspect"
        )
    if known not in VARIANTS:
        close = difflib.get_close_matches(known, VARIANTS, n=3, cutoff=0.5)
        near = f" Near to it: {', '.join(close)}." if close else ""
        raise ValueError(
            f"No configuration is called {text!r}, and no such YAML file exists.{near} "
            f"All {len(VARIANTS)} names: python -m dvis_model inspect"
        )
    return VARIANTS[known]
