"""The records of CloudTrail's LookupEvents, cut into what each says of each instance."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from accounts.estimators.runtime import RuntimeEvent, parse_instant

_DRY_RUN = "Client.DryRunOperation"
_SIGN_IN = "signin.amazonaws.com"  # "invoked by" of whoever uses the console: says nothing
_ACTOR_LENGTH = 300
_INSTANCE_ID = re.compile(r"i-[0-9A-Za-z]+")
_STATE_NAMES = {0: "pending", 16: "running", 32: "shutting-down", 48: "terminated", 64: "stopping", 80: "stopped"}
_STATE_CODE_BITS = 0xFF  # the high byte of a state's code is AWS's own


def events_of(record: Mapping[str, Any]) -> list[tuple[str, RuntimeEvent]]:
    """Each instance that one record of LookupEvents names, with what the event says of it.

    Instances come in the order they are first named in, each once: in `responseElements` (which alone knows
    the states before and after), `requestParameters`, `serviceEventDetails` (spot interruptions) or
    `Resources`. Failed calls and dry runs are returned too, with their error code: they change nothing, and
    it is the estimator that says so. A record that names no instance gives an empty list. Raises
    ValueError, with a sentence, for a record that cannot be read: no time, no name, broken JSON inside.
    """
    trail = _trail(record)
    request, response = _mapping(trail, "requestParameters"), _mapping(trail, "responseElements")
    items = {_text(item.get("instanceId")): item for item in _items(response)}
    name = _text(record.get("EventName")) or _text(trail.get("eventName"))
    if not name:
        raise ValueError("The event has neither EventName nor eventName.")
    shared: dict[str, Any] = {
        "event_id": _text(record.get("EventId")) or _text(trail.get("eventID")),
        "name": name,
        "occurred_at": _occurred_at(record, trail),
        "error_code": _error_code(record, trail, request),
        "actor": _actor(record, trail),
        "hibernates": request.get("hibernate") is True,
    }
    ids = dict.fromkeys(filter(None, _ids(record, trail, request, response)))
    asked_type = _asked_type(name, request)
    return [(instance_id, _event(items.get(instance_id, {}), shared, asked_type)) for instance_id in ids]


def _event(item: Mapping[str, Any], shared: dict[str, Any], asked_type: str) -> RuntimeEvent:
    return RuntimeEvent(
        previous_state=_state(item.get("previousState")),
        current_state=_state(item.get("currentState")) or _state(item.get("instanceState")),
        instance_type=_text(item.get("instanceType")) or asked_type,
        **shared,
    )


def _trail(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event itself, which LookupEvents gives as a text of JSON; empty where it gives none."""
    trail = record.get("CloudTrailEvent")
    if trail is None or trail == "":
        return {}
    if isinstance(trail, str):
        try:
            trail = json.loads(trail)
        except (ValueError, RecursionError):
            raise ValueError("The event's CloudTrailEvent is not JSON.") from None
    if not isinstance(trail, Mapping):
        raise ValueError(  # noqa: TRY004 (a wrong answer, not a wrong call)
            "The event's CloudTrailEvent is not a JSON object."
        )
    return trail


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def _items(parent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = _mapping(parent, "instancesSet").get("items")
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _ids(
    record: Mapping[str, Any], trail: Mapping[str, Any], request: Mapping[str, Any], response: Mapping[str, Any]
) -> Iterator[str]:
    """All ids, also twice, and empty ones where an item has none."""
    for item in (*_items(response), *_items(request)):
        yield _text(item.get("instanceId"))
    yield _text(request.get("instanceId"))
    evicted = _mapping(trail, "serviceEventDetails").get("instanceIdSet")
    if isinstance(evicted, Mapping):
        evicted = evicted.get("items")
    for item in evicted if isinstance(evicted, list) else []:
        yield _text(item.get("instanceId") if isinstance(item, Mapping) else item)
    resources = record.get("Resources")
    for resource in resources if isinstance(resources, list) else []:
        yield from _id_of_resource(resource)


def _id_of_resource(resource: object) -> Iterator[str]:
    """A launch lists its image, subnet and keys beside its instances: only the latter count."""
    if not isinstance(resource, Mapping):
        return
    kind, name = resource.get("ResourceType"), _text(resource.get("ResourceName")).rpartition("/")[2]
    if kind in {None, "", "AWS::EC2::Instance"} and _INSTANCE_ID.fullmatch(name):
        yield name


def _occurred_at(record: Mapping[str, Any], trail: Mapping[str, Any]) -> Any:
    told = record.get("EventTime")
    told = trail.get("eventTime") if told is None or told == "" else told
    if told is None or told == "":
        raise ValueError("The event has neither EventTime nor eventTime.")
    return parse_instant(told)


def _error_code(record: Mapping[str, Any], trail: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    code = _text(trail.get("errorCode")) or _text(record.get("ErrorCode"))
    if code:
        return code
    if trail.get("errorMessage"):
        return "Unknown"
    # A dry run never does anything, whether or not its refusal was recorded with it.
    return _DRY_RUN if request.get("dryRun") is True else ""


def _actor(record: Mapping[str, Any], trail: Mapping[str, Any]) -> str:
    """The service that acted (Auto Scaling, say) before the identity it acted with."""
    identity = _mapping(trail, "userIdentity")
    service = _text(identity.get("invokedBy"))
    names = (
        "" if service == _SIGN_IN else service,
        record.get("Username"),
        identity.get("userName"),
        identity.get("arn"),
        identity.get("principalId"),
    )
    return next((_text(name) for name in names if _text(name)), "")[:_ACTOR_LENGTH]


def _asked_type(name: str, request: Mapping[str, Any]) -> str:
    if name == "ModifyInstanceAttribute" and request.get("attribute") == "instanceType":
        return _value(request.get("value"))
    return _value(request.get("instanceType"))


def _value(attribute: object) -> str:
    return _text(attribute.get("value") if isinstance(attribute, Mapping) else attribute)


def _state(told: object) -> str:
    """The name of a state, also where only its code was recorded."""
    if isinstance(told, Mapping):
        code = told.get("code")
        return _text(told.get("name")) or (_STATE_NAMES.get(code & _STATE_CODE_BITS, "") if type(code) is int else "")
    return _text(told)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
