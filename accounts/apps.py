from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Django's handle on the accounts app."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks."""
        from accounts import checks  # noqa: F401, PLC0415 (models and settings are ready only now)
