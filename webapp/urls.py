"""Every address of the site. Each app has its own urls.py; the REST API is one router in webapp/api.py."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from evaluator.receipts import KEY_ADDRESS
from webapp import views
from webapp.api import api
from webapp.errata.views import errata
from webapp.jobs.views import status
from webapp.receipts.api import keys

admin.site.site_header = f"{settings.SITE_NAME} administration"
admin.site.site_title = settings.SITE_NAME
admin.site.index_title = "Benchmarks, people and jobs"

urlpatterns = [
    path("", views.home, name="home"),
    path("robots.txt", views.robots, name="robots"),
    path("submit/", views.submit, name="submit"),
    path("about-numbers/", views.about_numbers, name="about_numbers"),
    path("benchmarks/", include("webapp.benchmarks.urls")),
    path("compare/", include("webapp.compare.urls")),
    path("methods/", include("webapp.methods.urls")),
    path("checkpoints/", include("webapp.checkpoints.urls")),
    path("metrics/", include("webapp.metrics.urls")),
    path("", include("webapp.submissions.urls")),
    path("", include("webapp.runs.urls")),
    path("errata/", errata, name="errata"),
    path("status/", status, name="status"),
    path("", include("webapp.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path(KEY_ADDRESS.removeprefix("/"), keys, name="keys"),
    # The admin's own form has no limit of tries: whoever is not logged in goes through the site's.
    path("admin/login/", secure_admin_login(admin.site.login)),
    path("admin/", admin.site.urls),
]
