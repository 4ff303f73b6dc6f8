"""Variables that send AWS's traffic somewhere else. Whoever sets one receives signed requests and SSO tokens."""

from collections.abc import Mapping


def overridden_endpoints(environment: Mapping[str, str]) -> list[str]:
    """The names of the variables of `environment` that name another endpoint for AWS, sorted.

    An empty one counts as unset, as it does for botocore.
    """
    return sorted(name for name, value in environment.items() if name.startswith("AWS_ENDPOINT_URL") and value)
