"""Routes of this room."""

from django.urls import path

from twain_web.rooms.campaigns.views import lists, live, planning, review, switch

app_name = "campaigns"
urlpatterns = [
    path("", lists.list_campaigns, name="list"),
    path("new/", lists.new_campaign, name="new"),
    path("switch/", switch.show_switch, name="switch"),
    path("switch/throw/", switch.throw, name="throw"),
    path("switch/lift/", switch.lift, name="lift"),
    path("sends/<slug:run_id>/", live.show_send, name="send"),
    path("sends/<slug:run_id>/pause/", live.pause, name="pause"),
    path("sends/<slug:run_id>/resume/", live.resume, name="resume"),
    path("sends/<slug:run_id>/stop/", live.cancel, name="cancel"),
    path("sends/<slug:run_id>/resolve/", live.resolve, name="resolve"),
    path("of/<slug:slug>/", planning.campaign, name="campaign"),
    path("of/<slug:slug>/versions/", planning.versions, name="versions"),
    path("of/<slug:slug>/rename/", planning.rename, name="rename"),
    path("of/<slug:slug>/archive/", planning.archive, name="archive"),
    path("of/<slug:slug>/duplicate/", planning.duplicate, name="duplicate"),
    path("of/<slug:slug>/review/", review.show_review, name="review"),
    path("of/<slug:slug>/review/check/", review.check, name="check"),
    path("of/<slug:slug>/review/ask/", review.ask, name="ask"),
    path("of/<slug:slug>/review/ask/withdraw/", review.withdraw_request, name="withdraw_request"),
    path("of/<slug:slug>/review/approve/", review.approve, name="approve"),
    path("of/<slug:slug>/review/launch/", review.launch, name="launch"),
    path("of/<slug:slug>/review/launch/withdraw/", review.withdraw_launch, name="withdraw_launch"),
]
