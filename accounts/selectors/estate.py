"""Whether each kind of resource could be listed: none found and not allowed to look are different answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import AwsAccount, SourceState, SourceStatus
from accounts.selectors.scope import Scope

_ANSWERED = {SourceState.AVAILABLE, SourceState.DEGRADED}
_REGIONS_OF_BUCKETS = "regions of buckets"


@dataclass(frozen=True, slots=True)
class KindAnswer:
    """How the last listing of one kind in one account went.

    AVAILABLE: everything there is was told, be it nothing. DEGRADED: `failed_regions` were not told, or nothing was
    this time. NEVER: nobody asked yet. Any other state: nothing was told, and `error` and `fix` say why, with the IAM
    action where one is missing. What an earlier listing told is there all the same, `last_success_at` old.
    """

    kind: ResourceKind
    account_id: int
    account_name: str
    state: SourceState
    last_success_at: datetime | None
    error: str
    fix: str
    failed_regions: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether what is listed is all there is."""
        return self.state is SourceState.AVAILABLE


def kind_answers(scope: Scope, *, kinds: Sequence[ResourceKind] = tuple(ResourceKind)) -> list[KindAnswer]:
    """For each account of `scope`, by name, and each of `kinds`; two queries, however many accounts."""
    accounts = list(scope.accounts().order_by("name", "account_id"))
    rows = SourceStatus.objects.visible_to(scope.user).filter(
        aws_account__in=[account.pk for account in accounts], source__in={kind.source for kind in kinds}
    )
    statuses = {(row.aws_account_id, row.source): row for row in rows}
    return [_answer(kind, account, statuses.get((account.pk, kind.source))) for account in accounts for kind in kinds]


def _answer(kind: ResourceKind, account: AwsAccount, status: SourceStatus | None) -> KindAnswer:
    status = status or SourceStatus(source=kind.source)
    state, error, fix = SourceState(status.state), status.last_error, status.fix
    failed: tuple[str, ...] = ()
    last_success_at = status.last_success_at
    # A failure of the whole leaves the parts of the success before it as they were.
    if state in _ANSWERED and status.last_success_at == status.last_attempt_at:
        parts = dict(_parts_of(kind, status.detail))
        errors = {name: part for name, part in parts.items() if "error" in part}
        failed = tuple(sorted(name for name in errors))
        state, error, fix = SourceState.AVAILABLE, "", ""
        if errors:
            first = errors[failed[0]]
            error, fix = str(first["error"]), str(first.get("fix", ""))
            is_all = len(errors) == len(parts)
            state = SourceState(first["state"]) if is_all else SourceState.DEGRADED
            last_success_at = None if is_all else last_success_at
    return KindAnswer(
        kind=kind,
        account_id=account.pk,
        account_name=account.name,
        state=state,
        last_success_at=last_success_at,
        error=error,
        fix=fix,
        failed_regions=failed,
    )


def _parts_of(kind: ResourceKind, detail: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The parts of a source that tell of this kind, by region: instances are named by the region alone."""
    before = "" if kind is ResourceKind.EC2_INSTANCE else f"{kind.plural} in "
    for name, part in detail.items():
        if name == "list of regions" or (name == _REGIONS_OF_BUCKETS and kind is ResourceKind.S3_BUCKET):
            yield name, part
        elif name.startswith(before):
            yield name.removeprefix(before), part
        elif name == kind.plural:
            yield "all regions", part
