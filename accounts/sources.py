"""From an account and its settings to a way into it."""

import os
from collections import OrderedDict
from functools import partial
from threading import Lock
from typing import Protocol

from django.conf import settings
from django.urls import reverse

from accounts.clients.aws.endpoints import overridden_endpoints
from accounts.clients.aws.errors import WayIn
from accounts.clients.aws.identity_center import IdentityCenter
from accounts.clients.aws.login import AwsLogin
from accounts.clients.aws.session import AwsSession
from accounts.models import AccessKind, AwsAccount, SsoSession
from finops.core.upstream.errors import Reason, UpstreamRejected
from finops.core.upstream.meter import CallMeter

# A login with its clients takes some megabytes; a worker that goes through hundreds of accounts keeps the latest.
_KEPT_LOGINS = 64
_READ_BY_A_LOGIN = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")

_logins: OrderedDict[tuple[object, ...], AwsLogin] = OrderedDict()
_lock = Lock()


class SsoTokens(Protocol):
    """Gives the access token of a sign-in, renewed where that is due (accounts/services/sso/tokens.py)."""

    def __call__(self, session_id: int, *, refused: str = "") -> str:
        """A token that is not `refused`, which AWS no longer takes. UpstreamRejected where there is none."""


def aws_session(account: AwsAccount, meter: CallMeter, *, sso_tokens: SsoTokens | None = None) -> AwsSession:
    """The way into `account`, counting on `meter`. Credentials and clients are shared with earlier sessions.

    `sso_tokens` is for accounts behind a sign-in at IAM Identity Center.

    Raises UpstreamRejected where an endpoint variable would send signed requests elsewhere, or where the
    profile is not set up. Asks AWS nothing yet.
    """
    may_be_overridden, overridden = _endpoint_overrides()
    # The environment that a login was made in is part of the key, for it keeps what it read there.
    key = (
        account.access_kind,
        account.profile_name,
        account.role_arn,
        account.external_id,
        account.home_region,
        account.pk,
        *_sign_in_of(account),
        *(os.environ.get(name, "") for name in (*_READ_BY_A_LOGIN, *overridden)),
    )
    with _lock:
        login = _logins.get(key)
        if login is None or login.has_ended:
            # One that ended is made anew: somebody may have signed in again or mended the profile.
            login = _logins[key] = _login(account, may_be_overridden=may_be_overridden, sso_tokens=sso_tokens)
        _logins.move_to_end(key)
        while len(_logins) > _KEPT_LOGINS:
            _logins.popitem(last=False)
    return AwsSession(login=login, meter=meter, account_id=account.account_id)


def role_session(account: AwsAccount, meter: CallMeter, *, external_id: str | None) -> AwsSession:
    """The way in by the account's role with another external id than its own, or none. Shared with nobody."""
    may_be_overridden, _ = _endpoint_overrides()
    login = AwsLogin.of_role(
        account.role_arn,
        external_id=external_id,
        region=account.home_region,
        endpoints_may_be_overridden=may_be_overridden,
    )
    return AwsSession(login=login, meter=meter)


def identity_center(session: SsoSession) -> IdentityCenter:
    """The portal of a sign-in. Raises UpstreamRejected where an endpoint variable would send tokens elsewhere."""
    may_be_overridden, _ = _endpoint_overrides()
    return IdentityCenter(
        region=session.sso_region,
        way_in=WayIn(words=f"the sign-in “{session.name}”", renew=renew_words(session)),
        endpoints_may_be_overridden=may_be_overridden,
    )


def renew_words(session: SsoSession) -> str:
    """What to do where a sign-in has ended; pages make a link of the address."""
    return f"Sign in to AWS at {reverse('sso-session', args=[session.pk])}"


def _sign_in_of(account: AwsAccount) -> tuple[object, ...]:
    """By whose sign-in, and which one: what an earlier one opened is not used after a sign-out."""
    session = account.sso_session
    return (session.pk, account.account_id, account.sso_role_name, session.signed_in_at) if session else ()


def _of_sign_in(
    account: AwsAccount, session: SsoSession, sso_tokens: SsoTokens, *, may_be_overridden: bool
) -> AwsLogin:
    if session.team_id != account.team_id:
        raise UpstreamRejected(
            "The account's sign-in is one of another team, so it is not used.",
            upstream="aws",
            reason=Reason.BAD_CREDENTIALS,
            fix="Remove the account and choose it on the page of a sign-in of its own team.",
        )
    portal = identity_center(session)
    ask = partial(portal.role_credentials, account_id=account.account_id, role_name=account.sso_role_name)

    def credentials() -> dict[str, str]:
        token = sso_tokens(session.pk)
        try:
            return ask(token)
        except UpstreamRejected as error:
            if error.reason is not Reason.LOGIN_NEEDED:
                raise
        # AWS may end a token before its time; a new one is asked for once, and no more.
        return ask(sso_tokens(session.pk, refused=token))

    return AwsLogin.of_sign_in(
        credentials,
        way_in=WayIn(words=f"the role {account.sso_role_name} of “{session.name}”", renew=renew_words(session)),
        region=account.home_region,
        endpoints_may_be_overridden=may_be_overridden,
    )


def _endpoint_overrides() -> tuple[bool, list[str]]:
    """Whether endpoints may be overridden, and the variables that do; raises where they may not and one does."""
    may_be_overridden: bool = settings.SANDBOX or settings.AWS_ALLOW_ENDPOINT_OVERRIDE
    overridden = overridden_endpoints(os.environ)
    if overridden and not may_be_overridden:
        raise UpstreamRejected(
            f"{', '.join(overridden)} would send requests signed with your credentials elsewhere, so AWS is not asked.",
            upstream="aws",
            reason=Reason.BAD_CREDENTIALS,
            fix="Unset it, or set AWS_ALLOW_ENDPOINT_OVERRIDE=1 if the address is your own VPC endpoint or proxy.",
        )
    return may_be_overridden, overridden


def _login(account: AwsAccount, *, may_be_overridden: bool, sso_tokens: SsoTokens | None) -> AwsLogin:
    region = account.home_region
    if account.sso_session is not None:
        if sso_tokens is None:
            raise TypeError("An account behind a sign-in is entered with sso_tokens.")
        return _of_sign_in(account, account.sso_session, sso_tokens, may_be_overridden=may_be_overridden)
    if account.access_kind == AccessKind.ROLE:
        return AwsLogin.of_role(
            account.role_arn,
            external_id=account.external_id,
            # The account's owner reads this name in their CloudTrail.
            session_name=f"carbon-aware-finops-team-{account.team_id}",
            region=region,
            endpoints_may_be_overridden=may_be_overridden,
        )
    if account.access_kind == AccessKind.ENVIRONMENT:
        return AwsLogin.of_environment(region=region, endpoints_may_be_overridden=may_be_overridden)
    return AwsLogin.of_profile(account.profile_name, region=region, endpoints_may_be_overridden=may_be_overridden)
