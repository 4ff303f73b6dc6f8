from django.apps import AppConfig


class CarbonConfig(AppConfig):
    """Django's handle on the carbon app."""

    name = "carbon"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks."""
        from carbon import checks  # noqa: F401, PLC0415 (models and settings are ready only now)
