"""What Django checks before it is deployed: who may ask for carbon data."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 (Django's name)


@register(Tags.security, deploy=True)
def carbon_data_are_closed(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 (Django's signature)
    """Warn where anybody who reaches this server may ask."""
    if not settings.CARBON_AWARE_ANONYMOUS:
        return []
    return [
        Warning(
            "CARBON_AWARE_ANONYMOUS lets whoever reaches this server ask the Carbon Aware API.",
            hint="Leave it on only where a private network keeps strangers out; clients can send an API token instead.",
            id="carbon.W001",
        )
    ]
