"""Getting into one AWS account: a named profile, a cross-account role, or the machine's own credentials."""

import logging
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, Self

from botocore import credentials as botocore_credentials
from botocore.config import Config
from botocore.exceptions import NoCredentialsError, ProfileNotFound
from botocore.loaders import create_loader
from botocore.session import Session
from botocore.utils import parse_timestamp

from finops.core.upstream.errors import UpstreamError

from .errors import WayIn, our_error, sign_in_error

_LONGEST_CHAIN_OF_PROFILES = 5
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 20, 3
_SLOW_READ_SECONDS = {"cloudtrail": 60}  # a page takes AWS 4 s on average, and was seen to take 35
# What AWS's services look like, read from botocore's files once for all accounts: a login takes 0.01 s, not 0.2 s.
_service_models = create_loader()

# Where renewing credentials fails, botocore warns with the whole answer of STS. We tell it in our own words.
logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
logging.getLogger("botocore.tokens").setLevel(logging.ERROR)


class AwsLogin:
    """One way into one account, with its credentials and its clients. Safe to share between threads.

    Worth keeping for as long as it works: its clients keep their connections, and credentials renew themselves.
    """

    def __init__(self, *, session: Session, way_in: WayIn, region: str) -> None:
        """Take a session whose credentials lead into the account; the class methods below make them."""
        self.way_in = way_in
        self.region = region
        self.has_ended = False
        self._session = session
        self._lock = Lock()
        self.leads_into = ""  # the account id, once AWS has told it
        self._clients: dict[tuple[str, str], Any] = {}

    @classmethod
    def of_profile(cls, name: str, *, region: str = "us-east-1", endpoints_may_be_overridden: bool = False) -> Self:
        """With the profile `name` of this machine, as `aws configure sso` or `aws configure` made it."""
        session = new_session(profile=name, endpoints_may_be_overridden=endpoints_may_be_overridden)
        try:
            way_in = _way_of_profile(name, session.full_config.get("profiles", {}))
        except Exception as error:
            raise sign_in_error(error, upstream="aws", way_in=_way_of_profile(name, {})) from error
        try:
            session.get_scoped_config()
        except ProfileNotFound as error:
            raise sign_in_error(error, upstream="aws", way_in=way_in) from error
        return cls(session=session, way_in=way_in, region=region)

    @classmethod
    def of_role(
        cls,
        role_arn: str,
        *,
        external_id: str | None,
        session_name: str = "carbon-aware-finops",
        region: str = "us-east-1",
        endpoints_may_be_overridden: bool = False,
    ) -> Self:
        """With a role of the account, taken on with the machine's own credentials and the external id.

        Without one only to find out whether the role lets in anybody (accounts/services/access.py).
        """
        machine = new_session(endpoints_may_be_overridden=endpoints_may_be_overridden)
        session = new_session(endpoints_may_be_overridden=endpoints_may_be_overridden)
        role = _AssumedRole(
            machine=machine,
            role_arn=role_arn,
            extra_args={"RoleSessionName": session_name} | ({"ExternalId": external_id} if external_id else {}),
            region=region,
        )
        session.register_component("credential_provider", botocore_credentials.CredentialResolver([role]))
        way_in = WayIn(
            words=f"the role {role_arn}",
            renew="Give this machine working AWS credentials: an instance role, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY in its environment. The role is taken on with these.",
        )
        return cls(session=session, way_in=way_in, region=region)

    @classmethod
    def of_sign_in(
        cls,
        credentials: Callable[[], dict[str, str]],
        *,
        way_in: WayIn,
        region: str = "us-east-1",
        endpoints_may_be_overridden: bool = False,
    ) -> Self:
        """With a role of somebody's sign-in at IAM Identity Center; `credentials` asks for its keys, or raises ours."""
        session = new_session(endpoints_may_be_overridden=endpoints_may_be_overridden)
        resolver = botocore_credentials.CredentialResolver([_RoleBySignIn(credentials)])
        session.register_component("credential_provider", resolver)
        return cls(session=session, way_in=way_in, region=region)

    @classmethod
    def of_environment(cls, *, region: str = "us-east-1", endpoints_may_be_overridden: bool = False) -> Self:
        """With the credentials of the machine's environment: variables, container or instance role."""
        way_in = WayIn(
            words="this machine's environment",
            renew="Put valid AWS credentials into this machine's environment and restart: an instance role, or "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
        session = new_session(endpoints_may_be_overridden=endpoints_may_be_overridden)
        return cls(session=session, way_in=way_in, region=region)

    def client(self, service: str, *, region: str, upstream: str = "aws") -> Any:
        """The client of a service in a region; the same one each time. Raises UpstreamError where we are not in.

        Credentials that are about to end are renewed first, so that what goes wrong there is told as what
        it is: a sign-in that ended.
        """
        self._sign_in(upstream=upstream)
        with self._lock:
            known = self._clients.get((service, region))
            if known is None:
                config = Config(read_timeout=_SLOW_READ_SECONDS.get(service, _READ_SECONDS))
                try:
                    known = self._session.create_client(service, region_name=region, config=config)
                except Exception as error:
                    raise our_error(error, upstream=upstream, action=service, way_in=self.way_in) from error
                self._clients[service, region] = known
        return known

    def note(self, error: UpstreamError) -> None:
        """Remember that the way in no longer works, where `error` says so."""
        self.has_ended = self.has_ended or error.reason == "login_needed"

    def _sign_in(self, *, upstream: str) -> None:
        try:
            with self._lock:
                credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError  # noqa: TRY301 (one place turns each way a sign-in fails into ours)
            credentials.get_frozen_credentials()
        except Exception as error:
            if isinstance(error, UpstreamError):  # a sign-in of ours, which tells in its own words what is the matter
                self.note(error)
                raise
            ours = sign_in_error(error, upstream=upstream, way_in=self.way_in)
            self.note(ours)
            raise ours from error


class _RoleBySignIn(botocore_credentials.CredentialProvider):
    """Gives botocore credentials that somebody's sign-in at IAM Identity Center opens, and opens again in time."""

    METHOD = CANONICAL_NAME = "custom-role-by-sign-in"

    def __init__(self, credentials: Callable[[], dict[str, str]]) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Any:
        """Credentials that are asked for at their first use."""
        return botocore_credentials.DeferredRefreshableCredentials(refresh_using=self._credentials, method=self.METHOD)


class _AssumedRole(botocore_credentials.CredentialProvider):
    """Gives botocore credentials that take on a role, and take it on again before they end."""

    METHOD = CANONICAL_NAME = "custom-assumed-role"

    def __init__(self, *, machine: Session, role_arn: str, extra_args: dict[str, str], region: str) -> None:
        super().__init__()
        self._machine = machine
        self._role_arn = role_arn
        self._extra_args = extra_args
        self._region = region

    def load(self) -> Any:
        """Credentials that are asked for at their first use."""
        source = self._machine.get_credentials()
        if source is None:
            raise NoCredentialsError
        create_client: Callable[..., Any] = self._machine.create_client
        fetcher = botocore_credentials.AssumeRoleCredentialFetcher(
            client_creator=partial(create_client, region_name=self._region),
            source_credentials=source,
            role_arn=self._role_arn,
            extra_args=self._extra_args,
        )
        return botocore_credentials.DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method=self.METHOD
        )


def instant(value: float | str) -> datetime:
    """What AWS writes as a time, as an aware instant; as botocore reads it, but some fifty times faster.

    Half of the time botocore takes over a page of instances or metrics goes into its general date parser.
    """
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if value[4:5] == "-":
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            return read if read.tzinfo else read.replace(tzinfo=UTC)
    return parse_timestamp(value)


def new_session(*, profile: str | None = None, endpoints_may_be_overridden: bool) -> Session:
    """A session of botocore with our time limits, retries and endpoints."""
    session = Session(profile=profile)
    session.register_component("data_loader", _service_models)
    # Also holds for the clients that botocore makes by itself to renew an SSO sign-in or a role.
    session.set_default_client_config(
        Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=10,
            user_agent_extra="carbon-aware-finops",
            # Whoever sets an endpoint receives signed requests and SSO tokens.
            ignore_configured_endpoint_urls=None if endpoints_may_be_overridden else True,  # type: ignore[call-arg] # newer than the stubs
        )
    )
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=instant)
    return session


def _way_of_profile(name: str, profiles: dict[str, dict[str, Any]]) -> WayIn:
    """Which words lead back in depends on what stands behind the profile: SSO, `aws login`, keys or another one."""
    behind, settings = name, profiles.get(name, {})
    for _ in range(_LONGEST_CHAIN_OF_PROFILES):
        source = settings.get("source_profile")
        if not source or source == behind:
            break
        behind, settings = source, profiles.get(source, {})
    quoted = shlex.quote(behind)
    if {"sso_session", "sso_start_url", "sso_account_id"} & settings.keys():
        renew = f"aws sso login --profile {quoted}"
    elif "login_session" in settings:
        renew = f"aws login --profile {quoted}"
    elif "credential_process" in settings:
        renew = f"Check the credential_process of the profile {quoted} in ~/.aws/config."
    elif settings:
        renew = f"aws configure --profile {quoted}"
    else:
        renew = f"aws configure sso --profile {quoted}"
    return WayIn(words=f"the profile {name}", renew=renew, configure=f"aws configure sso --profile {quoted}")
