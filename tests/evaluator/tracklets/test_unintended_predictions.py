"""Files that can be scored, or almost, but are surely not what was meant: each is told what it looks like."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator import Report, SubmissionRejected, evaluate, validate
from evaluator.problems import Problem
from tests.evaluator.vis_files import HEIGHT, WIDTH, annotation, column, ground_truth, prediction, rle, write


def categories(*ids: int) -> dict[str, Any]:
    """A ground truth of these categories with one annotation of each, in both videos by turns."""
    found = [
        annotation(n, category_id=number, video_id=(7, 9)[n % 2]) for n, number in enumerate(ids, start=1)
    ]
    return ground_truth(*found, categories=[{"id": number, "name": f"c{number}"} for number in ids])


def of_categories(*ids: int) -> list[dict[str, Any]]:
    return [prediction(category_id=number, video_id=(7, 9)[n % 2]) for n, number in enumerate(ids)]


def score(folder: Path, truth: object, content: object) -> Report:
    """Score, and check that `validate` says the same."""
    gt, results = write(folder / "gt.json", truth), write(folder / "results.json", content)
    report = evaluate("ytvis2021", gt, results)
    assert tuple(validate("ytvis2021", results, gt)) == report.warnings
    return report


def warnings(report: Report) -> dict[str, Problem]:
    return {warning.code: warning for warning in report.warnings}


def refusal(folder: Path, content: object) -> Problem:
    gt, results = write(folder / "gt.json", ground_truth()), write(folder / "results.json", content)
    with pytest.raises(SubmissionRejected) as rejected:
        evaluate("ytvis2021", gt, results)
    return rejected.value.problems[0]


def test_videos_without_a_prediction_are_counted(tmp_path: Path) -> None:
    (warning,) = score(tmp_path, ground_truth(), [prediction()]).warnings
    assert warning.code == "videos-without-predictions"
    assert warning.message == "1 of the 2 videos has no prediction, this one first."
    assert warning.where.to_json() == {"file": "results.json", "video_id": 9, "video": "nine"}
    assert score(tmp_path, ground_truth(), [prediction(), prediction(video_id=9)]).warnings == ()


COUNTED: list[tuple[tuple[int, ...], tuple[int, ...], str | None]] = [
    (
        (1, 2, 3),
        (0, 1, 2),
        "0 to 2 look like indices in a list of classes, counted from 0; those of the ground truth "
        "are 1 to 3: add 1.",
    ),
    (
        (0, 1, 2),
        (1, 2, 3),
        "1 to 3 look like indices in a list of classes, counted from 1; those of the ground truth "
        "are 0 to 2: subtract 1.",
    ),
    (
        (10, 20, 50),
        (0, 2),
        "0 to 2 look like indices in a list of classes, counted from 0; the ids of the ground truth "
        "are 10, 20, 50.",
    ),
    ((1, 2, 3), (1, 77), None),
    ((1, 2, 3), (1, 3), None),
]


@pytest.mark.parametrize(("known", "used", "sentence"), COUNTED)
def test_category_ids_that_are_places_in_a_list_are_told(
    known: tuple[int, ...], used: tuple[int, ...], sentence: str | None, tmp_path: Path
) -> None:
    report = score(tmp_path, categories(*known), of_categories(*used))
    found = warnings(report).get("categories-counted-otherwise")
    assert (found and found.message) == (sentence and f"The category ids {sentence}")


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ((97.5, 12), "Scores lie outside 0 to 1: 2 of 2, from 12 to 97.5, as percent have."),
        ((-3.5, 0.5), "Scores lie outside 0 to 1: 1 of 2, from -3.5 to 0.5, as logits have."),
        ((0, 1), None),
    ],
)
def test_scores_on_another_scale_are_told_and_change_nothing(
    scores: tuple[float, float], sentence: str | None, tmp_path: Path
) -> None:
    def entries(first: float, second: float) -> list[dict[str, Any]]:
        return [prediction(score=first), prediction(video_id=9, score=second)]

    report = score(tmp_path, ground_truth(), entries(*scores))
    found = warnings(report).get("scores-unusual")
    assert (found and found.message) == sentence
    usual = (0.9, 0.1) if scores[0] > scores[1] else (0.1, 0.9)
    assert report.metrics == score(tmp_path, ground_truth(), entries(*usual)).metrics


def test_predictions_without_a_pixel_are_counted(tmp_path: Path) -> None:
    blank = [
        prediction(segmentations=[None, {}, []]),
        prediction(video_id=9, segmentations=[rle(0), None, rle(0)]),
    ]
    found = warnings(score(tmp_path, ground_truth(), [prediction(), *blank]))["predictions-without-pixels"]
    assert found.message == "2 of 3 predictions have no pixel in any frame."


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ((6, 8), " All ids fit if 1 is added: they look counted from 0."),
        ((8, 10), " All ids fit if 1 is subtracted: they look counted from 1."),
        ((6, 20), ""),
    ],
)
def test_video_ids_counted_from_another_number_are_told(
    ids: tuple[int, ...], sentence: str, tmp_path: Path
) -> None:
    problem = refusal(tmp_path, [prediction(video_id=number) for number in ids])
    assert problem.code == "video-unknown"
    assert problem.message == (f"The ground truth has no video {ids[0]}; its 2 ids are 7 to 9.{sentence}")


ENTRIES: list[tuple[str, dict[str, Any], str]] = [
    (
        "COCO",
        {"image_id": 1, "category_id": 2, "score": 0.5, "segmentation": column(0)},
        "The prediction has no `video_id`; it has `image_id`, `category_id`, `score`, "
        "`segmentation`. This looks "
        "like COCO results of single images, one item per image and object.",
    ),
    (
        "TAO",
        {"image_id": 1, "track_id": 3, "category_id": 2, "score": 0.5, "bbox": [0, 0, 1, 1]},
        "The prediction has no `video_id`; it has `image_id`, `track_id`, `category_id`, `score`, "
        "`bbox`. This "
        "looks like results of TAO or COCO-VID, one item per image.",
    ),
    (
        "boxes",
        {"video_id": 7, "category_id": 2, "score": 0.5, "bboxes": [[0, 0, 1, 1], None, None]},
        "The prediction has no `segmentations`; it has `video_id`, `category_id`, `score`, "
        "`bboxes`. This looks "
        "like results of boxes without masks.",
    ),
    (
        "another word",
        {"video_id": 7, "category_id": 2, "confidence": 0.5, "segmentations": [None] * 3},
        "The prediction has no `score`; it has `video_id`, `category_id`, `confidence`, `segmentations`.",
    ),
    ("no field", {}, "The prediction has no `video_id`; it has no field."),
]


@pytest.mark.parametrize(("entry", "sentence"), [row[1:] for row in ENTRIES], ids=[row[0] for row in ENTRIES])
def test_the_fields_that_are_there_are_named_once(
    entry: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    problem = refusal(tmp_path, [entry, entry])
    assert (problem.code, problem.message) == ("field-missing", sentence)


FORMS: list[tuple[object, str]] = [
    ({"track_bboxes": [], "track_masks": []}, "results of MMTracking (a list per video, frame and class)"),
    ({"annotations": [{"video_id": "a", "annotations": []}]}, "write the value of `annotations` alone"),
    ({"7": [], "9": []}, "one list per video: join them, each prediction with its `video_id`"),
    (ground_truth(), "an annotation file, the ground truth itself"),
    ({"sequences": []}, "the format of BURST"),
    ({"images": [], "annotations": [], "tracks": [], "videos": []}, "annotations of TAO"),
    (json.dumps(prediction()) + "\n" + json.dumps(prediction()), "as in JSON Lines"),
    ([[prediction()]], "The item is a list, expected an object; join the lists of all videos into one."),
    ("1 2029 2 1080 1920 UkU1\n1 2030 2 1080 1920 UkU1\n", "a text file of MOTS"),
    ("1,2,912.5,484,97,109,0,7,1\n", "a text file of boxes, as MOTChallenge has them"),
]


@pytest.mark.parametrize(("content", "sentence"), FORMS, ids=[sentence for _, sentence in FORMS])
def test_a_file_of_another_format_is_called_by_its_name(
    content: object, sentence: str, tmp_path: Path
) -> None:
    assert sentence in refusal(tmp_path, content).message


def test_counts_printed_as_bytes_are_told(tmp_path: Path) -> None:
    mask = {"size": [HEIGHT, WIDTH], "counts": "b'04d0'"}
    problem = refusal(tmp_path, [prediction(segmentations=[mask, None, None])])
    assert problem.code == "rle-characters"
    assert problem.message == (
        '`counts` begins with b\', as Python prints bytes: write counts.decode("ascii") instead.'
    )


def _moving(column_of: int, row_of: int, *, by_row: bool) -> list[dict[str, Any]]:
    """A 2 x 3 rectangle in each frame, encoded down the columns or, wrongly, along the rows."""
    masks = []
    for frame in range(3):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[row_of : row_of + 2, column_of + frame % 2 : column_of + frame % 2 + 3] = 1
        flat = mask.ravel(order="C" if by_row else "F")
        edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]])))
        masks.append(rle(*np.diff([0, *edges.tolist()]).tolist()))
    return masks


@pytest.mark.parametrize(
    ("by_row", "category", "code"),
    [
        (True, 2, "masks-row-by-row"),
        (False, 5, "categories-mixed-up"),
        (False, 2, None),
    ],
)
def test_masks_along_rows_and_other_categories_are_told_by_what_fits(
    by_row: bool, category: int, code: str | None, tmp_path: Path
) -> None:
    places = [(7, 0, 0), (7, 2, 2), (9, 0, 2), (9, 2, 0)]
    truth = ground_truth(
        *(
            annotation(n, video_id=video, segmentations=_moving(column, row, by_row=False), areas=[6] * 3)
            for n, (video, column, row) in enumerate(places, start=1)
        )
    )
    found = [
        prediction(video_id=video, category_id=category, segmentations=_moving(column, row, by_row=by_row))
        for video, column, row in places
    ]
    report = score(tmp_path, truth, found)
    assert set(warnings(report)) == ({code} if code else set())
    assert (report.metrics["AP50"] == 0) == (code is not None)


def test_a_file_with_errors_is_told_its_warnings_as_well(tmp_path: Path) -> None:
    one = prediction(category_id=77, score=55)
    entries = [one, one, prediction(score=None), {"video_id": 7, "category_id": "1"}, 5]
    results = write(tmp_path / "results.json", entries)
    archive = tmp_path / "windows.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(results, "a\\b\\results.json")
    problems = validate("ytvis2021", archive, write(tmp_path / "gt.json", ground_truth()))
    found = {problem.code: problem.message for problem in problems}
    severities = [problem.severity for problem in problems]
    assert severities == sorted(severities)  # errors first
    assert found["score-type"] == "`score` is null, expected a number."
    warned = [problem.code for problem in problems if problem.severity == "warning"]
    assert warned == [
        "archive-backslashes",
        "archive-root-folder",
        "videos-without-predictions",
        "category-unknown",
        "scores-unusual",
        "predictions-duplicate",
    ]
    assert found["category-unknown"] == "2 predictions have categories that the ground truth lacks: 77."
    assert found["videos-without-predictions"].startswith("1 of the 2 videos has no prediction")
