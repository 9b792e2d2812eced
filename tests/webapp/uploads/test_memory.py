"""A large file goes to disk, not to memory."""

from tests.support.factories import make_user
from tests.support.live import LiveSite
from tests.support.rest import make_token
from tests.support.upload_figures import measure
from webapp.uploads.models import Upload

MEGABYTES = 320  # more than the limit, which it would exceed if it were held


def test_a_large_upload_keeps_the_site_under_300_mb(live_site: LiveSite) -> None:
    figures = measure(live_site, make_token(make_user()), MEGABYTES)
    assert figures.peak_rss_mb < 300, figures
    assert Upload.objects.get().is_complete
