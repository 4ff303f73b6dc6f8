"""Addresses of costs and carbon."""

from django.urls import path

from costing import views
from costing.api.views import Checks

urlpatterns = [
    path("", views.overview, name="overview"),
    path("instances/", views.instances, name="instances"),
    path("instances/<int:pk>/", views.instance, name="instance"),
    path("api/v1/checks/", Checks.as_view(), name="api-checks"),
]
