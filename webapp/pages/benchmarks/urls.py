from django.urls import path

from webapp.pages.benchmarks import views

app_name = "benchmarks"
urlpatterns = [
    path("<slug:slug>/", views.detail, name="detail"),
    path("<slug:slug>/chart/", views.chart, name="chart"),
    path("<slug:slug>/how-to-submit/", views.submit_guide, name="submit_guide"),
    path("<slug:slug>/samples/<slug:split>/results.json", views.sample, name="sample"),
    path("<slug:slug>/ablations/", views.ablations, name="ablations"),
    path("<slug:slug>/about/", views.about, name="about"),
]
