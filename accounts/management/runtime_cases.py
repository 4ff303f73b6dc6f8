"""Case files of `manage.py explain_runtime`: what is known of an instance, as AWS gave it, in JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from accounts.clients.aws.cloudtrail_events import events_of
from accounts.estimators.runtime import InstanceFacts, Runtime, RuntimeEvent, parse_instant, runtime_of
from finops.core.periods import Period
from finops.core.upstream.strict_json import parse_json

_STATES = ("pending", "running", "stopping", "stopped", "shutting-down", "terminated")
_MINUTES_PER_HOUR = 60
_Value = TypeVar("_Value")


class CaseProblem(Exception):  # noqa: N818 (the name says what is so)
    """A case file cannot be read. The message names the file, the case and the field."""


@dataclass(frozen=True, slots=True)
class RuntimeCase:
    """One instance, one window, and all that is known."""

    name: str
    window: Period
    now: datetime
    instance: InstanceFacts | None
    events: tuple[RuntimeEvent, ...]
    events_of_others: int = 0
    """Events that do not name the instance."""
    cpu_sample_minutes: Mapping[datetime, float] = field(default_factory=dict)

    def runtime(self) -> Runtime:
        """What the estimator makes of it."""
        return runtime_of(
            self.instance,
            self.events,
            window=self.window,
            now=self.now,
            cpu_sample_minutes=self.cpu_sample_minutes,
        )


def read_cases(path: Path) -> list[RuntimeCase] | RuntimeCase:
    """The cases of a file: a list for a list, one case for an object. Raises CaseProblem or OSError."""
    body = path.read_bytes()
    try:
        content = parse_json(body)
    except ValueError as error:
        raise CaseProblem(f"{path}: {error}{_line_of_error(body)}.") from None
    if isinstance(content, list):
        return [_case(case, number, _Place(f"{path}: {_title(case, number)}")) for number, case in enumerate(content)]
    return _case(content, None, _Place(f"{path}: {_title(content, None)}"))


def _line_of_error(body: bytes) -> str:
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        return f" (line {error.lineno}, column {error.colno})"
    except (ValueError, RecursionError):
        pass
    return ""


def _title(case: object, number: int | None) -> str:
    name = case.get("name") if isinstance(case, Mapping) else None
    place = "the case" if number is None else f"case {number + 1}"
    return f"{place} ({_shown(name)})" if isinstance(name, str) and name else place


def _shown(value: object) -> str:
    return ascii(value)[:60]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file we read, for the sentence that says what is wrong there."""

    words: str

    def at(self, key: str) -> "_Place":
        return _Place(f"{self.words}, {key}")

    def problem(self, sentence: str) -> CaseProblem:
        return CaseProblem(f"{self.words}: {sentence}")

    def read(self, reader: Callable[[Any], _Value], value: object) -> _Value:
        try:
            return reader(value)
        except ValueError as error:
            raise self.problem(str(error)) from None


def _case(case: object, number: int | None, place: _Place) -> RuntimeCase:
    content = _object(case, place)
    instance_id = _text(content, "instance_id", place)
    events, others = _events(content, instance_id, place)
    window = _window(content, place)
    now = _instant(content, "now", place)
    return RuntimeCase(
        name=_text(content, "name", place) or instance_id or f"case {(number or 0) + 1}",
        window=window,
        # Without a now the window is taken as past.
        now=now or window.end,
        instance=_instance(content.get("instance"), place.at("instance")),
        events=events,
        events_of_others=others,
        cpu_sample_minutes=_minutes(content.get("cpu_sample_minutes"), place.at("cpu_sample_minutes")),
    )


def _object(value: object, place: _Place) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise place.problem(f"a JSON object is wanted here, not {_shown(value)}.")
    return value


def _window(content: Mapping[str, Any], place: _Place) -> Period:
    bounds = []
    for key in ("window_start", "window_end"):
        instant = _instant(content, key, place)
        if instant is None:
            raise place.at(key).problem("it is missing. Write ISO 8601, for example 2026-03-01T00:00:00Z.")
        bounds.append(instant)
    start, end = bounds
    if end < start:
        raise place.at("window_end").problem("it lies before window_start.")
    return Period(start, end)


def _text(content: Mapping[str, Any], key: str, place: _Place) -> str:
    value = content.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise place.at(key).problem(f"{_shown(value)} is no text.")
    return value.strip()


def _instant(content: Mapping[str, Any], key: str, place: _Place) -> datetime | None:
    value = content.get(key)
    return None if value is None or value == "" else place.at(key).read(parse_instant, value)


def _instance(value: object, place: _Place) -> InstanceFacts | None:
    if value is None:
        return None
    told = _object(value, place)
    state = _text(told, "state", place).lower()
    if state and state not in _STATES:
        raise place.at("state").problem(f"{_shown(state)} is no state of EC2: {', '.join(_STATES)}.")
    return InstanceFacts(
        state=state,
        launched_at=_instant(told, "launch_time", place),
        first_launched_at=_instant(told, "first_attach_time", place),
        state_transition_reason=_text(told, "state_transition_reason", place),
        state_reason_code=_text(told, "state_reason_code", place),
        state_reason_message=_text(told, "state_reason_message", place),
        instance_type=_text(told, "instance_type", place),
        platform_details=_text(told, "platform_details", place),
        lifecycle=_text(told, "lifecycle", place),
        tenancy=_text(told, "tenancy", place),
    )


def _events(content: Mapping[str, Any], instance_id: str, place: _Place) -> tuple[tuple[RuntimeEvent, ...], int]:
    """The events that name the instance, and how many do not."""
    records = content.get("events")
    if records is None:
        return (), 0
    if not isinstance(records, list):
        raise place.at("events").problem(f"a list is wanted here, not {_shown(records)}.")
    found: list[tuple[str, RuntimeEvent]] = []
    others = 0
    for number, record in enumerate(records):
        here = place.at(f"events[{number}]")
        named = here.read(events_of, _object(record, here))
        ours = [(name, event) for name, event in named if not instance_id or name == instance_id]
        others += not ours
        found += ours
    if len({name for name, _ in found}) > 1:
        raise place.at("instance_id").problem("it is missing, and the events name more than one instance.")
    return tuple(event for _, event in found), others


def _minutes(value: object, place: _Place) -> Mapping[datetime, float]:
    if value is None:
        return {}
    minutes: dict[datetime, float] = {}
    for hour, count in _object(value, place).items():
        here = place.at(_shown(hour))
        starts_at = here.read(parse_instant, hour)
        if (starts_at.minute, starts_at.second, starts_at.microsecond) != (0, 0, 0):
            raise here.problem("it is not the start of an hour.")
        if isinstance(count, bool) or not isinstance(count, int | float) or not 0 <= count <= _MINUTES_PER_HOUR:
            raise here.problem(f"{_shown(count)} is no number of minutes of an hour, 0 to 60.")
        minutes[starts_at] = float(count)
    return minutes
