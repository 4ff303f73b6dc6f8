"""The plan of the estate, with what is to be found in it.

To be found (`Thing.planted`), each beside what must not be (`Thing.near_miss`):

| found                               | by                          | near miss                          |
|-------------------------------------|-----------------------------|------------------------------------|
| catalog-db: storage nearly full     | 4 to 6 % of 100 GiB free    | orders-db: 12 to 15 % free         |
| sessions-db: short of connections   | 310 to 335 of 341           | basket-db: about 500 of 682        |
| reports-db: CPU busy for hours      | 88 % from 8 to 18 o'clock   | pricing-db: 93 % in single hours   |
| feeds-db: burst balance used up     | 5 to 7 % left               | wiki-db: 32 to 40 %                |
| search-db: short of memory          | 2 to 3 % of 16 GiB freeable | all others: 20 % and more          |
| legacy-db: idle                     | 0.4 connections, 3 % CPU    | audit-db: 4 connections, 6 % CPU   |
| webhook: errors                     | 4 % of its invocations      | invoices: 0.7 %                    |
| import-feed: throttled              | some throttles each hour    | every other function: none         |
| render-report: near its time-out    | 27 of 30 s                  | export: 21 of 30 s                 |
| old-migration: never invoked        | not once in the window      | monthly-close: once in 30 days     |
| old-import, old-scratch: unattached | `available`, months old     | disks of stopped machines          |
| db-before-upgrade: old snapshot     | 130 days old, its disk gone | last-import: not yet 90 days old   |
|                                     |                             | yearly: old, but its disk is there |
| released, spare: free addresses     | no association              | gateway: on an interface alone     |

Of the machines, `forgotten` is idle by CPU and network; the other idle ones are so by CPU alone, which is a near
miss. `search`, `basket` and `warehouse` are busy for hours on end.
Each kind of problem is there in Platform's accounts too, for Shop's sign-in has ended when the demo begins.
The stopped archive-db has no samples at all: it is neither idle nor fine, there is not enough to say.
"""

from collections.abc import Iterable
from typing import Any

from finops.core.periods import DAY
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP, Account
from finops.sandbox.scenario.chance import hex_from
from finops.sandbox.scenario.estate.things import Thing
from finops.sandbox.scenario.fleet import SimulatedInstance, Window

GIB_PER_MACHINE = 60  # as on the bill
_FRANKFURT, _DUBLIN, _STOCKHOLM, _VIRGINIA = "eu-central-1", "eu-west-1", "eu-north-1", "us-east-1"

# account, region, name, engine, class, GiB, habit, planted, near miss
_DATABASES: list[tuple[Account, str, str, str, str, int, str, str, str]] = [
    (PLATFORM_WORKLOADS, _FRANKFURT, "orders-db", "postgres", "db.r6g.large", 200, "tight_storage", "", "storage"),
    (PLATFORM_WORKLOADS, _FRANKFURT, "catalog-db", "mysql", "db.m5.large", 100, "full_storage", "storage", ""),
    (PLATFORM_WORKLOADS, _FRANKFURT, "sessions-db", "mysql", "db.t3.medium", 40, "crowded", "connections", ""),
    (PLATFORM_WORKLOADS, _DUBLIN, "reports-db", "postgres", "db.m5.large", 300, "busy", "cpu", ""),
    (PLATFORM_WORKLOADS, _DUBLIN, "pricing-db", "postgres", "db.m6g.large", 80, "spiky", "", "cpu"),
    (PLATFORM_WORKLOADS, _VIRGINIA, "feeds-db", "mysql", "db.t3.small", 60, "out_of_burst", "burst_balance", ""),
    (PLATFORM_PAYER, _VIRGINIA, "wiki-db", "mysql", "db.t3.small", 30, "short_of_burst", "", "burst_balance"),
    (PLATFORM_PAYER, _FRANKFURT, "audit-db", "postgres", "db.m5.large", 100, "quiet", "", "idle"),
    (SHOP, _DUBLIN, "basket-db", "mysql", "db.m5.large", 120, "well_used", "", "connections"),
    (PLATFORM_WORKLOADS, _DUBLIN, "search-db", "postgres", "db.r6g.large", 250, "out_of_memory", "memory", ""),
    (PLATFORM_PAYER, _VIRGINIA, "legacy-db", "mysql", "db.m5.large", 100, "abandoned", "idle", ""),
    (RESEARCH, _STOCKHOLM, "results-db", "postgres", "db.m6g.large", 500, "steady", "", ""),
    (RESEARCH, _STOCKHOLM, "archive-db", "postgres", "db.t3.medium", 50, "stopped", "", "too few samples"),
]

# account, region, name, runtime, MiB, seconds until it times out, habit, planted, near miss
_FUNCTIONS: list[tuple[Account, str, str, str, int, int, str, str, str]] = [
    (PLATFORM_WORKLOADS, _FRANKFURT, "thumbnails", "python3.12", 512, 15, "healthy", "", ""),
    (PLATFORM_WORKLOADS, _FRANKFURT, "webhook", "nodejs20.x", 256, 10, "failing", "errors", ""),
    (PLATFORM_WORKLOADS, _DUBLIN, "invoices", "java21", 1024, 60, "sometimes_failing", "", "errors"),
    (PLATFORM_WORKLOADS, _DUBLIN, "import-feed", "python3.12", 512, 120, "throttled", "throttles", ""),
    (PLATFORM_PAYER, _FRANKFURT, "old-migration", "python3.9", 128, 300, "never", "idle", ""),
    (PLATFORM_PAYER, _FRANKFURT, "monthly-close", "python3.12", 256, 300, "once", "", "idle"),
    (PLATFORM_WORKLOADS, _DUBLIN, "render-report", "python3.12", 2048, 30, "slow", "duration", ""),
    (PLATFORM_WORKLOADS, _DUBLIN, "export", "python3.12", 1024, 30, "fairly_slow", "", "duration"),
    (SHOP, _DUBLIN, "checkout-hook", "python3.12", 256, 10, "healthy", "", ""),
    (RESEARCH, _STOCKHOLM, "label-images", "python3.11", 3008, 900, "healthy", "", ""),
]

# account, region, name, GiB of standard storage, objects
_BUCKETS: list[tuple[Account, str, str, float, int]] = [
    (PLATFORM_PAYER, _VIRGINIA, "platform-logs-archive", 1900.0, 4_200_000),
    (PLATFORM_PAYER, _FRANKFURT, "platform-build-cache", 260.0, 91_000),
    (PLATFORM_WORKLOADS, _FRANKFURT, "workloads-uploads", 740.0, 2_800_000),
    (PLATFORM_WORKLOADS, "ap-southeast-2", "workloads-uploads-au", 95.0, 310_000),
    (PLATFORM_WORKLOADS, _DUBLIN, "workloads-empty", 0.0, 0),
    (RESEARCH, _STOCKHOLM, "research-datasets", 12_400.0, 860_000),
    (SHOP, _DUBLIN, "shop-product-images", 430.0, 1_100_000),
    (SHOP, "sa-east-1", "shop-exports-br", 18.0, 5_400),
]


def default_estate(window: Window) -> tuple[Thing, ...]:
    """All things of the default scenario but the machines' own disks and what hangs on machines."""
    return (*_databases(window), *_clusters(window), *_functions(window), *_buckets(window), *_loose_ends(window))


def disks_of(machines: Iterable[SimulatedInstance]) -> list[Thing]:
    """The disk that each machine has from its launch to its termination."""
    return [
        Thing(
            "ebs_volume",
            machine.account_id,
            machine.region,
            "vol-" + hex_from("disk", machine.instance_id, digits=17),
            machine.timeline.launched_at,
            told={
                "Size": GIB_PER_MACHINE,
                "VolumeType": "gp3",
                "Iops": 3000,
                "Throughput": 125,
                "AvailabilityZone": machine.availability_zone,
                "InstanceId": machine.instance_id,
            },
            tags={"Name": f"{machine.tags['Name']} root"} if "Name" in machine.tags else {},
        )
        for machine in machines
    ]


def _databases(window: Window) -> list[Thing]:
    return [
        Thing(
            "rds_instance",
            account.account_id,
            region,
            name,
            window.origin - (40 + 11 * number) * DAY,
            told={
                "Engine": engine,
                "EngineVersion": "16.4" if engine == "postgres" else "8.0.39",
                "DBInstanceClass": instance_class,
                "AllocatedStorage": gib,
                "StorageType": "gp2" if instance_class.startswith("db.t3") else "gp3",
                "DBInstanceStatus": "stopped" if habit == "stopped" else "available",
                "AvailabilityZone": region + "a",
                "MultiAZ": name == "orders-db",
            },
            tags={"environment": "production", "service": name.removesuffix("-db")},
            habit=habit,
            planted=planted,
            near_miss=near_miss,
        )
        for number, (account, region, name, engine, instance_class, gib, habit, planted, near_miss) in enumerate(
            _DATABASES
        )
    ]


def _clusters(window: Window) -> list[Thing]:
    account, region, name = SHOP, _DUBLIN, "checkout"
    members = [f"{name}-1", f"{name}-2"]
    aurora = {"Engine": "aurora-postgresql", "EngineVersion": "16.4", "AllocatedStorage": 1}
    created_at = window.origin - 120 * DAY
    cluster = Thing(
        "rds_cluster",
        account.account_id,
        region,
        name,
        created_at,
        told={**aurora, "EngineMode": "provisioned", "Status": "available", "MultiAZ": True, "members": members},
        tags={"environment": "production", "service": name},
    )
    told = {**aurora, "DBInstanceClass": "db.r6g.large", "DBInstanceStatus": "available", "StorageType": "aurora"}
    instances = [
        Thing(
            "rds_instance",
            account.account_id,
            region,
            member,
            created_at,
            told={**told, "AvailabilityZone": region + zone, "DBClusterIdentifier": name, "MultiAZ": False},
            tags={"environment": "production", "service": name},
            habit="aurora",
        )
        for member, zone in zip(members, "ab", strict=True)
    ]
    return [cluster, *instances]


def _functions(window: Window) -> list[Thing]:
    return [
        Thing(
            "lambda_function",
            account.account_id,
            region,
            name,
            window.origin - (30 + 17 * number) * DAY,
            told={"Runtime": runtime, "MemorySize": memory, "Timeout": timeout},
            habit=habit,
            planted=planted,
            near_miss=near_miss,
        )
        for number, (account, region, name, runtime, memory, timeout, habit, planted, near_miss) in enumerate(
            _FUNCTIONS
        )
    ]


def _buckets(window: Window) -> list[Thing]:
    return [
        Thing(
            "s3_bucket",
            account.account_id,
            region,
            name,
            window.origin - (200 + 31 * number) * DAY,
            told={"gib": gib, "objects": objects},
        )
        for number, (account, region, name, gib, objects) in enumerate(_BUCKETS)
    ]


def _loose_ends(window: Window) -> list[Thing]:
    """Disks and addresses that nothing uses, and snapshots."""

    def thing(kind: str, account: Account, region: str, name: str, days_before: int, **more: Any) -> Thing:
        prefix = {"ebs_volume": "vol-", "ebs_snapshot": "snap-", "elastic_ip": "eipalloc-"}[kind]
        return Thing(
            kind,
            account.account_id,
            region,
            prefix + hex_from(kind, account.account_id, name, digits=17),
            window.origin - days_before * DAY,
            tags={"Name": name},
            **more,
        )

    loose = {"VolumeType": "gp2", "Iops": 300, "AvailabilityZone": _FRANKFURT + "a"}
    attic = thing(
        "ebs_volume",
        PLATFORM_PAYER,
        _FRANKFURT,
        "yearly-books",
        700,
        told={**loose, "Size": 80, "InstanceId": "i-" + hex_from("the books", digits=17)},
    )
    gone = "vol-" + hex_from("a disk that is gone", digits=17)
    return [
        attic,
        thing("ebs_volume", PLATFORM_WORKLOADS, _FRANKFURT, "old-import", 60, told={**loose, "Size": 500},
              planted="unattached"),
        thing("ebs_volume", SHOP, _DUBLIN, "old-scratch", 20,
              told={"VolumeType": "io1", "Iops": 4000, "AvailabilityZone": _DUBLIN + "b", "Size": 200},
              planted="unattached"),
        thing("ebs_snapshot", PLATFORM_WORKLOADS, _FRANKFURT, "db-before-upgrade", 100,
              told={"VolumeId": gone, "VolumeSize": 400}, planted="old snapshot"),
        thing("ebs_snapshot", PLATFORM_WORKLOADS, _FRANKFURT, "last-import", 45,
              told={"VolumeId": gone, "VolumeSize": 500}, near_miss="old snapshot"),
        thing("ebs_snapshot", PLATFORM_PAYER, _FRANKFURT, "yearly", 330,
              told={"VolumeId": attic.identifier, "VolumeSize": 80}, near_miss="old snapshot"),
        thing("elastic_ip", PLATFORM_WORKLOADS, _FRANKFURT, "released", 90, told={}, planted="unattached"),
        thing("elastic_ip", SHOP, _DUBLIN, "spare", 30, told={}, planted="unattached"),
        thing("elastic_ip", PLATFORM_PAYER, _VIRGINIA, "gateway", 300,
              told={"NetworkInterfaceId": "eni-" + hex_from("gateway", digits=17)}, near_miss="unattached"),
    ]  # fmt: skip
