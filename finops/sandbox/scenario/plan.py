"""The plans of the scenarios: which machines there are, where, and what they do."""

from collections.abc import Callable, Mapping

from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP, Account
from finops.sandbox.scenario.fleet import Group, Lifecycle, Load
from finops.sandbox.scenario.platforms import (
    LINUX,
    RHEL,
    SUSE,
    WINDOWS,
    WINDOWS_OWN_LICENSE,
    WINDOWS_SQL_STANDARD,
    Platform,
)

_SPOT = Lifecycle.SPOT
_UNTAGGED: Mapping[str, str] = {}

# What a spreadsheet, a page or a terminal could stumble over.
_HARMFUL_TAGS = {"Name": "<script>alert('name')</script>", "owner": "=1+1", "note": "+cmd|' /C calc'!A0"}
_MISLEADING_TAGS = {"Name": "invoice\u202egpj.exe", "owner": "@SUM(A1:A9)", "empty": "", "path": "a/b;c,d\"e'f"}


def _at(account: Account, region: str) -> Callable[..., Group]:
    """A function that makes a row of the plan for one place."""

    def row(  # noqa: PLR0917 (the columns of the tables below)
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
            account.account_id,
            region,
            name,
            instance_type,
            count,
            behaviour,
            load,
            platform,
            lifecycle,
            tenancy,
            tags,
            resized_to,
        )

    return row


def _payer() -> list[Group]:
    virginia, oregon = _at(PLATFORM_PAYER, "us-east-1"), _at(PLATFORM_PAYER, "us-west-2")
    frankfurt, dublin = _at(PLATFORM_PAYER, "eu-central-1"), _at(PLATFORM_PAYER, "eu-west-1")
    return [
        virginia("bastion", "t3.micro", 2, "always_on", Load.IDLE),
        virginia("directory", "m5.large", 2, "always_on", Load.STEADY, platform=WINDOWS),
        virginia("logs", "r5.large", 3, "always_on", Load.STEADY),
        virginia("logs-archive", "i3.large", 1, "always_on", Load.IDLE),
        virginia("gateway", "m6i.large", 2, "retired", Load.STEADY),
        oregon("replica", "r6g.large", 2, "always_on", Load.IDLE),
        frankfurt("monitoring", "t3.large", 2, "always_on", Load.STEADY),
        frankfurt("ci", "c6i.xlarge", 4, "office_hours", Load.BATCH, "build"),
        frankfurt("ci-burst", "c7i.2xlarge", 2, "autoscaled", Load.BATCH, "build"),
        dublin("backup", "m6a.large", 2, "nightly_batch", Load.BATCH),
        dublin("mac-build", "mac2.metal", 1, "always_on", Load.OFFICE, "build", tenancy="host"),
    ]


def _workloads() -> list[Group]:
    virginia, oregon = _at(PLATFORM_WORKLOADS, "us-east-1"), _at(PLATFORM_WORKLOADS, "us-west-2")
    frankfurt, dublin = _at(PLATFORM_WORKLOADS, "eu-central-1"), _at(PLATFORM_WORKLOADS, "eu-west-1")
    stockholm, sydney = _at(PLATFORM_WORKLOADS, "eu-north-1"), _at(PLATFORM_WORKLOADS, "ap-southeast-2")
    sao_paulo = _at(PLATFORM_WORKLOADS, "sa-east-1")
    return [
        frankfurt("web", "m6i.xlarge", 6, "always_on", Load.WEB),
        frankfurt("web-burst", "m6i.large", 3, "autoscaled", Load.WEB),
        frankfurt("api", "c6g.xlarge", 6, "always_on", Load.WEB),
        frankfurt("search", "r6i.xlarge", 3, "always_on", Load.HOT),
        frankfurt("staging", "t3.medium", 8, "office_hours", Load.OFFICE, "staging"),
        frankfurt("sap", "r5.xlarge", 2, "always_on", Load.STEADY, platform=SUSE),
        frankfurt("sap-test", "r5.large", 2, "office_hours", Load.OFFICE, "staging", platform=SUSE),
        frankfurt("old-web", "m5.large", 4, "given_up", Load.WEB),
        frankfurt("failing", "c5.large", 9, "launch_failures", Load.IDLE, "test"),
        dublin("reports", "m5.xlarge", 3, "nightly_batch", Load.BATCH),
        dublin("erp", "m5.2xlarge", 2, "always_on", Load.STEADY, platform=RHEL),
        dublin("finance", "m5.xlarge", 2, "always_on", Load.OFFICE, platform=WINDOWS_SQL_STANDARD),
        dublin("ledger", "c5.xlarge", 2, "always_on", Load.STEADY, tenancy="dedicated"),
        dublin("licences", "m5.large", 1, "always_on", Load.IDLE, platform=WINDOWS_OWN_LICENSE),
        virginia("web-us", "m7g.large", 6, "always_on", Load.WEB),
        virginia("queue", "c7g.large", 4, "spot_workers", Load.BATCH, lifecycle=_SPOT),
        virginia("legacy", "m5.4xlarge", 1, "resized", Load.IDLE, resized_to="m5.large"),
        virginia("warehouse", "m6i.xlarge", 2, "resized", Load.HOT, resized_to="m6i.2xlarge"),
        virginia("new-generation", "m8a.large", 2, "newly_launched", Load.OFFICE),
        virginia("harmful", "t3.micro", 1, "always_on", Load.IDLE, _HARMFUL_TAGS),
        oregon("disaster", "m6g.large", 4, "always_on", Load.IDLE, "standby"),
        oregon("load-test", "c5.2xlarge", 3, "by_hand", Load.BATCH, "test"),
        stockholm("encode", "c6i.4xlarge", 2, "nightly_batch", Load.BATCH),
        stockholm("cache", "r7g.xlarge", 2, "newly_launched", Load.STEADY),
        sydney("web-au", "m6a.xlarge", 4, "always_on", Load.WEB),
        sydney("office-au", "t3.large", 4, "office_hours", Load.OFFICE, "staging"),
        sydney("forgotten", "m5.large", 3, "always_on", Load.IDLE, _UNTAGGED),
        sao_paulo("web-br", "t3.large", 2, "always_on", Load.WEB),
    ]


def _research() -> list[Group]:
    stockholm, paris = _at(RESEARCH, "eu-north-1"), _at(RESEARCH, "eu-west-3")
    virginia, oregon = _at(RESEARCH, "us-east-1"), _at(RESEARCH, "us-west-2")
    return [
        stockholm("train", "g4dn.xlarge", 4, "by_hand", Load.TRAINING, "research"),
        stockholm("notebook", "m7i.xlarge", 6, "shut_down_from_inside", Load.OFFICE, "research"),
        stockholm("simulate", "c5.2xlarge", 2, "spot_persistent", Load.BATCH, "research", lifecycle=_SPOT),
        paris("notebook-fr", "t3.large", 4, "hibernated", Load.OFFICE, "research"),
        paris("archive", "t4g.medium", 3, "shut_down_for_good", Load.IDLE, _UNTAGGED),
        virginia("model", "g5.xlarge", 2, "always_on", Load.TRAINING, "research"),
        virginia("fpga", "f2.6xlarge", 1, "nightly_batch", Load.BATCH, "research"),
        oregon("sweep", "c7g.xlarge", 3, "spot_workers", Load.BATCH, "research", lifecycle=_SPOT),
        oregon("vision", "p3.2xlarge", 1, "by_hand", Load.TRAINING, "research"),
    ]


def _shop() -> list[Group]:
    dublin, sao_paulo = _at(SHOP, "eu-west-1"), _at(SHOP, "sa-east-1")
    sydney, virginia = _at(SHOP, "ap-southeast-2"), _at(SHOP, "us-east-1")
    return [
        dublin("storefront", "m6g.xlarge", 5, "always_on", Load.WEB),
        dublin("storefront-burst", "c6g.large", 3, "autoscaled", Load.WEB),
        dublin("basket", "r6i.large", 3, "always_on", Load.HOT),
        dublin("staging", "t3.small", 6, "office_hours", Load.OFFICE, "staging"),
        sao_paulo("storefront-br", "m6a.large", 4, "always_on", Load.WEB),
        sydney("storefront-au", "t4g.small", 4, "always_on", Load.WEB),
        virginia("orders", "c5.large", 3, "by_hand", Load.OFFICE, "test"),
        virginia("harmful", "t3.micro", 1, "always_on", Load.IDLE, _HARMFUL_TAGS),
        virginia("misleading", "t3.micro", 1, "always_on", Load.IDLE, _MISLEADING_TAGS),
    ]


def default_plan() -> list[Group]:
    """All groups of the default scenario."""
    return [*_payer(), *_workloads(), *_research(), *_shop()]


# Types and habits of the large scenario, dealt out in turn.
_LARGE_TYPES = (
    "m5.large",
    "m6i.xlarge",
    "c6g.xlarge",
    "t3.medium",
    "r6i.large",
    "m7g.large",
    "c5.2xlarge",
    "m6a.large",
)
_LARGE_HABITS = (
    ("always_on", Load.WEB),
    ("always_on", Load.STEADY),
    ("office_hours", Load.OFFICE),
    ("always_on", Load.IDLE),
    ("nightly_batch", Load.BATCH),
)
_GROUP_SIZE = 25


def large_plan(*, instances: int, regions: tuple[str, ...], accounts: tuple[Account, ...]) -> list[Group]:
    """So many machines in groups of 25, dealt out over accounts, regions, types and habits in turn."""
    groups = []
    for number, first in enumerate(range(0, instances, _GROUP_SIZE)):
        row = _at(accounts[number % len(accounts)], regions[number // len(accounts) % len(regions)])
        behaviour, load = _LARGE_HABITS[number % len(_LARGE_HABITS)]
        count = min(_GROUP_SIZE, instances - first)
        groups.append(row(f"group-{number:04d}", _LARGE_TYPES[number % len(_LARGE_TYPES)], count, behaviour, load))
    return groups
