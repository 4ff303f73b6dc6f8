"""The limits of the rules, each with a preview before it is saved; and a look at what the rules found."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.admin.audited import AuditedAdmin
from costing.estimators.findings import PARAMETERS
from costing.forms.thresholds import ThresholdForm
from costing.models import Finding, Threshold
from costing.selectors.findings.limits import SetLimit
from costing.selectors.findings.preview import preview_of
from finops.core.read_only_admin import ReadOnlyAdmin

_SEEN = "_preview_seen"  # what the preview's page sends along with the form
_TOKEN = "csrfmiddlewaretoken"  # noqa: S105 (the name of a field)


@admin.register(Threshold)
class ThresholdAdmin(AuditedAdmin):
    """Limits for all, for a team, for an account. What has no row here stands as the rules have it."""

    audited_as = "threshold"
    form = ThresholdForm
    list_display = ["parameter", "what", "value", "unit", "usual", "team", "aws_account"]
    list_filter = ["team"]
    list_select_related = ["team", "aws_account"]
    search_fields = ["parameter", "team__name", "aws_account__name", "aws_account__account_id"]
    autocomplete_fields = ["team", "aws_account"]

    def get_readonly_fields(self, request: HttpRequest, obj: Threshold | None = None) -> tuple[str, ...]:  # noqa: ARG002 (Django's signature)
        """A limit stays the limit it is; another one is another row."""
        return ("parameter", "team", "aws_account") if obj else ()

    @admin.display(description="what it is")
    def what(self, obj: Threshold) -> str:
        """Rule and parameter in words."""
        if obj.parameter not in PARAMETERS:
            return "no rule uses it any more"
        rule, parameter = PARAMETERS[obj.parameter]
        return f"{rule.label}: {parameter.label}"

    @admin.display
    def unit(self, obj: Threshold) -> str:
        """The value's unit."""
        return PARAMETERS[obj.parameter][1].unit if obj.parameter in PARAMETERS else ""

    @admin.display(description="where nobody sets it")
    def usual(self, obj: Threshold) -> str:
        """The value that the rules have."""
        return f"{PARAMETERS[obj.parameter][1].default:g}" if obj.parameter in PARAMETERS else ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Threshold]:
        """In the order of parameters."""
        return super().get_queryset(request).order_by("parameter", "team", "aws_account")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show what the limit would flag before it is saved, on a page between the form and the save."""
        if request.method == "POST" and _SEEN not in request.POST:
            row = self.get_object(request, unquote(object_id)) if object_id else None
            may = self.has_change_permission(request, row) if row else self.has_add_permission(request)
            page = self._preview(request, row) if may and (row or not object_id) else None
            if page is not None:
                return page
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _preview(self, request: HttpRequest, row: Threshold | None) -> TemplateResponse | None:
        """The page, or None where the form has mistakes or changes nothing."""
        form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
        if not form.is_valid() or not form.changed_data:
            return None
        new: Threshold = form.instance
        change = SetLimit(new.parameter, new.value, new.team_id, new.aws_account_id)
        rule, parameter = PARAMETERS[new.parameter]
        context = {
            **self.admin_site.each_context(request),
            "title": f"What “{rule.label}” would flag",
            "opts": self.opts,
            "original": row,
            "new": new,
            "parameter": parameter,
            "preview": preview_of(change, without=row.pk if row else None, now=timezone.now()),
            "given": [(name, value) for name in request.POST for value in request.POST.getlist(name) if name != _TOKEN],
            "seen": _SEEN,
        }
        return TemplateResponse(request, "admin/costing/threshold/preview.html", context)


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    """What the rules found; members of the team decide on it on their own pages."""

    list_display = ["rule", "aws_account", "instance", "resource", "severity", "state", "found_at", "resolved_at"]
    list_filter = ["rule", "state", "severity"]
    list_select_related = ["aws_account", "instance", "resource"]
    search_fields = ["aws_account__account_id", "instance__instance_id", "resource__resource_id"]
