"""`manage.py refresh_grid`: carbon intensity and forecasts of zones, where no AWS account asks for them."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.services.step import StepOutcome
from carbon.models import Signal, Zone, ZoneKind
from carbon.selectors.zones import Wanted, wanted_by_all
from carbon.services.grid import refresh_grid
from carbon.services.grid_clients import clients_of
from carbon.services.grid_forecasts import refresh_forecasts
from finops.core.periods import Period

_MOST_DAYS = 366


class Command(BaseCommand):
    help = (
        "Fetches readings and forecasts of the zones that the admin follows, and of those named here, with the keys of "
        "the whole installation. Accounts' own zones are refreshed with the accounts. Run it hourly from cron where no "
        "account is connected; asked less than an hour ago, a source is not asked again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which zones, how far back."""
        parser.add_argument("zones", metavar="ZONE", nargs="*", help="a zone's key, such as DE or US-CAL-CISO")
        parser.add_argument("--days", type=int, default=14, help="how far back readings are wanted (default: 14)")

    def handle(self, **options: Any) -> None:
        """Ask, store, say how each zone went."""
        if not 1 <= options["days"] <= _MOST_DAYS:
            raise CommandError(f"--days is from 1 to {_MOST_DAYS}, not {options['days']}.")
        wanted = _wanted(options["zones"])
        if not wanted:
            raise CommandError("No zone is followed. Name some, or tick “is followed” of a zone in the admin.")
        now = timezone.now()
        clients = clients_of(None, now=now)
        for problem in clients.problems:
            self.stderr.write(problem.message)
        period = Period.last(timedelta(days=options["days"]), now=now)
        readings = refresh_grid(wanted=wanted, clients=clients, period=period, now=now)
        forecasts = refresh_forecasts(wanted=wanted, clients=clients, team=None, now=now)
        _say(readings, what="readings", line=self.stdout.write, problem=self.stderr.write)
        _say(forecasts, what="forecasts", line=self.stdout.write, problem=self.stderr.write)
        if readings.parts and len(readings.failed_parts) == len(readings.parts):
            raise CommandError("No zone could be read.")


def _wanted(keys: list[str]) -> list[Wanted]:
    known = {zone.key: zone for zone in Zone.objects.filter(key__in=keys, kind=ZoneKind.GRID)}
    if unknown := [key for key in keys if key not in known]:
        raise CommandError(f"There is no grid zone {', '.join(unknown)}.")
    pairs = {(zone.key, signal): (zone, signal) for zone, signal in wanted_by_all()}
    pairs |= {(zone.key, str(Signal.AVERAGE)): (zone, str(Signal.AVERAGE)) for zone in known.values()}
    return [pairs[key] for key in sorted(pairs)]


def _say(outcome: StepOutcome, *, what: str, line: Callable[[str], object], problem: Callable[[str], object]) -> None:
    line(f"{what.capitalize()}: {outcome.rows_written:,} new or changed of {outcome.rows_read:,} told.")
    for note in outcome.notes:
        line(note)
    for part, error in outcome.failed_parts.items():
        problem(f"{part}: {error.message} {error.fix}".strip())
