from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Stand-in upstreams; installed only where SANDBOX is on."""

    name = "finops.sandbox"
    label = "sandbox"
