"""Takes AWS accounts in, after AWS has said whose they are, and changes how we get into them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from accounts.models import HOST_KINDS, AccessKind, AwsAccount, RefreshRun, Team
from accounts.services.access import check_access
from accounts.services.audit import Actor, fields_of, record
from accounts.services.refusal import Refused
from accounts.services.runs import request_run
from finops.core.upstream.errors import Reason, UpstreamError
from finops.core.upstream.meter import CallMeter

WAY_IN = ("profile_name", "role_arn", "sso_role_name", "home_region")
CHANGEABLE = ("name", "is_active", "payer", *WAY_IN)


@dataclass(frozen=True, slots=True)
class Registration:
    """An account taken in, its first refresh, and what AWS wants before it answers, if anything."""

    account: AwsAccount
    run: RefreshRun
    login_needed: UpstreamError | None


def external_id_for(*, team: Team, account_id: str) -> str:
    """What a role of the account has to ask of us: the same each time for a team and account, and not guessable.

    It follows from SECRET_KEY, so that it can be shown before anything is stored; an account that is stored keeps
    its own. Nobody chooses it: else a team could enter a role that trusts us on another team's behalf.
    """
    return salted_hmac("accounts.external_id", f"{team.pk}:{account_id}", algorithm="sha256").hexdigest()[:32]


def register_account(
    *,
    team: Team,
    account_id: str,
    name: str,
    access_kind: AccessKind,
    home_region: str,
    actor: Actor,
    now: datetime,
    profile_name: str = "",
    role_arn: str = "",
    payer: AwsAccount | None = None,
) -> Registration:
    """Try the way into the account, store it and queue its first refresh.

    Raises Refused where AWS tells of another account, does not let us in, or cannot be asked. That somebody has
    to sign in first is no reason to refuse: whose the credentials are is asked again before anything is read.
    """
    if access_kind not in {AccessKind.ROLE, *HOST_KINDS}:
        raise Refused("Accounts behind a sign-in to AWS are chosen on the page of the sign-in.", field="access_kind")
    if access_kind in HOST_KINDS and not settings.AWS_HOST_CREDENTIALS_FOR_TEAMS:
        raise Refused("This installation does not take in accounts by its own credentials.", field="access_kind")
    account = AwsAccount(
        team=team,
        account_id=account_id,
        name=name,
        access_kind=access_kind,
        home_region=home_region,
        profile_name=profile_name if access_kind == AccessKind.HOST_PROFILE else "",
        role_arn=role_arn if access_kind == AccessKind.ROLE else "",
        external_id=external_id_for(team=team, account_id=account_id) if access_kind == AccessKind.ROLE else "",
        payer=payer,
    )
    return take_in(account, actor=actor, now=now)


def take_in(account: AwsAccount, *, actor: Actor, now: datetime) -> Registration:
    """Try the way into an account that is not stored yet, store it and queue its first refresh.

    Raises Refused as `register_account` does. Whether the way in is one that the team may take the caller knows.
    """
    _refuse_a_second(account)
    login_needed = _tried(account)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            record(
                actor=actor,
                action="account.registered",
                target=account,
                team=account.team,
                now=now,
                after=fields_of(account),
            )
            run = request_run(account=account, user=actor.user, now=now)
    except IntegrityError as error:
        _refuse_a_second(account)  # somebody else was faster
        raise Refused("The account could not be stored. Reload the page and try again.") from error
    return Registration(account, run, login_needed)


def change_account(
    *, account: AwsAccount, changes: Mapping[str, Any], actor: Actor, now: datetime
) -> UpstreamError | None:
    """Store those of `changes` (names in CHANGEABLE) that differ, after trying a new way in.

    Returns what AWS wants first, if anything; raises Refused as `register_account` does.
    """
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise ValueError(f"An account has no setting {', '.join(sorted(unknown))} that could be changed.")
    before = fields_of(account)
    changed = [name for name, value in changes.items() if getattr(account, name) != value]
    if not changed:
        return None
    for name in changed:
        setattr(account, name, changes[name])
    if "role_arn" in changed:
        _refuse_a_second(account)
    login_needed = _tried(account) if set(changed) & set(WAY_IN) else None
    try:
        with transaction.atomic():
            account.save(update_fields=changed)
            record(
                actor=actor,
                action="account.changed",
                target=account,
                team=account.team,
                now=now,
                before=before,
                after=fields_of(account),
            )
    except IntegrityError as error:
        _refuse_a_second(account)
        raise Refused("The account could not be stored. Reload the page and try again.") from error
    return login_needed


def _tried(account: AwsAccount) -> UpstreamError | None:
    """Go into the account once; the error where somebody has to sign in first, and Refused for any other."""
    try:
        check_access(account=account, meter=CallMeter())
    except UpstreamError as error:
        if error.reason is Reason.LOGIN_NEEDED:
            return error
        raise Refused(error.message, fix=error.fix) from error
    return None


def _refuse_a_second(account: AwsAccount) -> None:
    """One team has an account once; a role, and what the machine's own credentials reach, one team only."""
    others = AwsAccount.objects.exclude(pk=account.pk)
    own = others.filter(team=account.team, account_id=account.account_id).first()
    if own is not None and own.removal_requested_at:
        raise Refused(f"{own.name} is still being removed. Register it again in some minutes.", field="account_id")
    if own is not None:
        raise Refused(f"The team has this account already, as {own.name}.", field="account_id")
    # Whose it is stays untold: an id is easily guessed.
    if account.access_kind == AccessKind.ROLE:
        if others.filter(access_kind=AccessKind.ROLE, role_arn=account.role_arn).exists():
            raise Refused("This role is in use already. Make one for this installation and team.", field="role_arn")
    elif (
        account.access_kind in HOST_KINDS
        and others.filter(account_id=account.account_id, access_kind__in=HOST_KINDS).exists()
    ):
        raise Refused(
            "This machine's credentials for the account are in use already. Register it by a cross-account role.",
            field="account_id",
        )
