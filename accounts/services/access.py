"""Tries the way into an account before it is trusted."""

from secrets import token_hex

from accounts.models import AccessKind, AwsAccount
from accounts.services.sso.tokens import sso_token
from accounts.sources import aws_session, role_session
from finops.core.upstream.errors import Reason, UpstreamRejected
from finops.core.upstream.meter import CallMeter


def check_access(*, account: AwsAccount, meter: CallMeter) -> None:
    """Enter `account` once; raises UpstreamError, with what to do, where that fails or is not safe.

    A role has to refuse us without its external id and with a wrong one: one that does not lets in whoever
    learns its name through any installation it trusts, and is not used. `account` need not be stored.
    """
    aws_session(account, meter, sso_tokens=sso_token).enter()
    if account.access_kind != AccessKind.ROLE:
        return
    for external_id in (None, token_hex(16)):
        try:
            role_session(account, meter, external_id=external_id).enter()
        except UpstreamRejected as error:
            if error.reason is not Reason.DENIED:
                raise
        else:
            raise UpstreamRejected(
                f"The role {account.role_arn} lets us in without its external id, so it is not used.",
                upstream="aws_sts",
                reason=Reason.BAD_CREDENTIALS,
                fix='Add the condition "StringEquals": {"sts:ExternalId": "…"} to its trust policy, with the external '
                "id shown here.",
            )
