"""The files of a job: under their names, nowhere else, and gone afterwards."""

import pytest

from tests.support.factories import claim, make_submission
from worker.workdir import workdir

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("results.zip", "results.zip"),
        ("C:\\Users\\me\\results.json", "results.json"),
        ("../../etc/passwd", "passwd"),
        ("mes résultats (1).json", "mes_résultats_1_.json"),
        ("...", "results.json"),
        ("", "results.json"),
        ("\x00\n", "_"),
        ("漢" * 200 + ".json", "漢" * 31 + ".json"),
    ],
)
def test_predictions_have_a_plain_form_of_their_name(filename: str, name: str) -> None:
    submission = make_submission(filename=filename.replace("\x00", ""))
    with workdir(claim()) as files:
        assert files.predictions.name == name
        assert submission.blob is not None
        assert files.predictions.stat().st_size == submission.blob.size


def test_nothing_is_left_afterwards_also_after_an_error() -> None:
    make_submission()
    with pytest.raises(RuntimeError), workdir(claim()) as files:
        raise RuntimeError
    assert not files.predictions.parent.exists()
    assert files.ground_truth.exists()
