from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from accounts.estimators.resource_kinds import LISTED_KINDS, ResourceKind

from .aws_account import AwsAccount
from .user import User


class ResourceQuerySet(models.QuerySet["Resource"]):
    """Databases, buckets, functions, disks and addresses, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """The resources of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))

    def of_kind(self, *kinds: ResourceKind) -> Self:
        """Those of these kinds."""
        return self.filter(kind__in=kinds)

    def present(self) -> Self:
        """Those that the last complete listing still had."""
        return self.filter(gone_at=None)

    def unattached(self) -> Self:
        """Present volumes and addresses that nothing uses, as far as the last listing told."""
        return self.present().of_kind(ResourceKind.EBS_VOLUME, ResourceKind.ELASTIC_IP).filter(attached_to="")


class Resource(models.Model):
    """Something of an AWS account that is no EC2 instance, as last seen by a refresh. One that is gone stays.

    `state`, `region` and `resource_class` are AWS's own words, whatever they are. `facts` holds what only some
    kinds have, in our words with their units (see accounts/clients/aws/estate); `raw` is what AWS told.
    """

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="resources")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.label) for kind in LISTED_KINDS])
    region = models.CharField(max_length=40, blank=True, help_text="Empty for a bucket whose region was not told.")
    resource_id = models.CharField(max_length=256, help_text="What CloudWatch and AWS's own pages call it by.")
    arn = models.CharField(max_length=600, blank=True)
    name = models.CharField(max_length=256, blank=True)
    state = models.CharField(max_length=60, blank=True, help_text="Empty where AWS tells none.")
    state_since_at = models.DateTimeField(
        help_text="When a refresh first saw this state and what it is attached to; both may be older than that."
    )
    resource_class = models.CharField(
        max_length=60, blank=True, help_text="Instance class of a database, type of a disk, runtime of a function."
    )
    size_gib = models.FloatField(null=True, help_text="Storage that is allocated; empty where the kind has none.")
    attached_to = models.CharField(
        max_length=256,
        blank=True,
        help_text="Instance of a disk or address, disk of a snapshot, cluster of a database.",
    )
    created_at = models.DateTimeField(null=True, help_text="As AWS tells it; an address has none.")
    facts = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    are_tags_known = models.BooleanField(default=True, help_text="Whether the listing tells tags at all.")
    raw = models.JSONField(default=dict, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, help_text="When a complete listing no longer had it.")

    objects = ResourceQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "region", "resource_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "kind", "region", "resource_id"],
                name="resource_once_per_account_kind_and_region",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in LISTED_KINDS]), name="resource_kind_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["resource_id"], name="resource_by_id"),
            models.Index(fields=["attached_to"], name="resource_by_what_it_is_on"),
        ]

    def __str__(self) -> str:
        return self.name or self.resource_id

    def is_gone(self, *, at: datetime) -> bool:
        """Whether a complete listing up to `at` no longer had it."""
        return self.gone_at is not None and self.gone_at <= at
