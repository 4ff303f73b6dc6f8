"""Calls to AWS: counted, priced, logged, their answers checked, their errors turned into ours."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import Any

import structlog
from botocore import xform_name

from finops.core.upstream.errors import Reason, UpstreamError, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.meter import CallMeter

from .errors import missing_payload, our_error
from .login import AwsLogin

logger = structlog.get_logger(__name__)

FREE = Decimal(0)


@dataclass(frozen=True)
class Operation:
    """One operation of AWS that we use, as AWS names it.

    `payload` is the key without which an answer is none: botocore makes an empty success of garbage. `permission`
    is the name of the IAM action where it is not that of the operation.
    """

    upstream: str
    service: str
    name: str
    payload: str
    permission: str = ""

    @property
    def iam_action(self) -> str:
        """What a policy has to allow."""
        return f"{self.service}:{self.permission or self.name}"

    @cached_property
    def method(self) -> str:
        """What the client calls it."""
        return xform_name(self.name)


GET_CALLER_IDENTITY = Operation("aws_sts", "sts", "GetCallerIdentity", "Account")


class AwsSession:
    """What one refresh asks of one account. Threads may share it."""

    def __init__(self, *, login: AwsLogin, meter: CallMeter, account_id: str = "") -> None:
        """Ask through `login` and count on `meter`.

        Where `account_id` is given, the credentials are asked once whom they belong to, before anything
        else: a profile of another account would fill this one with a stranger's instances.
        """
        self._login = login
        self._meter = meter
        self._account_id = account_id
        self._lock = Lock()

    @property
    def meter(self) -> CallMeter:
        """Where calls and dollars are counted."""
        return self._meter

    @property
    def home_region(self) -> str:
        """Where questions are asked that no region owns."""
        return self._login.region

    def enter(self) -> str:
        """Ask AWS whose the credentials are; the account id. Raises UpstreamError where we are not let in."""
        self._learn_account()
        self._check_account()
        return self._login.leads_into

    def client(self, service: str, *, region: str) -> Any:
        """The botocore client itself. Only tests need it; all else goes through `call` and `pages`."""
        return self._login.client(service, region=region)

    def call(self, operation: Operation, *, region: str, cost_usd: Decimal = FREE, **arguments: Any) -> dict[str, Any]:
        """The answer to one call, which holds `operation.payload`. Raises UpstreamError and nothing else.

        `cost_usd` is what AWS charges for a call it answers; one that fails is free.
        """
        self._check_account()
        return self._call(operation, region=region, cost_usd=cost_usd, **arguments)

    def pages(
        self,
        operation: Operation,
        *,
        region: str,
        token: str = "NextToken",  # noqa: S107 (the name of a key, not a secret)
        sent_as: str = "",
        before_page: Callable[[], None] | None = None,
        cost_usd: Decimal = FREE,
        **arguments: Any,
    ) -> Iterator[dict[str, Any]]:
        """Each page in turn. `before_page` is called before each request, for operations that want pacing.

        `token` names the answer's key that leads to the next page, `sent_as` the question's where it has another name.
        Whoever stops in the middle, or meets an error there, has not seen the whole.
        """
        seen: set[str] = set()
        while True:
            if before_page is not None:
                before_page()
            answer = self.call(operation, region=region, cost_usd=cost_usd, **arguments)
            yield answer
            following = answer.get(token)
            if not following:
                return
            if following in seen:
                raise UpstreamMisunderstood(
                    f"AWS answered {operation.name} with the same page again and again.", upstream=operation.upstream
                )
            seen.add(following)
            arguments[sent_as or token] = following

    def _call(self, operation: Operation, *, region: str, cost_usd: Decimal = FREE, **arguments: Any) -> dict[str, Any]:
        client = self._login.client(operation.service, region=region, upstream=operation.upstream)
        began = monotonic()
        told: dict[str, Any] = {}
        outcome = "ok"
        try:
            answer: dict[str, Any] = getattr(client, operation.method)(**arguments)
            told = answer.get("ResponseMetadata", {})
            if operation.payload not in answer:
                raise missing_payload(  # noqa: TRY301 (so that the log line tells it like any other failure)
                    upstream=operation.upstream, operation=operation.name, key=operation.payload
                )
        except UpstreamError as error:
            outcome = error.reason.value
            raise
        except Exception as error:
            told = getattr(error, "response", {}).get("ResponseMetadata", {})
            ours = our_error(error, upstream=operation.upstream, action=operation.iam_action, way_in=self._login.way_in)
            outcome, cost_usd = ours.reason.value, FREE
            self._login.note(ours)
            raise ours from error
        finally:
            retries = told.get("RetryAttempts", 0)
            self._meter.count(operation.name, calls=1 + retries, cost_usd=cost_usd)
            (logger.info if outcome == "ok" else logger.warning)(
                "upstream call",
                upstream=operation.upstream,
                endpoint=operation.name,
                region=region,
                status=told.get("HTTPStatusCode"),
                outcome=outcome,
                ms=round((monotonic() - began) * 1000),
                retries=retries,
            )
        return answer

    def _learn_account(self) -> None:
        identity = self._call(GET_CALLER_IDENTITY, region=self._login.region)
        self._login.leads_into = str(identity["Account"])

    def _check_account(self) -> None:
        if not self._account_id or self._login.leads_into == self._account_id:
            return
        with self._lock:
            if not self._login.leads_into:
                self._learn_account()
        if self._login.leads_into != self._account_id:
            raise UpstreamRejected(
                f"The credentials of {self._login.way_in.words} lead into the account {self._login.leads_into}, "
                f"not into {self._account_id}. Nothing was read.",
                upstream="aws_sts",
                reason=Reason.BAD_CREDENTIALS,
                fix="Choose the profile or role of this account, or correct the account id.",
            )
