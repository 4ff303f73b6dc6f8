"""A simulated call in the words of CloudTrail: an event of LookupEvents with its record."""

from datetime import datetime, timedelta
from json import dumps
from typing import Any

from finops.sandbox.scenario.calls import AUTO_SCALING, SCHEDULER, SPOT, Call, Change
from finops.sandbox.scenario.chance import hex_from, share_from
from finops.sandbox.scenario.timeline import State

_SECONDS_UNTIL_TOLD = (90, 600)  # CloudTrail: about 5 minutes on average, not guaranteed
_SPOT_SOURCE = "ec2.amazonaws.com"


def told_at(call: Call) -> datetime:
    """When LookupEvents begins to show the call."""
    least, most = _SECONDS_UNTIL_TOLD
    return call.at + timedelta(seconds=least + int((most - least) * share_from("delivery", call.event_id)))


def user_name(call: Call) -> str:
    """Who did it, as LookupEvents' Username has it. What spot does has none."""
    return {SCHEDULER: "scheduler-function", AUTO_SCALING: "AutoScaling", SPOT: ""}.get(call.actor, call.actor)


def _identity(call: Call) -> dict[str, Any]:
    account_id = call.account_id
    if call.actor == SPOT:
        return {"accountId": account_id, "invokedBy": _SPOT_SOURCE}
    if call.actor in {SCHEDULER, AUTO_SCALING}:
        role = {SCHEDULER: "instance-scheduler", AUTO_SCALING: "AWSServiceRoleForAutoScaling"}[call.actor]
        principal = "AROA" + hex_from("principal", account_id, role, digits=17).upper()
        identity: dict[str, Any] = {
            "type": "AssumedRole",
            "principalId": f"{principal}:{user_name(call)}",
            "arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{user_name(call)}",
            "accountId": account_id,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": principal,
                    "arn": f"arn:aws:iam::{account_id}:role/{role}",
                    "accountId": account_id,
                    "userName": role,
                },
                "attributes": {"creationDate": f"{call.at:%Y-%m-%dT%H:00:00Z}", "mfaAuthenticated": "false"},
            },
        }
        if call.actor == AUTO_SCALING:
            identity["invokedBy"] = AUTO_SCALING
        return identity
    return {
        "type": "IAMUser",
        "principalId": "AIDA" + hex_from("principal", account_id, call.actor, digits=17).upper(),
        "arn": f"arn:aws:iam::{account_id}:user/{call.actor}",
        "accountId": account_id,
        "accessKeyId": "AKIA" + hex_from("key of", account_id, call.actor, digits=16).upper(),
        "userName": call.actor,
    }


def _items(call: Call) -> dict[str, Any]:
    return {"items": [{"instanceId": change.instance.instance_id} for change in call.changes]}


def _request(call: Call) -> dict[str, Any] | None:
    if call.name == "BidEvictedEvent":
        return None
    if call.name == "RunInstances":
        count = max(1, len(call.changes))
        launch: dict[str, Any] = {
            "instancesSet": {"items": [{"minCount": count, "maxCount": count}]},
            "instanceType": call.instance_type,
            "monitoring": {"enabled": False},
            "disableApiTermination": False,
        }
        if any(change.instance.is_spot for change in call.changes):
            launch["instanceMarketOptions"] = {"marketType": "spot"}
        return launch
    if call.name == "ModifyInstanceAttribute":
        return {
            "instanceId": call.changes[0].instance.instance_id,
            "instanceType": {"value": call.instance_type},
        }
    request: dict[str, Any] = {"instancesSet": _items(call)}
    if call.name == "StopInstances":
        request["force"] = False
        if call.hibernate:
            request["hibernate"] = True
    return request


def _launched(call: Call, change: Change) -> dict[str, Any]:
    instance = change.instance
    item: dict[str, Any] = {
        "instanceId": instance.instance_id,
        "instanceState": {"code": 0, "name": "pending"},
        "instanceType": call.instance_type,
        "launchTime": int(call.at.timestamp() * 1000),
        "placement": {"availabilityZone": instance.availability_zone, "tenancy": instance.group.tenancy},
        "stateReason": {"code": "pending", "message": "pending"},
        "amiLaunchIndex": 0,
    }
    if instance.is_spot:
        item["instanceLifecycle"] = "spot"
    return item


def _response(call: Call) -> dict[str, Any] | None:
    if call.error_code or call.name == "BidEvictedEvent":
        return None
    request_id = hex_from("request", call.event_id, digits=32)
    if call.name in {"ModifyInstanceAttribute", "RebootInstances"}:
        return {"requestId": request_id, "_return": True}
    if call.name == "RunInstances":
        return {
            "requestId": request_id,
            "reservationId": call.changes[0].instance.reservation_id,
            "ownerId": call.account_id,
            "instancesSet": {"items": [_launched(call, change) for change in call.changes]},
        }
    return {
        "requestId": request_id,
        "instancesSet": {
            "items": [
                {
                    "instanceId": change.instance.instance_id,
                    "currentState": _state(change.current_state, call.at),
                    "previousState": _state(change.previous_state, call.at),
                }
                for change in call.changes
            ]
        },
    }


def _state(name: str, at: datetime) -> dict[str, Any]:
    return {"code": State(name, at).code, "name": name}


def record(call: Call) -> dict[str, Any]:
    """The record that CloudTrail would write, which LookupEvents hands out as JSON text."""
    by_service = call.actor == SPOT
    source = {SCHEDULER: "lambda.amazonaws.com", AUTO_SCALING: AUTO_SCALING, SPOT: _SPOT_SOURCE}.get(call.actor)
    written: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(call),
        "eventTime": f"{call.at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ec2.amazonaws.com",
        "eventName": call.name,
        "awsRegion": call.region,
        "sourceIPAddress": source or "203.0.113.17",
        "userAgent": source or "aws-cli/2.31.0",
        "requestParameters": _request(call),
        "responseElements": _response(call),
        "requestID": hex_from("request", call.event_id, digits=32),
        "eventID": str(call.event_id),
        "readOnly": False,
        "eventType": "AwsServiceEvent" if by_service else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account_id,
        "eventCategory": "Management",
    }
    if call.error_code:
        written |= {"errorCode": call.error_code, "errorMessage": call.error_message}
    if by_service:
        written["serviceEventDetails"] = {"instanceIdSet": [change.instance.instance_id for change in call.changes]}
    return written


def resources(call: Call) -> list[dict[str, str]]:
    """What LookupEvents lists beside the record. A launch names more than instances; spot names nothing."""
    if call.actor == SPOT:
        return []
    named = [
        {"ResourceType": "AWS::EC2::Instance", "ResourceName": change.instance.instance_id} for change in call.changes
    ]
    if call.name == "RunInstances" and not call.error_code:
        subnet = hex_from("subnet", call.account_id, call.changes[0].instance.availability_zone, digits=17)
        named.append({"ResourceType": "AWS::EC2::Subnet", "ResourceName": "subnet-" + subnet})
    return named


def event(call: Call) -> dict[str, Any]:
    """The call as an event of LookupEvents."""
    written = record(call)
    shown: dict[str, Any] = {
        "EventId": str(call.event_id),
        "EventName": call.name,
        "ReadOnly": "false",
        "EventTime": call.at,
        "EventSource": "ec2.amazonaws.com",
        "Resources": resources(call),
        "CloudTrailEvent": dumps(written, separators=(",", ":")),
    }
    if user_name(call):
        shown["Username"] = user_name(call)
    if "accessKeyId" in written["userIdentity"]:
        shown["AccessKeyId"] = written["userIdentity"]["accessKeyId"]
    return shown
