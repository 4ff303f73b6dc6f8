from accounts.models import AwsAccount, Instance
from tests.factories import AwsAccountFactory, InstanceFactory


def test_a_user_sees_the_accounts_and_instances_of_her_own_teams_only(team, alice, charlie):
    account = AwsAccountFactory.create(team=team)
    instance = InstanceFactory.create(aws_account=account)

    assert list(AwsAccount.objects.visible_to(alice)) == [account]
    assert list(Instance.objects.visible_to(alice)) == [instance]
    assert not AwsAccount.objects.visible_to(charlie).exists()
    assert not Instance.objects.visible_to(charlie).exists()
