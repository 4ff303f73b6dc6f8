"""The instance types an account has or had, those included that an instance only had for a while."""

from accounts.models import AwsAccount, Instance, InstanceEvent


def instance_types_of_account(account: AwsAccount) -> list[str]:
    """Distinct types, in order."""
    now = Instance.objects.filter(aws_account=account).exclude(instance_type="")
    once = InstanceEvent.objects.filter(aws_account=account).exclude(instance_type="")
    return sorted(
        set(now.values_list("instance_type", flat=True).distinct())
        | set(once.values_list("instance_type", flat=True).distinct())
    )
