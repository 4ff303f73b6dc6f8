"""Asks CloudTrail: many regions at once, each no faster than AWS allows, and rests where it was too fast."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.clients.aws.events import LOOKUP_EVENTS, EventPage, lookup_events
from accounts.clients.aws.session import AwsSession
from accounts.models import AwsAccount
from accounts.services.pace import reserve_turn
from accounts.services.parallel import ask_all
from accounts.services.step import PartOutcome, Progress, StepOutcome
from finops.core.upstream.errors import Reason, UpstreamError

from .scans import Scan

LOOKUP_INTERVAL = timedelta(seconds=0.5)  # AWS: two requests a second in an account and region, not adjustable

_AT_ONCE = 24  # a page takes AWS four seconds on average, so two a second want several under way in each region
# AWS counts requests when they arrive, not when they were due. One that came too early is asked again, and its
# region rests before it for so many turns; a page that comes in between begins anew.
_TURNS_OF_REST = (4, 16, 60)


def read_scans(
    account: AwsAccount,
    aws: AwsSession,
    scans: dict[tuple[str, str], Scan],
    *,
    interval: timedelta,
    outcome: StepOutcome,
    progress: Progress,
) -> dict[str, UpstreamError]:
    """Fill the scans; the first error of each region that had one."""
    failed: dict[str, UpstreamError] = {}
    rests: dict[tuple[str, str], timedelta] = {}
    done = 0

    def turn(key: tuple[str, str]) -> float:
        if scans[key].is_complete or key[0] in failed:
            return 0.0  # what is left asks nothing, and a turn taken for it would be lost to the others
        clock = timezone.now()
        may_start = clock + rests.pop(key, timedelta(0))
        name = f"{account.account_id} {key[0]} {LOOKUP_EVENTS.name}"
        return (reserve_turn(key=name, interval=interval, now=may_start) - clock).total_seconds()

    def take(key: tuple[str, str], page: EventPage | _Rest) -> None:
        if isinstance(page, _Rest):
            rests[key] = page.turns * interval
            return
        scan = scans[key]
        scan.events += page.events
        scan.refused += page.refused
        scan.is_complete = page.is_last

    def ended(key: tuple[str, str], error: UpstreamError | None) -> None:
        nonlocal done
        done += 1
        if error is not None:
            failed.setdefault(key[0], error)
        progress(done=done, total=len(scans), part=f"{key[1]} in {key[0]}")

    ask_all(
        {key: _pages(aws, scan, failed) for key, scan in scans.items()},
        take=take,
        ended=ended,
        pause=turn,
        beat=lambda: progress(done=done, total=len(scans)),
        at_once=_AT_ONCE,
    )
    for region in sorted({scan.region for scan in scans.values()}):
        of_region = [scan for scan in scans.values() if scan.region == region and scan.is_complete]
        rows = sum(len(scan.events) for scan in of_region)
        outcome.parts[region] = PartOutcome(rows=rows, error=failed.get(region))
        outcome.rows_read += rows
        outcome.refused_values += sum(scan.refused for scan in of_region)
    return failed


@dataclass(frozen=True, slots=True)
class _Rest:
    """Instead of a page: AWS was asked too often, and the next request is to wait for so many turns."""

    turns: int


def _pages(aws: AwsSession, scan: Scan, failed: Mapping[str, UpstreamError]) -> Iterator[EventPage | _Rest]:
    """The pages of `scan`; where AWS was asked too often, a rest, and then on from the page that was refused."""
    token, rested = "", 0
    while True:
        if scan.region in failed:  # one refusal is enough
            raise failed[scan.region]
        try:
            for page in lookup_events(aws, region=scan.region, name=scan.name, period=scan.period, token=token):
                token, rested = page.next_token, 0
                yield page
        except UpstreamError as error:
            if error.reason is not Reason.RATE_LIMITED or rested == len(_TURNS_OF_REST):
                raise
        else:
            return
        yield _Rest(_TURNS_OF_REST[rested])
        rested += 1
