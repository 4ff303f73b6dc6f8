from typing import Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from .team import Team
from .user import User


class Door(models.TextChoices):
    """Through which door a change came."""

    PAGE = "page"
    API = "api", "API"
    ADMIN = "admin"
    COMMAND = "command"
    TASK = "task"


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """The audit log, as a user may see it."""

    def visible_to(self, user: User) -> Self:
        """The entries of the teams that `user` owns; what belongs to no team is the platform admin's to see."""
        return self.filter(team__in=Team.objects.owned_by(user))


class AuditEntry(models.Model):
    """Who changed what, when and by which door. Rows are only ever added: the database refuses all else.

    Names stand beside the keys, for a person, a team or an account may be gone when somebody reads this.
    `before` and `after` hold the fields that differ; a secret is told as "changed".
    """

    # No constraints in the database: removing a team or a person must not have to change the log.
    team = models.ForeignKey(
        Team, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    team_name = models.CharField(max_length=100, blank=True)
    actor = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=254, help_text="Their e-mail address, or the name of the command.")
    door = models.CharField(max_length=10, choices=Door)
    at = models.DateTimeField()
    action = models.CharField(max_length=60, help_text="What was done, as in account.registered.")
    object_kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=60)
    object_name = models.CharField(max_length=200)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    ip_address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-at", "-id"]
        constraints = [models.CheckConstraint(condition=Q(door__in=Door.values), name="audit_door_is_known")]
        indexes = [
            models.Index(fields=["team", "-at", "-id"], name="audit_by_team_and_time"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name}: {self.action} {self.object_name}"
