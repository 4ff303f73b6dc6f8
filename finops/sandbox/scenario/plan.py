"""The plan of the default scenario: which machines there are, where, and what they do."""

from collections.abc import Mapping

from finops.sandbox.scenario import platforms
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP
from finops.sandbox.scenario.fleet import Group, Lifecycle, Load
from finops.sandbox.scenario.platforms import LINUX, Platform

_UNTAGGED: dict[str, str] = {}


def _group(  # noqa: PLR0917 (a row of the tables below)
    account_id: str,
    region: str,
    name: str,
    instance_type: str,
    count: int,
    behaviour: str,
    load: Load,
    tags: Mapping[str, str] | str = "production",
    *,
    platform: Platform = LINUX,
    lifecycle: Lifecycle = Lifecycle.ON_DEMAND,
    tenancy: str = "default",
    resized_to: str = "",
) -> Group:
    if isinstance(tags, str):
        tags = {"Name": name, "environment": tags, "service": name.split("-", maxsplit=1)[0]}
    return Group(
        account_id, region, name, instance_type, count, behaviour, load, platform, lifecycle, tenancy, tags, resized_to
    )


def _payer() -> list[Group]:
    account = PLATFORM_PAYER.account_id
    return [
        _group(account, "us-east-1", "bastion", "t3.micro", 2, "always_on", Load.IDLE),
        _group(account, "us-east-1", "directory", "m5.large", 2, "always_on", Load.STEADY, platform=platforms.WINDOWS),
        _group(account, "us-east-1", "logs", "r5.large", 3, "always_on", Load.STEADY),
        _group(account, "us-east-1", "logs-archive", "i3.large", 1, "always_on", Load.IDLE),
        _group(account, "us-west-2", "replica", "r6g.large", 2, "always_on", Load.IDLE),
        _group(account, "eu-central-1", "monitoring", "t3.large", 2, "always_on", Load.STEADY),
        _group(account, "eu-central-1", "ci", "c6i.xlarge", 4, "office_hours", Load.BATCH, "build"),
        _group(account, "eu-central-1", "ci-burst", "c7i.2xlarge", 2, "autoscaled", Load.BATCH, "build"),
        _group(account, "eu-west-1", "backup", "m6a.large", 2, "nightly_batch", Load.BATCH),
        _group(account, "eu-west-1", "mac-build", "mac2.metal", 1, "always_on", Load.OFFICE, "build", tenancy="host"),
        _group(account, "us-east-1", "gateway", "m6i.large", 2, "retired", Load.STEADY),
    ]


def _workloads() -> list[Group]:
    account = PLATFORM_WORKLOADS.account_id
    return [
        _group(account, "eu-central-1", "web", "m6i.xlarge", 6, "always_on", Load.WEB),
        _group(account, "eu-central-1", "web-burst", "m6i.large", 3, "autoscaled", Load.WEB),
        _group(account, "eu-central-1", "api", "c6g.xlarge", 6, "always_on", Load.WEB),
        _group(account, "eu-central-1", "search", "r6i.xlarge", 3, "always_on", Load.HOT),
        _group(account, "eu-central-1", "staging", "t3.medium", 8, "office_hours", Load.OFFICE, "staging"),
        _group(account, "eu-central-1", "sap", "r5.xlarge", 2, "always_on", Load.STEADY, platform=platforms.SUSE),
        _group(
            account,
            "eu-central-1",
            "sap-test",
            "r5.large",
            2,
            "office_hours",
            Load.OFFICE,
            "staging",
            platform=platforms.SUSE,
        ),
        _group(account, "eu-west-1", "reports", "m5.xlarge", 3, "nightly_batch", Load.BATCH),
        _group(account, "eu-west-1", "erp", "m5.2xlarge", 2, "always_on", Load.STEADY, platform=platforms.RHEL),
        _group(
            account,
            "eu-west-1",
            "finance",
            "m5.xlarge",
            2,
            "always_on",
            Load.OFFICE,
            platform=platforms.WINDOWS_SQL_STANDARD,
        ),
        _group(account, "eu-west-1", "ledger", "c5.xlarge", 2, "always_on", Load.STEADY, tenancy="dedicated"),
        _group(
            account,
            "eu-west-1",
            "licences",
            "m5.large",
            1,
            "always_on",
            Load.IDLE,
            platform=platforms.WINDOWS_OWN_LICENSE,
        ),
        _group(account, "us-east-1", "web-us", "m7g.large", 6, "always_on", Load.WEB),
        _group(account, "us-east-1", "queue", "c7g.large", 4, "spot_workers", Load.BATCH, lifecycle=Lifecycle.SPOT),
        _group(account, "us-east-1", "legacy", "m5.4xlarge", 1, "resized", Load.IDLE, resized_to="m5.large"),
        _group(account, "us-east-1", "warehouse", "m6i.xlarge", 2, "resized", Load.HOT, resized_to="m6i.2xlarge"),
        _group(account, "us-west-2", "disaster", "m6g.large", 4, "always_on", Load.IDLE, "standby"),
        _group(account, "us-west-2", "load-test", "c5.2xlarge", 3, "by_hand", Load.BATCH, "test"),
        _group(account, "eu-north-1", "encode", "c6i.4xlarge", 2, "nightly_batch", Load.BATCH),
        _group(account, "eu-north-1", "cache", "r7g.xlarge", 2, "newly_launched", Load.STEADY),
        _group(account, "ap-southeast-2", "web-au", "m6a.xlarge", 4, "always_on", Load.WEB),
        _group(account, "ap-southeast-2", "office-au", "t3.large", 4, "office_hours", Load.OFFICE, "staging"),
        _group(account, "ap-southeast-2", "forgotten", "m5.large", 3, "always_on", Load.IDLE, _UNTAGGED),
        _group(account, "sa-east-1", "web-br", "t3.large", 2, "always_on", Load.WEB),
        _group(account, "eu-central-1", "old-web", "m5.large", 4, "given_up", Load.WEB),
        _group(account, "eu-central-1", "failing", "c5.large", 9, "launch_failures", Load.IDLE, "test"),
        _group(account, "us-east-1", "new-generation", "m8a.large", 2, "newly_launched", Load.OFFICE),
    ]


def _research() -> list[Group]:
    account = RESEARCH.account_id
    return [
        _group(account, "eu-north-1", "train", "g4dn.xlarge", 4, "by_hand", Load.TRAINING, "research"),
        _group(account, "eu-north-1", "notebook", "m7i.xlarge", 6, "shut_down_from_inside", Load.OFFICE, "research"),
        _group(
            account,
            "eu-north-1",
            "simulate",
            "c5.2xlarge",
            4,
            "spot_persistent",
            Load.BATCH,
            "research",
            lifecycle=Lifecycle.SPOT,
        ),
        _group(account, "eu-west-3", "notebook-fr", "t3.large", 4, "hibernated", Load.OFFICE, "research"),
        _group(account, "eu-west-3", "archive", "t4g.medium", 3, "shut_down_for_good", Load.IDLE, _UNTAGGED),
        _group(account, "us-east-1", "model", "g5.xlarge", 2, "always_on", Load.TRAINING, "research"),
        _group(account, "us-east-1", "fpga", "f2.6xlarge", 1, "nightly_batch", Load.BATCH, "research"),
        _group(
            account,
            "us-west-2",
            "sweep",
            "c7g.xlarge",
            5,
            "spot_workers",
            Load.BATCH,
            "research",
            lifecycle=Lifecycle.SPOT,
        ),
        _group(account, "us-west-2", "vision", "p3.2xlarge", 1, "by_hand", Load.TRAINING, "research"),
    ]


def _shop() -> list[Group]:
    account = SHOP.account_id
    return [
        _group(account, "eu-west-1", "storefront", "m6g.xlarge", 5, "always_on", Load.WEB),
        _group(account, "eu-west-1", "storefront-burst", "c6g.large", 3, "autoscaled", Load.WEB),
        _group(account, "eu-west-1", "basket", "r6i.large", 3, "always_on", Load.HOT),
        _group(account, "eu-west-1", "staging", "t3.small", 6, "office_hours", Load.OFFICE, "staging"),
        _group(account, "sa-east-1", "storefront-br", "m6a.large", 4, "always_on", Load.WEB),
        _group(account, "ap-southeast-2", "storefront-au", "t4g.small", 4, "always_on", Load.WEB),
        _group(account, "us-east-1", "<script>alert('name')</script>", "t3.micro", 1, "always_on", Load.IDLE,
               {"Name": "<script>alert('name')</script>", "owner": "=1+1", "note": "+cmd|' /C calc'!A0"}),
        _group(account, "us-east-1", "reversed", "t3.micro", 1, "always_on", Load.IDLE,
               {"Name": "invoice\u202egpj.exe", "owner": "@SUM(A1:A9)", "empty": "", "path": "a/b;c,d\"e'f"}),
        _group(account, "us-east-1", "orders", "c5.large", 3, "by_hand", Load.OFFICE, "test"),
    ]  # fmt: skip


def default_plan() -> list[Group]:
    """All groups of the default scenario."""
    return [*_payer(), *_workloads(), *_research(), *_shop()]


# Places for machines in the large scenario, in turn: (region, instance type, behaviour, load).
_LARGE_TYPES = [
    "m5.large",
    "m6i.xlarge",
    "c6g.xlarge",
    "t3.medium",
    "r6i.large",
    "m7g.large",
    "c5.2xlarge",
    "m6a.large",
]
_LARGE_HABITS = [
    ("always_on", Load.WEB),
    ("always_on", Load.STEADY),
    ("office_hours", Load.OFFICE),
    ("always_on", Load.IDLE),
    ("nightly_batch", Load.BATCH),
]
_GROUP_SIZE = 25


def large_plan(*, instances: int, regions: tuple[str, ...], accounts: tuple[str, ...]) -> list[Group]:
    """So many machines in groups of 25, dealt out over accounts, regions, types and habits in turn."""
    groups = []
    for number, first in enumerate(range(0, instances, _GROUP_SIZE)):
        behaviour, load = _LARGE_HABITS[number % len(_LARGE_HABITS)]
        groups.append(
            _group(
                accounts[number % len(accounts)],
                regions[number // len(accounts) % len(regions)],
                f"group-{number:04d}",
                _LARGE_TYPES[number % len(_LARGE_TYPES)],
                min(_GROUP_SIZE, instances - first),
                behaviour,
                load,
            )
        )
    return groups
