"""Routes of this room."""

from django.urls import path

from twain_web.rooms.audiences.views import building, counting, lists, one, overlap

app_name = "audiences"
urlpatterns = [
    path("", lists.everything, name="list"),
    path("new/", lists.new, name="new"),
    path("overlap/", overlap.overlap, name="overlap"),
    path("counts/<uuid:pk>/", counting.look, name="count"),
    path("<str:slug>/", one.one, name="one"),
    path("<str:slug>/details/", one.details, name="details"),
    path("<str:slug>/duplicate/", one.duplicate, name="duplicate"),
    path("<str:slug>/archive/", one.archive, name="archive"),
    path("<str:slug>/count/", counting.of_saved, name="count-saved"),
    path("<str:slug>/sample/", counting.sample_saved, name="sample"),
    path("<str:slug>/rule.json", one.as_json, name="json"),
    path("<str:slug>/versions/<int:number>/", one.version, name="version"),
    path("<str:slug>/versions/<int:number>/restore/", one.restore, name="restore"),
    path("<str:slug>/edit/", building.edit, name="edit"),
    path("<str:slug>/edit/change/", building.change, name="change"),
    path("<str:slug>/edit/picker/", building.picker, name="picker"),
    path("<str:slug>/edit/sql/", building.draft_sql, name="draft-sql"),
    path("<str:slug>/edit/save/", building.save, name="save"),
    path("<str:slug>/edit/discard/", building.discard, name="discard"),
    path("<str:slug>/edit/count/", counting.of_draft, name="count-draft"),
    path("<str:slug>/edit/sample/", counting.sample_draft, name="sample-draft"),
]
