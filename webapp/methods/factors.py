"""One vocabulary of factors: the words of the published results, and what else people call the same."""

import re
from collections.abc import Mapping
from functools import cache

# Each canonical word with its other spellings. Case, spaces, hyphens and brackets do not matter (SwinL is
# Swin-L), so only what differs otherwise is listed. The most frequent words come first: forms offer them.
WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "segmenter": {
        "Mask2Former": ("M2F",),
        "FC-CLIP": (),
    },
    "tracker": {
        "referring tracker": ("referring",),
        "referring tracker, denoising": ("denoising referring tracker", "referring tracker with denoising"),
        "bipartite matching": ("bipartite", "Hungarian matching", "Hungarian"),
        "dynamic anchor queries": ("DAQ",),
    },
    "refiner": {
        "temporal refiner": ("temporal",),
        "none": ("no", "no refiner", "without"),
    },
    "backbone": {
        "ResNet-50": ("R50", "RN50", "Res50"),
        "Swin-L": ("Swin-Large", "Swin-L (IN21k)", "Swin Transformer L"),
        "ViT-L (DINOv2)": ("DINOv2 ViT-L", "DINOv2-L", "ViT-L/14 (DINOv2)"),
        "ConvNeXt-L": ("ConvNeXt-Large",),
        "ResNet-101": ("R101", "RN101", "Res101"),
        "ViT-L": ("ViT-Large",),
        "Swin-B": ("Swin-Base", "Swin-B (IN21k)", "Swin Transformer B"),
        "ViT-L (DINOv3)": ("DINOv3 ViT-L", "DINOv3-L"),
        "Swin-T": ("Swin-Tiny", "Swin Transformer T"),
        "Swin-S": ("Swin-Small", "Swin Transformer S"),
        "ResNeXt-101": ("X101",),
        "ViT-H": ("ViT-Huge",),
        "ConvNeXtV2-L": ("ConvNeXtV2-Large",),
        "ViT-B (DINOv2)": ("DINOv2 ViT-B", "DINOv2-B"),
        "ViT-S (DINOv2)": ("DINOv2 ViT-S", "DINOv2-S"),
        "MsgShifT": (),
        "ResNet-10x24": (),
    },
    "mode": {
        "online": (),
        "offline": (),
        "semi-online": (),
    },
    "resolution": {
        "480p": ("480",),
        "720p": ("720",),
        "360p": ("360",),
        "544 (short side)": ("544p", "544"),
        "640p": ("640",),
    },
    "extra_data": {
        "none": ("no", "false"),
        "COCO": (),
        "joint training": (),
        "COCO pseudo-videos": (),
    },
}


def canonical(factor: str, word: str) -> str:
    """Return the vocabulary's word for a factor's value; one that it does not know as it is.

    >>> canonical("backbone", "R50"), canonical("mode", "Offline"), canonical("backbone", "MyNet")
    ('ResNet-50', 'offline', 'MyNet')
    """
    return _spellings().get(factor, {}).get(_folded(word), word)


def canonical_factors(typed: Mapping[str, str]) -> dict[str, str]:
    """Return the same factors in canonical words."""
    return {factor: canonical(factor, word) for factor, word in typed.items()}


@cache
def _spellings() -> dict[str, dict[str, str]]:
    return {
        factor: {_folded(spelling): word for word, others in words.items() for spelling in (word, *others)}
        for factor, words in WORDS.items()
    }


def _folded(word: str) -> str:
    return re.sub(r"[\s_,()-]+", "", word.casefold())
