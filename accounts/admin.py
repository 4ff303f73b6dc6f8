"""The platform admin's desk: people, teams, accounts; and a look at what the machinery keeps."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.http import HttpRequest

from accounts.models import AwsAccount, Membership, RefreshRun, SourceStatus, Team, User
from finops.core.read_only_admin import ReadOnlyAdmin

admin.site.site_header = "Carbon-aware FinOps"
admin.site.site_title = "Carbon-aware FinOps admin"
admin.site.index_title = "Platform admin"
# Roles are a member's place in a team; groups would be a second answer to the same question.
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
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


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    """The members of a team."""

    model = Membership
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Teams and their members."""

    list_display = ["name", "slug", "power_model", "display_currency", "created_at"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]


@admin.register(AwsAccount)
class AwsAccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """AWS accounts and the way into each."""

    list_display = ["name", "account_id", "team", "access_kind", "is_active", "created_at"]
    list_filter = ["team", "access_kind", "is_active"]
    list_select_related = ["team"]
    search_fields = ["name", "account_id"]
    autocomplete_fields = ["team", "payer"]
    readonly_fields = ["enabled_regions", "created_at"]


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
