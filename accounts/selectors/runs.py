"""How refresh runs stand, step by step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.models import ACTIVE_STATES, RefreshRun, RunState, User
from accounts.selectors.scope import Scope

STEP_LABELS = {
    "inventory": "Instances",
    "databases": "Databases",
    "buckets": "Buckets",
    "functions": "Functions",
    "disks": "Disks and snapshots",
    "addresses": "Addresses",
    "events": "Starts and stops",
    "utilization": "CPU utilization",
    "metrics": "Metrics",
    "grid": "Carbon intensity",
    "forecast": "Forecasts",
    "power": "Power profiles",
    "price": "Prices",
    "bill": "Bill",
    "derive": "Ledger",
    "findings": "Findings",
}


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a run: waiting, running, done, partly, failed or broken."""

    name: str
    label: str
    state: str
    done: int
    total: int
    part: str
    rows: int
    message: str
    fix: str
    regions: tuple[tuple[str, str], ...]  # those it has been to, and whether that went well: done or failed

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen in it."""
        return self.state not in {"waiting", "running"}


@dataclass(frozen=True, slots=True)
class RunView:
    """A refresh run as a page and the API show it."""

    id: int
    account_id: int
    account_name: str
    time_zone: str  # of the account's team, for a page
    state: RunState
    steps: tuple[StepView, ...]
    attempts: int
    error_code: str
    error_message: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    next_try_at: datetime

    @property
    def is_active(self) -> bool:
        """Whether it is still to be worked on."""
        return self.state in ACTIVE_STATES

    @property
    def steps_over(self) -> int:
        """How many steps are through."""
        return sum(step.is_over for step in self.steps)

    @property
    def steps_failed(self) -> int:
        """How many of them got nothing."""
        return sum(step.state in {"failed", "broken"} for step in self.steps)


def run_of(user: User, *, run_id: int) -> RunView | None:
    """The run with that id, or None where there is none that `user` may see."""
    run = RefreshRun.objects.visible_to(user).select_related("aws_account__team").filter(pk=run_id).first()
    return _view(run) if run else None


def latest_runs(scope: Scope) -> dict[int, RunView]:
    """The latest run of each account in scope that ever had one, by the account's key."""
    latest = (
        RefreshRun.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .order_by()
        .values("aws_account")
        .annotate(latest=Max("pk"))
        .values("latest")
    )
    runs = RefreshRun.objects.visible_to(scope.user).filter(pk__in=latest).select_related("aws_account__team")
    return {run.aws_account_id: _view(run) for run in runs}


def _view(run: RefreshRun) -> RunView:
    return RunView(
        id=run.pk,
        account_id=run.aws_account_id,
        account_name=run.aws_account.name,
        time_zone=run.aws_account.team.time_zone,
        state=RunState(run.state),
        steps=tuple(_step(name, (run.progress or {}).get(name)) for name in run.steps),
        attempts=run.attempts,
        error_code=run.error_code,
        error_message=run.error_message,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        next_try_at=run.next_try_at,
    )


def _step(name: str, told: Any) -> StepView:
    told = told if isinstance(told, dict) else {}
    return StepView(
        name=name,
        label=STEP_LABELS.get(name, name),
        state=str(told.get("state") or "waiting"),
        done=int(told.get("done") or 0),
        total=int(told.get("total") or 0),
        part=str(told.get("part") or ""),
        rows=int(told.get("rows") or 0),
        message=str(told.get("message") or ""),
        fix=str(told.get("fix") or ""),
        regions=tuple(sorted(told["regions"].items())) if isinstance(told.get("regions"), dict) else (),
    )
