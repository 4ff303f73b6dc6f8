"""EC2: DescribeInstances and DescribeRegions."""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import groupby
from threading import Lock
from typing import Any

from finops.sandbox.aws.endpoint import Caller, Handlers, Parameters
from finops.sandbox.aws.errors import AwsError
from finops.sandbox.aws.instance_description import describe
from finops.sandbox.aws.pages import BadTokenError, Position, position_of, token_for
from finops.sandbox.aws.wire import Answer, Wire
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.fleet import SimulatedInstance

_SMALLEST_PAGE, _LARGEST_PAGE = 5, 1000
_INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_AT_EVERY_SIZE = 1_000_000

# What a filter looks at. The tests of `tag:` filters stand in `_value`.
_FILTERS: dict[str, Callable[[SimulatedInstance, datetime], str]] = {
    "availability-zone": lambda item, _: item.availability_zone,
    "instance-id": lambda item, _: item.instance_id,
    "instance-lifecycle": lambda item, _: "spot" if item.is_spot else "",
    "instance-state-name": lambda item, at: state.name if (state := item.timeline.state(at)) else "",
    "instance-type": lambda item, at: item.timeline.instance_type(at),
    "reservation-id": lambda item, _: item.reservation_id,
    "tenancy": lambda item, _: item.group.tenancy,
}


class Ec2:
    """The part of EC2 that tells what there is."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._changes: dict[tuple[str, str], list[datetime]] = {}
        self._rendered: dict[tuple[str, str], tuple[int, dict[tuple[int, int], Answer]]] = {}
        self._lock = Lock()

    def handlers(self) -> Handlers:
        """What it answers."""
        return {
            ("ec2", "DescribeInstances"): self.describe_instances,
            ("ec2", "DescribeRegions"): self.describe_regions,
        }

    def keep_ready(self) -> None:
        """Render every whole page of 1,000, so that a benchmark does not count the sandbox's own work."""
        for account in self._scenario.accounts:
            for region in account.enabled_regions:
                caller = Caller(account.account_id, account.principal_arn, region, self._scenario.now())
                listed = len(self._listed(caller, caller.now))
                for offset in range(0, max(1, listed), _LARGEST_PAGE):
                    question = {"MaxResults": _LARGEST_PAGE}
                    self._kept_page(caller, Position(offset, caller.now), _LARGEST_PAGE, question)

    def describe_regions(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """The regions that are enabled in the account, as AWS answers without AllRegions."""
        account = self._scenario.account(caller.account_id)
        names = account.enabled_regions if account else ()
        wanted = parameters.get("RegionNames")
        unknown = set(wanted or ()) - set(names)
        if unknown:
            raise AwsError("InvalidParameterValue", f"Invalid region names: [{', '.join(sorted(unknown))}]")
        opted = "opt-in-not-required"
        return {
            "Regions": [
                {"RegionName": name, "Endpoint": f"ec2.{name}.amazonaws.com", "OptInStatus": opted}
                for name in sorted(names)
                if wanted is None or name in wanted
            ]
        }

    def describe_instances(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any] | Answer:
        """A page of what is listed. Whole, unfiltered pages are kept ready until something changes."""
        self._check(parameters)
        try:
            position = position_of(parameters.get("NextToken"), parameters, now=caller.now)
        except BadTokenError as error:
            raise AwsError("InvalidNextToken", "The token is not valid for this request.") from error
        size = parameters.get("MaxResults", _AT_EVERY_SIZE)
        if "Filters" in parameters or "InstanceIds" in parameters:
            return self._page(self._selected(caller, parameters, position.as_of), position, size, parameters)
        return self._kept_page(caller, position, size, parameters)

    def _check(self, parameters: Parameters) -> None:
        size = parameters.get("MaxResults")
        if size is not None and not _SMALLEST_PAGE <= size <= _LARGEST_PAGE:
            raise AwsError("InvalidParameterValue", f"Value ( {size} ) for parameter maxResults is invalid. "
                           f"Expecting a value from {_SMALLEST_PAGE} to {_LARGEST_PAGE}.")  # fmt: skip
        ids = parameters.get("InstanceIds", [])
        if ids and size is not None:
            raise AwsError("InvalidParameterCombination", "The parameter instancesSet cannot be used with the "
                           "parameter maxResults")  # fmt: skip
        malformed = [item for item in ids if not _INSTANCE_ID.fullmatch(item)]
        if malformed:
            raise AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{malformed[0]}"')
        for wanted in parameters.get("Filters", []):
            name = wanted.get("Name", "")
            if name not in _FILTERS and not name.startswith("tag:") and name != "tag-key":
                raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")

    def _listed(self, caller: Caller, at: datetime) -> list[SimulatedInstance]:
        machines = self._scenario.machines(caller.account_id, caller.region)
        return [item for item in machines if item.timeline.is_listed(at)]

    def _selected(self, caller: Caller, parameters: Parameters, at: datetime) -> list[SimulatedInstance]:
        listed = self._listed(caller, at)
        ids = parameters.get("InstanceIds")
        if ids:
            missing = sorted(set(ids) - {item.instance_id for item in listed})
            if missing:
                plural = "IDs" if len(missing) > 1 else "ID"
                message = f"The instance {plural} '{', '.join(missing)}' do not exist"
                raise AwsError("InvalidInstanceID.NotFound", message)
            listed = [item for item in listed if item.instance_id in ids]
        for wanted in parameters.get("Filters", []):
            listed = [item for item in listed if _passes(item, wanted, at)]
        return listed

    def _page(
        self, listed: list[SimulatedInstance], position: Position, size: int, parameters: Parameters
    ) -> Mapping[str, Any]:
        end = position.offset + size
        reservations = [
            {
                "ReservationId": reservation_id,
                "OwnerId": listed[0].account_id,
                "Groups": [],
                "Instances": [describe(item, position.as_of) for item in items],
            }
            for reservation_id, items in groupby(listed[position.offset : end], key=lambda item: item.reservation_id)
        ]
        page: dict[str, Any] = {"Reservations": reservations}
        if end < len(listed):
            page["NextToken"] = token_for(Position(end, position.as_of), parameters)
        return page

    def _kept_page(self, caller: Caller, position: Position, size: int, parameters: Parameters) -> Answer:
        place = caller.account_id, caller.region
        version = self._version(place, position.as_of)
        with self._lock:
            kept_version, kept = self._rendered.get(place, (-1, {}))
            if kept_version != version:
                kept = {}
                self._rendered[place] = version, kept
            answer = kept.get((position.offset, size))
        if answer is not None:
            return answer
        wire = Wire("ec2", "DescribeInstances", content_type="")
        output = self._page(self._listed(caller, position.as_of), position, size, parameters)
        answer = wire.render(output, checked=self._scenario.checks_every_answer or not position.offset)
        with self._lock:
            kept[position.offset, size] = answer
        return answer

    def _version(self, place: tuple[str, str], at: datetime) -> int:
        """How many changes there were in a place up to an instant: its listing is the same while that is."""
        with self._lock:
            if place not in self._changes:
                machines = self._scenario.machines(*place)
                self._changes[place] = sorted(at for item in machines for at in item.timeline.changes())
        return bisect_right(self._changes[place], at)


def _passes(item: SimulatedInstance, wanted: Mapping[str, Any], at: datetime) -> bool:
    """Whether an instance passes a filter: one of its values, where `*` and `?` stand for anything."""
    name, patterns = wanted["Name"], wanted.get("Values", [])
    if name == "tag-key":
        return any(fnmatchcase(key, pattern) for key in item.tags for pattern in patterns)
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return key in item.tags and any(fnmatchcase(item.tags[key], pattern) for pattern in patterns)
    value = _FILTERS[name](item, at)
    return any(fnmatchcase(value, pattern) for pattern in patterns)
