"""Routes of this room."""

from django.urls import path

from twain_web.rooms.insights import afterwards, customers, leads, views

app_name = "insights"
urlpatterns = [
    path("results/", views.results, name="results"),
    path("results/<slug:run_id>/", views.result, name="result"),
    path("results/<slug:run_id>/missed.csv", views.missed_csv, name="missed"),
    path("results/<slug:run_id>/hours.json", views.hours, name="hours"),
    path("results/<slug:run_id>/mail/", afterwards.mail, name="mail"),
    path("results/<slug:run_id>/mail/frame/", afterwards.mail_frame, name="mail_frame"),
    path("results/<slug:run_id>/came-back.json", afterwards.came_back, name="came_back"),
    path("results/of/<slug:campaign>/", afterwards.trend, name="trend"),
    path("results/of/<slug:campaign>/rates.json", afterwards.trend_figures, name="trend_figures"),
    path("deliverability/", afterwards.delivering, name="deliverability"),
    path("deliverability/old-list/", leads.waive, name="waive"),
    path("leads/", leads.leads, name="leads"),
    path("leads/again/", leads.retry_all, name="retry_leads"),
    path("leads/<slug:identifier>/", leads.lead, name="lead"),
    path("leads/<slug:identifier>/again/", leads.retry_one, name="retry_lead"),
    path("leads/<slug:identifier>/unmask/", leads.unmasked, name="unmask_lead"),
    path("customers/", customers.search, name="customers"),
    path("customers/<slug:feed>/<str:key>/", customers.page, name="customer"),
    path("customers/<slug:feed>/<str:key>/rows/", customers.rows, name="customer_rows"),
    path("customers/<slug:feed>/<str:key>/unmask/", customers.unmasked, name="customer_unmask"),
    path("customers/<slug:feed>/<str:key>/why/", customers.membership, name="customer_why"),
]
