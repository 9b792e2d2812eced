"""The pages of the metrics: one for each, drawn without scripts, and where they are linked from."""

import pytest
from django.test import Client

from evaluator.catalog import METRICS
from tests.support.boards import OCCLUSION, make_board, make_row

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("key", METRICS)
def test_every_metric_has_a_page_with_formula_example_command_and_source(key: str, client: Client) -> None:
    spec = METRICS[key]
    response = client.get(f"/metrics/{key}/")
    text = response.content.decode()
    assert response.status_code == 200
    assert text.count("<math display=") == len(spec.formula)
    assert "$" not in text.partition("<main")[2]  # every formula was drawn
    assert f'<strong class="num">{100 * spec.example.value:.1f}</strong>' in text
    assert "python -m evaluator" in text
    assert all(source.url in text for source in spec.sources)


def test_the_list_leads_to_every_page(client: Client) -> None:
    text = client.get("/metrics/").content.decode()
    assert [key for key in METRICS if f'href="/metrics/{key}/"' not in text] == []


def test_an_unknown_metric_is_not_found(client: Client) -> None:
    assert client.get("/metrics/AP51/").status_code == 404


def test_a_page_names_the_boards_that_its_reader_may_see(client: Client) -> None:
    make_board("open", benchmark={"name": "Open shapes"})
    make_board("closed", benchmark={"name": "Secret shapes", "is_public": False})
    text = client.get("/metrics/AP_ho/").content.decode()
    assert "Open shapes" in text
    assert "Secret shapes" not in text
    assert "none here" in client.get("/metrics/STQ/").content.decode()


def test_boards_and_the_about_page_lead_to_the_metrics(client: Client) -> None:
    split = make_board("shapes")
    make_row(split, "Owl", 0.3, metrics={**OCCLUSION, "AP_long": 0.2})
    board = client.get("/benchmarks/shapes/").content.decode()
    for key in ("AP", *OCCLUSION):
        assert f'href="/metrics/{key}/"' in board
        assert f'href="/metrics/{key}/"' in client.get("/benchmarks/shapes/about/").content.decode()
    assert "/metrics/AP_long/" not in board  # only papers print it
