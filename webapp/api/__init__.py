"""The REST API: every router, below /api/v1/. OpenAPI at openapi.json, described for people at docs."""

from dataclasses import asdict

from django.http import HttpRequest
from ninja import Schema

from evaluator.problems import PROBLEMS
from webapp.api import (
    ablations,
    benchmarks,
    checkpoints,
    compare,
    jobs,
    methods,
    receipts,
    runs,
    submissions,
    uploads,
    videos,
)
from webapp.api.docs import Docs
from webapp.rest.auth import anyone
from webapp.rest.document import DescribedApi
from webapp.rest.parser import PlainTextParser
from webapp.rest.problems import install_handlers
from webapp.rest.throttle import RateThrottle

DESCRIPTION = """\
Values are fractions in 0..1, times are UTC, sizes are bytes. Whoever only reads public data needs no access;
all else takes `Authorization: Bearer TOKEN` (make one on your account's page) or the session of the browser
with its CSRF token. Errors are `application/problem+json`. Lists come in pages: follow `next`. A POST of JSON
with an `Idempotency-Key` can be repeated safely for a day. RateLimit headers say what is left of the minute.
"""


api = DescribedApi(
    title="DVIS-Bench",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs=Docs(),
    throttle=[RateThrottle()],
    parser=PlainTextParser(),
)
install_handlers(api)
for resource in (
    *(ablations, benchmarks, checkpoints, compare, jobs),
    *(methods, receipts, runs, submissions, uploads, videos),
):
    api.add_router("", resource.router)


class ProblemKind(Schema):
    code: str
    severity: str
    title: str
    hint: str


@api.get(
    "/problems", response=list[ProblemKind], auth=anyone, tags=["problems"], summary="List the problem codes"
)
def problems(request: HttpRequest) -> list[dict[str, str]]:
    """All that can be wrong with a file: the one table that pages, API and command line speak from."""
    return [asdict(spec) for spec in PROBLEMS.values()]
