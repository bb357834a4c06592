"""Routes of this room."""

from django.urls import path

from twain_web.rooms.integrations.views import domains, endpoints, inbound, providers, trackers

app_name = "integrations"
urlpatterns = [
    path("domains/", domains.domains, name="domains"),
    path("domains/<str:domain>/", domains.domain, name="domain"),
    path("domains/<str:domain>/probe/", domains.probe, name="probe"),
    path("webhooks/", endpoints.endpoints, name="endpoints"),
    path("webhooks/schemas.json", endpoints.schemas, name="schemas"),
    path("webhooks/new/", endpoints.new_endpoint, name="new_endpoint"),
    path("webhooks/not-delivered/", endpoints.undelivered, name="undelivered"),
    path("webhooks/trackers/", trackers.trackers, name="trackers"),
    path("webhooks/trackers/<str:name>/test/", trackers.test_tracker, name="test_tracker"),
    path("webhooks/providers/", providers.providers, name="providers"),
    path("webhooks/providers/open/", providers.open_one, name="open_provider"),
    path("webhooks/providers/<int:pk>/close/", providers.close, name="close_provider"),
    path("webhooks/providers/<int:pk>/confirm/", providers.confirm, name="confirm_topic"),
    path("webhooks/messages/<int:pk>/", endpoints.delivery, name="delivery"),
    path("webhooks/messages/<int:pk>/again/", endpoints.replay_one, name="replay_one"),
    path("webhooks/<int:pk>/", endpoints.endpoint, name="endpoint"),
    path("webhooks/<int:pk>/change/", endpoints.change_endpoint, name="change_endpoint"),
    path("webhooks/<int:pk>/rotate/", endpoints.rotate, name="rotate"),
    path("webhooks/<int:pk>/switch/", endpoints.switch, name="switch"),
    path("webhooks/<int:pk>/remove/", endpoints.remove, name="remove"),
    path("webhooks/<int:pk>/test/", endpoints.test, name="test"),
    path("webhooks/<int:pk>/again/", endpoints.replay_dead, name="replay_dead"),
    path("webhooks/<int:pk>/again/span/", endpoints.replay_span, name="replay_span"),
    path("in/<str:secret>/", inbound.take, name="inbound"),
]
