"""`manage.py import_emissions`: observed carbon intensity from files."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from carbon.management.import_files import add_arguments, read_files, summary
from carbon.services.imports import import_readings


class Command(BaseCommand):
    help = (
        "Imports observed carbon intensity: JSON as the Carbon Aware SDK reads it (with “Emissions”, or a bare array) "
        "and CSV with the columns zone, datetime_utc and g_per_kwh. A file that cannot be read is named with its "
        "place, and nothing at all is imported. Imported twice, nothing changes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Files and signal."""
        add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Read all, store all, say what was done."""
        files = read_files(options["files"])
        if not any(file.series for file in files):
            raise CommandError("No observed intensity stands in these files. Nothing was imported.")
        imported = import_readings(files=files, signal=options["signal"], now=timezone.now())
        self.stdout.write(summary(imported, files, what="points"))
