"""How much another limit would flag, before it is saved."""

from dataclasses import dataclass
from datetime import datetime

from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import AwsAccount
from costing.estimators.findings import PARAMETERS

from .estate import estate_of
from .judgement import judge
from .limits import SetLimit, limits_in_force, set_limits


@dataclass(frozen=True, slots=True)
class AccountPreview:
    """What the rule finds in an account with the limits as they are and as they would be."""

    account: str
    limit_before: float
    limit_after: float
    found_before: int
    found_after: int
    not_enough_data: int

    @property
    def difference(self) -> int:
        """How many more, or fewer."""
        return self.found_after - self.found_before


@dataclass(frozen=True, slots=True)
class Preview:
    """The accounts that a limit concerns, and their sums."""

    rule: str
    accounts: tuple[AccountPreview, ...]

    @property
    def found_before(self) -> int:
        """In all of them now."""
        return sum(each.found_before for each in self.accounts)

    @property
    def found_after(self) -> int:
        """In all of them then."""
        return sum(each.found_after for each in self.accounts)

    @property
    def not_enough_data(self) -> int:
        """Of how many things the rule cannot say anything either way."""
        return sum(each.not_enough_data for each in self.accounts)


def preview_of(change: SetLimit, *, without: int | None, now: datetime) -> Preview:
    """What `change` would make of the present figures; it takes the place of the row with the key `without`.

    Reads the metrics of each account that it concerns once.
    """
    rule, _ = PARAMETERS[change.parameter]
    now_set, then_set = set_limits(), [*set_limits(without=without), change]
    old = [one for one in now_set if one not in then_set]
    accounts = AwsAccount.objects.active().select_related("team").order_by("name", "pk")
    previews = []
    for account in accounts:
        if not any(one.concerns(account) for one in (change, *old)):
            continue
        estate = estate_of(account, now=now, kinds={ResourceKind(rule.kind)})
        sides = []
        for limits in (limits_in_force(account, now_set), limits_in_force(account, then_set)):
            (found,) = judge(estate, {key: limit.value for key, limit in limits.items()})
            undecided = int((~found.verdicts[rule.key].is_judged).sum())
            sides.append(
                (limits[change.parameter].value, sum(one.rule == rule.key for one in found.standing), undecided)
            )
        (before, found_before, _), (after, found_after, undecided) = sides
        previews.append(AccountPreview(account.name, before, after, found_before, found_after, undecided))
    return Preview(rule.label, tuple(previews))
