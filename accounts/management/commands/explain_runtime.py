"""`manage.py explain_runtime`: how long an instance ran, and how we know, from a file and without a database."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter

from accounts.estimators.runtime import Runtime
from accounts.management.runtime_cases import CaseProblem, RuntimeCase, read_cases

_UNKNOWN_TYPE = "unknown"


class Command(BaseCommand):
    help = """\
How long an EC2 instance ran within a window, what of it is billed, and how we know.

FILE.json holds one case or a list of cases:
  name, instance_id
  window_start, window_end, now     the window ends at now at the latest; without a now it is past
  instance                          null where the inventory does not have it, else what DescribeInstances says:
                                    state, launch_time, first_attach_time, state_transition_reason,
                                    state_reason_code, state_reason_message, instance_type, platform_details,
                                    lifecycle, tenancy
  events                            as CloudTrail's LookupEvents returns them, in any order; complete since the
                                    start of the window, those before it tell the state to begin with
  cpu_sample_minutes                optional: the SampleCount of CPUUtilization of each hour, by its start

Times are ISO 8601 with any offset (none is UTC) or seconds since 1970. Keys may be missing or null.

Where the running hours are not exactly known, running_hours is null, and billed_hours and hours_by_type follow the
best estimate between lower_hours and upper_hours. A type that nothing tells is "unknown"."""
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=_Formatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.json", type=Path)
        parser.add_argument("--json", action="store_true", help="print JSON: a list for a list, an object for one case")

    def handle(self, **options: Any) -> None:
        try:
            cases = read_cases(options["file"])
        except CaseProblem as problem:
            raise CommandError(str(problem)) from problem
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror or 'cannot be read'}.") from error
        if options["json"]:
            answer = [_plain(case) for case in cases] if isinstance(cases, list) else _plain(cases)
            self.stdout.write(json.dumps(answer, indent=2))
            return
        for case in cases if isinstance(cases, list) else [cases]:
            self.stdout.write("\n".join(_lines(case)))


class _Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the description."""


def _plain(case: RuntimeCase) -> dict[str, Any]:
    runtime = case.runtime()
    return {
        "name": case.name,
        "running_hours": runtime.running_hours,
        "lower_hours": runtime.lower_hours,
        "upper_hours": runtime.upper_hours,
        "is_exact": runtime.is_exact,
        "billed_hours": runtime.billed_hours,
        "hours_by_type": {name or _UNKNOWN_TYPE: hours for name, hours in runtime.hours_by_type.items()},
        "intervals": [
            {"start": _iso(interval.start), "end": _iso(interval.end), "because": interval.because}
            for interval in runtime.intervals
        ],
    }


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _lines(case: RuntimeCase) -> Iterator[str]:
    runtime = case.runtime()
    yield "".join(character if character.isprintable() else "?" for character in case.name)
    yield f"  window  {_iso(case.window.start)} to {_iso(case.window.end)}, as of {_iso(case.now)}"
    yield f"  ran     {_hours(runtime)}"
    yield f"  billed  {runtime.billed_hours:,.4f} h"
    for name, hours in runtime.hours_by_type.items():
        yield f"  as      {name or _UNKNOWN_TYPE}: {hours:,.4f} h"
    for interval in runtime.intervals:
        yield f"  {_iso(interval.start)} to {_iso(interval.end)}: {interval.because}"
    for reason, count in runtime.events_ignored.items():
        yield f"  left out: {count:,} events ({reason})"
    if case.events_of_others:
        yield f"  left out: {case.events_of_others:,} events (they do not name the instance)"


def _hours(runtime: Runtime) -> str:
    if runtime.is_exact:
        return f"{runtime.upper_hours:,.4f} h"
    return (
        f"between {runtime.lower_hours:,.4f} and {runtime.upper_hours:,.4f} h, "
        f"estimated at {runtime.estimated_hours:,.4f} h"
    )
