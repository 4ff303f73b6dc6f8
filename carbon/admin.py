"""What the platform admin manages: zones and regions. What the upstreams told is shown and never edited."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.admin.audited import AuditedAdmin
from finops.core.read_only_admin import ReadOnlyAdmin

from .forms import LocationForm, UpstreamKeyForm, ZoneForm
from .models import (
    CarbonForecast,
    CarbonReading,
    CloudRegion,
    ForecastBackTest,
    Location,
    PowerProfile,
    UpstreamKey,
    Zone,
)
from .models.location import folded
from .selectors.threshold_preview import teams_with_own_thresholds, threshold_preview
from .selectors.thresholds import Thresholds
from .services.affected_days import mark_days_of_region, mark_days_of_zone
from .services.upstream_keys import replace_secret

_THRESHOLDS = ("optimal_below_gco2e_per_kwh", "high_above_gco2e_per_kwh")
_SEEN = "_preview_seen"  # what the preview's page sends along with the form
_TOKEN = "csrfmiddlewaretoken"  # noqa: S105 (the name of a field)


@admin.register(Zone)
class ZoneAdmin(AuditedAdmin):
    """Thresholds and the mean that stands in where nothing was read."""

    list_display = (
        "key",
        "name",
        "optimal_below_gco2e_per_kwh",
        "high_above_gco2e_per_kwh",
        "yearly_mean_gco2e_per_kwh",
        "yearly_mean_year",
        "signal",
        "is_followed",
    )
    list_filter = ("kind", "is_followed", "signal")
    search_fields = ("key", "name")
    form = ZoneForm

    def get_readonly_fields(self, request: HttpRequest, obj: Zone | None = None) -> tuple[str, ...]:  # noqa: ARG002
        """A zone keeps its key: another key would be another zone, and Django would copy the row."""
        return ("key",) if obj else ()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show what other thresholds would flag before they are saved, on a page between the form and the save."""
        if request.method == "POST" and object_id and _SEEN not in request.POST:
            zone = self.get_object(request, unquote(object_id))
            if zone is not None and self.has_change_permission(request, zone):
                page = self._preview(request, zone)
                if page is not None:
                    return page
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _preview(self, request: HttpRequest, zone: Zone) -> TemplateResponse | None:
        """The page, or None where the form has mistakes or leaves the thresholds as they are."""
        before = Thresholds(zone.optimal_below_gco2e_per_kwh, zone.high_above_gco2e_per_kwh, "zone")
        form = self.get_form(request, zone, change=True)(request.POST, instance=zone)
        if not form.is_valid() or not set(_THRESHOLDS) & set(form.changed_data):
            return None
        after = Thresholds(zone.optimal_below_gco2e_per_kwh, zone.high_above_gco2e_per_kwh, "zone")
        context = {
            **self.admin_site.each_context(request),
            "title": f"What the thresholds of {zone.key} would flag",
            "opts": self.opts,
            "original": zone,
            "before": before,
            "after": after,
            "sources": threshold_preview(zone.key, before=before, after=after, now=timezone.now()),
            "teams": teams_with_own_thresholds(),
            "given": [(name, value) for name in request.POST for value in request.POST.getlist(name) if name != _TOKEN],
            "seen": _SEEN,
        }
        return TemplateResponse(request, "admin/carbon/zone/preview.html", context)

    def save_model(self, request: HttpRequest, obj: Zone, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg] # noqa: FBT001 (Django's signature)
        """Mark the days that a new mean or other sources may change; thresholds only name what is there."""
        super().save_model(request, obj, form, change)
        if {"yearly_mean_gco2e_per_kwh", "sources", "signal"} & set(form.changed_data):
            mark_days_of_zone(obj.key, now=timezone.now())


@admin.register(CloudRegion)
class CloudRegionAdmin(AuditedAdmin):
    """Which zone feeds a region, and how efficient its halls are."""

    audited_as = "region"

    list_display = ("region", "provider", "name", "city", "zone", "pue", "pue_is_default")
    list_filter = ("provider", "pue_is_default", "country")
    list_select_related = ("zone",)
    search_fields = ("region", "name", "city", "zone__key", "zone__name")
    autocomplete_fields = ("zone",)

    def save_model(self, request: HttpRequest, obj: CloudRegion, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg] # noqa: FBT001 (Django's signature)
        """Mark the days that the change concerns, of the region as it was called before too.

        A PUE that somebody typed in is no default any more.
        """
        if "pue" in form.changed_data and "pue_is_default" not in form.changed_data:
            obj.pue_is_default = False
        super().save_model(request, obj, form, change)
        if {"provider", "region", "zone", "pue"} & set(form.changed_data):
            _mark_days({(obj.provider, obj.region), (form.initial.get("provider"), form.initial.get("region"))})

    def delete_model(self, request: HttpRequest, obj: CloudRegion) -> None:
        """Mark the days of the region, which has no zone any more and the default PUE."""
        super().delete_model(request, obj)
        _mark_days({(obj.provider, obj.region)})

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CloudRegion]) -> None:
        """Mark the days of each of the regions."""
        regions = set(queryset.values_list("provider", "region"))
        super().delete_queryset(request, queryset)
        _mark_days(regions)


def _mark_days(regions: Iterable[tuple[str | None, str | None]]) -> None:
    """Of instances in the AWS regions among (provider, region)."""
    for provider, region in regions:
        if provider == "aws" and region:
            mark_days_of_region(region, now=timezone.now())


@admin.register(Location)
class LocationAdmin(AuditedAdmin):
    """By which names clients of the Carbon Aware API ask, and what answers there. Those of files keep their file."""

    form = LocationForm
    list_display = ("key", "provider", "zone", "cloud_region", "signal", "is_shipped", "file_name")
    list_filter = ("provider", "is_shipped", "signal", "file_name")
    list_select_related = ("zone", "cloud_region")
    search_fields = ("key", "name", "zone__key")
    autocomplete_fields = ("zone", "cloud_region")
    readonly_fields = ("is_shipped", "file_name", "key_in_file", "source")

    def save_model(self, request: HttpRequest, obj: Location, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg] # noqa: FBT001 (Django's signature)
        """Let it be found under its name."""
        obj.folded_key = folded(obj.key)
        super().save_model(request, obj, form, change)


@admin.register(CarbonReading)
class CarbonReadingAdmin(ReadOnlyAdmin):
    """Carbon intensity as told."""

    list_display = (
        "zone_id",
        "starts_at",
        "gco2e_per_kwh",
        "is_estimated",
        "source",
        "signal",
        "licensee",
        "retrieved_at",
    )
    list_filter = ("source", "signal", "is_estimated", "zone")
    list_select_related = ("licensee",)
    date_hierarchy = "starts_at"
    ordering = ("-starts_at", "zone_id")
    show_full_result_count = False  # it counts millions of rows


@admin.register(CarbonForecast)
class CarbonForecastAdmin(ReadOnlyAdmin):
    """Forecasts as issued; their points are for the API and the pages."""

    list_display = ("zone_id", "source", "signal", "licensee", "generated_at", "ends_at", "is_latest", "retrieved_at")
    list_filter = ("is_latest", "source", "signal", "zone")
    list_select_related = ("licensee",)
    ordering = ("-generated_at", "zone_id")
    exclude = ("points", "band")
    show_full_result_count = False  # each zone has one an hour

    def get_queryset(self, request: HttpRequest) -> QuerySet[CarbonForecast]:
        """Without the points, which nobody reads here."""
        return super().get_queryset(request).defer("points", "band")


@admin.register(ForecastBackTest)
class ForecastBackTestAdmin(ReadOnlyAdmin):
    """What the nightly tests of the built-in forecast found."""

    list_display = ("zone_id", "source", "mape_day_1", "mape_day_2", "captured_share", "lost_share", "computed_at")
    list_filter = ("source", "signal")


@admin.register(UpstreamKey)
class UpstreamKeyAdmin(AuditedAdmin):
    """Keys of grid sources. Of a stored one the last four characters are shown, and what it may ask."""

    form = UpstreamKeyForm
    list_display = ("upstream", "team", "user_name", "ends_with", "may_ask", "checked_at", "last_error")
    list_select_related = ("team",)
    list_filter = ("upstream",)
    autocomplete_fields = ("team",)
    readonly_fields = ("ends_with", "may_ask", "checked_at", "last_error")

    def get_readonly_fields(self, request: HttpRequest, obj: UpstreamKey | None = None) -> tuple[str, ...]:  # noqa: ARG002 (Django's signature)
        """A key keeps its team and upstream: what is sealed is bound to them."""
        return (*self.readonly_fields, "upstream", "team") if obj else self.readonly_fields

    @admin.display(description="key")
    def ends_with(self, key: UpstreamKey) -> str:
        """The last four characters."""
        return f"…{key.last_four}" if key.last_four else "set" if key.secret else ""

    @admin.display(description="may ask")
    def may_ask(self, key: UpstreamKey) -> str:
        """What the source said last."""
        if key.checked_at is None:
            return "not asked yet; the next refresh asks"
        return f"{len(key.access)} zones" if key.access else ""

    def save_model(self, request: HttpRequest, obj: UpstreamKey, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg] # noqa: FBT001 (Django's signature)
        """Seal a new key. The next refresh asks the source what it may ask."""
        if secret := form.cleaned_data["new_secret"]:
            replace_secret(obj, secret)
        super().save_model(request, obj, form, change)


@admin.register(PowerProfile)
class PowerProfileAdmin(ReadOnlyAdmin):
    """Power curves as told."""

    list_display = (
        "instance_type",
        "source",
        "is_known",
        "is_substituted",
        "watts_at_half_load",
        "embodied_kgco2e",
        "source_version",
        "retrieved_at",
    )
    list_filter = ("source", "is_known", "is_substituted")
    search_fields = ("instance_type",)

    @admin.display(description="watts at 50 %")
    def watts_at_half_load(self, profile: PowerProfile) -> Any:
        """The curve's middle, if it has that point."""
        return dict(zip(profile.load_percent, profile.watts, strict=True)).get(50)
