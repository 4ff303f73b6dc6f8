from django.db import models
from django.db.models import Q


class Price(models.Model):
    """The on-demand price of one kind of instance hour, or the reason why there is none."""

    instance_type = models.CharField(max_length=60)
    region = models.CharField(max_length=40)
    usage_operation = models.CharField(max_length=40, help_text="RunInstances, RunInstances:0002, …")
    tenancy = models.CharField(max_length=20, help_text="Shared, Dedicated or Host, in the price list's words.")
    usd_per_hour = models.DecimalField(max_digits=18, decimal_places=10, null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="Why there is no price.")
    sku = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=40, default="aws_pricing")
    retrieved_at = models.DateTimeField()

    class Meta:
        ordering = ["instance_type", "region"]
        constraints = [
            models.UniqueConstraint(
                fields=["instance_type", "region", "usage_operation", "tenancy"], name="price_once_per_key"
            ),
            models.CheckConstraint(
                condition=Q(usd_per_hour__gt=0) | (Q(usd_per_hour__isnull=True) & ~Q(reason="")),
                name="price_is_positive_or_says_why_not",
            ),
        ]

    def __str__(self) -> str:
        price = f"{self.usd_per_hour} USD/h" if self.usd_per_hour is not None else self.reason
        return f"{self.instance_type} in {self.region}: {price}"


class ExchangeRate(models.Model):
    """How many units of a currency one US dollar buys on a day. Entered by the platform admin."""

    currency = models.CharField(max_length=3, help_text="ISO 4217.")
    day = models.DateField()
    per_usd = models.DecimalField(max_digits=18, decimal_places=8)
    source = models.CharField(max_length=200)

    class Meta:
        ordering = ["currency", "-day"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "day"], name="exchange_rate_once_per_day"),
            models.CheckConstraint(condition=Q(per_usd__gt=0), name="exchange_rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"1 USD = {self.per_usd} {self.currency} on {self.day}"
