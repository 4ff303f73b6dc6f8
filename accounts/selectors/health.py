"""How every source of the accounts in scope last answered, and what to do where one did not."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Q

from accounts.estimators.freshness import Freshness, freshness, worst
from accounts.models import AwsAccount, SourceState, SourceStatus, User
from accounts.selectors.ending_sign_ins import EndingSignIn, ending_sign_in
from accounts.selectors.known_sources import KNOWN_SOURCES, KnownSource, known_source
from accounts.selectors.scope import Scope

ASK_THE_ADMIN = "The platform admin has to look at it: all teams share this source."

_DAILY = timedelta(days=1)
_TROUBLE = {
    SourceState.LOGIN_NEEDED,
    SourceState.DENIED,
    SourceState.NOT_ENABLED,
    SourceState.UNAVAILABLE,
    SourceState.THROTTLED,
    SourceState.DEGRADED,
}


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source of one account, or of the installation where `account_id` is None."""

    source: KnownSource
    account_id: int | None
    account_name: str
    state: SourceState
    freshness: Freshness
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    next_due_at: datetime | None
    last_error: str
    fix: str
    refused_values: int
    calls: int  # this month
    cost_usd: Decimal
    parts: tuple[tuple[str, str], ...]  # region or zone → how it went, in words

    @property
    def is_trouble(self) -> bool:
        """Whether somebody has to look: it failed, or its last success is long ago."""
        return self.state in _TROUBLE or self.freshness is Freshness.STALE


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """All sources of one account, in the order of a refresh; the installation's own have no account."""

    account_id: int | None
    name: str
    aws_account_id: str
    sources: tuple[SourceHealth, ...]
    ending_sign_in: EndingSignIn | None = None

    @property
    def trouble(self) -> tuple[SourceHealth, ...]:
        """The sources that somebody has to look at."""
        return tuple(source for source in self.sources if source.is_trouble)

    @property
    def freshness(self) -> Freshness | None:
        """That of the least fresh source."""
        return worst([source.freshness for source in self.sources])


@dataclass(frozen=True)
class DataHealth:
    """The matrix accounts × sources, the installation's own sources first."""

    accounts: tuple[AccountHealth, ...]
    as_of: datetime
    month: date

    @property
    def sources(self) -> tuple[SourceHealth, ...]:
        """Every cell of the matrix."""
        return tuple(source for account in self.accounts for source in account.sources)

    @property
    def open_items(self) -> "tuple[OpenItem, ...]":
        """What somebody has to look at, sign-ins first; sources of one account that say the same are one item."""
        items: dict[tuple[int | None, str, str, str], list[SourceHealth]] = {}
        for source in self.sources:
            if source.is_trouble:
                key = (source.account_id, source.state, source.last_error, source.fix)
                items.setdefault(key, []).append(source)
        found = [OpenItem(tuple(sources)) for sources in items.values()]
        return tuple(sorted(found, key=lambda item: item.first.state != SourceState.LOGIN_NEEDED))

    @property
    def fixes(self) -> dict[str, str]:
        """What to do about the first item of each state, by the state."""
        fixes: dict[str, str] = {}
        for item in self.open_items:
            fixes.setdefault(item.first.state.value, item.first.fix)
        return fixes

    @property
    def ending_sign_ins(self) -> tuple[EndingSignIn, ...]:
        """The sign-ins to AWS that end soon, the soonest first."""
        ending = {account.ending_sign_in for account in self.accounts if account.ending_sign_in is not None}
        return tuple(sorted(ending, key=lambda sign_in: (sign_in.ends_at, sign_in.id)))

    @property
    def owners(self) -> tuple[AccountHealth, ...]:
        """The accounts, without the installation's own sources."""
        return tuple(account for account in self.accounts if account.account_id is not None)

    @property
    def owners_in_trouble(self) -> tuple[AccountHealth, ...]:
        """The accounts that somebody has to look at."""
        return tuple(account for account in self.owners if account.trouble)

    @property
    def is_installation_in_trouble(self) -> bool:
        """Whether a source that all accounts share has failed or is stale."""
        return any(account.trouble for account in self.accounts if account.account_id is None)

    @property
    def hourly_as_of(self) -> datetime | None:
        """Up to when all sources have answered, but for those in trouble, and those asked but once a day."""
        successes = (
            source.last_success_at
            for source in self.sources
            if source.last_success_at is not None and not source.is_trouble and source.source.cadence < _DAILY
        )
        return min(successes, default=None)

    @property
    def unasked(self) -> tuple[SourceHealth, ...]:
        """Sources that nobody asked yet."""
        return tuple(source for source in self.sources if source.state == SourceState.NEVER)

    @property
    def has_answers(self) -> bool:
        """Whether any source ever answered."""
        return any(source.last_success_at is not None for source in self.sources)

    @property
    def calls(self) -> int:
        """Calls to upstreams this month."""
        return sum(source.calls for source in self.sources)

    @property
    def cost_usd(self) -> Decimal:
        """What those calls cost."""
        return sum((source.cost_usd for source in self.sources), Decimal(0))

    @cached_property
    def _of_account(self) -> dict[int | None, AccountHealth]:
        return {account.account_id: account for account in self.accounts}

    def of(self, names: Iterable[str], *, account_id: int | None = None) -> list[SourceHealth]:
        """The sources of these names, of all accounts or of one; the installation's own count for every account."""
        wanted = set(names)
        of_account = self._of_account
        accounts = self.accounts if account_id is None else (of_account[None], of_account[account_id])
        return [source for account in accounts for source in account.sources if source.source.name in wanted]

    def stand(self, names: Iterable[str], *, account_id: int | None = None) -> "Stand":
        """How far the sources of these names have come, together."""
        sources = self.of(names, account_id=account_id)
        answered = [source.last_success_at for source in sources if source.last_success_at is not None]
        return Stand(
            as_of=min(answered, default=None),
            freshness=worst([source.freshness for source in sources]),
            silent=_silent(sources),
        )


@dataclass(frozen=True, slots=True)
class Stand:
    """How far several sources have come: what rests on all of them is no newer than the oldest success."""

    as_of: datetime | None
    freshness: Freshness | None  # the worst among them
    silent: "tuple[Silent, ...]"  # those that never answered


@dataclass(frozen=True, slots=True)
class Silent:
    """A source that never answered for some accounts."""

    source: KnownSource
    accounts: tuple[str, ...]  # their names


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something to do for one account: one trouble, however many of its sources it keeps away."""

    sources: tuple[SourceHealth, ...]

    @property
    def first(self) -> SourceHealth:
        """Any of them: they say the same."""
        return self.sources[0]

    @property
    def labels(self) -> str:
        """Their names."""
        return ", ".join(source.source.label for source in self.sources)


def _silent(sources: Iterable[SourceHealth]) -> tuple[Silent, ...]:
    accounts: dict[str, list[str]] = {}
    for source in sources:
        if source.last_success_at is None:
            accounts.setdefault(source.source.name, []).append(source.account_name)
    return tuple(Silent(known_source(name), tuple(sorted(names))) for name, names in sorted(accounts.items()))


def data_health(scope: Scope, *, now: datetime, accounts: Sequence[AwsAccount] | None = None) -> DataHealth:
    """How every source of `scope` stands: two queries, however many accounts; one where they are at hand, by name."""
    if accounts is None:
        accounts = list(scope.accounts().with_end_of_sign_in().order_by("name", "account_id"))
    ids = [account.pk for account in accounts]
    rows: defaultdict[int | None, dict[str, SourceStatus]] = defaultdict(dict)
    for row in SourceStatus.objects.visible_to(scope.user).filter(Q(aws_account=None) | Q(aws_account__in=ids)):
        rows[row.aws_account_id][row.source] = row
    month = now.date().replace(day=1)

    shared = _of_owner(None, rows[None], user=scope.user, now=now)
    owned = (_of_owner(account, rows[account.pk], user=scope.user, now=now) for account in accounts)
    return DataHealth(accounts=(shared, *owned), as_of=now, month=month)


def fix_of_shared(fix: str, *, user: User) -> str:
    """What `user` can do about a source that all accounts share: its keys and addresses are the platform admin's."""
    return fix if user.is_staff or not fix else ASK_THE_ADMIN


def _of_owner(account: AwsAccount | None, rows: dict[str, SourceStatus], *, user: User, now: datetime) -> AccountHealth:
    expected = [source for source in KNOWN_SOURCES.values() if source.is_shared is (account is None)]
    others = [known_source(name) for name in sorted(rows) if name not in {source.name for source in expected}]
    return AccountHealth(
        account_id=account.pk if account else None,
        name=account.name if account else "Installation",
        aws_account_id=account.account_id if account else "",
        sources=tuple(
            _health(source, account, rows.get(source.name), user=user, now=now) for source in [*expected, *others]
        ),
        ending_sign_in=ending_sign_in(account, now=now) if account else None,
    )


def _health(
    source: KnownSource, account: AwsAccount | None, row: SourceStatus | None, *, user: User, now: datetime
) -> SourceHealth:
    row = row or SourceStatus(source=source.name)
    counts_this_month = row.month is not None and (row.month.year, row.month.month) == (now.year, now.month)
    return SourceHealth(
        source=source,
        account_id=account.pk if account else None,
        account_name=account.name if account else "Installation",
        state=SourceState(row.state),
        freshness=freshness(last_success_at=row.last_success_at, cadence=source.cadence, now=now),
        last_attempt_at=row.last_attempt_at,
        last_success_at=row.last_success_at,
        next_due_at=row.next_due_at,
        last_error=row.last_error,
        fix=row.fix if account else fix_of_shared(row.fix, user=user),
        refused_values=row.refused_values,
        calls=row.calls if counts_this_month else 0,
        cost_usd=row.cost_usd if counts_this_month else Decimal(0),
        # The parts of a shared source name zones and types that may be another team's.
        parts=tuple(sorted(_parts(row.detail))) if account else (),
    )


def _parts(detail: Any) -> Iterable[tuple[str, str]]:
    """Regions or zones that went wrong, with their words; those that went well need none."""
    if not isinstance(detail, dict):
        return
    for name, part in detail.items():
        words = part.get("error") or part.get("message") if isinstance(part, dict) else part
        if words and isinstance(words, str):
            yield str(name), words
