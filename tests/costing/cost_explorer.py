"""Answers of Cost Explorer, laid out by the day."""

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"
RECORDED = SHARED / "aws_recordings" / "cloudscape" / "ce.GetCostAndUsage_monthly_by_service.json"


def recorded_months():
    """Six real months by service: one result a month, in unblended cost alone."""
    return json.loads(RECORDED.read_text())["ResultsByTime"]


def group(*keys, unblended, amortized=None, currency="USD"):
    return {
        "Keys": list(keys),
        "Metrics": {
            "UnblendedCost": {"Amount": unblended, "Unit": currency},
            "AmortizedCost": {"Amount": unblended if amortized is None else amortized, "Unit": currency},
        },
    }


def day(of, *groups, estimated=False):
    first = date.fromisoformat(of)
    return {
        "TimePeriod": {"Start": of, "End": (first + timedelta(days=1)).isoformat()},
        "Total": {},
        "Groups": list(groups),
        "Estimated": estimated,
    }


def answer(*days, token=None):
    return {"ResultsByTime": list(days)} | ({"NextPageToken": token} if token else {})


class CostExplorer:
    """A bill of line items, asked as one asks AWS.

    An item is (day, account, service, record type, unblended, amortized), and may go on with region, usage type
    and currency.
    """

    def __init__(self, *items):
        self.items = list(items)
        self.estimated_days = set()

    def __call__(self, asked):
        first, end = (date.fromisoformat(asked["TimePeriod"][name]) for name in ("Start", "End"))
        keys = [one["Key"] for one in asked["GroupBy"]]
        results = []
        for number in range((end - first).days):
            of = (first + timedelta(days=number)).isoformat()
            sums = defaultdict(lambda: [Decimal(0), Decimal(0)])
            for item_day, account, service, record_type, unblended, amortized, *more in self.items:
                region, usage_type, currency = [*more, *("eu-central-1", "BoxUsage", "USD")[len(more) :]]
                values = {"LINKED_ACCOUNT": account, "SERVICE": service, "RECORD_TYPE": record_type}
                values |= {"REGION": region, "USAGE_TYPE": usage_type}
                if item_day == of and _passes(values, asked["Filter"]):
                    told = sums[*(values[key] for key in keys), currency]
                    told[0] += Decimal(unblended)
                    told[1] += Decimal(amortized)
            groups = [
                group(*key, unblended=str(one), amortized=str(two), currency=currency)
                for (*key, currency), (one, two) in sums.items()
            ]
            results.append(day(of, *groups, estimated=of in self.estimated_days))
        return answer(*results)


def _passes(values, only):
    if "And" in only:
        return all(_passes(values, part) for part in only["And"])
    if "Not" in only:
        return not _passes(values, only["Not"])
    return values[only["Dimensions"]["Key"]] in only["Dimensions"]["Values"]
