"""Addresses of costs and carbon."""

from django.urls import path

from costing import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("instances/", views.instances, name="instances"),
    path("instances/<int:pk>/", views.instance, name="instance"),
]
