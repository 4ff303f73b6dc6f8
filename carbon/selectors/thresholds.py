"""From how many g/kWh an hour counts as optimal, moderate or high, for whoever looks at it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accounts.models import Team, User
from carbon.models import Zone


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What carbon.estimators.emissions.intensity_class takes, and who set it."""

    optimal_below: float  # gCO2e/kWh
    high_above: float
    set_by: str  # "zone", or the name of the team


def thresholds(of: User | Team, *, zones: Iterable[str]) -> dict[str, Thresholds]:
    """The thresholds of each of `zones` (keys) for a team, or for a user who looks at all their teams at once.

    A team's own pair holds in all its zones. A user whose teams do not all say the same sees each zone's own,
    which is what the platform admin set. A zone nobody knows is left out. At most two queries.
    """
    teams = [of] if isinstance(of, Team) else list(Team.objects.visible_to(of).order_by("name"))
    own = pair_of(teams)
    rows = Zone.objects.filter(key__in=set(zones)).order_by("key")
    return {
        zone.key: own or Thresholds(zone.optimal_below_gco2e_per_kwh, zone.high_above_gco2e_per_kwh, "zone")
        for zone in rows
    }


def pair_of(teams: Sequence[Team]) -> Thresholds | None:
    """The thresholds that all of `teams` have set alike; None where they have not, or differ."""
    pairs = {(team.optimal_below_gco2e_per_kwh, team.high_above_gco2e_per_kwh) for team in teams}
    if len(pairs) != 1:
        return None
    optimal_below, high_above = pairs.pop()
    if optimal_below is None or high_above is None:
        return None
    return Thresholds(optimal_below, high_above, ", ".join(team.name for team in teams))
