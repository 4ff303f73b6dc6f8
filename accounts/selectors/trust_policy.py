"""What a role's owner writes into it, so that it lets this installation in and nobody else."""

import json

from django.conf import settings

NO_PRINCIPAL = "the ARN of this installation, see AWS_PRINCIPAL_ARN"


def trust_policy(external_id: str) -> str:
    """The trust policy of a role that asks for `external_id`, as JSON to copy."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": settings.AWS_PRINCIPAL_ARN or NO_PRINCIPAL},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
