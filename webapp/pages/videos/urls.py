from django.urls import path

from webapp.pages.videos import pictures, stores, views

VIDEO = "<slug:slug>/videos/<int:video_id>"

app_name = "videos"
urlpatterns = [
    path(f"{VIDEO}/", views.page, name="page"),
    path(f"{VIDEO}/frames/<slug:size>/<int:index>.jpg", pictures.frame, name="frame"),
    path(f"{VIDEO}/frames/<slug:size>/<int:first>-<int:last>.bin", pictures.window, name="window"),
    path(f"{VIDEO}/poster.jpg", pictures.poster, name="poster"),
    path("<slug:slug>/videos/", views.first, name="first"),
    path("<slug:slug>/cover.jpg", pictures.cover, name="cover"),
    path("<slug:slug>/masks/<str:digest>", stores.masks, name="masks"),
    path("<slug:slug>/events/<str:digest>", stores.events, name="events"),
]
