"""Removes an AWS account: at once from every page, and then its rows, in statements of a bounded size."""

from datetime import datetime
from typing import Any

import structlog
from django.db import models, transaction
from django.db.models import F

from accounts.models import AwsAccount, Instance, RefreshRun, Resource, RunState
from accounts.services.audit import Actor, fields_of, record

logger = structlog.get_logger(__name__)

_INSTANCES_A_STATEMENT = 100  # each with up to some hundred days of metrics and ledger
_ROWS_A_STATEMENT = 5000
STATEMENTS_A_REQUEST = 10
_STATEMENTS_A_TICK = 60


@transaction.atomic
def request_removal(*, account: AwsAccount, actor: Actor, now: datetime) -> bool:
    """Hide the account from everybody and stop its refresh; False where somebody did so already.

    A worker that is in the middle of it loses its lease and writes nothing any more. `wipe` does the rest.
    """
    hidden = AwsAccount.objects.filter(pk=account.pk, removal_requested_at=None)
    if not hidden.update(removal_requested_at=now, is_active=False):
        return False
    RefreshRun.objects.active().filter(aws_account=account).update(
        state=RunState.PARKED,
        fence=F("fence") + 1,
        lease_until=None,
        finished_at=now,
        error_code="account_removed",
        error_message="The account was removed.",
    )
    record(
        actor=actor,
        action="account.removed",
        target=account,
        team=account.team,
        now=now,
        before=fields_of(account),
    )
    return True


def wipe(*, account: AwsAccount, statements: int) -> bool:
    """Delete rows of an account whose removal was requested, in at most so many bunches; whether all are gone.

    Instances go first, each bunch with all that hangs on it, whichever app it is of; then what hangs on the
    account; then the account. Each bunch is a transaction of its own, so running it again goes on from there.
    """
    if account.removal_requested_at is None and not _is_requested(account):
        raise ValueError(f"The removal of account {account.pk} was not requested.")
    for rows, bunch in _rows_of(account):
        while True:
            if statements <= 0 and rows.exists():
                return False
            deleted = _delete_some(rows, bunch)
            statements -= bool(deleted)
            if deleted < bunch:
                break
    AwsAccount.objects.filter(pk=account.pk).delete()
    return True


def continue_removals(*, statements: int = _STATEMENTS_A_TICK) -> int:
    """Go on with the removals that are not through, the oldest first; how many accounts are gone now."""
    gone = 0
    for account in AwsAccount.objects.filter(removal_requested_at__isnull=False).order_by("removal_requested_at", "pk"):
        if not wipe(account=account, statements=statements):
            break
        gone += 1
        logger.info("account_wiped", account_id=account.account_id)
    return gone


def _is_requested(account: AwsAccount) -> bool:
    return AwsAccount.objects.filter(pk=account.pk, removal_requested_at__isnull=False).exists()


def _rows_of(account: AwsAccount) -> list[tuple[Any, int]]:
    """What goes before the account itself: what has metrics, then each table that points at the account."""
    measured: tuple[Any, ...] = (Instance, Resource)
    rows: list[tuple[Any, int]] = [
        (model.objects.filter(aws_account=account), _INSTANCES_A_STATEMENT) for model in measured
    ]
    for relation in AwsAccount._meta.get_fields(include_hidden=True):  # noqa: SLF001 (Django's documented model metadata)
        if not isinstance(relation, models.ManyToOneRel):
            continue
        model: Any = relation.related_model
        if relation.on_delete is models.CASCADE and model not in measured:
            rows.append((model._base_manager.filter(**{relation.field.name: account}), _ROWS_A_STATEMENT))  # noqa: SLF001 (Django's documented manager)
    return rows


@transaction.atomic
def _delete_some(rows: Any, bunch: int) -> int:
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:bunch])
    if keys:
        rows.model._base_manager.filter(pk__in=keys).delete()  # noqa: SLF001 (Django's documented manager)
    return len(keys)
