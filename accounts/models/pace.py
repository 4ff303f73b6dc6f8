from django.db import models


class Pace(models.Model):
    """When the next call of one rate-limited operation may start, shared by every worker."""

    key = models.CharField(max_length=200, unique=True, help_text="Account, region and operation.")
    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key} free at {self.free_at:%H:%M:%S.%f}"
