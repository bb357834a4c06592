"""Routes of this room."""

from django.urls import path

from twain_web.rooms.feeds.views import catalogue, changes, review, workspace

app_name = "feeds"
urlpatterns = [
    path("", catalogue.catalogue, name="catalogue"),
    path("glossary/", catalogue.glossary, name="glossary"),
    path("changes/", changes.changes, name="changes"),
    path("workspace/", workspace.workspace, name="workspace"),
    path("workspace/pull/", workspace.pull, name="pull"),
    path("workspace/hook/", workspace.hook, name="hook"),
    path("feed/<str:name>/", catalogue.feed_page, name="feed"),
    path("feed/<str:name>/quality/", catalogue.quality_over_time, name="quality"),
    path("feed/<str:name>/contract/", workspace.contract, name="contract"),
    path("feed/<str:name>/history/", workspace.history, name="history"),
    path("feed/<str:name>/history/<str:commit>/", workspace.revision, name="revision"),
    path("feed/<str:name>/review/", review.review, name="review"),
    path("feed/<str:name>/review/accept/", review.accept, name="accept"),
    path("feed/<str:name>/review/discard/", review.discard, name="discard"),
    path("feed/<str:name>/review/result/", review.result, name="result"),
    path("feed/<str:name>/review/result.patch", review.patch, name="patch"),
    path("feed/<str:name>/review/branch/", review.branch, name="branch"),
]
