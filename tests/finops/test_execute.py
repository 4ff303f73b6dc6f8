import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.services.runs import Claim, claim_run, request_run
from finops.pipeline.execute import _heartbeat
from tests.factories import AwsAccountFactory


class FalteringClaim(Claim):
    """The database does not take the first beat."""

    beats = 0

    def renew(self):
        type(self).beats += 1
        if self.beats == 1:
            raise OperationalError("the connection was lost")
        return super().renew()


@pytest.mark.django_db(transaction=True)
def test_a_beat_that_the_database_did_not_take_is_followed_by_the_next(settings):
    settings.REFRESH_LEASE_SECONDS = 0.2
    run = request_run(account=AwsAccountFactory.create(), now=timezone.now(), announce=False)
    claim = claim_run(run_id=run.pk, now=timezone.now())
    run.refresh_from_db()
    taken_until = run.lease_until

    with _heartbeat(FalteringClaim(claim.run, claim.fence)):
        time.sleep(0.6)

    run.refresh_from_db()
    assert FalteringClaim.beats > 1
    assert run.lease_until - taken_until >= timedelta(seconds=0.2)
