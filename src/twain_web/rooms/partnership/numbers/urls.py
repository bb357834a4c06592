"""Routes of the numbers."""

from __future__ import annotations

from django.urls import path

from twain_web.rooms.partnership.numbers import views

urlpatterns = [path("", views.numbers, name="numbers")]
