from django.apps import AppConfig


class FinopsConfig(AppConfig):
    """The project itself as an app, for its management commands."""

    name = "finops"
