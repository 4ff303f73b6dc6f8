"""A simulated instance in the words of DescribeInstances."""

from datetime import datetime
from typing import Any

from finops.sandbox.scenario.chance import hex_from
from finops.sandbox.scenario.fleet import SimulatedInstance
from finops.sandbox.scenario.instance_types import INSTANCE_TYPES
from finops.sandbox.scenario.timeline import End, Run, State

_REASONS = {
    End.USER_STOP: ("Client.UserInitiatedShutdown", "User initiated shutdown"),
    End.USER_TERMINATE: ("Client.UserInitiatedShutdown", "User initiated shutdown"),
    End.USER_HIBERNATE: ("Client.UserInitiatedHibernate", "User initiated hibernate"),
    End.OS_SHUTDOWN: ("Client.InstanceInitiatedShutdown", "Instance initiated shutdown"),
    End.OS_SHUTDOWN_DATED: ("Client.InstanceInitiatedShutdown", "Instance initiated shutdown"),
    End.RETIREMENT: ("Server.ScheduledStop", "Stopped due to scheduled retirement"),
    End.SPOT_STOP: ("Server.SpotInstanceShutdown", "Spot instance shutdown"),
    End.SPOT_TERMINATION: ("Server.SpotInstanceTermination", "Spot instance termination"),
}
_DATED = "({:%Y-%m-%d %H:%M:%S} GMT)"


def _reason(instance: SimulatedInstance, state: State, run: Run | None) -> tuple[str, str, str]:
    """StateTransitionReason, and StateReason's code and message. AWS dates only some of them."""
    failure = instance.timeline.launch_failure
    if failure and state.name in {"shutting-down", "terminated"}:
        return failure, failure, f"{failure}: the launch failed"
    if run is None or state.name in {"pending", "running"}:
        return "", "pending" if state.name == "pending" else "", "pending" if state.name == "pending" else ""
    ended_by = run.ended_by or End.USER_STOP
    code, message = _REASONS[ended_by]
    reason = f"{code}: {message}"
    if ended_by in {End.USER_STOP, End.USER_HIBERNATE, End.USER_TERMINATE, End.OS_SHUTDOWN_DATED}:
        return f"User initiated {_DATED.format(state.since)}", code, reason
    if ended_by is End.OS_SHUTDOWN:
        return "", code, reason
    if ended_by is End.RETIREMENT:
        return f"{reason} {_DATED.format(state.since)}", code, reason
    return code, code, reason


def _address(instance: SimulatedInstance) -> str:
    number = instance.number
    return f"10.{number % 200 + 16}.{number // 200 % 250}.{number // 50_000 % 250 + 4}"


def _network(instance: SimulatedInstance, *, is_running: bool) -> dict[str, Any]:
    """What hangs on the machine until it is terminated."""
    words = instance.instance_id
    address = _address(instance)
    region = instance.region
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    name = f"ip-{address.replace('.', '-')}.{domain}"
    group = {"GroupId": "sg-" + hex_from("group", instance.account_id, region, digits=17), "GroupName": "default"}
    subnet_id = "subnet-" + hex_from("subnet", instance.account_id, instance.availability_zone, digits=17)
    vpc_id = "vpc-" + hex_from("vpc", instance.account_id, region, digits=17)
    first_attached_at = instance.timeline.launched_at
    return {
        "PrivateDnsName": name,
        "PrivateIpAddress": address,
        "SubnetId": subnet_id,
        "VpcId": vpc_id,
        "SecurityGroups": [group],
        "SourceDestCheck": True,
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "AttachTime": first_attached_at,
                    "DeleteOnTermination": True,
                    "Status": "attached",
                    "VolumeId": "vol-" + hex_from("volume", words, digits=17),
                },
            }
        ],
        "NetworkInterfaces": [
            {
                "Attachment": {
                    "AttachTime": first_attached_at,
                    "AttachmentId": "eni-attach-" + hex_from("attachment", words, digits=17),
                    "DeleteOnTermination": True,
                    "DeviceIndex": 0,
                    "NetworkCardIndex": 0,
                    "Status": "attached",
                },
                "Description": "",
                "Groups": [group],
                "InterfaceType": "interface",
                "MacAddress": "06:" + ":".join(hex_from("mac", words, digits=10)[i : i + 2] for i in range(0, 10, 2)),
                "NetworkInterfaceId": "eni-" + hex_from("interface", words, digits=17),
                "OwnerId": instance.account_id,
                "PrivateDnsName": name,
                "PrivateIpAddress": address,
                "SourceDestCheck": True,
                "Status": "in-use" if is_running else "available",
                "SubnetId": subnet_id,
                "VpcId": vpc_id,
            }
        ],
    }


def describe(instance: SimulatedInstance, at: datetime) -> dict[str, Any]:
    """The instance as DescribeInstances shows it at an instant at which it is listed."""
    timeline, group = instance.timeline, instance.group
    state = timeline.state(at)
    if state is None:
        raise ValueError(f"{instance.instance_id} does not exist yet at {at}.")
    run = timeline.last_run(at)
    kind = INSTANCE_TYPES[timeline.instance_type(at)]
    transition, reason_code, reason_message = _reason(instance, state, run)
    image = hex_from("image", group.platform.details, kind.family.architecture, instance.region, digits=17)
    described: dict[str, Any] = {
        "AmiLaunchIndex": 0,
        "Architecture": kind.family.architecture,
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "ClientToken": hex_from("token", instance.reservation_id, digits=32),
        "CpuOptions": {"CoreCount": max(1, kind.vcpu // 2), "ThreadsPerCore": 2 if kind.vcpu > 1 else 1},
        "EbsOptimized": True,
        "EnaSupport": True,
        "EnclaveOptions": {"Enabled": False},
        "HibernationOptions": {"Configured": group.behaviour == "hibernated"},
        "Hypervisor": "xen",
        "ImageId": "ami-" + image,
        "InstanceId": instance.instance_id,
        "InstanceType": kind.name,
        "LaunchTime": run.start if run else timeline.launched_at,
        "MetadataOptions": {"State": "applied", "HttpTokens": "required", "HttpEndpoint": "enabled"},
        "Monitoring": {"State": "disabled"},
        "Placement": {
            "AvailabilityZone": instance.availability_zone,
            "GroupName": "",
            "Tenancy": group.tenancy,
        },
        "PlatformDetails": group.platform.details,
        "PrivateDnsName": "",
        "ProductCodes": [],
        "PublicDnsName": "",
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "State": {"Code": state.code, "Name": state.name},
        "StateTransitionReason": transition,
        "UsageOperation": group.platform.usage_operation,
        "UsageOperationUpdateTime": timeline.launched_at,
        "VirtualizationType": "hvm",
    }
    if instance.tags:
        described["Tags"] = [{"Key": key, "Value": value} for key, value in instance.tags.items()]
    if reason_code:
        described["StateReason"] = {"Code": reason_code, "Message": reason_message}
    if group.platform.operating_system == "Windows":
        described["Platform"] = "windows"
    if instance.is_spot:
        described["InstanceLifecycle"] = "spot"
        described["SpotInstanceRequestId"] = "sir-" + hex_from("spot", instance.instance_id, digits=8)
    if group.tenancy == "host":
        described["Placement"]["HostId"] = "h-" + hex_from("host", instance.instance_id, digits=17)
    if state.name not in {"shutting-down", "terminated"}:
        described |= _network(instance, is_running=state.name == "running")
    else:
        described |= {"BlockDeviceMappings": [], "NetworkInterfaces": [], "SecurityGroups": []}
    return described
