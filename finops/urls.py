"""Every address of the product."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated

from accounts.api import views as accounts_api
from accounts.views import admin_sign_in
from costing.api import views as costing_api

api = [
    path("overview", costing_api.Overview.as_view(), name="api-overview"),
    path("totals", costing_api.Totals.as_view(), name="api-totals"),
    path("instances", costing_api.Instances.as_view(), name="api-instances"),
    path("instances/<int:pk>", costing_api.Instance.as_view(), name="api-instance"),
    path("instances/<int:pk>/hours", costing_api.Hours.as_view(), name="api-instance-hours"),
    path("snapshots", costing_api.Snapshots.as_view(), name="api-snapshots"),
    path("accounts", accounts_api.Accounts.as_view(), name="api-accounts"),
    path("accounts/<int:pk>/refresh", accounts_api.Refresh.as_view(), name="api-account-refresh"),
    path("runs", accounts_api.Runs.as_view(), name="api-runs"),
    path("runs/<int:pk>", accounts_api.Run.as_view(), name="api-run"),
    path("health", accounts_api.Health.as_view(), name="api-health"),
    path(
        "schema/",
        SpectacularJSONAPIView.as_view(http_method_names=["get", "head"], permission_classes=[IsAuthenticated]),
        name="schema",
    ),
    # Its OPTIONS would look for a template that is not there.
    path(
        "docs/",
        login_required(SpectacularSwaggerSplitView.as_view(http_method_names=["get", "head"])),
        name="api-docs",
    ),
]

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("carbon.urls")),
    path("", include("costing.urls")),
    path("api/v1/", include(api)),
    path("admin/login/", admin_sign_in, name="admin-sign-in"),
    path("admin/", admin.site.urls),
]

handler404 = "finops.core.problems.not_found"
handler500 = "finops.core.problems.server_error"
