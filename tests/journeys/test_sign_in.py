"""A person signs in to AWS for the Shop, its data appear, the sign-in ends, and signing in again goes on."""

import re
from datetime import timedelta

import requests
from django.urls import reverse
from django.utils import timezone

from accounts import sources
from accounts.models import AwsAccount, RefreshRun, SourceState, SourceStatus, SsoSession
from costing.models import CostSnapshot
from finops.sandbox.scenario.accounts import SHOP


def sign_in(client):
    """What Sofia does: begin, confirm the code on AWS's page, say so."""
    page = reverse("sso-session", args=[SsoSession.objects.get().pk])
    client.post(f"{page}start")
    shown = client.get(page).content.decode()
    address = re.search(r'href="([^"]+)" target="_blank"', shown)[1]
    code = re.search(r'name="user_code" value="([^"]+)"', requests.get(address, timeout=5).text)[1]
    assert code in shown
    requests.post(address.split("?")[0], data={"user_code": code, "answer": "confirm"}, timeout=5).raise_for_status()
    SsoSession.objects.update(next_poll_at=timezone.now())  # the second that AWS wants has passed
    assert client.post(f"{page}poll")["Location"] == f"{page}accounts/"


def state_of_ec2():
    return SourceStatus.objects.get(aws_account__account_id=SHOP.account_id, source="aws_ec2").state


def test_signing_in_by_the_page_makes_the_data_appear_and_signing_in_again_goes_on(own_world):
    client = own_world.client("sofia@shop.example")
    center = own_world.sandbox.aws.identity_center
    steps = [part for step in ("inventory", "utilization", "derive") for part in ("--step", step)]

    sign_in(client)
    account = AwsAccount.objects.get(account_id=SHOP.account_id)
    assert RefreshRun.objects.active().filter(aws_account=account).exists()  # by itself, at once
    own_world.refresh("--account", SHOP.account_id, *steps)

    assert state_of_ec2() == SourceState.AVAILABLE
    assert CostSnapshot.objects.filter(aws_account=account).exists()

    center.pass_time(timedelta(hours=9))
    sources._logins.clear()  # a worker that started later holds no keys of the role
    SsoSession.objects.update(expires_at=timezone.now())
    own_world.refresh("--account", SHOP.account_id, "--step", "inventory")

    assert state_of_ec2() == SourceState.LOGIN_NEEDED
    page = client.get(reverse("account", args=[account.pk])).content.decode()
    assert f'href="{reverse("sso-session", args=[account.sso_session_id])}">Sign in to AWS</a>' in page

    sign_in(client)
    own_world.refresh("--account", SHOP.account_id, "--step", "inventory")

    assert state_of_ec2() == SourceState.AVAILABLE
    center.pass_time(-timedelta(hours=9))
    center.end_all_sessions()
