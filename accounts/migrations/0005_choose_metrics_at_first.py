"""Which metrics are asked for until an admin chooses otherwise."""

from typing import Any

from django.db import migrations

# kind, metric, whether it is on, hours between two askings
_AT_FIRST = [
    ("ec2_instance", "NetworkIn", True, 6),
    ("ec2_instance", "NetworkOut", True, 6),
    ("ec2_instance", "EBSReadBytes", False, 6),
    ("ec2_instance", "EBSWriteBytes", False, 6),
    ("rds_instance", "CPUUtilization", True, 6),
    ("rds_instance", "DatabaseConnections", True, 6),
    ("rds_instance", "FreeStorageSpace", True, 6),
    ("rds_instance", "FreeableMemory", True, 6),
    ("rds_instance", "BurstBalance", True, 6),
    ("lambda_function", "Invocations", True, 6),
    ("lambda_function", "Errors", True, 6),
    ("lambda_function", "Throttles", True, 6),
    ("lambda_function", "Duration", True, 6),
    ("s3_bucket", "BucketSizeBytes", True, 24),
    ("s3_bucket", "NumberOfObjects", True, 24),
]


def choose(apps: Any, schema_editor: Any) -> None:
    """Add what is not there."""
    choices = apps.get_model("accounts", "MetricChoice").objects.using(schema_editor.connection.alias)
    for kind, metric, is_on, hours_between in _AT_FIRST:
        choices.get_or_create(kind=kind, metric=metric, defaults={"is_on": is_on, "hours_between": hours_between})


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_list_resources_and_choose_their_metrics"),
    ]

    operations = [
        # Back again nothing has to be done: the table goes.
        migrations.RunPython(choose, migrations.RunPython.noop),
    ]
