"""Upload of a file of one gigabyte, through HTTP, to a site with nothing else to do."""

from tests.bench.figures import Figures
from tests.support.factories import make_user
from tests.support.live import LiveSite
from tests.support.rest import make_token
from tests.support.upload_figures import measure


def test_a_gigabyte_is_uploaded_within_300_mb_of_memory(live_site: LiveSite, figures: Figures) -> None:
    found = measure(live_site, make_token(make_user()), 1024)
    figures.add(
        {
            "file, MB": found.megabytes,
            "MB/s": f"{found.megabytes / found.seconds:.0f}",
            "peak memory of a process of the site, MB": f"{found.peak_rss_mb:.0f}",
        }
    )
    assert found.peak_rss_mb < 300
