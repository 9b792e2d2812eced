"""Builds models: only this file knows which modules a configuration stands for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from dvis_model.backbones.resnet import ResNet
from dvis_model.backbones.swin import SwinTransformer
from dvis_model.config import DvisConfig, RefinerKind, SwinConfig, TrackerKind
from dvis_model.masked_decoder import MaskedDecoder
from dvis_model.model import Dvis
from dvis_model.pixel_decoder import PixelDecoder
from dvis_model.refiner import TemporalRefiner
from dvis_model.segmenter import SegmentationHead
from dvis_model.tracker import BipartiteTracker, ReferringTracker, ReferringTrackerPlus, Tracker
from dvis_model.variants import find_config


def build(
    config: str | Path | DvisConfig,
    *,
    tracker: TrackerKind | None = None,
    refiner: RefinerKind | None = None,
) -> Dvis:
    """Return a model with random weights, in evaluation mode.

    Args:
        config: the official YAML path below `configs/` without suffix, the path of a YAML file, or a
            configuration.
        tracker, refiner: other parts than the configuration's, for ablations. `tracker="bipartite",
            refiner="none"` is MinVIS. The configuration's own checkpoints can be loaded: what they hold of
            the parts that are left out is passed over.

    Raises:
        ValueError: no such configuration, or a YAML file that asks for what we do not have.
    """
    whole = config if isinstance(config, DvisConfig) else find_config(config)
    chosen = ablated(whole, tracker, refiner)
    backbone = _backbone(chosen)
    model = Dvis(
        chosen,
        backbone=backbone,
        sem_seg_head=_head(chosen, backbone.channels),
        tracker=_tracker(chosen),
        refiner=_refiner(chosen),
        left_out=_left_out(whole, chosen),
    )
    return model.eval()


def ablated(config: DvisConfig, tracker: TrackerKind | None, refiner: RefinerKind | None) -> DvisConfig:
    """Return the configuration with other parts; None keeps its own.

    A configuration reduced to MinVIS keeps at most `max_num_minvis` results per video.
    """
    chosen = replace(config, tracker=tracker or config.tracker, refiner=refiner or config.refiner)
    if chosen.tracker == "bipartite" and chosen.refiner == "none":
        return replace(chosen, max_num=min(chosen.max_num, chosen.max_num_minvis))
    return chosen


def _left_out(whole: DvisConfig, chosen: DvisConfig) -> tuple[str, ...]:
    """Return the name prefixes of the parameters that only the whole model, or the shipped file, has."""
    more = bool(whole.shipped)
    parts = {
        "tracker.": (more or whole.tracker == "referring") and chosen.tracker != "referring",
        "refiner.": (more or whole.refiner == "temporal") and chosen.refiner != "temporal",
    }
    return tuple(prefix for prefix, is_left_out in parts.items() if is_left_out)


def _backbone(config: DvisConfig) -> ResNet | SwinTransformer:
    if isinstance(config.backbone, SwinConfig):
        swin = config.backbone
        return SwinTransformer(swin.embed_dim, swin.depths, swin.num_heads, swin.window_size)
    return ResNet(config.backbone.depth, config.backbone.width)


def _head(config: DvisConfig, channels: tuple[int, ...]) -> SegmentationHead:
    return SegmentationHead(
        PixelDecoder(
            channels,
            dim=config.hidden_dim,
            mask_dim=config.mask_dim,
            num_heads=config.num_heads,
            ffn_dim=config.encoder_ffn_dim,
            num_layers=config.encoder_layers,
        ),
        MaskedDecoder(
            dim=config.hidden_dim,
            mask_dim=config.mask_dim,
            num_heads=config.num_heads,
            ffn_dim=config.ffn_dim,
            num_layers=config.decoder_layers,
            num_queries=config.num_queries,
            num_classes=config.num_classes,
            reid_dim=config.reid_dim if config.reid_branch else None,
        ),
    )


def _tracker(config: DvisConfig) -> Tracker:
    if config.tracker == "none":
        return Tracker()
    if config.tracker == "bipartite":
        return BipartiteTracker()
    plus = config.generation == "dvis_plus"
    kind = ReferringTrackerPlus if plus else partial(ReferringTracker, matching=config.matching)
    return kind(
        dim=config.track_dim,
        mask_dim=config.mask_dim,
        num_heads=config.num_heads,
        ffn_dim=config.ffn_dim,
        num_layers=config.tracker_layers,
        num_classes=config.num_classes,
    )


def _refiner(config: DvisConfig) -> TemporalRefiner | None:
    if config.refiner == "none":
        return None
    return TemporalRefiner(
        dim=config.track_dim,
        mask_dim=config.mask_dim,
        num_heads=config.num_heads,
        ffn_dim=config.ffn_dim,
        num_layers=config.refiner_layers,
        num_classes=config.num_classes,
    )
