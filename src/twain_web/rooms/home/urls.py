"""Routes of this room. They have no prefix: this is where everybody arrives."""

from django.urls import path

from twain_web.rooms.home import views

urlpatterns = [path("", views.home, name="home")]
