from typing import Any

from django.db import migrations
from django.db.models import Q, Sum

GRADES = ("A", "B", "C", "D")
SUMS = {
    "instance_days": Sum("instance_count"),
    "instance_days_of_missing_cost": Sum("instance_count", filter=Q(cost_grade="D"), default=0),
    "instance_days_without_price": Sum("instances_without_price"),
    "instance_days_without_power": Sum("instances_without_power"),
    "instance_days_without_intensity": Sum("instances_without_intensity"),
    # Named apart from the columns they add up, for a query set refuses the same name twice.
    "with_runtime": Sum("hours_with_runtime"),
    "aligned": Sum("hours_aligned"),
    **{f"list_cost_usd_{grade.lower()}": Sum("list_cost_usd", filter=Q(cost_grade=grade)) for grade in GRADES},
    **{f"energy_kwh_{grade.lower()}": Sum("energy_kwh", filter=Q(carbon_grade=grade)) for grade in GRADES},
}


def add_up(apps: Any, schema_editor: Any) -> None:
    AccountDay = apps.get_model("costing", "AccountDay")
    DailyTotal = apps.get_model("costing", "DailyTotal")
    using = schema_editor.connection.alias
    rows = DailyTotal.objects.using(using).order_by().values("aws_account_id", "day").annotate(**SUMS)
    AccountDay.objects.using(using).bulk_create(
        (
            AccountDay(hours_with_runtime=row.pop("with_runtime"), hours_aligned=row.pop("aligned"), **row)
            for row in rows.iterator(chunk_size=2000)
        ),
        batch_size=2000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("costing", "0005_hold_each_days_totals_of_an_account")]

    operations = [migrations.RunPython(add_up, migrations.RunPython.noop)]
