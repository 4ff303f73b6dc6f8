"""An admin whose changes stand in the audit log."""

from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import AwsAccount, Door, Team
from accounts.services.audit import Actor, fields_of, record


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker only
    """Writes an entry for each row that is added, changed or deleted here, inlines included."""

    audited_as = ""  # the object's word in the action: zone in zone.changed

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg] # noqa: FBT001 (Django's signature)
        """Save, and write down what differs; nothing where nothing does."""
        before = fields_of(type(obj)._base_manager.get(pk=obj.pk)) if change else {}  # noqa: SLF001 (Django's documented manager)
        super().save_model(request, obj, form, change)
        after = fields_of(obj)
        if before != after:
            _record(request, obj, f"{self._word(obj)}.{'changed' if change else 'added'}", before, after)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Write it down, and delete."""
        _record(request, obj, f"{self._word(obj)}.deleted", fields_of(obj), {})
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Write each down, and delete them."""
        for obj in queryset:
            _record(request, obj, f"{self._word(obj)}.deleted", fields_of(obj), {})
        super().delete_queryset(request, queryset)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        """Save the inline rows, and write down what differs."""
        super().save_formset(request, form, formset, change)
        initial = {each.instance.pk: each.initial for each in formset.initial_forms}
        for obj in formset.new_objects:
            _record(request, obj, f"{_name_of(obj)}.added", {}, fields_of(obj))
        for obj, names in formset.changed_objects:
            before = {name: str(initial.get(obj.pk, {}).get(name)) for name in names}
            _record(request, obj, f"{_name_of(obj)}.changed", before, {name: str(getattr(obj, name)) for name in names})
        for obj in formset.deleted_objects:
            _record(request, obj, f"{_name_of(obj)}.deleted", fields_of(obj), {})

    def _word(self, obj: Any) -> str:
        return self.audited_as or _name_of(obj)


def _name_of(obj: models.Model) -> str:
    return str(obj._meta.model_name)  # noqa: SLF001 (Django's documented model metadata)


def team_behind(obj: Any) -> Team | None:
    """The team that a row belongs to, if it belongs to one."""
    if isinstance(obj, Team):
        return obj
    if isinstance(account := getattr(obj, "aws_account", None), AwsAccount):
        return account.team
    team = getattr(obj, "team", None)
    return team if isinstance(team, Team) else None


def _record(request: HttpRequest, obj: models.Model, action: str, before: Any, after: Any) -> None:
    record(
        actor=Actor.of_request(request, Door.ADMIN),
        action=action,
        target=obj,
        team=team_behind(obj),
        now=timezone.now(),
        before=before,
        after=after,
    )
