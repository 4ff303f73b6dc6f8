"""Cost Explorer: GetCostAndUsage, by day or month, for a payer and its members."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from finops.core.periods import DAY
from finops.sandbox.aws.endpoint import Caller, Handlers, Parameters
from finops.sandbox.aws.errors import AwsError
from finops.sandbox.aws.pages import BadTokenError, Position, position_of, token_for
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.bills import Bills, Line

_MOST_GROUPS = 2
_GROUPS_PER_PAGE = 1_000  # AWS publishes no figure; groups of a page are counted over all its days
_MONTHS_KEPT = 13
_METRICS = {
    "UnblendedCost", "AmortizedCost", "BlendedCost", "NetUnblendedCost", "NetAmortizedCost", "UsageQuantity",
    "NormalizedUsageAmount",
}  # fmt: skip

_DIMENSIONS: dict[str, Callable[[Line], str]] = {
    "SERVICE": lambda line: line.service,
    "RECORD_TYPE": lambda line: line.record_type,
    "LINKED_ACCOUNT": lambda line: line.account_id,
    "REGION": lambda line: line.region or "NoRegion",
    "USAGE_TYPE": lambda line: line.usage_type or "NoUsageType",
    "OPERATION": lambda line: line.operation or "NoOperation",
    "INSTANCE_TYPE": lambda line: line.instance_type or "NoInstanceType",
}


class CostExplorer:
    """The bills, as Cost Explorer tells them."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.bills = Bills(scenario)

    def handlers(self) -> Handlers:
        """What it answers."""
        return {("ce", "GetCostAndUsage"): self.get_cost_and_usage}

    def get_cost_and_usage(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of the costs of a time, whose end does not belong to it."""
        start, end = _times(parameters, today=caller.now.date())
        _check_metrics(parameters)
        _check_groups(parameters)
        try:
            position = position_of(parameters.get("NextPageToken"), parameters, now=caller.now)
        except BadTokenError as error:
            raise AwsError("InvalidNextTokenException", "The token is not valid for this request.") from error
        told: list[dict[str, Any]] = []
        room, number = _GROUPS_PER_PAGE, 0
        for since, until in _periods(start, end, parameters["Granularity"]):
            result = self._result(caller, parameters, since, until, as_of=position.as_of)
            weight = max(1, len(result["Groups"]))  # a period without groups takes a place too
            first = max(0, position.offset - number)
            number += weight
            if first >= weight:
                continue  # told on an earlier page
            groups = result["Groups"][first : first + room]
            if room > 0:
                told.append(result | {"Groups": groups})
            if weight - first > room:
                after = Position(number - weight + first + room, position.as_of)
                return _page(told, parameters, token_for(after, parameters))
            room -= weight - first
        return _page(told, parameters, None)

    def _result(
        self, caller: Caller, parameters: Parameters, since: date, until: date, *, as_of: datetime
    ) -> dict[str, Any]:
        """One entry of ResultsByTime."""
        days = [since + number * DAY for number in range((until - since).days)]
        lines = [
            line for day in days for line in self._lines(caller, day, as_of) if _passes(line, parameters.get("Filter"))
        ]
        result: dict[str, Any] = {
            "TimePeriod": {"Start": since.isoformat(), "End": until.isoformat()},
            "Total": {},
            "Groups": [],
            "Estimated": any(self.bills.is_estimated(day, at=as_of) for day in days),
        }
        grouped_by, metrics = parameters.get("GroupBy"), parameters["Metrics"]
        if not grouped_by:
            result["Total"] = _sums(lines, metrics)
            return result
        by_keys: dict[tuple[str, ...], list[Line]] = defaultdict(list)
        for line in lines:
            by_keys[tuple(_key(line, group) for group in grouped_by)].append(line)
        result["Groups"] = [
            {"Keys": list(keys), "Metrics": _sums(members, metrics)} for keys, members in sorted(by_keys.items())
        ]
        return result

    def _lines(self, caller: Caller, day: date, as_of: datetime) -> list[Line]:
        """The lines an account may see: a payer all of its organization's, a member its own."""
        account = self._scenario.account(caller.account_id)
        if account is None or day > as_of.date():
            return []
        lines = self.bills.lines(account.payer_account_id, day, at=as_of)
        return lines if account.is_payer else [line for line in lines if line.account_id == account.account_id]


def _page(told: list[dict[str, Any]], parameters: Parameters, token: str | None) -> dict[str, Any]:
    page: dict[str, Any] = {"ResultsByTime": told, "DimensionValueAttributes": []}
    if parameters.get("GroupBy"):
        page["GroupDefinitions"] = parameters["GroupBy"]
    if token is not None:
        page["NextPageToken"] = token
    return page


def _times(parameters: Parameters, *, today: date) -> tuple[date, date]:
    period = parameters["TimePeriod"]
    if parameters["Granularity"] == "HOURLY":
        raise AwsError("ValidationException", "You haven't enabled historical data for hourly granularity")
    try:
        start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
    except ValueError as error:
        raise AwsError("ValidationException", f"A time period needs dates as yyyy-MM-dd: {error}") from error
    if start >= end:
        raise AwsError("ValidationException", "Start date (and hour) should be before end date (and hour)")
    if (today.year - start.year) * 12 + today.month - start.month > _MONTHS_KEPT:
        raise AwsError("ValidationException", "You haven't enabled historical data beyond 14 months")
    if start > today:
        raise AwsError("ValidationException", "start date cannot be after today")
    return start, end


def _check_groups(parameters: Parameters) -> None:
    groups: list[Mapping[str, str]] = parameters.get("GroupBy", [])
    if len(groups) > _MOST_GROUPS:
        raise AwsError("ValidationException", "Up to two GroupBy are allowed")
    for group in groups:
        if group.get("Type") == "DIMENSION" and group.get("Key") not in _DIMENSIONS:
            raise AwsError("ValidationException", f"Group Definition dimension {group.get('Key')} is invalid")


def _check_metrics(parameters: Parameters) -> None:
    metrics: list[str] = parameters["Metrics"]
    unknown = set(metrics) - _METRICS
    if unknown or not metrics:
        raise AwsError("ValidationException", f"Metrics are invalid: {', '.join(sorted(unknown))}")


def _periods(start: date, end: date, granularity: str) -> Iterator[tuple[date, date]]:
    since = start
    while since < end:
        first_of_next_month = (since.replace(day=1) + 31 * DAY).replace(day=1)
        until = first_of_next_month if granularity == "MONTHLY" else since + DAY
        yield since, min(until, end)
        since = until


def _key(line: Line, group: Mapping[str, str]) -> str:
    if group["Type"] == "DIMENSION":
        return _DIMENSIONS[group["Key"]](line)
    return f"{group['Key']}$"  # a tag that is not activated for billing: AWS shows it without values


def _passes(line: Line, wanted: Mapping[str, Any] | None) -> bool:
    """Whether a line passes a filter expression."""
    if not wanted:
        return True
    if "And" in wanted:
        return all(_passes(line, part) for part in wanted["And"])
    if "Or" in wanted:
        return any(_passes(line, part) for part in wanted["Or"])
    if "Not" in wanted:
        return not _passes(line, wanted["Not"])
    dimension = wanted.get("Dimensions")
    if dimension is None or dimension["Key"] not in _DIMENSIONS:
        raise AwsError("ValidationException", f"The sandbox cannot filter by {sorted(wanted)}.")
    return _DIMENSIONS[dimension["Key"]](line) in dimension.get("Values", [])


def _sums(lines: list[Line], metrics: list[str]) -> dict[str, dict[str, str]]:
    units = {line.unit for line in lines}
    sums = {}
    for metric in metrics:
        if metric in {"UsageQuantity", "NormalizedUsageAmount"}:
            amount = sum((line.quantity for line in lines), Decimal(0))
            sums[metric] = {"Amount": f"{amount:.10f}", "Unit": next(iter(units)) if len(units) == 1 else "N/A"}
            continue
        is_amortized = "Amortized" in metric
        amount = sum((line.amortized_usd if is_amortized else line.unblended_usd for line in lines), Decimal(0))
        sums[metric] = {"Amount": f"{amount:.10f}", "Unit": "USD"}
    return sums
