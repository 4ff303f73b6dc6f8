"""Holds an account's estate against the limits in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from accounts.estimators.resource_kinds import ResourceKind
from costing.estimators.findings import RULES, Limits, Verdict, Verdicts
from costing.estimators.findings import series as rules_of_series
from costing.estimators.findings.database_limits import memory_gib, most_connections
from costing.estimators.findings.verdict import of_ages, settle
from finops.core.periods import DAY

from .estate import Estate, Grid, Things

_GIB = 1024.0**3


@dataclass(frozen=True, slots=True)
class Found:
    """What the rules say of one kind of thing."""

    things: Things
    verdicts: Mapping[str, Verdicts]
    standing: tuple[Verdict, ...]

    @property
    def undecided(self) -> int:
        """Of how many things no rule could say anything."""
        if not self.verdicts or not self.things.rows:
            return 0
        return int((~np.any([told.is_judged for told in self.verdicts.values()], axis=0)).sum())


def judge(estate: Estate, limits: Limits) -> list[Found]:
    """What stands, kind by kind, in the order of `ResourceKind`. Kinds that no rule is about are left out."""
    found = []
    for kind, things in sorted(estate.things.items()):
        verdicts = _verdicts(kind, things, estate, limits)
        if verdicts:
            found.append(Found(things, verdicts, tuple(settle(verdicts, len(things.rows)))))
    return found


def _verdicts(kind: ResourceKind, things: Things, estate: Estate, limits: Limits) -> dict[str, Verdicts]:
    of = {rule.key: _of_rule(rule.key, limits) for rule in RULES if rule.kind == kind}
    if not of:
        return {}
    if kind is ResourceKind.EC2_INSTANCE:
        return _machines(things, of)
    if kind is ResourceKind.RDS_INSTANCE:
        return _databases(things, of)
    if kind is ResourceKind.LAMBDA_FUNCTION:
        return _functions(things, estate, of)
    return _loose_ends(kind, things, estate, of)


def _of_rule(rule: str, limits: Limits) -> dict[str, float]:
    return {key.partition(".")[2]: value for key, value in limits.items() if key.partition(".")[0] == rule}


def _machines(things: Things, of: Mapping[str, Mapping[str, float]]) -> dict[str, Verdicts]:
    cpu, highest = things.series["CPUUtilization", "average"], things.series["CPUUtilization", "maximum"]
    network = things.series["NetworkIn", "total"] + things.series["NetworkOut", "total"]
    idle = of["ec2_idle"]
    return {
        "ec2_cpu": rules_of_series.busy(cpu, **of["ec2_cpu"]),
        "ec2_idle": rules_of_series.idle_machine(
            cpu,
            network,
            limit_cpu_percent=idle["cpu_percent"],
            limit_bytes_per_second=idle["network_bytes_per_second"],
            window_hours=idle["window_hours"],
        ),
        "ec2_cpu_peak": rules_of_series.peak(highest, **of["ec2_cpu_peak"]),
        "ec2_cpu_low": rules_of_series.mean_below(cpu, **of["ec2_cpu_low"]),
    }


def _databases(things: Things, of: Mapping[str, Mapping[str, float]]) -> dict[str, Verdicts]:
    series = {metric: values for (metric, _), values in things.series.items()}
    gib = [memory_gib(row.resource_class) for row in things.rows]
    most = [most_connections(row.facts.get("engine", ""), have) for row, have in zip(things.rows, gib, strict=True)]
    # What has no such limit, or none that is known, gets NaN: no rule says anything of it.
    storage = _share(series["FreeStorageSpace"], [_GIB * row.size_gib if row.size_gib else None for row in things.rows])
    memory = _share(series["FreeableMemory"], [_GIB * have if have else None for have in gib])
    connections = _share(series["DatabaseConnections"], most)

    def below(values: Grid, rule: str, name: str) -> Verdicts:
        limits = of[rule]
        return rules_of_series.lately(
            values, limit=limits[name], hours_in_a_row=limits["hours_in_a_row"], is_below=name != "used_percent"
        )

    idle = of["rds_idle"]
    return {
        "rds_cpu": rules_of_series.busy(series["CPUUtilization"], **of["rds_cpu"]),
        "rds_storage": below(storage, "rds_storage", "free_percent"),
        "rds_connections": below(connections, "rds_connections", "used_percent"),
        "rds_memory": below(memory, "rds_memory", "free_percent"),
        "rds_burst_balance": below(series["BurstBalance"], "rds_burst_balance", "balance_percent"),
        "rds_idle": rules_of_series.idle_database(
            series["DatabaseConnections"],
            series["CPUUtilization"],
            limit_connections=idle["connections"],
            limit_cpu_percent=idle["cpu_percent"],
            window_hours=idle["window_hours"],
        ),
    }


def _functions(things: Things, estate: Estate, of: Mapping[str, Mapping[str, float]]) -> dict[str, Verdicts]:
    invocations = things.series["Invocations", "total"]
    timeouts = np.array([row.facts.get("timeout_seconds") or np.nan for row in things.rows], dtype=np.float64)
    # AWS does not tell when a function was made, but when it was last changed: before that, nobody knows.
    known = np.array([_known_days(row.facts.get("modified_at"), estate.now) for row in things.rows], dtype=np.float64)
    return {
        "lambda_errors": rules_of_series.failing(things.series["Errors", "total"], invocations, **of["lambda_errors"]),
        "lambda_throttles": rules_of_series.throttled(
            things.series["Throttles", "total"],
            more_than=of["lambda_throttles"]["throttles"],
            window_hours=of["lambda_throttles"]["window_hours"],
        ),
        "lambda_duration": rules_of_series.near_timeout(
            things.series["Duration", "maximum"], timeouts, **of["lambda_duration"]
        ),
        "lambda_idle": rules_of_series.never_invoked(invocations, known_days=known, days=of["lambda_idle"]["days"]),
    }


def _loose_ends(
    kind: ResourceKind, things: Things, estate: Estate, of: Mapping[str, Mapping[str, float]]
) -> dict[str, Verdicts]:
    (rule,) = of
    rows = things.rows
    if kind is ResourceKind.EBS_SNAPSHOT:
        # A volume that could not be listed is not gone.
        is_candidate = [
            estate.are_volumes_listed
            and bool(row.attached_to)
            and (row.region, row.attached_to) not in estate.known_volumes
            for row in rows
        ]
        ages: list[float | None] = [_days(row.created_at, estate.now) for row in rows]
    else:
        is_candidate = [not row.attached_to for row in rows]
        ages = [_loose_for(row, estate) for row in rows]
    told = of_ages(ages, is_candidate=is_candidate, more_than_days=of[rule]["days"])
    return {rule: told}


def _loose_for(row: object, estate: Estate) -> float | None:
    """For how many days nothing has used it; None where it was so before anybody looked and AWS tells no date.

    What was made within these days has been loose no longer than that.
    """
    since: datetime = row.state_since_at  # type: ignore[attr-defined] # a Resource
    created_at: datetime | None = row.created_at  # type: ignore[attr-defined]
    if estate.watched_since is not None and since > estate.watched_since:
        return _days(since, estate.now)
    return _days(created_at, estate.now)


def _known_days(modified_at: object, now: datetime) -> float:
    try:
        return (now - datetime.fromisoformat(str(modified_at))) / DAY
    except (TypeError, ValueError):
        return 0.0


def _days(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else (now - since) / DAY


def _share(values: Grid, whole: list[float | None]) -> Grid:
    """`values` in per cent of each row's whole; NaN where that is not known."""
    wholes = np.array([np.nan if each is None else each for each in whole], dtype=np.float64)
    return np.asarray(100 * values / wholes[:, None], dtype=np.float32)
