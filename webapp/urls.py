"""Every address of the site. Each app has its own urls.py; the REST API is one router in webapp/api.py."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from evaluator.receipts import KEY_ADDRESS
from webapp.api import api
from webapp.api.receipts import keys
from webapp.pages.site import views
from webapp.pages.site.errata import errata
from webapp.pages.site.status import status

admin.site.site_header = f"{settings.SITE_NAME} administration"
admin.site.site_title = settings.SITE_NAME
admin.site.index_title = "Benchmarks, people and jobs"

handler500 = "webapp.pages.site.views.failed"
urlpatterns = [
    path("", views.home, name="home"),
    path("robots.txt", views.robots, name="robots"),
    path("submit/", views.submit, name="submit"),
    path("about-numbers/", views.about_numbers, name="about_numbers"),
    path("benchmarks/", include("webapp.pages.benchmarks.urls")),
    path("benchmarks/", include("webapp.pages.videos.urls")),
    path("compare/", include("webapp.pages.compare.urls")),
    path("methods/", include("webapp.pages.methods.urls")),
    path("checkpoints/", include("webapp.pages.checkpoints.urls")),
    path("metrics/", include("webapp.pages.metrics.urls")),
    path("", include("webapp.pages.submissions.urls")),
    path("", include("webapp.pages.runs.urls")),
    path("embed/", include("webapp.pages.outside.urls")),
    path("errata/", errata, name="errata"),
    path("status/", status, name="status"),
    path("", include("webapp.pages.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path(KEY_ADDRESS.removeprefix("/"), keys, name="keys"),
    # The admin's own form has no limit of tries: whoever is not logged in goes through the site's.
    path("admin/login/", secure_admin_login(admin.site.login)),
    path("admin/", admin.site.urls),
]
