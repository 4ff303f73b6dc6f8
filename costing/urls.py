"""Addresses of costs and carbon."""

from django.urls import path

from costing import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("checks/", views.checks, name="checks"),
    path("settings/", views.team_settings, name="team-settings"),
    path("accounts/<int:pk>/remove/", views.account_remove, name="account-remove"),
    path("explorer/", views.explorer, name="explorer"),
    path("explorer/save", views.save, name="explorer-save"),
    path("explorer/views/<int:pk>/forget", views.forget, name="explorer-forget"),
    path("resources/", views.resources, name="resources"),
    path("resources/<int:pk>/", views.resource, name="resource"),
    path("findings/", views.findings, name="findings"),
    path("findings/<int:pk>/decide", views.finding_decide, name="finding-decide"),
    path("instances/", views.instances, name="instances"),
    path("instances/columns", views.instance_columns, name="instances-columns"),
    path("instances/<int:pk>/", views.instance, name="instance"),
    path("instances/<int:pk>/runtime", views.instance_runtime, name="instance-runtime"),
]
