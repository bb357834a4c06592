"""Routes of the API."""

from django.urls import path

from twain_web.api import views
from twain_web.api.app import api

_routes, _app, _namespace = api.urls
_operations = [route for route in _routes if getattr(route, "name", "") != "api-root"]  # that page is ours

urlpatterns = [
    path("", views.page, name="api"),
    path("openapi.json", views.openapi, name="openapi"),
    path("", (_operations, _app, _namespace)),
    path("<path:rest>", views.nothing, name="no-operation"),
]
