"""What browsers, whoever watches this process, and the admin's sign-in ask for."""

from dataclasses import asdict

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.selectors.readiness import readiness


@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Where browsers look for an icon on pages that name none, such as the admin's."""
    return redirect(static("img/icon.svg"))


@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """This process can do its work: the database answers and its schema is the one this code wants.

    Without workers or beat it still can, and says "degraded" with 200: pages answer, and taking this process out
    of service would not bring the others back.
    """
    state = readiness(now=timezone.now())
    status = "degraded" if state.is_degraded else "ready" if state.is_ready else "not ready"
    checks = {name: sentence or "ok" for name, sentence in asdict(state).items()}
    return JsonResponse({"status": status, "checks": checks}, status=200 if state.is_ready else 503)


@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin has no sign-in of its own: whoever signs in does so on the product's page."""
    user = request.user
    if user.is_authenticated and not user.is_staff:
        raise PermissionDenied("The admin is for platform admins.")
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
