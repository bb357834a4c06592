"""Routes of this room."""

from django.urls import path, re_path

from twain_web.rooms.content.views import drafts, kits, media, pages

app_name = "content"
urlpatterns = [
    path("", pages.list_contents, name="list"),
    path("new/", pages.make_content, name="new"),
    re_path(r"^media/(?P<file>[0-9a-f]{64}\.(?:png|jpg|gif))$", media.file, name="media_file"),
    path("media/", media.library, name="library"),
    path("media/choices/", media.choices, name="media_choices"),
    path("media/upload/", media.upload, name="media_upload"),
    path("media/<int:number>/", media.picture, name="picture"),
    path("media/<int:number>/describe/", media.describe, name="describe_picture"),
    path("brands/", kits.brands, name="brands"),
    path("brands/new/", kits.new_brand, name="new_brand"),
    path("brands/<slug:slug>/", kits.brand, name="brand"),
    path("reusable/", kits.reusable, name="reusable"),
    path("reusable/keep/", kits.keep_reusable, name="keep_reusable"),
    path("reusable/<slug:slug>/archive/", kits.archive_reusable, name="archive_reusable"),
    path("proof-list/", kits.proof_list, name="proof_list"),
    path("proof-list/<int:number>/take-off/", kits.take_off, name="take_off"),
    path("<slug:slug>/", pages.edit, name="edit"),
    path("<slug:slug>/settings/", pages.settings, name="settings"),
    path("<slug:slug>/duplicate/", pages.duplicate, name="duplicate"),
    path("<slug:slug>/archive/", pages.archive, name="archive"),
    path("<slug:slug>/draft/", drafts.save, name="save_draft"),
    path("<slug:slug>/findings/", drafts.findings, name="findings"),
    path("<slug:slug>/preview/", drafts.frame, name="preview"),
    path("<slug:slug>/versions/", drafts.versions, name="versions"),
    path("<slug:slug>/versions/save/", drafts.save_version, name="save_version"),
    path("<slug:slug>/versions/<int:number>/", drafts.version, name="version"),
    path("<slug:slug>/versions/<int:number>/restore/", drafts.restore, name="restore"),
    path("<slug:slug>/kept/", drafts.restore_kept, name="restore_kept"),
    path("<slug:slug>/turn/", drafts.turn, name="turn"),
    path("<slug:slug>/comments/", drafts.comments, name="comments"),
    path("<slug:slug>/comments/add/", drafts.add_comment, name="add_comment"),
    path("<slug:slug>/comments/settle/", drafts.settle_comment, name="settle_comment"),
    path("<slug:slug>/test/", drafts.test, name="test"),
]
