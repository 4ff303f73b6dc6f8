"""Readings told in minutes are told in microseconds from here, and the months that hold readings are noted."""

import secrets
from datetime import timedelta
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Max, Min
from django.db.models.functions import TruncMonth

MICROSECONDS_PER_MINUTE = 60_000_000
# No upstream told a longer one before this migration.
LONGEST = timedelta(hours=1)


def to_microseconds(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 (Django's signature)
    CarbonReading = apps.get_model("carbon", "CarbonReading")
    CarbonReading.objects.update(duration_microseconds=F("duration_microseconds") * MICROSECONDS_PER_MINUTE)
    note_months(CarbonReading, apps.get_model("carbon", "ReadingMonth"))


def note_months(readings: Any, months: Any) -> None:
    """One row for each series and month that holds readings."""
    told = (
        readings.objects.order_by()
        .annotate(month=TruncMonth("starts_at"))
        .values("zone_id", "source", "signal", "licensee_id", "month")
        .annotate(first=Min("starts_at"), last=Max("starts_at"), asked_at=Max("retrieved_at"))
    )
    months.objects.bulk_create(
        [
            months(
                zone_id=row["zone_id"],
                source=row["source"],
                signal=row["signal"],
                licensee_id=row["licensee_id"],
                month_date=row["month"].date(),
                starts_at=row["first"],
                ends_at=row["last"] + LONGEST,
                retrieved_at=row["asked_at"],
                stamp=secrets.randbits(63),
            )
            for row in told
        ],
        ignore_conflicts=True,
    )


def to_minutes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 (Django's signature)
    """Back; what is no whole number of minutes loses its rest, and one longer than 45 days has no way back."""
    CarbonReading = apps.get_model("carbon", "CarbonReading")
    CarbonReading.objects.update(duration_microseconds=F("duration_microseconds") / MICROSECONDS_PER_MINUTE)
    apps.get_model("carbon", "ReadingMonth").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("carbon", "0003_hold_readings_of_any_length_and_forecasts_as_issued")]

    operations = [migrations.RunPython(to_microseconds, to_minutes)]
