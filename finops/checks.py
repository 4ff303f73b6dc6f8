"""System checks of the settings, so that a mistyped one is named at the start and not hours later in a worker."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import connection

from accounts.models import PowerModel
from finops.core.display import is_currency
from finops.core.encryption import keys_in

_KEPT_BY_CLOUDTRAIL_DAYS = 90


def settings_make_sense(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001
    """An error for each setting of ours that cannot be meant."""
    wrong = []
    if settings.POWER_MODEL not in PowerModel.values:
        wrong.append(f"POWER_MODEL is one of {', '.join(PowerModel.values)}, not {settings.POWER_MODEL!r}.")
    if not is_currency(settings.DISPLAY_CURRENCY):
        wrong.append(f"DISPLAY_CURRENCY is three letters (ISO 4217), as in EUR, not {settings.DISPLAY_CURRENCY!r}.")
    if not 1 <= settings.HISTORY_DAYS <= _KEPT_BY_CLOUDTRAIL_DAYS:
        wrong.append(f"HISTORY_DAYS is from 1 to 90, for CloudTrail keeps no more, not {settings.HISTORY_DAYS}.")
    if settings.REFRESH_LEASE_SECONDS < 1:
        wrong.append(f"REFRESH_LEASE_SECONDS is 1 or more, not {settings.REFRESH_LEASE_SECONDS}.")
    try:
        keys_in(str(settings.FINOPS_ENCRYPTION_KEYS))
    except ValueError as error:
        wrong.append(f"FINOPS_ENCRYPTION_KEYS cannot be used. {error}")
    return [Error(sentence, id=f"finops.E{number:03}") for number, sentence in enumerate(wrong, start=1)]


def installation_can_be_shared(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001
    """A warning, of `check --deploy`, for each thing that only one machine, or one process, could live with."""
    doubtful = [
        f"{name} is not set, so each machine makes its own, and one cannot read what another signed or sealed."
        for name in settings.SECRETS_MADE_HERE
    ]
    if connection.vendor == "sqlite":
        doubtful.append("DATABASE_URL names a SQLite file. It serves a first team on one machine; take PostgreSQL.")
    if not settings.REDIS_URL:
        doubtful.append("REDIS_URL is not set, so no worker hears of a refresh. Set it for web, worker and beat alike.")
    if settings.SANDBOX:
        doubtful.append("SANDBOX is on: the figures are those of simulated accounts. Unset it.")
    return [checks.Warning(sentence, id=f"finops.W{number:03}") for number, sentence in enumerate(doubtful, start=1)]
