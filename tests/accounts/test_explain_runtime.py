"""The command that explains an instance's runtime from a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

CASE = {
    "name": "office hours",
    "instance_id": "i-1",
    "window_start": "2026-03-01T00:00:00Z",
    "window_end": "2026-04-01T00:00:00Z",
    "now": "2026-04-10T00:00:00Z",
    "instance": {
        "state": "stopped",
        "launch_time": "2026-03-10T08:00:00+00:00",
        "first_attach_time": "2026-01-05T09:00:00Z",
        "state_transition_reason": "User initiated (2026-03-10 18:00:00 GMT)",
        "state_reason_code": "Client.UserInitiatedShutdown",
        "state_reason_message": "Client.UserInitiatedShutdown: User initiated shutdown",
        "instance_type": "m5.large",
        "platform_details": "Linux/UNIX",
        "lifecycle": None,
        "tenancy": "default",
    },
    "events": [],
}


def told(name, at, was, becomes, *, instance_id="i-1", event_id=None):
    item = {"instanceId": instance_id, "previousState": {"name": was}, "currentState": {"name": becomes}}
    return {
        "EventId": event_id or f"{name} {at}",
        "EventName": name,
        "EventTime": at,
        "EventSource": "ec2.amazonaws.com",
        "Resources": [{"ResourceType": "AWS::EC2::Instance", "ResourceName": instance_id}],
        "CloudTrailEvent": json.dumps({"eventName": name, "responseElements": {"instancesSet": {"items": [item]}}}),
    }


# Newest first, as LookupEvents gives them; one time with an offset, one in seconds since 1970 (10 March, 18:00 UTC).
EVENTS = [
    told("StopInstances", 1773165600, "running", "stopping"),
    told("StartInstances", "2026-03-10T09:00:00+01:00", "stopped", "pending"),
]


@pytest.fixture
def explain(tmp_path):
    def run(content, *options):
        path = tmp_path / "cases.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        out, err = StringIO(), StringIO()
        call_command("explain_runtime", str(path), *options, stdout=out, stderr=err)
        assert not err.getvalue()
        return json.loads(out.getvalue()) if "--json" in options else out.getvalue()

    return run


def test_a_case_is_explained_as_one_object(explain):
    answer = explain(CASE | {"events": EVENTS}, "--json")

    because = answer["intervals"][0].pop("because")
    assert answer == {
        "name": "office hours",
        "running_hours": 10.0,
        "lower_hours": 10.0,
        "upper_hours": 10.0,
        "is_exact": True,
        "billed_hours": 10.0,
        "hours_by_type": {"m5.large": 10.0},
        "intervals": [{"start": "2026-03-10T08:00:00Z", "end": "2026-03-10T18:00:00Z"}],
    }
    assert because == (
        "Ran. Started: StartInstances at 2026-03-10 08:00:00 UTC; stopped: StopInstances at 2026-03-10 18:00:00 UTC."
    )


def test_a_list_is_explained_as_a_list(explain):
    unknown = {key: CASE[key] for key in ("window_start", "window_end", "now")} | {"instance": None, "events": None}

    known, assumed = explain([CASE | {"events": EVENTS}, unknown], "--json")

    assert known["running_hours"] == 10
    assert (assumed["name"], assumed["running_hours"], assumed["is_exact"]) == ("case 2", None, False)
    assert (assumed["lower_hours"], assumed["upper_hours"], assumed["billed_hours"]) == (0, 744, 744)
    assert assumed["hours_by_type"] == {"unknown": 744}


def test_an_empty_list_has_an_empty_answer(explain):
    assert explain([], "--json") == []


def test_what_is_open_has_bounds_and_no_running_hours(explain):
    instance = CASE["instance"] | {
        "state_transition_reason": "",
        "state_reason_code": "Client.InstanceInitiatedShutdown",
    }

    answer = explain(CASE | {"instance": instance, "events": EVENTS[1:]}, "--json")

    # From 10 March 08:00 nothing is certain: 520 h to the end of March.
    assert (answer["running_hours"], answer["is_exact"]) == (None, False)
    assert (answer["lower_hours"], answer["upper_hours"], answer["billed_hours"]) == (0, 520, 260)
    assert sum(answer["hours_by_type"].values()) == 260


def test_samples_may_be_given(explain):
    instance = CASE["instance"] | {"state_transition_reason": ""}
    samples = {f"2026-03-10T{hour:02}:00:00Z": 60 if 8 <= hour < 18 else 0 for hour in range(24)}

    answer = explain(
        CASE
        | {"instance": instance, "events": EVENTS[1:], "cpu_sample_minutes": samples}
        | {"window_end": "2026-03-10T23:00:00Z", "now": "2026-03-10T23:00:00Z"},
        "--json",
    )

    assert answer["billed_hours"] == pytest.approx(10)
    assert answer["upper_hours"] - answer["lower_hours"] < 0.5


def test_only_the_events_of_the_instance_count(explain):
    others = [told("StopInstances", "2026-03-10T12:00:00Z", "running", "stopping", instance_id="i-2")]

    assert explain(CASE | {"events": EVENTS + others}, "--json")["running_hours"] == 10
    assert "1 events (they do not name the instance)" in explain(CASE | {"events": EVENTS + others})


def test_keys_may_be_missing(explain):
    answer = explain(
        {
            "window_start": "2026-03-01T00:00:00",
            "window_end": 1775001600,
            "instance": {"state": "running", "launch_time": 1767600000},
        },
        "--json",
    )

    # Without a now the window is past: 31 × 24 h
    assert (answer["name"], answer["running_hours"], answer["hours_by_type"]) == ("case 1", 744, {"unknown": 744})


def test_without_json_it_is_told_in_words(explain):
    words = explain([CASE | {"events": EVENTS}, CASE | {"name": "gone\x1b[31m", "instance": None}])

    assert "office hours\n" in words
    assert "ran     10.0000 h" in words
    assert "as      m5.large: 10.0000 h" in words
    assert "2026-03-10T08:00:00Z to 2026-03-10T18:00:00Z: Ran. Started: StartInstances" in words
    assert "between 0.0000 and 744.0000 h, estimated at 744.0000 h" in words
    assert "\x1b" not in words


def test_what_was_left_out_is_counted(explain):
    failed = told("StopInstances", "2026-03-10T12:00:00Z", "", "") | {
        "CloudTrailEvent": json.dumps({"errorCode": "Client.DryRunOperation"})
    }

    assert "left out: 1 events (failed or a dry run)" in explain(CASE | {"events": [*EVENTS, failed]})


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "cases.json: it is empty"),
        (b'{"name": ', "cases.json: it is not JSON (line 1, column 10)"),
        (b'{"name": "x", "name": "y"}', "names a key twice"),
        (b'{"now": NaN}', "NaN"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "cases.json: it is nested too deep"),
        (3, "the case: a JSON object is wanted here, not 3"),
        ([CASE, "x"], "case 2: a JSON object"),
        (CASE | {"window_start": None}, "the case ('office hours'), window_start: it is missing"),
        ([CASE, CASE | {"window_end": "soon"}], "case 2 ('office hours'), window_end: 'soon' is not an instant"),
        (CASE | {"window_end": "2026-02-01"}, "window_end: it lies before window_start"),
        (CASE | {"now": True}, "now: True is not an instant"),
        (CASE | {"instance": []}, "instance: a JSON object"),
        (CASE | {"instance": {"state": "asleep"}}, "instance, state: 'asleep' is no state of EC2"),
        (CASE | {"instance": {"state": 16}}, "instance, state: 16 is no text"),
        (CASE | {"instance": {"launch_time": "x"}}, "instance, launch_time: 'x' is not an instant"),
        (CASE | {"events": {}}, "events: a list is wanted here"),
        (CASE | {"events": [*EVENTS, 1]}, "events[2]: a JSON object"),
        (
            CASE | {"events": [EVENTS[0] | {"CloudTrailEvent": "{"}]},
            "events[0]: The event's CloudTrailEvent is not JSON",
        ),
        (CASE | {"events": [EVENTS[0] | {"EventTime": "x"}]}, "events[0]: 'x' is not an instant"),
        (
            CASE
            | {
                "instance_id": None,
                "events": [EVENTS[0], told("StopInstances", 1773165600, "running", "stopping", instance_id="i-2")],
            },
            "instance_id: it is missing, and the events name more than one instance",
        ),
        (CASE | {"cpu_sample_minutes": {"2026-03-10T08:30:00Z": 1}}, "is not the start of an hour"),
        (CASE | {"cpu_sample_minutes": {"2026-03-10T08:00:00Z": 61}}, "61 is no number of minutes"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line_that_names_the_place(explain, content, problem):
    with pytest.raises(CommandError) as refusal:
        explain(content, "--json")

    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"none\.json: No such file or directory\."):
        call_command("explain_runtime", str(tmp_path / "none.json"))


def test_times_are_utc_in_and_out(explain):
    begin, end = datetime(2026, 3, 10, 23, 30, tzinfo=UTC), datetime(2026, 3, 11, 1, tzinfo=UTC)
    events = [
        told("StartInstances", "2026-03-11T00:30:00+01:00", "stopped", "pending"),
        told("StopInstances", end.isoformat(), "running", "stopping"),
    ]

    answer = explain(CASE | {"instance": None, "events": events}, "--json")

    assert [datetime.fromisoformat(answer["intervals"][0][key]) for key in ("start", "end")] == [begin, end]
    assert answer["running_hours"] == 1.5
