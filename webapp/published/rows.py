"""Published numbers as they are shown: `webapp/data/*.json` read, named and turned into fractions.

A variant is a configuration (backbone, mode, resolution, setting). Several readings of one configuration,
such as paper and released checkpoint, are rows of one variant; a board shows the reading marked `primary`.
"""

import json
import uuid
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"
RETRIEVED = "2026-11-22"
# Ids follow from the rows' own: the same result is the same submission on every server, after every load.
NAMESPACE = uuid.UUID("7f2c1d0e-5b0a-4c53-9d5e-6c1f0a3b8e21")

# On YouTube-VIS 2022, papers mean short and long videos by S and L, not small and large objects.
LENGTH_METRICS = {
    "AP_S": "AP_short",
    "AP_L": "AP_long",
    "AP50_L": "AP50_long",
    "AP75_L": "AP75_long",
    "AR1_L": "AR1_long",
    "AR10_L": "AR10_long",
}
# Texts of the field `variant` that say where a number was read; what is left of them is the setting.
READINGS = {
    "paper": "",
    "default": "",
    "model zoo checkpoint": "",
    "PMT-L model zoo": "",
    "VidEoMT-S model zoo": "",
    "VidEoMT-B model zoo": "",
    "VidEoMT-L model zoo": "",
    "as shown in DVIS++ figure": "",
    "as quoted by DVIS": "",
    "as quoted by DVIS (no dagger)": "",
    "paper, steps 1+3": "steps 1+3",
    "paper, window T=5": "window T=5",
    "paper, window T=36": "window T=36",
    "window T=5, checkpoint": "window T=5",
    "window T=36, checkpoint": "window T=36",
    "paper, with COCO pseudo-key-reference pre-training (marked with a dagger)": "COCO pre-training",
}
EXTRA_DATA = {
    ("AUSM", "one jointly trained model"): "joint training",
    ("IDOL", "COCO pre-training"): "COCO",
    ("OV-DVIS++", "supervised, trained on COCO+OVIS+YTVIS19&21+VIPSeg"): "COCO, OVIS, YouTube-VIS, VIPSeg",
    ("OV-DVIS++", "zero-shot, trained on COCO"): "COCO alone (zero-shot)",
    ("SeqFormer", "trained on YouTube-VIS + COCO"): "COCO",
    ("TarViS", ""): "joint training",
    ("UNINEXT", ""): "joint training",
    ("UniVS", "one jointly trained model"): "joint training",
    ("VITA", ""): "COCO pseudo-videos",
}
# (segmenter, tracker) of the family whose parts are known; the refiner is what makes its members offline.
FAMILY = {
    "MinVIS": ("Mask2Former", "bipartite matching"),
    "DVIS": ("Mask2Former", "referring tracker"),
    "DVIS++": ("Mask2Former", "referring tracker, denoising"),
    "OV-DVIS++": ("FC-CLIP", "referring tracker, denoising"),
    "DVIS-DAQ": ("Mask2Former", "dynamic anchor queries"),
}
# Rows of DVIS's table of AP by occlusion level -> the row of its main table that is the same model.
OCCLUSION_ROWS = {
    "baseline (MinVIS)": "minvis-swin-l-online-720p-ovis-dvis-paper",
    "+ referring tracker": "dvis-swin-l-online-720p-ovis-dvis-paper",
    "+ temporal refiner": "dvis-swin-l-offline-720p-ovis-dvis-paper",
}
# In that table l, m and h are light, moderate and heavy occlusion, not areas.
OCCLUSION_METRICS = {"AP_l": "AP_so", "AP_m": "AP_mo", "AP_h": "AP_ho"}
METHOD_FIELDS = {
    "authors": "authors_short",
    "year": "year",
    "venue": "venue",
    "paper_url": "paper_url",
    "code_url": "code_url",
}
SOURCE_FIELDS = (
    "reported_by",
    "third_party_kind",
    "primary",
    "flags",
    "notes",
    "backbone_printed",
    "queries",
    "params_m",
    "gflops",
    "fps",
    "fps_device",
)


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One printed result. `scores` are fractions in [0, 1]; `source` says where and how they were printed."""

    id: str
    benchmark: str
    method: str
    method_fields: dict[str, Any]
    variant: str
    factors: dict[str, str]
    scores: dict[str, float]
    source: dict[str, Any]


def published_rows() -> list[PublishedRow]:
    """Return every published result; `webapp.ablations` has the tables of ablations."""
    rows = {row["id"]: _main_row(row) for row in _read("published_results.json")}
    rows |= _with_occlusion(rows, _read("ablations.json")["dvis_components_by_occlusion"])
    return list(rows.values())


def submission_id(row_id: str) -> uuid.UUID:
    """Return the id of the submission that a row becomes."""
    return uuid.uuid5(NAMESPACE, row_id)


def categories_of(slug: str) -> list[dict[str, Any]]:
    """Return the categories of a known benchmark, [{id, name, ...}] in the order of the data set."""
    tables = _read("categories.json")
    table = tables[tables[slug].get("same_as", slug)]
    return list(table["categories"])


def fraction(percent: float) -> float:
    """Return a printed percentage as the nearest float to its exact hundredth.

    >>> fraction(33.8), 33.8 / 100
    (0.338, 0.33799999999999997)
    """
    return float(Decimal(str(percent)) / 100)


def _read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def _main_row(row: dict[str, Any]) -> PublishedRow:
    setting = _setting(row["variant"] or "")
    names = LENGTH_METRICS if row["benchmark"] == "ytvis2022" else {}
    return PublishedRow(
        id=row["id"],
        benchmark=row["benchmark"],
        method=row["method"],
        method_fields={field: row[key] for field, key in METHOD_FIELDS.items() if row[key] is not None},
        variant=_variant_name(setting, row["backbone"], row["mode"], row["resolution"]),
        factors=_factors(row, setting),
        scores={names.get(key, key): fraction(value) for key, value in row["metrics"].items()},
        source=_source(row["id"], row["source"], {key: row[key] for key in SOURCE_FIELDS}),
    )


def _setting(text: str) -> str:
    return "" if text.startswith("checkpoint ") else READINGS.get(text, text)


def _variant_name(setting: str, *parts: str | None) -> str:
    return ", ".join(part for part in (*parts, setting) if part) or "default"


def _factors(row: dict[str, Any], setting: str) -> dict[str, str]:
    """Return the factors that are known, in the order of `Variant.FACTORS`, free ones last."""
    segmenter, tracker = FAMILY.get(row["method"], ("", ""))
    refiner = ("none" if row["mode"] == "online" else "temporal refiner") if segmenter and row["mode"] else ""
    factors = {
        "segmenter": segmenter,
        "tracker": tracker,
        "refiner": refiner,
        "backbone": row["backbone"],
        "mode": row["mode"],
        "resolution": row["resolution"],
        "extra_data": EXTRA_DATA.get((row["method"], setting)),
        "setting": setting,
    }
    return {name: value for name, value in factors.items() if value}


def _source(row_id: str, printed: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Return what pages show about the origin of a row; facts that were not printed are left out."""
    known = {key: value for key, value in {**printed, **facts}.items() if value not in (None, [])}
    return {"id": row_id, "retrieved": RETRIEVED, **known}


def _with_occlusion(rows: dict[str, PublishedRow], table: dict[str, Any]) -> dict[str, PublishedRow]:
    """Return the rows of the models in DVIS's occlusion table, with its numbers added.

    They are shown by default even where another reading of the model is: it has no numbers by occlusion.
    """
    added = {}
    for entry in table["rows"]:
        row = rows[OCCLUSION_ROWS[entry["setting"]]]
        if row.scores["AP"] != fraction(entry["AP_all"]):
            raise ValueError(
                f"Expected AP {row.scores['AP']} of {row.id} in its ablation, but got {entry['AP_all']}"
            )
        scores = {name: fraction(entry[key]) for key, name in OCCLUSION_METRICS.items()}
        also = {**table["source"], "metrics": list(scores)}
        source = {**row.source, "primary": True, "also": [also]}
        added[row.id] = replace(row, scores=row.scores | scores, source=source)
    return added
