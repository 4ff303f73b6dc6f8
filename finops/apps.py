from django.apps import AppConfig
from django.core.checks import register


class FinopsConfig(AppConfig):
    """The project itself as an app, for its management commands."""

    name = "finops"

    def ready(self) -> None:
        """Check the settings with Django's own checks."""
        from finops import checks  # noqa: PLC0415 (models are loaded by now, not before)

        register(checks.settings_make_sense)
        register(checks.installation_can_be_shared, deploy=True)
