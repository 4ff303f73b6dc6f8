from django.apps import AppConfig


class CostingConfig(AppConfig):
    """Django's handle on the costing app."""

    name = "costing"
    default_auto_field = "django.db.models.BigAutoField"
