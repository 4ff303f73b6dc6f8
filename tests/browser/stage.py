"""Sets the stage beside the demo's own people: one person for each state that a page must be able to show.

    python -m tests.browser.stage

Run beside a started demo, with its DATABASE_URL. The demo's worker leaves these accounts alone: nothing of theirs
is due for a year. Nothing here opens anything but a demo on this machine.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PASSWORD = "stands-on-the-stage"


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody who meets one state; without a team nobody has accounts, with one the account is in that state."""

    name: str
    state: str
    has_team: bool = True

    @property
    def email(self):
        return f"{self.name}@stage.example"


NO_TEAM = Player("nora", "no team", has_team=False)
NO_ACCOUNT = Player("emil", "no account")
REFRESHING = Player("wanda", "first refresh")
REALLY_ZERO = Player("zoe", "really zero")
STALE = Player("stella", "stale")
PARKED = Player("pia", "gave up")
DENIED = Player("dario", "not allowed")
REGISTERING = Player("rosa", "registers an account")
PLAYERS = (NO_TEAM, NO_ACCOUNT, REFRESHING, REALLY_ZERO, STALE, PARKED, DENIED, REGISTERING)


def main() -> None:
    """Add the players and what they see."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finops.settings")
    import django  # noqa: PLC0415 (the settings come first)

    django.setup()
    from django.db import transaction  # noqa: PLC0415

    with transaction.atomic():
        for number, player in enumerate(PLAYERS):
            _add(player, account_id=f"{900000000000 + number}", now=datetime.now(UTC))


def _add(player, *, account_id, now):
    from accounts.models import AwsAccount, Membership, Team, User  # noqa: PLC0415

    user = User.objects.create_user(player.email, PASSWORD, first_name=player.name.title())
    if not player.has_team:
        return
    team = Team.objects.create(name=f"Team {player.name.title()}", slug=f"team-{player.name}")
    Membership.objects.create(team=team, user=user, role="owner")
    if player in {NO_ACCOUNT, REGISTERING}:
        return
    account = AwsAccount.objects.create(
        team=team,
        account_id=account_id,
        name=f"Stage of {player.state}",
        profile_name="nobody",
        enabled_regions=["eu-central-1"],
    )
    {REFRESHING: _refreshing, REALLY_ZERO: _zero, STALE: _stale, PARKED: _parked, DENIED: _denied}[player](account, now)


def _ask_again_in_a_year(account, now, **of_every_source):
    from accounts.models import SourceStatus  # noqa: PLC0415

    sources = ("aws_ec2", "aws_cloudtrail", "aws_cloudwatch", "aws_pricing", "aws_cost_explorer", "ledger")
    usual = {
        "state": "available",
        "last_attempt_at": now,
        "last_success_at": now,
        "next_due_at": now + timedelta(days=365),
    }
    for source in sources:
        SourceStatus.objects.create(aws_account=account, source=source, **usual | of_every_source)


def _run(account, now, **of_the_run):
    from accounts.models import RefreshRun  # noqa: PLC0415
    from accounts.services.runs import STEPS  # noqa: PLC0415

    usual = {
        "steps": list(STEPS),
        "period_start": now - timedelta(days=35),
        "period_end": now,
        "created_at": now - timedelta(minutes=1),
        "started_at": now - timedelta(seconds=50),
        "next_try_at": now,
        "attempts": 1,
    }
    return RefreshRun.objects.create(aws_account=account, **usual | of_the_run)


def _step(state, *, done=0, total=0, part="", rows=0, message=""):
    return {"state": state, "done": done, "total": total, "part": part, "rows": rows, "message": message, "fix": ""}


def _refreshing(account, now):
    progress = {
        "inventory": _step("done", done=1, total=1, rows=7),
        "events": _step("running", done=2, total=4, part="eu-central-1"),
    }
    _run(account, now, state="running", lease_until=now + timedelta(days=365), progress=progress)


def _zero(account, now):
    _ask_again_in_a_year(account, now)
    _run(account, now, state="done", finished_at=now)


def _stale(account, now):
    from tests.factories import CostSnapshotFactory, DailyTotalFactory, InstanceFactory  # noqa: PLC0415

    _ask_again_in_a_year(account, now, last_attempt_at=now, last_success_at=now - timedelta(days=3))
    began = now - timedelta(days=20)
    instance = InstanceFactory.create(
        aws_account=account,
        name="left-alone",
        launched_at=began,
        first_launched_at=began,
        first_seen_at=began,
        last_seen_at=now - timedelta(days=3),
    )
    for age in range(4, 15):
        day, derived_at = now.date() - timedelta(days=age), now - timedelta(days=3)
        CostSnapshotFactory.create(instance=instance, day=day, derived_at=derived_at)
        DailyTotalFactory.create(aws_account=account, day=day, derived_at=derived_at)


def _parked(account, now):
    _ask_again_in_a_year(account, now, state="unavailable", last_success_at=None, last_error="AWS did not answer.")
    _run(
        account,
        now,
        state="parked",
        attempts=5,
        finished_at=now,
        error_code="upstream_unavailable",
        error_message="AWS did not answer in 30 s, five times over.",
        progress={"inventory": _step("failed", message="AWS did not answer in 30 s.")},
    )


def _denied(account, now):
    _ask_again_in_a_year(
        account,
        now,
        state="denied",
        last_success_at=None,
        last_error="ec2:DescribeInstances is not permitted for the profile nobody.",
        fix="Add ec2:DescribeInstances to the policy of the profile's role.",
    )
    _run(account, now, state="done", finished_at=now)


if __name__ == "__main__":
    main()
