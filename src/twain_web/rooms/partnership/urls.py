"""Routes of this room. The page of its numbers is at its door."""

from django.urls import include, path

from twain_web.rooms.partnership.views import checks, thanks, vendors

app_name = "partnership"
urlpatterns = [
    path("", include("twain_web.rooms.partnership.numbers.urls")),
    path("thanks/", thanks.thanks, name="thanks"),
    path("thanks/new/", thanks.thank, name="thank"),
    path("thanks/<int:pk>/pass-on/", thanks.pass_on, name="pass-on"),
    path("thanks/forward/<str:token>/", thanks.forward, name="forward"),
    path("checks/", checks.checks, name="checks"),
    path("checks/new/", checks.plan, name="plan"),
    path("checks/survey/", checks.survey, name="survey"),
    path("checks/<int:pk>/", checks.check, name="check"),
    path("checks/<int:pk>/move/", checks.move, name="move"),
    path("checks/<int:pk>/held/", checks.hold, name="hold"),
    path("checks/<int:pk>/calendar.ics", checks.calendar, name="calendar"),
    path("vendors/", vendors.vendors, name="vendors"),
    path("vendors/new/", vendors.begin, name="begin"),
    path("vendors/<int:pk>/", vendors.vendor, name="vendor"),
    path("vendors/<int:pk>/gate/", vendors.gate, name="gate"),
    path("vendors/<int:pk>/instead/<int:number>/", vendors.instead, name="instead"),
    path("vendors/<int:pk>/scores/", vendors.score, name="score"),
    path("vendors/<int:pk>/again/", vendors.again, name="again"),
    path("vendors/<int:pk>/decision/", vendors.decide, name="decide"),
]
