from django.urls import path

from webapp.pages.compare import views

app_name = "compare"
urlpatterns = [path("", views.page, name="page")]
