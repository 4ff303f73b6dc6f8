from django.db import models


class Part(models.TextChoices):
    """What has to live beside the web server for anything to be refreshed."""

    WORKER = "worker"
    BEAT = "beat"
    TICK = "tick", "the clock's minute, from beat through the broker to a worker"


class Heartbeat(models.Model):
    """When a process was last alive, written by itself."""

    part = models.CharField(max_length=10, choices=Part)
    name = models.CharField(max_length=200, help_text="Which of its kind, as in celery@HOST.")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "name"], name="heartbeat_once_per_process"),
            models.CheckConstraint(condition=models.Q(part__in=Part.values), name="heartbeat_part_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.name}"
