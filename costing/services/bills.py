"""Stores what AWS billed, by account, day, service and record type; usage by region and usage type too."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import transaction

from accounts.clients.aws.session import AwsSession
from accounts.models import AwsAccount, SourceStatus
from accounts.services.source_status import error_of
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from costing.clients.aws_bills import AwsBills, Bill, BilledRow
from costing.estimators.money import Money, quantised, sums_by_currency
from costing.models import BilledCost
from costing.services.bill_splits import Family, ask_for_splits, store_splits
from costing.services.bill_totals import add_up_bills
from finops.core.bulk import upsert
from finops.core.periods import Period, utc_day

_MONTHS_KEPT = 12  # Cost Explorer answers for the current month and the twelve before it
_KEY_COLUMNS = ("aws_account_id", "day", "service", "record_type", "currency")


def refresh_bills(
    *,
    account: AwsAccount,
    aws: AwsSession,
    period: Period,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Store the bill of the days of `period`, of the account and of the members it pays for.

    A day that is answered replaces what was stored of it as a whole, for bills are restated for weeks; a day
    that is not answered stays as it is. A member of a payer costs nothing here: its payer's run answers, and
    where that was not answered, this raises the same error. A bill whose usage could not be split by region or
    usage type is stored all the same.
    """
    if account.payer is not None and account.payer.team_id == account.team_id:
        return _outcome_of_member(account.payer)
    outcome = StepOutcome(source=AwsBills.name)
    asked = _askable(period, now=now)
    if asked is None:
        outcome.notes.append("Cost Explorer keeps the current month and the twelve before it; nothing was asked.")
        return outcome
    members = list(account.members.filter(team=account.team))
    bills = AwsBills(aws)
    bill = _ask(bills, account, asked, is_payer=bool(members), progress=progress)
    accounts = {one.account_id: one.pk for one in (account, *members)}
    family = Family(account.pk, accounts)
    splits = ask_for_splits(bills, family, bill, now=now, progress=progress)
    outcome.rows_read = len(bill.rows)
    outcome.parts = {"bill": PartOutcome(rows=len(bill.rows))} | splits.parts
    outcome.notes += _notes(bill, asked=asked, accounts=accounts, team_id=account.team_id)
    with writing():
        written, changed_days = _store(bill, accounts=accounts, now=now)
        if changed_days:
            add_up_bills(team_id=account.team_id, days=changed_days)
        outcome.rows_written = written + store_splits(splits, family, now=now)
    return outcome


def _outcome_of_member(payer: AwsAccount) -> StepOutcome:
    """Nothing was asked; but where the payer is not answered, the member's bill is missing for the same reason.

    Raises that UpstreamError.
    """
    status = SourceStatus.objects.filter(aws_account=payer, source=AwsBills.name).first()
    if status is not None:
        error = error_of(status, f"The payer, {payer}, was not answered: {status.last_error}")
        if error is not None:
            raise error
    return StepOutcome(source=AwsBills.name, notes=[f"The bill of this account comes with its payer's, {payer}."])


def _askable(period: Period, *, now: datetime) -> Period | None:
    """The part of `period` that Cost Explorer can know of, or None."""
    today = utc_day(now)
    months = today.year * 12 + today.month - 1 - _MONTHS_KEPT
    known = Period.of_days(date(months // 12, months % 12 + 1, 1), today)
    return period.clipped_to(known)


def _ask(bills: AwsBills, account: AwsAccount, period: Period, *, is_payer: bool, progress: Progress) -> Bill:
    if not is_payer:
        bill = bills.of_account(account.account_id, period=period)
        progress(done=1, total=1, part="bill")
        return bill
    usage = bills.usage_of_linked_accounts(period=period)
    progress(done=1, total=2, part="usage")
    other = bills.other_charges_of_linked_accounts(period=period)
    progress(done=2, total=2, part="other charges")
    # Half a day's bill would look like a whole one.
    days = usage.days & other.days
    return Bill(days, [row for row in (*usage.rows, *other.rows) if row.day in days])


def _notes(bill: Bill, *, asked: Period, accounts: Mapping[str, int], team_id: int) -> list[str]:
    notes = []
    missing = len(set(asked.days()) - bill.days)
    if missing:
        notes.append(f"Cost Explorer left out {missing} of {len(asked.days())} days; they stay as they were.")
    left_out = [row for row in bill.rows if row.account_id not in accounts]
    known = set(AwsAccount.objects.filter(team_id=team_id).values_list("account_id", flat=True))
    for which, rows in (
        ("Linked accounts not registered in this team", [row for row in left_out if row.account_id not in known]),
        ("Linked accounts registered without this payer", [row for row in left_out if row.account_id in known]),
    ):
        if rows:
            count = len({row.account_id for row in rows})
            notes.append(f"{which}: {count}, billed {_sums(rows)} (unblended), not stored here.")
    return notes


def _sums(rows: Iterable[BilledRow]) -> str:
    sums = sums_by_currency(Money(row.unblended_cost, row.currency) for row in rows)
    return " and ".join(f"{money.amount} {money.currency}" for money in map(quantised, sums))


def _store(bill: Bill, *, accounts: Mapping[str, int], now: datetime) -> tuple[int, set[date]]:
    """Write the rows of `accounts` and remove those of the same days that are no more.

    Returns how many changed, and the days on which a cost is another than before.
    """
    rows = {
        (accounts[row.account_id], row.day, row.service, row.record_type, row.currency): row
        for row in bill.rows
        if row.account_id in accounts
    }
    stored = {
        tuple(key): (pk, *costs)
        for pk, *costs, key in (
            (row[0], row[1], row[2], row[3:])
            for row in BilledCost.objects.filter(aws_account__in=accounts.values(), day__in=bill.days)
            .order_by()
            .values_list("pk", "unblended_cost", "amortized_cost", *_KEY_COLUMNS)
        )
    }
    vanished = [pk for key, (pk, *_) in stored.items() if key not in rows]
    changed_days = {key[1] for key in stored if key not in rows} | {
        row.day
        for key, row in rows.items()
        if key not in stored or stored[key][1:] != (row.unblended_cost, row.amortized_cost)
    }
    removed, _ = BilledCost.objects.filter(pk__in=vanished).delete()
    written = upsert(
        BilledCost,
        [
            (*key, row.unblended_cost, row.amortized_cost, row.is_estimated, AwsBills.name, now)
            for key, row in rows.items()
        ],
        columns=(*_KEY_COLUMNS, "unblended_cost", "amortized_cost", "is_estimated", "source", "retrieved_at"),
        key=_KEY_COLUMNS,
    )
    return removed + written, changed_days
