"""Routes of this room. The page of its numbers is at its door."""

from django.urls import include, path

app_name = "partnership"
urlpatterns = [
    path("", include("twain_web.rooms.partnership.numbers.urls")),
]
