"""What Django checks before it serves: that AWS's traffic goes to AWS."""

import os
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from accounts.clients.aws.endpoints import overridden_endpoints


@register(Tags.security)
def aws_endpoints_are_aws(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 (Django's signature)
    """Refuse to start where a variable would send signed requests to somebody else."""
    if settings.SANDBOX or settings.AWS_ALLOW_ENDPOINT_OVERRIDE:
        return []
    return [
        Error(
            f"The environment variable {name} sends requests for AWS, signed with your credentials, elsewhere.",
            hint="Unset it, or set AWS_ALLOW_ENDPOINT_OVERRIDE=1 if the address is your own VPC endpoint or proxy.",
            id="accounts.E001",
        )
        for name in overridden_endpoints(os.environ)
    ]
