"""A file of one gigabyte, uploaded through HTTP."""

from tests.factories import make_user
from tests.live import LiveSite
from tests.rest import make_token
from tests.upload_figures import measure


def test_a_gigabyte_is_uploaded_within_300_mb_of_memory(live_site: LiveSite) -> None:
    figures = measure(live_site, make_token(make_user()), 1024)
    print(f"\nupload: {figures}")
    assert figures.peak_rss_mb < 300
