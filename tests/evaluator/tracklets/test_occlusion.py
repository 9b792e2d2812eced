"""The occlusion score of OVIS, on cases worked out by hand."""

import pytest

from evaluator.tracklets.occlusion import occlusion_score

NO, SLIGHT, SEVERE = "no_occlusion", "slight_occlusion", "severe_occlusion"


@pytest.mark.parametrize(
    ("levels", "score"),
    [
        ([NO], 0),
        ([NO, SEVERE], 0.75),  # the upper half is the one severe frame
        ([NO, SLIGHT, SEVERE], 0.5),  # two of three: (0.75 + 0.25) / 2
        ([SEVERE, None, None, NO, NO, NO], 0.375),  # absent frames do not count: (0.75 + 0) / 2
        ([SLIGHT] * 5, 0.25),
    ],
)
def test_score_is_the_mean_of_the_more_occluded_half(levels: list[str | None], score: float) -> None:
    assert occlusion_score(levels) == score


def test_a_tracklet_that_is_never_visible_has_no_score() -> None:
    with pytest.raises(ValueError, match="Expected at least one visible frame"):
        occlusion_score([None, None])
