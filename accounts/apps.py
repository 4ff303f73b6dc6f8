from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Django's handle on the accounts app."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
