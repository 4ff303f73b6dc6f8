"""`manage.py refresh`: the pipeline of the workers, in the foreground and with a progress bar."""

import time
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from accounts.models import AwsAccount, RefreshRun, RunState
from accounts.services.runs import STEPS, history_before, request_run
from finops.pipeline import StepReport, execute_run

_TROUBLED = {"failed", "broken"}


class Command(BaseCommand):
    help = "Refresh AWS accounts: the same steps as the workers do, in the foreground."

    def add_arguments(self, parser: ArgumentParser) -> None:
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--account", metavar="ID", help="the 12-digit id of one account")
        chosen.add_argument("--all", action="store_true", help="every active account (the default)")
        parser.add_argument(
            "--step",
            action="append",
            choices=STEPS,
            metavar="STEP",
            help=f"only this step; repeatable: {', '.join(STEPS)}",
        )
        parser.add_argument("--now", metavar="INSTANT", help="refresh as of this ISO 8601 instant (for replays)")

    def handle(self, **options: Any) -> None:
        now = _instant(options["now"]) if options["now"] else timezone.now()
        accounts = AwsAccount.objects.active().select_related("team").order_by("pk")
        if options["account"]:
            accounts = accounts.filter(account_id=options["account"])
            if not accounts:
                raise CommandError(
                    f"There is no active account {options['account']}. Register it first, or check the 12 digits."
                )
        if not accounts:
            raise CommandError("No AWS account is registered yet. Add one in the admin, then refresh again.")
        steps = options["step"] or list(STEPS)
        troubled = sum(self._refresh(account, steps=steps, now=now) for account in accounts)
        if troubled:
            raise CommandError(f"{troubled} of {len(accounts)} accounts had steps that failed; their lines say why.")

    def _refresh(self, account: AwsAccount, *, steps: list[str], now: datetime) -> bool:
        """Refresh one account with a bar a step; whether anything of it failed."""
        run = request_run(account=account, now=now, steps=steps, period=history_before(now), announce=False)
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"[bold]{account.name}[/bold] {account.account_id} · {account.team.name}", highlight=False)
        with Progress(
            TextColumn("  {task.description:<12}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            console=console,
        ) as bars:
            tasks: dict[str, TaskID] = {}

            def watch(report: StepReport) -> None:
                if report.name not in tasks:
                    tasks[report.name] = bars.add_task(report.name, total=None, words="")
                ended = report.state != "running"
                bars.update(
                    tasks[report.name],
                    total=report.total or (1 if ended else None),
                    completed=report.total or 1 if ended else report.done,
                    words=_words(report) if ended else report.part,
                )

            reports = execute_run(run_id=run.pk, now=now, watch=watch)
            while reports is None:
                run.refresh_from_db()
                if run.state not in {RunState.QUEUED, RunState.RUNNING}:
                    return _followed(run, console)
                until = run.lease_until or run.next_try_at
                bars.console.print(f"  Another worker holds this refresh until {until:%H:%M:%S} UTC; waiting.")
                time.sleep(2)
                reports = execute_run(run_id=run.pk, now=now, watch=watch)
        _say_why({report.name: report.as_json() for report in reports}, console)
        return any(report.state in _TROUBLED for report in reports)


def _followed(run: RefreshRun, console: Console) -> bool:
    """Say how a run ended that another worker did; whether anything of it failed."""
    _say_why(run.progress, console)
    return any(step["state"] in _TROUBLED for step in run.progress.values()) or run.state == RunState.PARKED


def _say_why(steps: Mapping[str, Mapping[str, object]], console: Console) -> None:
    """Each step that failed or has something to say, on a line of its own that is never cut."""
    for name, step in steps.items():
        words = f"{step['message']} {step['fix']}".strip()
        if words:
            console.print(f"  {name} ({step['state']}): {words}", soft_wrap=True, markup=False, highlight=False)


def _words(report: StepReport) -> str:
    """Few enough for a narrow terminal, where a bar's line is cut."""
    return "failed" if report.state in _TROUBLED else f"{report.rows} rows written"


def _instant(text: str) -> datetime:
    instant = parse_datetime(text)
    if instant is None or instant.tzinfo is None:
        raise CommandError(f"--now wants an ISO 8601 instant with its offset, like 2026-03-01T12:00:00Z, not {text!r}.")
    return instant
