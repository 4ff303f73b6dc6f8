"""Every address of the product."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated

from accounts.api import accounts as aws_accounts_api
from accounts.api import teams as teams_api
from accounts.api import views as accounts_api
from accounts.views import admin_sign_in
from carbon.api import grid_views as grid_api
from carbon.api.carbon_aware import routes as carbon_aware
from costing.api import customer_estate, customer_routes
from costing.api import instance_views as instances_api
from costing.api import views as costing_api
from costing.api.explore import Explore
from costing.api.sci import MarginalCarbonIntensity, SciScores

_endpoints = {
    "overview": ("api-overview", costing_api.Overview),
    "totals": ("api-totals", costing_api.Totals),
    "checks": ("api-checks", costing_api.Checks),
    "explore": ("api-explore", Explore),
    "instances": ("api-instances", instances_api.Instances),
    "instances/<int:pk>": ("api-instance", instances_api.Instance),
    "instances/<int:pk>/hours": ("api-instance-hours", instances_api.Hours),
    "snapshots": ("api-snapshots", instances_api.Snapshots),
    "zones": ("api-zones", grid_api.Zones),
    "zones/<str:key>": ("api-zone", grid_api.ZoneDetail),
    "readings": ("api-readings", grid_api.Readings),
    "teams": ("api-teams", teams_api.Teams),
    "teams/<slug:slug>": ("api-team", teams_api.Team),
    "audit": ("api-audit", teams_api.Audit),
    "accounts": ("api-accounts", aws_accounts_api.Accounts),
    "accounts/trust-policy": ("api-trust-policy", aws_accounts_api.TrustPolicy),
    "accounts/<int:pk>": ("api-account", aws_accounts_api.Account),
    "accounts/<int:pk>/refresh": ("api-account-refresh", accounts_api.Refresh),
    "refreshes": ("api-refreshes", accounts_api.Refreshes),
    "runs": ("api-runs", accounts_api.Runs),
    "runs/<int:pk>": ("api-run", accounts_api.Run),
    "health": ("api-health", accounts_api.Health),
}

api = [
    # Clients write addresses with and without a slash at the end; a redirect would lose what they POST.
    # The one without, which comes last, is the one that we write ourselves.
    *(
        path(route + slash, view.as_view(), name=name)
        for slash in ("/", "")
        for route, (name, view) in _endpoints.items()
    ),
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
    *carbon_aware.urlpatterns,
    *carbon_aware.at_both_addresses("sci-scores", SciScores.as_view(), name="sci-scores"),
    *carbon_aware.at_both_addresses(
        "sci-scores/marginal-carbon-intensity", MarginalCarbonIntensity.as_view(), name="sci-intensity"
    ),
    path("", include("costing.urls")),
    path("api/v1/", include(api)),
    path("api/", include(customer_routes)),
    path("api/", include(customer_estate)),
    path("admin/login/", admin_sign_in, name="admin-sign-in"),
    path("admin/", admin.site.urls),
    *carbon_aware.unknown_addresses,
]

handler400 = "finops.core.problems.bad_request"
handler403 = "finops.core.problems.permission_denied"
handler404 = "finops.core.problems.not_found"
handler500 = "finops.core.problems.server_error"
