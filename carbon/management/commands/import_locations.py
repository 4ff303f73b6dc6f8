"""`manage.py import_locations`: the locations of files, by which clients of the Carbon Aware API may ask."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from carbon.files.locations import LocationFile, listed_files, read_location_file
from carbon.files.problems import FileProblem
from carbon.services.locations import ImportedLocations, import_locations
from carbon.sources import electricity_maps_source

_MOST_NAMED = 10


class Command(BaseCommand):
    help = (
        "Take over the locations of files in the Carbon Aware SDK's JSON (Latitude, Longitude, Name by key). A key "
        "that another file has already becomes key_1, key_2 and so on, in the order of the files; whatever has a name "
        "keeps it when files are read again. A file's entry that is gone is removed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", metavar="FILE", type=Path, nargs="*")
        parser.add_argument("--prefix", default="", help="what each key is to begin with")
        parser.add_argument("--delimiter", default="", help="what stands between prefix and key")
        parser.add_argument(
            "--config",
            metavar="APPSETTINGS.json",
            type=Path,
            help="read the files that its LocationDataSourcesConfiguration lists; those of other files are removed",
        )
        parser.add_argument(
            "--ask-source",
            action="store_true",
            help="ask Electricity Maps for the zones of coordinates; otherwise the nearest known location tells",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        files, config = options["files"], options["config"]
        if bool(files) == bool(config):
            raise CommandError("Give location files, or --config with the settings that list them.")
        if config and (options["prefix"] or options["delimiter"]):
            raise CommandError("With --config, each file has the Prefix and Delimiter that the settings list.")
        try:
            read = (
                self._listed(config)
                if config
                else [
                    read_location_file(path, prefix=options["prefix"], delimiter=options["delimiter"]) for path in files
                ]
            )
        except FileProblem as problem:
            raise CommandError(str(problem)) from None
        names = [file.name for file in read]
        if len(set(names)) < len(names):
            raise CommandError("Two of the files have the same name, by which they are known again. Rename one.")
        source = electricity_maps_source() if options["ask_source"] else None
        if options["ask_source"] and source is None:
            raise CommandError("There is no key of Electricity Maps to ask with. Set ELECTRICITY_MAPS_KEY.")
        self._tell(import_locations(read, is_all=bool(config), zone_at=source.zone_at if source else None))

    def _listed(self, config: Path) -> list[LocationFile]:
        """The files that settings list. One that is not there is told and left out, as the SDK does."""
        read = []
        for listed in listed_files(config):
            if listed.path.is_file():
                read.append(read_location_file(listed.path, prefix=listed.prefix, delimiter=listed.delimiter))
            else:
                self.stderr.write(f"{listed.path} is not there and was left out.")
        return read

    def _tell(self, outcome: ImportedLocations) -> None:
        self.stdout.write(f"{outcome.added} locations added, {outcome.updated} updated, {outcome.removed} removed.")
        for key, wanted in list(outcome.renamed.items())[:_MOST_NAMED]:
            self.stdout.write(f"  {wanted} is taken: this one is {key}.")
        if (more := len(outcome.renamed) - _MOST_NAMED) > 0:
            self.stdout.write(f"  … and {more} more were renamed.")
        if outcome.not_asked:
            self.stderr.write(f"The source could not be asked for zones: {outcome.not_asked}")
        if outcome.without_zone:
            some = ", ".join(outcome.without_zone[:_MOST_NAMED])
            self.stderr.write(
                f"{len(outcome.without_zone)} have no grid zone, so nothing is known there: {some}"
                f"{', …' if len(outcome.without_zone) > _MOST_NAMED else ''}. Choose one in the admin."
            )
