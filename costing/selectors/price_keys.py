"""Which prices an account needs, and whose ledger rests on a price."""

from collections.abc import Collection
from dataclasses import dataclass

from accounts.models import AwsAccount, Instance, InstanceEvent
from costing.estimators.price_key import PriceKey


@dataclass(frozen=True, slots=True)
class NeededPrices:
    """The keys, sorted; and how many instances no key could be made for.

    `unknown_instances` are named by CloudTrail alone: their type may be known, their platform is not.
    """

    keys: list[PriceKey]
    unknown_instances: int


def prices_needed(account: AwsAccount) -> NeededPrices:
    """What the account's instances are or were once: types they have changed from or to since are in it too."""
    instances = {
        (region, instance_id): (instance_type, usage_operation, tenancy)
        for region, instance_id, instance_type, usage_operation, tenancy in Instance.objects.filter(
            aws_account=account
        ).values_list("region", "instance_id", "instance_type", "usage_operation", "tenancy")
    }
    types = {(region, instance_id, kind[0]) for (region, instance_id), kind in instances.items()}
    types |= set(
        InstanceEvent.objects.filter(aws_account=account, error_code="")
        .exclude(instance_type="")
        .values_list("region", "instance_id", "instance_type")
    )
    keys: set[PriceKey] = set()
    unknown: set[tuple[str, str]] = set()
    for region, instance_id, instance_type in types:
        kind = instances.get((region, instance_id))
        if kind is None:
            unknown.add((region, instance_id))
        else:
            keys.add(
                PriceKey.of_instance(
                    instance_type=instance_type, region=region, usage_operation=kind[1], tenancy=kind[2]
                )
            )
    return NeededPrices(sorted(keys), len(unknown))


def accounts_priced_by(keys: Collection[PriceKey]) -> set[int]:
    """Ids of the accounts, whoever's they are, with an instance whose hours `keys` price, or once priced."""
    in_regions = {"region__in": {key.region for key in keys}, "instance_type__in": {key.instance_type for key in keys}}
    instances = (
        Instance.objects.filter(**in_regions)
        .values_list("aws_account_id", "region", "instance_type", "usage_operation", "tenancy")
        .distinct()
    )
    accounts = {
        account_id
        for account_id, region, instance_type, usage_operation, tenancy in instances.order_by()
        if PriceKey.of_instance(
            instance_type=instance_type, region=region, usage_operation=usage_operation, tenancy=tenancy
        )
        in keys
    }
    # An event does not tell the platform: an account too many is derived again to the same figures.
    types_of_keys = {(key.region, key.instance_type) for key in keys}
    events = InstanceEvent.objects.filter(**in_regions).values_list("aws_account_id", "region", "instance_type")
    return accounts | {account_id for account_id, *kind in events.order_by().distinct() if tuple(kind) in types_of_keys}
