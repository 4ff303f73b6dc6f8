import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import finops.core.hourly
from finops.core.partitions import CreatePartitionedModel


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_api_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="metricday",
            name="total",
            field=finops.core.hourly.HourlyField(null=True),
        ),
        migrations.AlterField(
            model_name="metricday",
            name="average",
            field=finops.core.hourly.HourlyField(null=True),
        ),
        migrations.AlterField(
            model_name="metricday",
            name="maximum",
            field=finops.core.hourly.HourlyField(null=True),
        ),
        migrations.AlterField(
            model_name="metricday",
            name="sample_count",
            field=finops.core.hourly.HourlyField(null=True),
        ),
        migrations.CreateModel(
            name="MetricChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ec2_instance", "EC2 instance"),
                            ("rds_instance", "RDS instance"),
                            ("rds_cluster", "RDS cluster"),
                            ("s3_bucket", "S3 bucket"),
                            ("lambda_function", "Lambda function"),
                            ("ebs_volume", "EBS volume"),
                            ("ebs_snapshot", "EBS snapshot"),
                            ("elastic_ip", "Elastic IP address"),
                        ],
                        max_length=20,
                    ),
                ),
                ("metric", models.CharField(max_length=60)),
                ("is_on", models.BooleanField(default=True)),
                (
                    "hours_between",
                    models.PositiveSmallIntegerField(
                        default=6,
                        help_text="Asked again after so many hours. The price is for each asking, however many hours it brings.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(24),
                        ],
                    ),
                ),
            ],
            options={
                "ordering": ["kind", "metric"],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "metric"), name="metric_choice_once_per_kind"),
                    models.CheckConstraint(
                        condition=models.Q(("hours_between__gte", 1), ("hours_between__lte", 24)),
                        name="metric_is_asked_once_a_day_at_least",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Resource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("rds_instance", "RDS instance"),
                            ("rds_cluster", "RDS cluster"),
                            ("s3_bucket", "S3 bucket"),
                            ("lambda_function", "Lambda function"),
                            ("ebs_volume", "EBS volume"),
                            ("ebs_snapshot", "EBS snapshot"),
                            ("elastic_ip", "Elastic IP address"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        blank=True, help_text="Empty for a bucket whose region was not told.", max_length=40
                    ),
                ),
                (
                    "resource_id",
                    models.CharField(help_text="What CloudWatch and AWS's own pages call it by.", max_length=256),
                ),
                ("arn", models.CharField(blank=True, max_length=600)),
                ("name", models.CharField(blank=True, max_length=256)),
                ("state", models.CharField(blank=True, help_text="Empty where AWS tells none.", max_length=60)),
                (
                    "state_since_at",
                    models.DateTimeField(
                        help_text="When a refresh first saw this state and what it is attached to; both may be older than that."
                    ),
                ),
                (
                    "resource_class",
                    models.CharField(
                        blank=True,
                        help_text="Instance class of a database, type of a disk, runtime of a function.",
                        max_length=60,
                    ),
                ),
                (
                    "size_gib",
                    models.FloatField(help_text="Storage that is allocated; empty where the kind has none.", null=True),
                ),
                (
                    "attached_to",
                    models.CharField(
                        blank=True,
                        help_text="Instance of a disk or address, disk of a snapshot, cluster of a database.",
                        max_length=256,
                    ),
                ),
                ("created_at", models.DateTimeField(help_text="As AWS tells it; an address has none.", null=True)),
                ("facts", models.JSONField(blank=True, default=dict)),
                ("tags", models.JSONField(blank=True, default=dict)),
                (
                    "are_tags_known",
                    models.BooleanField(default=True, help_text="Whether the listing tells tags at all."),
                ),
                ("raw", models.JSONField(blank=True, default=dict)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("gone_at", models.DateTimeField(help_text="When a complete listing no longer had it.", null=True)),
                (
                    "aws_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="resources", to="accounts.awsaccount"
                    ),
                ),
            ],
            options={
                "ordering": ["kind", "region", "resource_id"],
            },
        ),
        CreatePartitionedModel(
            name="ResourceMetricDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "resource_id", "metric", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("metric", models.CharField(max_length=60)),
                ("day", models.DateField()),
                ("average", finops.core.hourly.HourlyField(null=True)),
                ("maximum", finops.core.hourly.HourlyField(null=True)),
                ("total", finops.core.hourly.HourlyField(null=True)),
                ("source", models.CharField(default="aws_cloudwatch", max_length=30)),
                ("retrieved_at", models.DateTimeField()),
                (
                    "resource",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="metric_days",
                        to="accounts.resource",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="resource",
            index=models.Index(fields=["resource_id"], name="resource_by_id"),
        ),
        migrations.AddIndex(
            model_name="resource",
            index=models.Index(fields=["attached_to"], name="resource_by_what_it_is_on"),
        ),
        migrations.AddConstraint(
            model_name="resource",
            constraint=models.UniqueConstraint(
                fields=("aws_account", "kind", "region", "resource_id"),
                name="resource_once_per_account_kind_and_region",
            ),
        ),
        migrations.AddConstraint(
            model_name="resource",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "rds_instance",
                            "rds_cluster",
                            "s3_bucket",
                            "lambda_function",
                            "ebs_volume",
                            "ebs_snapshot",
                            "elastic_ip",
                        ],
                    )
                ),
                name="resource_kind_is_known",
            ),
        ),
    ]
