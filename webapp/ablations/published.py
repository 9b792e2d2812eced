"""The published studies of `webapp/data/ablations.json`, each with its question and its source."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from webapp.ablations.studies import Kind, Quantity, Source, Study, StudyRow, quantity
from webapp.published.rows import DATA, OCCLUSION_METRICS, fraction

LEVELS = {"AP_all": "AP", **OCCLUSION_METRICS}
LEVELS_IN_WORDS = {"light": "AP_so", "moderate": "AP_mo", "heavy": "AP_ho"} | {
    "moderately": "AP_mo",
    "heavily": "AP_ho",
}
CLAIM = re.compile(r"(?P<part>.+?) \+(?P<points>[\d.]+) AP (?:on |\()(?P<level>\w+)")
# Fields of an entry of the data that stand elsewhere than in its rows.
SHARED = ("backbone", "resolution", "fps_device")
NOT_FACTS = ("source", "note", "found", "rows", "benchmark", "split", "unit_note", *SHARED)
COMPUTED = "computed_"  # what the rows say, too
DVIS_BENCHMARKS = ("ovis", "ytvis2019", "vipseg", "vspw")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the data does not say of a study: its question, what it is about, and how its rows belong."""

    kind: Kind
    title: str
    about: str
    methods: tuple[str, ...] = ()
    benchmarks: tuple[str, ...] = ()
    reference: int | None = None


STUDIES: dict[str, Asked] = {
    "dvis_components_by_occlusion": Asked(
        Kind.CHAIN,
        "What does each component of DVIS add, by occlusion?",
        "The segmenter alone (MinVIS), then with the referring tracker, then with the temporal refiner too.",
        ("DVIS", "MinVIS"),
    ),
    "claims_check": Asked(
        Kind.FACTS,
        "Do the claims of DVIS agree with its tables?",
        "Differences that the abstract names, and the same computed from the rounded numbers of the tables.",
        ("DVIS",),
        ("ovis",),
    ),
    "dvis_tracker_initial_value": Asked(
        Kind.SETTINGS,
        "From what should the referring tracker of DVIS start?",
        "The first value of the queries that the tracker refines in each frame.",
        ("DVIS",),
        reference=3,
    ),
    "dvis_cross_attention_type": Asked(
        Kind.SETTINGS,
        "Does the tracker of DVIS need referring cross-attention?",
        "The tracker with the cross-attention of other decoders, and with its own.",
        ("DVIS",),
        reference=1,
    ),
    "dvis_refiner_block": Asked(
        Kind.SETTINGS,
        "Which part of the temporal refiner of DVIS matters?",
        "The refiner's block as it is, and without one of its parts.",
        ("DVIS",),
        reference=0,
    ),
    "dvis_semi_online_window": Asked(
        Kind.FACTS,
        "How long must the clips of the refiner of DVIS be?",
        "The refiner applied to clips of a video instead of all of it.",
        ("DVIS",),
    ),
    "dvis_cost": Asked(
        Kind.COST,
        "What do tracker and refiner of DVIS cost beside the segmenter?",
        "Multiply-adds, parameters and time per frame of each part.",
        ("DVIS",),
    ),
    "dvis_other_text_numbers": Asked(
        Kind.FACTS,
        "What else does the text of DVIS tell?",
        "Numbers that stand in sentences.",
        ("DVIS",),
        ("ovis", "ytvis2022"),
    ),
    "dvis_training_config": Asked(
        Kind.FACTS,
        "How was DVIS trained?",
        "Settings of the authors' configuration files.",
        ("DVIS",),
        DVIS_BENCHMARKS,
    ),
    "dvispp_training_config": Asked(
        Kind.FACTS,
        "How was DVIS++ trained?",
        "Settings of the authors' configuration files.",
        ("DVIS++",),
        (*DVIS_BENCHMARKS, "ytvis2021"),
    ),
    "dvispp_ablations": Asked(
        Kind.MISSING, "What do the parts of DVIS++ add?", "The ablations of its paper.", ("DVIS++",)
    ),
    "daq_ablations": Asked(
        Kind.MISSING, "What do the parts of DVIS-DAQ add?", "The ablations of its paper.", ("DVIS-DAQ",)
    ),
    "ifc_matching": Asked(
        Kind.SETTINGS,
        "Should IFC match by boxes or by masks?",
        "What decides which prediction belongs to which object.",
        ("IFC",),
        reference=1,
    ),
    "ifc_stride": Asked(
        Kind.SETTINGS,
        "What do longer clips bring to IFC?",
        "T frames are predicted at once, and S frames lie between the starts of two clips.",
        ("IFC",),
        reference=0,
    ),
    "videomt_from_cavis": Asked(
        Kind.CHAIN,
        "What does each step from CAVIS to VidEoMT change?",
        "Parts are taken away one after the other, then queries are propagated and fused.",
        ("VidEoMT", "CAVIS"),
    ),
    "videomt_eomt_with_trackers": Asked(
        Kind.SETTINGS,
        "Does VidEoMT need a tracker?",
        "EoMT as the segmenter of other trackers, and VidEoMT, which has none.",
        ("VidEoMT",),
        reference=3,
    ),
    "videomt_model_size": Asked(
        Kind.SETTINGS,
        "How do CAVIS and VidEoMT compare at each size?",
        "Both with a small, a base and a large backbone.",
        ("VidEoMT", "CAVIS"),
    ),
    "ovis_occlusion_levels": Asked(
        Kind.FACTS,
        "When is an object slightly, moderately or heavily occluded?",
        "The definition behind AP by occlusion, in the evaluator of the authors of OVIS.",
        (),
        ("ovis",),
    ),
}


@cache
def published_studies() -> tuple[Study, ...]:
    """Return every study of the data, in the order in which pages show them."""
    data = json.loads((DATA / "ablations.json").read_text(encoding="utf-8"))
    papers = _papers()
    claims = data["claims_check"]
    # The list of claims has no source of its own: they are those of the paper of the first table.
    data["claims_check"] = {
        "source": {**data["dvis_components_by_occlusion"]["source"], "table": "abstract"},
        "facts": {one["claim"]: _claim_checked(one) for one in claims},
    }
    studies = [_study(key, asked, data[key], papers) for key, asked in STUDIES.items()]
    return tuple(
        _with_claims(study, claims) if study.key == "dvis_components_by_occlusion" else study
        for study in studies
    )


def studies_of_benchmark(slug: str) -> tuple[Study, ...]:
    return tuple(study for study in published_studies() if slug in study.benchmarks)


def studies_of_method(name: str) -> tuple[Study, ...]:
    """Return the studies of a method that is known from published numbers, by its name."""
    return tuple(study for study in published_studies() if name in study.methods)


def _papers() -> dict[str, str]:
    """Name papers by their address, as the rows of boards do."""
    named: dict[str, str] = {}
    for row in json.loads((DATA / "published_results.json").read_text(encoding="utf-8")):
        if row["paper_url"]:
            where = row["venue"] or row["year"]
            named.setdefault(row["paper_url"], f"{row['method']} ({where})" if where else row["method"])
    return named


def _study(key: str, asked: Asked, entry: Mapping[str, Any], papers: Mapping[str, str]) -> Study:
    printed = entry.get("source", {})
    rows = _rows(entry.get("rows", ()), asked)
    keys = dict.fromkeys(key for row in rows for key in row.values)
    device = entry.get("fps_device")
    setup = (
        *(str(entry[name]) for name in ("backbone", "resolution") if entry.get(name)),
        *((f"speed on {device}",) if device else ()),
    )
    benchmark = (entry["benchmark"],) if "benchmark" in entry else ()
    return Study(
        key=key,
        kind=asked.kind,
        title=asked.title,
        about=asked.about,
        source=Source(paper=papers.get(printed.get("paper_url", ""), ""), **printed),
        benchmarks=asked.benchmarks or benchmark,
        methods=asked.methods,
        setup=setup,
        quantities=tuple(quantity(key) for key in keys),
        rows=tuple(_compared(rows, asked)),
        reference=asked.reference,
        facts=tuple(_facts({name: entry[name] for name in entry if name not in NOT_FACTS})),
        notes=tuple(_sentence(entry[name]) for name in ("unit_note", "note") if entry.get(name)),
    )


def _rows(entries: Sequence[Mapping[str, Any]], asked: Asked) -> list[StudyRow]:
    return [_cost_row(entry) if asked.kind == Kind.COST else _row(entry) for entry in entries]


def _row(entry: Mapping[str, Any]) -> StudyRow:
    named = {key: value for key, value in entry.items() if key not in ("setting", "T", "S")}
    name = entry.get("setting") or ", ".join(f"{key} = {entry[key]}" for key in ("T", "S"))
    return StudyRow(name, {LEVELS.get(key, key): _value(key, value) for key, value in named.items()})


def _cost_row(entry: Mapping[str, Any]) -> StudyRow:
    values = {key: float(entry[key]) for key in ("macs_g", "params_m", "time_ms")}
    return StudyRow(entry["component"], values, f"{entry['input']}, {entry['queries']} queries")


def _value(key: str, printed: float) -> float:
    return fraction(printed) if quantity(key).is_score else float(printed)


def _compared(rows: Sequence[StudyRow], asked: Asked) -> Iterable[StudyRow]:
    """Yield the rows with their differences to the row before, or to the reference."""
    for number, row in enumerate(rows):
        if asked.kind == Kind.CHAIN and number:
            other = rows[number - 1]
        elif asked.kind == Kind.SETTINGS and asked.reference not in (None, number):
            other = rows[asked.reference or 0]
        else:
            yield row
            continue
        known = [key for key in row.values if key in other.values and quantity(key).is_score]
        # Printed numbers have few digits: what is left beyond them is no difference.
        yield replace(row, steps={key: round(row.values[key] - other.values[key], 6) for key in known})


def _with_claims(study: Study, claims: Iterable[Mapping[str, Any]]) -> Study:
    """Add the steps that the abstract prints where the table has others."""
    rows = list(study.rows)
    notes = list(study.notes)
    for claim in claims:
        found = CLAIM.match(claim["claim"])
        if found is None or claim["agrees"]:
            continue
        level = LEVELS_IN_WORDS[found["level"]]
        number = next(n for n, row in enumerate(rows) if row.name.removeprefix("+ ") == found["part"])
        printed = {**rows[number].printed_steps, level: fraction(float(found["points"]))}
        rows[number] = replace(rows[number], printed_steps=printed)
        notes.append(f"The abstract says {claim['claim']}: {claim['note']}.")
    return replace(study, rows=tuple(rows), notes=tuple(notes))


def _claim_checked(claim: Mapping[str, Any]) -> str:
    verdict = "agrees" if claim["agrees"] else "does not agree"
    note = f" ({claim['note']})" if claim.get("note") else ""
    return f"{verdict}: the table has {claim['table']}{note}"


def _facts(found: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield statements and what they say, where the data nests them."""
    for key, value in found.items():
        words = "" if key == "facts" else _words(key)
        if key.startswith(COMPUTED):
            continue
        if isinstance(value, Mapping):
            yield from ((_joined(words, below), text) for below, text in _facts(value))
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for entry in value:
                first, *rest = [f"{_words(name)} {entry[name]}" for name in entry]
                yield first, ", ".join(text.removeprefix("result ") for text in rest)
        else:
            yield words, _text(value)


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))


def _words(key: str) -> str:
    return quantity(LEVELS[key]).label if key in LEVELS else key.replace("_", " ")


def _sentence(note: str) -> str:
    """Return a note of the data as a sentence, its metrics called as everywhere else."""
    for key in ("AP_l", "AP_m", "AP_h"):
        note = note.replace(key, quantity(LEVELS[key]).label)
    return f"{note[0].upper()}{note[1:].removesuffix('.')}."


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        is_span = all(0 <= number <= 1 for number in value)
        return (" to " if is_span else " or ").join(map(str, value))
    return str(value).replace(" -> ", " \N{RIGHTWARDS ARROW} ")


def level_quantities(study: Study) -> tuple[Quantity, ...]:
    """Return the columns of AP by occlusion, all objects first; none where the study has no such numbers."""
    found = {one.key: one for one in study.quantities}
    return tuple(found[key] for key in LEVELS.values()) if set(LEVELS.values()) <= found.keys() else ()
