"""Routes of this room."""

from django.urls import re_path

from twain_web.rooms.content.views import media

app_name = "content"
urlpatterns = [
    re_path(r"^media/(?P<file>[0-9a-f]{64}\.(?:png|jpg|gif))$", media.file, name="media_file"),
]
