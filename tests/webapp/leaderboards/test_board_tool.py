"""The board as a tool: ranks by any metric, best per method, one method, a baseline, exports of ticks."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evaluator.statistics.comparison import difference, unpack_samples
from tests.support.boards import OCCLUSION, make_board, make_row
from tests.support.drawn import make_drawn
from tests.support.factories import make_blob, make_user
from webapp.benchmarks.models import Split
from webapp.leaderboards.baseline import leads
from webapp.leaderboards.doubts import DOUBTS, REMARKS, doubts, remarks
from webapp.leaderboards.export import to_csv, to_dict, to_latex
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import Leaderboard, leaderboard
from webapp.methods.models import Variant
from webapp.published.rows import published_rows

pytestmark = pytest.mark.django_db
URL = "/benchmarks/shapes/"


def board_of(split: Split, query: str = "") -> Leaderboard:
    return leaderboard(split=split, user=AnonymousUser(), filters=Filters.from_query(QueryDict(query)))


def ranked(board: Leaderboard) -> list[tuple[str, int | None]]:
    return [(one.row.method, one.rank) for one in board.rows]


def make_occluded(split: Split) -> None:
    make_row(split, "A", 0.5, metrics={"AP_ho": 0.1})
    make_row(split, "B", 0.4, metrics={"AP_ho": 0.3})
    make_row(split, "C", 0.3, metrics={"AP_ho": 0.2})
    make_row(split, "D", 0.9)


def test_the_number_that_sorts_ranks_and_rows_without_it_are_folded() -> None:
    split = make_board("shapes")
    make_occluded(split)
    board = board_of(split, "sort=-AP_ho")
    assert (ranked(board), board.folded) == ([("B", 1), ("C", 2), ("A", 3)], 1)
    assert to_dict(board)["ranked_by"] == "AP_ho"
    assert ranked(board_of(split, "sort=AP_ho")) == [("A", 3), ("C", 2), ("B", 1)]
    assert ranked(board_of(split, "sort=-AP_ho&without=1"))[3:] == [("D", None)]
    assert [rank for _, rank in ranked(board_of(split, "sort=method"))] == [2, 3, 4, 1]
    page = Client().get(f"{URL}?sort=-AP_ho").content.decode()
    assert "by heavy" in page
    assert "Show 1 row without this number" in page
    assert f'{URL}?sort=-AP_ho&amp;without=1"' in page


def test_whiskers_are_those_of_the_number_that_ranks_and_differences_have_none() -> None:
    split = make_board("shapes")
    first = make_drawn(split, "A", 0.5)
    make_drawn(split, "B", 0.4)
    pages = [
        Client().get(f"{URL}{query}").content.decode() for query in ("", f"?baseline={first.variant_id}")
    ]
    assert [page.count('class="whisker') for page in pages] == [2, 0]


def test_the_best_variant_of_each_method_is_chosen_by_the_number_that_ranks() -> None:
    split = make_board("shapes")
    first = make_row(split, "A", 0.5, metrics={"AP_ho": 0.1})
    other = Variant.objects.create(method=first.variant.method, name="other")
    make_row(split, "A", 0.4, variant=other, metrics={"AP_ho": 0.2})
    make_row(split, "B", 0.3)
    assert len(board_of(split).rows) == 3
    best = board_of(split, "per=method")
    assert (ranked(best), best.matching, best.total) == ([("A", 1), ("B", 3)], 2, 3)
    assert best.rows[0].row.variant == "default"
    assert board_of(split, "per=method&sort=-AP_ho").rows[0].row.variant == "other"


def test_a_method_is_found_by_its_exact_name_not_by_those_that_contain_it() -> None:
    split = make_board("shapes")
    dvis = make_row(split, "DVIS", 0.5)
    make_row(split, "DVIS++", 0.6)
    board = board_of(split, f"method={dvis.variant.method.slug}")
    assert (ranked(board), board.matching) == ([("DVIS", 2)], 1)
    page = Client().get(f"{URL}?method={dvis.variant.method.slug}").content.decode()
    assert f'href="{URL}" hx-get="{URL}" aria-current="true">DVIS' in page


def test_every_number_is_a_difference_to_the_pinned_row_with_the_bounds_of_the_paired_draws() -> None:
    split = make_board("shapes")
    base, better = make_drawn(split, "Base", 0.4), make_drawn(split, "Better", 0.4549)
    make_row(split, "Printed", 0.5, source={"primary": True})
    make_drawn(split, "Old", 0.45)
    board = board_of(split, f"baseline={base.variant_id}")
    found = leads(board, [one.row for one in board.rows])
    lead = found[str(better.pk), "AP"]
    draws = [unpack_samples(bytes(one.samples.get(metric="AP").samples)) for one in (better, base)]
    tested = difference(0.4549, 0.4, *draws)
    assert tested is not None
    assert lead.text == "+5.5"
    assert lead.interval == f"{100 * tested.low:+.1f} to {100 * tested.high:+.1f}"
    assert lead.is_sure
    printed = next(one.row for one in board.rows if one.row.method == "Printed")
    assert (found[printed.submission_id, "AP"].text, found[printed.submission_id, "AP"].interval) == (
        "+10.0",
        "",
    )
    assert (str(base.pk), "AP") not in found
    page = Client().get(f"{URL}?baseline={base.variant_id}").content.decode()
    assert ("+5.5" in page, "40.0" in page, "45.5" in page) == (True, True, False)
    assert '<span class="badge accent">baseline</span>' in page


def test_a_pinned_row_stays_in_sight_when_filters_hide_it_and_no_other_draws_are_compared() -> None:
    split = make_board("shapes")
    base = make_drawn(split, "Base", 0.4)
    other = make_drawn(split, "Other", 0.45)
    other.ground_truth = make_blob()
    other.save()
    board = board_of(split, f"q=other&baseline={base.variant_id}")
    assert leads(board, [one.row for one in board.rows])[str(other.pk), "AP"].interval == ""
    page = Client().get(f"{URL}?q=other&baseline={base.variant_id}").content.decode()
    assert page.index('badge accent">baseline') < page.index(">Other<")


def test_a_private_row_is_no_baseline_of_strangers() -> None:
    split, alice = make_board("shapes"), make_user()
    own = make_drawn(split, "Own", 0.4, author=alice, is_public=False)
    make_row(split, "Open", 0.5)
    assert board_of(split, f"baseline={own.variant_id}").baseline is None
    assert "Own" not in Client().get(f"{URL}?baseline={own.variant_id}").content.decode()


def test_ticked_rows_alone_are_exported_in_every_format() -> None:
    split = make_board("shapes")
    a, _, c = (make_row(split, name, ap) for name, ap in (("Aa", 0.5), ("Bb", 0.4), ("Cc", 0.3)))
    query = f"rows={a.variant_id},{c.variant_id}"
    for format in ("csv", "latex", "markdown", "json"):
        answer = Client().get(f"/api/v1/benchmarks/shapes/leaderboard?{query}&format={format}")
        text = b"".join(answer) if format != "json" else answer.content
        assert [name in text for name in (b"Aa", b"Bb", b"Cc")] == [True, False, True]


def test_latex_has_the_chosen_columns_with_the_best_bold_and_the_second_underlined_as_printed() -> None:
    split = make_board("shapes")
    a = make_row(split, "A", 0.5001, metrics={"AP50": 0.7, **OCCLUSION})
    make_row(split, "B", 0.5, metrics={"AP50": 0.9})
    c = make_row(split, "C", 0.3, metrics={"AP50": 0.8})
    make_row(split, "D", 0.2)
    text = "".join(to_latex(board_of(split, "metrics=AP,AP50")))
    assert r"A &  & \textbf{50.0} & 70.0 \\" in text
    assert r"B &  & \textbf{50.0} & \textbf{90.0} \\" in text
    assert r"C &  & \underline{30.0} & \underline{80.0} \\" in text
    assert r"D &  & 20.0 & -- \\" in text
    ticked = "".join(to_latex(board_of(split, f"metrics=AP&rows={a.variant_id},{c.variant_id}")))
    assert r"C &  & \underline{30.0} \\" in ticked
    assert "slight" not in text


def test_exports_have_the_costs_and_say_by_what_the_rows_are_ranked() -> None:
    split = make_board("shapes")
    facts = {"primary": True, "params_m": 44.1, "fps": 24, "fps_device": "H100"}
    make_row(split, "A", 0.5, source=facts, metrics={"AP50": 0.7})
    head, line = "".join(to_csv(board_of(split, "sort=-AP50"))).splitlines()
    cells = dict(zip(head.split(","), line.split(","), strict=True))
    assert (cells['"ranked_by"'], cells['"frames_per_second"'], cells['"device"']) == (
        *('"AP50"', '"24.0"'),
        '"H100"',
    )
    assert r"44.1 & 24 (H100) \\" in "".join(to_latex(board_of(split, "columns=cost&metrics=AP")))


def test_column_groups_open_and_close_and_keep_the_rest_of_the_address() -> None:
    split = make_board("shapes")
    make_row(split, "A", 0.5, metrics={"AP50": 0.7, "AR_s": 0.1, "AR100": 0.2, **OCCLUSION})
    keys = [column.metric.key for column in board_of(split, "columns=recall").columns]
    assert {"AR100", "AR_s"} <= set(keys)
    closed = board_of(split, "columns=-occlusion")
    assert "AP_ho" not in [column.metric.key for column in closed.columns]
    assert closed.hidden["occlusion"] == 3
    page = Client().get(f"{URL}?q=a&sort=-AP50").content.decode()
    assert f'href="{URL}?q=a&amp;sort=-AP50&amp;columns=recall"' in page
    assert f'href="{URL}?q=a&amp;sort=-AP50&amp;columns=-occlusion"' in page
    assert "AP_ho" in [c.metric.key for c in board_of(split, "columns=-occlusion&sort=-AP_ho").columns]


def test_every_flag_of_the_published_data_is_a_sentence_and_doubts_stand_in_the_row() -> None:
    flags = {flag for row in published_rows() for flag in row.source.get("flags", ())}
    assert flags <= {*DOUBTS, *REMARKS}
    source = {"primary": True, "table": "Table 1", "flags": ["columns_untangled", "mode_inferred"]}
    assert doubts(source)[0].endswith("check Table 1.")
    assert len(remarks(source)) == 1
    split = make_board("shapes")
    make_row(split, "A", 0.5, source=source, year=2023)
    make_row(split, "B", 0.4, source={"primary": True})
    page = Client().get(URL).content.decode()
    assert page.count('class="badge" title="The columns of this table ran together') == 1
    assert '<span class="published">2023</span>' in page


def test_a_page_with_everything_open_needs_few_queries() -> None:
    split = make_board("shapes")
    base = make_drawn(split, "Base", 0.4)
    for number in range(12):
        source = {"primary": True, "params_m": 9, "fps": 10 + number, "fps_device": "H100"}
        make_row(split, f"M{number}", 0.3 + number / 100, metrics=OCCLUSION, source=source)
    query = f"sort=-AP_ho&per=method&columns=all&baseline={base.variant_id}&rows={base.variant_id}"
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        Client().get(f"{URL}?{query}")
    assert len(queries) <= 24, len(queries)
    cache.clear()  # of the header, too, which remembers the queue's state for some seconds
    with CaptureQueriesContext(connection) as queries:
        Client().get(URL)
    assert len(queries) <= 15, [one["sql"][:120] for one in queries]


def test_numbers_by_category_open_as_columns_for_those_who_may_see_them() -> None:
    split = make_board(
        "shapes", benchmark={"categories": [{"id": 1, "name": "Fish"}, {"id": 2, "name": "Bird"}]}
    )
    first = make_drawn(split, "A", 0.5, per_category={"Bird": {"AP": 0.61}, "Fish": {"AP": 0.4}})
    make_drawn(split, "B", 0.4, per_category={"Bird": {"AP": 0.5}, "Fish": {"AP": None}})
    make_row(split, "Printed", 0.3, source={"primary": True})
    page = Client().get(f"{URL}?columns=category").content.decode()
    assert page.index('title="AP of Fish"') < page.index('title="AP of Bird"')
    assert "61.0" in page
    assert 'title="AP of Bird"' not in Client().get(URL).content.decode()
    pinned = Client().get(f"{URL}?columns=category&baseline={first.variant_id}").content.decode()
    assert "\N{MINUS SIGN}11.0" in pinned
    Split.objects.update(details_visible=False)
    secret = Client().get(f"{URL}?columns=category").content.decode()
    assert "61.0" not in secret
    assert "By category" not in secret
