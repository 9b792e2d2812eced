"""The configuration of a model: its parts, and how it runs at test time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Task = Literal["vis", "vps", "vss"]
TrackerKind = Literal["none", "bipartite", "referring"]
RefinerKind = Literal["none", "temporal"]
Generation = Literal["dvis", "dvis_plus"]
Matching = Literal["inverted", "direct"]
# MinVIS keeps ten results whatever its official configuration says.
MINVIS_MAX_NUM: Final = 10


@dataclass(frozen=True, slots=True)
class ResNetConfig:
    """ResNet: of bottlenecks from depth 50 on, of basic blocks below.

    Attributes:
        depth: number of layers with weights.
        width: channels of the first stage's 3x3 convolutions.
    """

    depth: int = 50
    width: int = 64


@dataclass(frozen=True, slots=True)
class SwinConfig:
    """Swin transformer; the defaults are Swin-L's."""

    embed_dim: int = 192
    depths: tuple[int, ...] = (2, 2, 18, 2)
    num_heads: tuple[int, ...] = (6, 12, 24, 48)
    window_size: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DvisConfig:
    """One configuration.

    Attributes:
        name: the official YAML path below `configs/`, without suffix.
        task: vis, instances; vps, panoptic; vss, semantic segmentation.
        num_classes, num_queries: K and Q.
        num_things: for vps, how many of the classes, which they lead, are things.
        tracker, refiner: the parts on top of the segmenter. MinVIS is bipartite without refiner.
        generation: dvis, or dvis_plus with the modules of DVIS++.
        reid_branch: DVIS++'s re-identification embeddings, which double the width of tracker and refiner.
        matching: which permutation the referring tracker of version 1 aligns a frame's queries with. The
            published weights were trained and are evaluated with the inverse of the right one; direct is the
            right one. That of DVIS++ is always direct.
        encoder_ffn_dim: hidden width of the pixel decoder's encoder, which the official code fixes.
        shipped: name of the file in `weights/` that comes with the program; empty if none does. Its weights
            may be of more parts than the configuration has.
        window_size: frames segmented together; bounds memory, does not change results.
        max_num: for vis, results per video.
        max_num_minvis: for vis, most results per video if the configuration is reduced to MinVIS.
        object_mask_threshold, overlap_threshold: for vps, least score of a query and least share of its mask
            that must be its own.
        min_size_test, max_size_test: short side of the frames in pixels, unless the long one would exceed
            its bound.
    """

    name: str
    task: Task = "vis"
    num_classes: int
    num_queries: int = 100
    num_things: int = 0
    backbone: ResNetConfig | SwinConfig = field(default_factory=ResNetConfig)
    tracker: TrackerKind = "referring"
    refiner: RefinerKind = "none"
    generation: Generation = "dvis"
    reid_branch: bool = False
    matching: Matching = "inverted"
    hidden_dim: int = 256
    mask_dim: int = 256
    num_heads: int = 8
    ffn_dim: int = 2048
    encoder_ffn_dim: int = 1024
    reid_dim: int = 256
    encoder_layers: int = 6
    decoder_layers: int = 9
    tracker_layers: int = 6
    refiner_layers: int = 6
    shipped: str = ""
    window_size: int = 3
    max_num: int = 20
    max_num_minvis: int = MINVIS_MAX_NUM
    object_mask_threshold: float = 0.8
    overlap_threshold: float = 0.8
    min_size_test: int = 360
    max_size_test: int = 1333
    size_divisibility: int = 32
    pixel_mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    pixel_std: tuple[float, float, float] = (58.395, 57.12, 57.375)

    @property
    def track_dim(self) -> int:
        """Width of tracker and refiner."""
        return 2 * self.hidden_dim if self.reid_branch else self.hidden_dim
