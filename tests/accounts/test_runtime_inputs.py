"""Which events the runtime of some instances is read from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Instance
from accounts.selectors.runtime_inputs import events_of
from finops.core.periods import Period
from tests.factories import AwsAccountFactory, InstanceEventFactory, InstanceFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TENTH = Period.of_day(NOON.date())


def test_only_the_events_of_the_instances_asked_about_are_read():
    account = AwsAccountFactory.create()
    asked = InstanceFactory.create_batch(2, aws_account=account)
    for instance in [*asked, InstanceFactory.create(aws_account=account)]:
        for days in (-20, 0):
            InstanceEventFactory.create(
                aws_account=account, instance_id=instance.instance_id, occurred_at=NOON + timedelta(days=days)
            )

    with CaptureQueriesContext(connection) as queries:
        events = events_of(account_id=account.pk, instances=asked, period=TENTH)

    assert {name: len(of_one) for name, of_one in events.items()} == {one.instance_id: 2 for one in asked}
    # Of an account's hundreds of thousands of events, the database hands over those alone.
    assert all("IN (" in query["sql"] for query in queries)
    assert len(queries) == 2


def test_more_instances_than_a_statement_takes_are_asked_about_in_parts():
    account = AwsAccountFactory.create()
    InstanceEventFactory.create(aws_account=account, instance_id="i-39999", occurred_at=NOON)
    many = [Instance(aws_account=account, instance_id=f"i-{number:05}") for number in range(40_000)]

    events = events_of(account_id=account.pk, instances=many, period=TENTH)

    assert list(events) == ["i-39999"]
