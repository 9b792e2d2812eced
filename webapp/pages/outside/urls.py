from django.urls import path

from webapp.pages.outside import pictures, views

app_name = "outside"
urlpatterns = [
    path("benchmarks/<slug:slug>/<slug:split>/", views.board, name="board"),
    path("benchmarks/<slug:slug>/<slug:split>/rows/<int:variant>/", views.row, name="row"),
    path("benchmarks/<slug:slug>/<slug:split>/chart/", views.chart, name="chart"),
    path("benchmarks/<slug:slug>/<slug:split>/chart.svg", views.chart_picture, name="chart_picture"),
    path("benchmarks/<slug:slug>/<slug:split>/picture.png", pictures.board, name="picture"),
    path("methods/<slug:slug>/picture.png", pictures.method, name="method_picture"),
    path("results/<uuid:submission_id>/picture.png", pictures.result, name="result_picture"),
    path("benchmarks/<slug:slug>/changes.atom", views.changes, name="changes"),
    path("benchmarks/<slug:slug>/<slug:split>/methods/<slug:method>/badge.svg", views.badge, name="badge"),
    path(
        "benchmarks/<slug:slug>/<slug:split>/rows/<int:variant>/badge.svg", views.row_badge, name="row_badge"
    ),
    path("results/<uuid:submission_id>/badge.svg", views.result_badge, name="result_badge"),
]
