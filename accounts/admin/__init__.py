"""The platform admin's desk: people, teams, accounts; and a look at what the machinery keeps."""

from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.audited import AuditedAdmin
from accounts.admin.metric_choices import MetricChoiceAdmin
from accounts.api.serializers import AuditEntrySerializer
from accounts.models import AccessKind, AuditEntry, AwsAccount, Door, Membership, RefreshRun, SourceStatus, Team, User
from accounts.services.audit import Actor, record
from accounts.services.registration import external_id_for
from finops.core.answers import csv_response
from finops.core.read_only_admin import ReadOnlyAdmin

__all__ = ["MetricChoiceAdmin"]

admin.site.site_header = "Carbon-aware FinOps"
admin.site.site_title = "Carbon-aware FinOps admin"
admin.site.index_title = "Platform admin"
# Roles are a member's place in a team; groups would be a second answer to the same question.
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg]
    """People, who sign in with their e-mail address."""

    add_form = AdminUserCreationForm
    ordering = ["email"]
    list_display = ["email", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "memberships__team"]
    search_fields = ["email", "first_name", "last_name"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "password"]}),
        ("Name", {"fields": ["first_name", "last_name"]}),
        ("Platform", {"fields": ["is_active", "is_staff", "is_superuser"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"classes": ["wide"], "fields": ["email", "usable_password", "password1", "password2"]}),
    ]

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002 (Django's signature)
        """Write down that it was changed; it saves past `save_model`."""
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            changed = self.get_object(request, id)
            if request.method == "POST" and response.status_code == HTTPStatus.FOUND and changed is not None:
                record(
                    actor=Actor.of_request(request, Door.ADMIN),
                    action="user.password_changed",
                    target=changed,
                    team=None,
                    now=timezone.now(),
                )
        return response


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    """The members of a team."""

    model = Membership
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    """Teams and their members."""

    list_display = ["name", "slug", "power_model", "display_currency", "time_zone", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]
    actions = None  # deleting many teams at once would read every row of theirs to list it

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """Only a team without accounts: these are removed on their own pages, in bounded statements."""
        return super().has_delete_permission(request, obj) and obj is not None and not obj.aws_accounts.exists()


@admin.register(AwsAccount)
class AwsAccountAdmin(AuditedAdmin):
    """AWS accounts and the way into each. Owners register and remove them on the product's own pages."""

    audited_as = "account"

    list_display = ["name", "account_id", "team", "access_kind", "is_active", "created_at"]
    list_filter = ["team", "access_kind", "is_active"]
    list_select_related = ["team"]
    search_fields = ["name", "account_id"]
    autocomplete_fields = ["team", "payer"]
    # Sign-ins are a team's own: its owners choose accounts on the page of one.
    readonly_fields = ["external_id", "sso_session", "sso_role_name", "enabled_regions", "created_at"]

    def save_model(self, request: HttpRequest, obj: AwsAccount, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        """Give a role its external id, which nobody chooses."""
        if obj.access_kind == AccessKind.ROLE and not obj.external_id:
            obj.external_id = external_id_for(team=obj.team, account_id=obj.account_id)
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 (Django's signature)
        """Never: Django would read and delete all of its rows at once. Owners remove an account on its page."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what; the database itself refuses to change or remove an entry."""

    list_display = ["at", "actor_name", "door", "action", "object_name", "team_name", "ip_address"]
    list_filter = ["door", "action", "team_name"]
    search_fields = ["actor_name", "action", "object_name", "team_name", "request_id"]
    date_hierarchy = "at"
    show_full_result_count = False
    actions = ["as_csv"]

    @admin.action(description="CSV of the selected entries")
    def as_csv(self, request: HttpRequest, queryset: Any) -> Any:  # noqa: ARG002 (Django's signature)
        """The selected entries as a file, latest first."""
        rows = queryset.order_by("-at", "-id").iterator(chunk_size=1000)
        return csv_response("audit-log", AuditEntrySerializer, rows)


@admin.register(SourceStatus)
class SourceStatusAdmin(ReadOnlyAdmin):
    """How each source last answered; the pages show the same under Data health."""

    list_display = ["source", "aws_account", "state", "last_success_at", "next_due_at", "calls", "cost_usd"]
    list_filter = ["state", "source"]
    list_select_related = ["aws_account"]
    search_fields = ["source", "aws_account__name", "aws_account__account_id"]


@admin.register(RefreshRun)
class RefreshRunAdmin(ReadOnlyAdmin):
    """Refreshes: waiting, going on, done and given up."""

    list_display = ["id", "aws_account", "state", "attempts", "created_at", "started_at", "finished_at", "error_code"]
    list_filter = ["state"]
    list_select_related = ["aws_account"]
    search_fields = ["aws_account__name", "aws_account__account_id"]
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Latest first."""
        return super().get_queryset(request).order_by("-created_at", "-pk")
