from django.urls import path

from webapp.pages.submissions import views

app_name = "submissions"
urlpatterns = [
    path("benchmarks/<slug:slug>/submit/", views.new, name="new"),
    path("submissions/", views.mine, name="mine"),
    path("submissions/<uuid:submission_id>/", views.detail, name="detail"),
    path("submissions/<uuid:submission_id>/withdraw/", views.withdraw, name="withdraw"),
    path("submissions/<uuid:submission_id>/retry/", views.retry, name="retry"),
    path("submissions/<uuid:submission_id>/cost/", views.cost, name="cost"),
    path("submissions/<uuid:submission_id>/visibility/", views.visibility, name="visibility"),
]
