"""`manage.py import_forecasts`: forecasts of carbon intensity from files, as they were issued."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from carbon.management.import_files import add_arguments, read_files, summary
from carbon.services.imports import import_forecasts


class Command(BaseCommand):
    help = (
        "Imports forecasts of carbon intensity from JSON files with “EmissionsForecasts”: [{GeneratedAt, Location: "
        "{Name}, ForecastData: [{Time, Rating, Duration}]}]. A file that cannot be read is named with the place, and "
        "nothing at all is imported. Imported twice, nothing changes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Files and signal."""
        add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Read all, store all, say what was done."""
        files = read_files(options["files"])
        if not any(file.forecasts for file in files):
            raise CommandError("No forecast stands in these files (“EmissionsForecasts”). Nothing was imported.")
        imported = import_forecasts(files=files, signal=options["signal"], now=timezone.now())
        self.stdout.write(summary(imported, files, what="forecasts"))
