"""The site's settings, with servers and folders of the tests' own. Read before any conftest.py is."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="dvis-bench-tests-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

# A developer's own servers are no place for tests.
os.environ |= {"DVIS_BENCH_VAR": str(FOLDER / "var"), "DATABASE_URL": "", "REDIS_URL": "", "S3_BUCKET": ""}
# A developer's disk may be nearly full.
os.environ["DISK_RESERVE_PERCENT"] = "0"
# Made anew where a source has changed, and by no test in vain: it takes seconds.
os.environ["STATIC_ROOT"] = str(Path(__file__).resolve().parent.parent / ".static")
# Playwright keeps an event loop in the main thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

from webapp import settings as site  # noqa: E402  the environment above decides what it finds

globals().update({name: value for name, value in vars(site).items() if name.isupper()})
PASSWORD_HASHERS = ["tests.support.hashers.QuickHasher"]
# Pages that are rendered here, without the web server, need no file of that folder.
STORAGES = site.STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
# All tests of a process come from one address; those of the limits set their own.
API_THROTTLE_ANONYMOUS = "100000/m"
