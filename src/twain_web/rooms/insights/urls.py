"""Routes of this room."""

from django.urls import path

from twain_web.rooms.insights import customers, views

app_name = "insights"
urlpatterns = [
    path("results/", views.results, name="results"),
    path("results/<slug:run_id>/", views.result, name="result"),
    path("results/<slug:run_id>/missed.csv", views.missed_csv, name="missed"),
    path("results/<slug:run_id>/hours.json", views.hours, name="hours"),
    path("customers/", customers.search, name="customers"),
    path("customers/<slug:feed>/<str:key>/", customers.page, name="customer"),
    path("customers/<slug:feed>/<str:key>/rows/", customers.rows, name="customer_rows"),
    path("customers/<slug:feed>/<str:key>/unmask/", customers.unmasked, name="customer_unmask"),
    path("customers/<slug:feed>/<str:key>/why/", customers.membership, name="customer_why"),
]
