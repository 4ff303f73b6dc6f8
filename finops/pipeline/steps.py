"""The order of a refresh, and what each of its steps asks of the three apps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import structlog

from accounts.clients.aws.session import AwsSession
from accounts.models import AwsAccount, Team
from accounts.services.estate import (
    refresh_addresses,
    refresh_buckets,
    refresh_databases,
    refresh_disks,
    refresh_functions,
)
from accounts.services.events import refresh_events
from accounts.services.inventory import refresh_inventory
from accounts.services.metrics import refresh_metrics
from accounts.services.runs import STEPS
from accounts.services.sso.tokens import sso_token
from accounts.services.step import Progress, StepOutcome, Writing
from accounts.services.utilization import refresh_utilization
from accounts.sources import aws_session
from carbon.selectors.zones import Wanted, wanted_by_account, wanted_by_all
from carbon.services.grid import refresh_grid
from carbon.services.grid_clients import GridClients, clients_of
from carbon.services.grid_forecasts import refresh_forecasts
from carbon.services.power_profiles import refresh_power_profiles
from carbon.sources import power_source
from costing.selectors.keys import instance_types_of_account
from costing.services.bills import refresh_bills
from costing.services.findings import evaluate_findings
from costing.services.ledger import add_up_windows, derive_touched_days
from costing.services.prices import refresh_prices
from finops.core.periods import Period
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected
from finops.core.upstream.meter import CallMeter

logger = structlog.get_logger(__name__)


@dataclass
class Context:
    """What one refresh of one account works with."""

    account: AwsAccount
    period: Period
    now: datetime
    writing: Writing
    regions: frozenset[str] = frozenset()  # whose lists are read; all where it is empty
    meter: CallMeter = field(default_factory=CallMeter)
    login_error: UpstreamError | None = None

    @cached_property
    def _session(self) -> AwsSession:
        return aws_session(self.account, self.meter, sso_tokens=sso_token)

    @property
    def aws(self) -> AwsSession:
        """The way into the account. Where a sign-in is needed it is asked once, not by every step."""
        if self.login_error is not None:
            raise self.login_error
        return self._session


Do = Callable[[Context, Progress], StepOutcome]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: which source it asks, how often, and for whom the source's state is kept."""

    name: str
    do: Do
    source: str
    cadence: timedelta
    is_shared: bool = False  # one state for the installation, not one an account
    stands_alone: bool = False  # what the steps before it bring does not matter to it
    is_by_region: bool = False  # it lists region by region, and a run may narrow that


def _asking_aws(refresh: Callable[..., StepOutcome], *, of_period: bool = True, by_region: bool = False) -> Do:
    """The step in which `refresh` asks AWS about the account; `of_period` where its facts belong to days."""

    def do(context: Context, progress: Progress) -> StepOutcome:
        more: dict[str, Any] = {"period": context.period} if of_period else {}
        if by_region:
            more["only_regions"] = context.regions
        return refresh(
            account=context.account,
            aws=context.aws,
            now=context.now,
            writing=context.writing,
            progress=progress,
            **more,
        )

    return do


def _listing(name: str, refresh: Callable[..., StepOutcome], source: str) -> Step:
    do = _asking_aws(refresh, of_period=False, by_region=True)
    return Step(name, do, source, timedelta(hours=1), is_by_region=True)


def _grid(context: Context, progress: Progress) -> StepOutcome:
    def refresh(wanted: Sequence[Wanted], clients: GridClients, team: Team | None) -> StepOutcome:  # noqa: ARG001 (as the forecasts')
        return refresh_grid(
            wanted=wanted,
            clients=clients,
            period=context.period,
            now=context.now,
            writing=context.writing,
            progress=progress,
        )

    return _asking_grids(context, refresh)


def _forecast(context: Context, progress: Progress) -> StepOutcome:
    def refresh(wanted: Sequence[Wanted], clients: GridClients, team: Team | None) -> StepOutcome:
        return refresh_forecasts(
            wanted=wanted,
            clients=clients,
            team=team,
            now=context.now,
            writing=context.writing,
            progress=progress,
        )

    return _asking_grids(context, refresh)


def _asking_grids(
    context: Context, refresh: Callable[[Sequence[Wanted], GridClients, Team | None], StepOutcome]
) -> StepOutcome:
    """Ask about the account's zones with its team's keys, and about those that all follow with everybody's."""
    team = context.account.team
    clients = clients_of(team, now=context.now, meter=context.meter)
    if not clients.clients:
        raise next(
            iter(clients.problems),
            UpstreamRejected(
                "No key for Electricity Maps is set, so the yearly mean of each zone is used and flagged.",
                upstream="electricity_maps",
                reason=Reason.NOT_ENABLED,
                fix="Set ELECTRICITY_MAPS_KEY in the environment or in .env and start the refresh again.",
            ),
        )
    outcome = refresh(wanted_by_account(context.account), clients, team)
    if followed := wanted_by_all():
        more = refresh(followed, clients_of(None, now=context.now, meter=context.meter), None)
        outcome.rows_read += more.rows_read
        outcome.rows_written += more.rows_written
        outcome.refused_values += more.refused_values
        outcome.notes += more.notes
        outcome.parts = more.parts | outcome.parts
    return outcome


def _power(context: Context, progress: Progress) -> StepOutcome:
    source = power_source(meter=context.meter)
    if source is None:
        raise UpstreamRejected(
            "No power API is set, so energy and carbon are unknown for types that were never asked.",
            upstream="boavizta",
            reason=Reason.NOT_ENABLED,
            fix="Set BOAVIZTA_URL to a Boavizta API, your own or the public one, and start the refresh again.",
        )
    return refresh_power_profiles(
        instance_types=instance_types_of_account(context.account),
        source=source,
        now=context.now,
        writing=context.writing,
        progress=progress,
    )


def _derive(context: Context, progress: Progress) -> StepOutcome:
    outcome = derive_touched_days(account=context.account, now=context.now, writing=context.writing, progress=progress)
    add_up_windows(account=context.account, now=context.now, writing=context.writing)
    return outcome


def _findings(context: Context, progress: Progress) -> StepOutcome:
    return evaluate_findings(account=context.account, now=context.now, writing=context.writing, progress=progress)


PIPELINE: dict[str, Step] = {
    step.name: step
    for step in (
        _listing("inventory", refresh_inventory, "aws_ec2"),
        # In the regions that the inventory found enabled.
        _listing("databases", refresh_databases, "aws_rds"),
        Step("buckets", _asking_aws(refresh_buckets, of_period=False), "aws_s3", timedelta(hours=1)),
        _listing("functions", refresh_functions, "aws_lambda"),
        _listing("disks", refresh_disks, "aws_ebs"),
        _listing("addresses", refresh_addresses, "aws_eip"),
        Step("events", _asking_aws(refresh_events), "aws_cloudtrail", timedelta(hours=6)),
        Step("utilization", _asking_aws(refresh_utilization), "aws_cloudwatch", timedelta(hours=1)),
        # After it, for CPU comes first where the budget is short.
        Step("metrics", _asking_aws(refresh_metrics), "aws_metrics", timedelta(hours=1)),
        Step("grid", _grid, "electricity_maps", timedelta(hours=1), is_shared=True),
        # After the readings, on which our own forecasts rest.
        Step("forecast", _forecast, "grid_forecasts", timedelta(hours=1), is_shared=True),
        Step("power", _power, "boavizta", timedelta(hours=1), is_shared=True),
        # Fresh answers are not asked for again: hourly, so that a new type is priced soon.
        Step("price", _asking_aws(refresh_prices, of_period=False), "aws_pricing", timedelta(hours=1)),
        Step("bill", _asking_aws(refresh_bills), "aws_cost_explorer", timedelta(hours=24), stands_alone=True),
        Step("derive", _derive, "ledger", timedelta(hours=1)),
        # After the ledger, which says what is at stake.
        Step("findings", _findings, "findings", timedelta(hours=1)),
    )
}
if tuple(PIPELINE) != STEPS:
    raise ImportError("finops/pipeline/steps.py and accounts/services/runs.py disagree about the steps of a refresh.")
