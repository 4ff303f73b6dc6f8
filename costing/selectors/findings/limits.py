"""Which limit of a rule counts for an account, and who set it."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import AwsAccount
from costing.estimators.findings import PARAMETERS
from costing.models import Threshold

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in force."""

    value: float
    set_by: str  # "default", "all", the team's name, or the account's


@dataclass(frozen=True, slots=True)
class SetLimit:
    """A limit as somebody set it, or is about to: for all where it names neither a team nor an account."""

    parameter: str
    value: float
    team_id: int | None = None
    account_id: int | None = None

    def concerns(self, account: AwsAccount) -> bool:
        """Whether it is a limit for `account` at all."""
        return self.team_id in {None, account.team_id} and self.account_id in {None, account.pk}


def set_limits(*, without: int | None = None) -> list[SetLimit]:
    """All limits that somebody set, but the one with the key `without`; one query."""
    rows = Threshold.objects.exclude(pk=without) if without else Threshold.objects.all()
    return [
        SetLimit(*row) for row in rows.order_by("pk").values_list("parameter", "value", "team_id", "aws_account_id")
    ]


def limits_in_force(account: AwsAccount, limits: Iterable[SetLimit]) -> dict[str, Limit]:
    """The limit of each parameter for `account`: its own before its team's, that before the one for all."""
    found = {key: Limit(parameter.default, DEFAULT) for key, (_, parameter) in PARAMETERS.items()}
    rank = dict.fromkeys(found, -1)
    for one in limits:
        if one.parameter not in found or not one.concerns(account):
            continue
        is_narrow = 2 if one.account_id else 1 if one.team_id else 0
        if is_narrow > rank[one.parameter]:
            rank[one.parameter] = is_narrow
            found[one.parameter] = Limit(one.value, ("all", account.team.name, account.name)[is_narrow])
    return found
