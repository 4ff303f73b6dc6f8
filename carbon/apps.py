from django.apps import AppConfig


class CarbonConfig(AppConfig):
    """Django's handle on the carbon app."""

    name = "carbon"
    default_auto_field = "django.db.models.BigAutoField"
