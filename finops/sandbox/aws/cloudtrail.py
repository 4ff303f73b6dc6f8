"""CloudTrail: LookupEvents, newest first, 50 at a time, 90 days back."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from finops.sandbox.aws.endpoint import Caller, Handlers, Parameters
from finops.sandbox.aws.errors import AwsError
from finops.sandbox.aws.event_record import event, resources, told_at, user_name
from finops.sandbox.aws.pages import BadTokenError, Position, position_of, token_for
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.calls import Call

_LARGEST_PAGE = 50
_KEPT = timedelta(days=90)

_LOOKS_AT: dict[str, Callable[[Call, str], bool]] = {
    "EventId": lambda call, value: str(call.event_id) == value,
    "EventName": lambda call, value: call.name == value,
    "EventSource": lambda _, value: value == "ec2.amazonaws.com",
    "ReadOnly": lambda _, value: value == "false",
    "ResourceName": lambda call, value: any(item["ResourceName"] == value for item in resources(call)),
    "ResourceType": lambda call, value: any(item["ResourceType"] == value for item in resources(call)),
    "Username": lambda call, value: user_name(call) == value,
}


class CloudTrail:
    """The management events of the last 90 days."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._by_name: dict[tuple[str, str, str], list[Call]] = {}

    def handlers(self) -> Handlers:
        """What it answers."""
        return {("cloudtrail", "LookupEvents"): self.lookup_events}

    def lookup_events(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of events, newest first; both ends of the time range belong to it."""
        attributes = parameters.get("LookupAttributes", [])
        if len(attributes) > 1:
            raise AwsError("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
        size = parameters.get("MaxResults", _LARGEST_PAGE)
        if not 1 <= size <= _LARGEST_PAGE:
            raise AwsError("InvalidMaxResultsException", f"MaxResults must be between 1 and {_LARGEST_PAGE}.")
        since, until = parameters.get("StartTime"), parameters.get("EndTime")
        if since is not None and until is not None and since > until:
            raise AwsError("InvalidTimeRangeException", "The start time occurs after the end time.")
        try:
            position = position_of(parameters.get("NextToken"), parameters, now=caller.now)
        except BadTokenError as error:
            raise AwsError("InvalidNextTokenException", "The token is not valid for this request.") from error
        oldest = max(since or caller.now - _KEPT, caller.now - _KEPT)
        newest = min(until or position.as_of, position.as_of)
        matches = [
            call
            for call in self._calls(caller, attributes)
            if oldest <= call.at <= newest and told_at(call) <= position.as_of
        ]
        end = position.offset + size
        page: dict[str, Any] = {"Events": [event(call) for call in matches[position.offset : end]]}
        if end < len(matches):
            page["NextToken"] = token_for(Position(end, position.as_of), parameters)
        return page

    def _calls(self, caller: Caller, attributes: list[dict[str, str]]) -> list[Call]:
        calls = self._scenario.calls(caller.account_id, caller.region)
        for attribute in attributes:
            key, value = attribute["AttributeKey"], attribute["AttributeValue"]
            if key not in _LOOKS_AT:
                raise AwsError("InvalidLookupAttributesException", f"{key} cannot be looked up here.")
            if key != "EventName":
                return [call for call in calls if _LOOKS_AT[key](call, value)]
            place = caller.account_id, caller.region, value
            if place not in self._by_name:
                self._by_name[place] = [call for call in calls if call.name == value]
            return self._by_name[place]
        return calls
