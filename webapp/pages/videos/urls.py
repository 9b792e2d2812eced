from django.urls import path

from webapp.pages.videos import stores, views

app_name = "videos"
urlpatterns = [
    path("<slug:slug>/videos/<int:video_id>/", views.page, name="page"),
    path("<slug:slug>/masks/<str:digest>", stores.masks, name="masks"),
    path("<slug:slug>/events/<str:digest>", stores.events, name="events"),
]
