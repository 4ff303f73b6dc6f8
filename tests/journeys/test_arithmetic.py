"""The ledger, its totals and the overview against a second, naive computation from the same facts."""

import math
import re
from collections import defaultdict
from datetime import timedelta

import pytest
from django.urls import reverse

from costing.estimators.quality import RuntimeQuality, quality_of
from costing.models import CostSnapshot, DailyTotal
from finops.core.periods import DAY, HOUR, Period, start_of_day
from tests.journeys import databases, naive
from tests.journeys.conftest import NOW

FIRST_DAY = NOW.date() - 35 * DAY
HOURS = [number * HOUR for number in range(24)]
AMOUNTS = ("list_cost", "energy", "operational", "embodied")


def near(value):
    """Equal but for the rounding of packed hours (float32) and of money (eight places)."""
    return pytest.approx(value, rel=2e-6, abs=2e-8)


def hourly_truth(machine, day):
    """Running seconds and type of each hour; a type that changes within an hour is that of its longer part."""
    seconds, types = [], []
    for step in HOURS:
        start = start_of_day(day) + step
        by_type = defaultdict(float)
        for run in machine.timeline.runs if start < NOW else ():
            part = run.clipped_to(Period(start, min(start + HOUR, NOW)))
            if part:
                by_type[told_type(machine, part.start)] += part.length.total_seconds()
        seconds.append(sum(by_type.values()))
        types.append(max(by_type, key=by_type.get) if by_type else told_type(machine, start))
    return seconds, types


def told_type(machine, at):
    """The type at an instant, as far as anybody told it.

    RunInstances tells the first type and ModifyInstanceAttribute each later one, but none tells which one it was
    before: of a machine older than the events it is not known until the change.
    """
    changes = [run.type_set_at for run in machine.timeline.runs if run.type_set_at and run.type_set_at < NOW]
    if changes and at < changes[0] and machine.timeline.launched_at < start_of_day(FIRST_DAY):
        return ""
    return machine.timeline.instance_type(at)


def is_exact(row):
    return set(quality_of("runtime", row.quality_by_hour).tolist()) <= {
        RuntimeQuality.NOT_RUNNING,
        RuntimeQuality.EXACT,
    }


@pytest.fixture(scope="session")
def _days(_world, _refreshed_once, django_db_blocker):
    """Each ledger row with the naive computation of the same instance-day."""
    with django_db_blocker.unblock(), databases.using(_refreshed_once[0]):
        return list(compared(_world))


@pytest.fixture
def days(world, _days):  # noqa: ARG001 (the database of the rows)
    return _days


def compared(world):
    facts = naive.Facts()
    machines = {machine.instance_id: machine for machine in world.scenario.all_machines}
    for row in CostSnapshot.objects.select_related("instance", "aws_account__team").order_by("instance_id", "day"):
        machine = machines[row.instance.instance_id]
        seconds, types = hourly_truth(machine, row.day)
        if not is_exact(row):
            seconds = row.running_seconds_by_hour.tolist()
        # Which hour a minimum or a full hour is billed in does not matter: the type does not change in a day
        # on which there is one.
        billed = seconds
        if abs(row.billed_hours * 3600 - sum(seconds)) > 1:
            billed = [row.billed_hours * 3600] + [0.0] * 23
        computed = naive.day_of(
            facts,
            facts.instances[row.instance_id],
            row.day,
            running_seconds=seconds,
            billed_seconds=billed,
            types=types,
        )
        yield row, computed


def differing(days, name, of_row, of_day):
    return [
        (name, str(row.instance), row.instance_type, row.day, of_row(row), of_day(day))
        for row, day in days
        if (of_row(row) is None) != (of_day(day) is None)
        or (of_row(row) is not None and float(of_row(row)) != near(of_day(day)))
    ]


@pytest.mark.parametrize(
    ("column", "part"),
    [
        ("energy_kwh", "energy_kwh"),
        ("operational_gco2e", "operational_gco2e"),
        ("embodied_gco2e", "embodied_gco2e"),
    ],
)
def test_each_day_agrees(days, column, part):
    assert differing(days, column, lambda row: getattr(row, column), lambda day: day.total(part)) == []


def test_each_days_list_cost_agrees(days):
    assert differing(days, "list_cost_usd", lambda row: row.list_cost_usd, lambda day: day.cost_usd) == []


def test_each_day_counts_the_hours_that_ran(days):
    assert [
        (str(row.instance), row.day, row.hours_with_runtime, day.hours_with_runtime)
        for row, day in days
        if row.hours_with_runtime != day.hours_with_runtime
    ] == []


@pytest.mark.parametrize(
    ("column", "part"),
    [
        ("running_seconds_by_hour", "running_seconds"),
        ("energy_kwh_by_hour", "energy_kwh"),
        ("operational_gco2e_by_hour", "operational_gco2e"),
    ],
)
def test_each_hour_agrees(days, column, part):
    wrong = []
    for row, day in days:
        for number, (told, hour) in enumerate(zip(getattr(row, column).tolist(), day.hours, strict=True)):
            mine = getattr(hour, part)
            if math.isnan(told) != (mine is None) or (mine is not None and told != near(mine)):
                wrong.append((str(row.instance), row.day, number, told, mine))

    assert wrong == []


def test_each_running_hour_has_its_cpu_and_its_intensity(days):
    wrong = []
    for row, day in days:
        cpu = row.cpu_utilization_by_hour.tolist()
        intensity = row.gco2e_per_kwh_by_hour.tolist()
        for number, hour in enumerate(day.hours):
            if hour.running_seconds <= 0:
                continue
            is_measured = not math.isnan(cpu[number])
            if is_measured != hour.cpu_is_measured or (is_measured and cpu[number] * 100 != near(hour.cpu_percent)):
                wrong.append((str(row.instance), row.day, number, cpu[number], hour.cpu_percent))
            if hour.gco2e_per_kwh is not None and intensity[number] != near(hour.gco2e_per_kwh):
                wrong.append((str(row.instance), row.day, number, intensity[number], hour.gco2e_per_kwh))

    assert wrong == []


def test_every_way_to_fill_an_intensity_was_put_to_the_test(days):
    ways = {hour.intensity_is for _, day in days for hour in day.hours if hour.running_seconds > 0}

    assert {"measured", "estimated", "carried"} <= ways


def carbon_grade(row, day):
    """The table of docs/methodology.md, column "energy and carbon"."""
    grade = "A"
    exactness = quality_of("runtime", row.quality_by_hour).tolist()
    for number, hour in enumerate(day.hours):
        if hour.running_seconds <= 0:
            continue
        if "nothing" in {hour.curve_is, hour.intensity_is}:
            return "D"
        is_default = (
            not hour.cpu_is_measured
            or hour.curve_is == "substituted"
            or hour.intensity_is in {"last week", "yearly mean"}
            or exactness[number] == RuntimeQuality.ASSUMED
        )
        grade = max(grade, "C" if is_default else "B")
    return grade


def test_each_days_carbon_has_the_grade_of_its_worst_input(days):
    assert [
        (str(row.instance), row.instance_type, row.day, row.carbon_grade, carbon_grade(row, day))
        for row, day in days
        if row.carbon_grade != carbon_grade(row, day)
    ] == []


def test_each_days_cost_has_the_grade_of_its_worst_input(days):
    wrong = []
    for row, day in days:
        codes = set(quality_of("runtime", row.quality_by_hour).tolist())
        is_assumed = RuntimeQuality.ASSUMED in codes or (
            not row.instance.usage_operation and max(row.billed_hours, row.running_hours_upper) > 0
        )
        grade = "C" if is_assumed else "B" if RuntimeQuality.BOUNDED in codes else "A"
        grade = "D" if day.lacks_a_price else grade
        # A day on which it may have run and probably did not costs nothing as far as we know, but lacks a price too.
        if row.cost_grade != grade and not (row.billed_hours == 0 < row.running_hours_upper and row.cost_grade == "D"):
            wrong.append((str(row.instance), row.instance_type, row.day, row.cost_grade, grade))

    assert wrong == []


def test_aligned_hours_are_those_of_which_all_is_measured(days):
    wrong = []
    for row, day in days:
        exactness = quality_of("runtime", row.quality_by_hour).tolist()
        aligned = sum(
            hour.running_seconds > 0
            and exactness[number] == RuntimeQuality.EXACT
            and hour.cpu_is_measured
            and hour.intensity_is == "measured"
            and hour.price_is_known
            and bool(row.instance.usage_operation)
            for number, hour in enumerate(day.hours)
        )
        if row.hours_aligned != aligned:
            wrong.append((str(row.instance), row.day, row.hours_aligned, aligned))

    assert wrong == []


SUMS = {
    "list_cost_usd": lambda day: day.cost_usd,
    "energy_kwh": lambda day: day.total("energy_kwh"),
    "operational_gco2e": lambda day: day.total("operational_gco2e"),
    "embodied_gco2e": lambda day: day.total("embodied_gco2e"),
}


def test_the_daily_totals_are_the_sums_of_the_naive_days(days):
    groups = defaultdict(list)
    for row, day in days:
        key = (row.aws_account_id, row.day, row.region, row.instance_type, row.cost_grade, row.carbon_grade)
        groups[key].append((row, day))
    totals = {
        (t.aws_account_id, t.day, t.region, t.instance_type, t.cost_grade, t.carbon_grade): t
        for t in DailyTotal.objects.all()
    }

    assert totals.keys() == groups.keys()
    for key, members in groups.items():
        total = totals[key]
        assert total.instance_count == len(members)
        assert total.running_hours == near(sum(row.running_hours for row, _ in members))
        assert total.hours_with_runtime == sum(day.hours_with_runtime for _, day in members)
        for name, of_day in SUMS.items():
            known = [of_day(day) for _, day in members if of_day(day) is not None]
            value = getattr(total, name)
            assert (value is None) == (not known), (key, name)
            assert value is None or float(value) == near(sum(known)), (key, name)


def sums_of(days, keep):
    """The naive sums of the days that `keep` keeps, by the names of the overview's figures."""
    sums = {}
    for figure, of_day in zip(AMOUNTS, SUMS.values(), strict=True):
        known = [of_day(day) for row, day in days if keep(row) and of_day(day) is not None]
        sums[figure] = sum(known) if known else None
    return sums


LAST_WEEK = NOW.date() - timedelta(days=7)


@pytest.mark.parametrize(
    ("person", "teams"),
    [
        ("ana@platform.example", {"Platform"}),
        ("ravi@research.example", {"Research"}),
        ("viktor@finance.example", {"Platform", "Research", "Shop"}),
    ],
)
@pytest.mark.parametrize("count", [7, 30])
def test_the_overviews_figures_are_the_naive_sums(world, days, person, teams, count):
    client = world.client(person)
    first = NOW.date() - timedelta(days=count)
    mine = sums_of(days, lambda row: row.aws_account.team.name in teams and first <= row.day < NOW.date())

    page = client.get(reverse("overview"), {"days": count}).content.decode()
    answer = client.get(reverse("api-overview"), {"days": count}).json()

    for name, value in mine.items():
        assert float(answer["figures"][name]["value"]) == near(value)
        tile = re.search(rf'data-figure="{name}">\s*<data value="([^"]+)"', page)
        assert float(tile[1]) == near(value)
    carbon_per_cost = answer["figures"]["intensity"]["value"]
    assert float(carbon_per_cost) > 0


def test_the_overviews_days_and_accounts_are_the_naive_sums(world, days):
    answer = world.client("viktor@finance.example").get(reverse("api-overview"), {"days": 7}).json()

    for line in answer["days"]:
        mine = sums_of(days, lambda row, line=line: str(row.day) == line["day"])
        amounts = line["amounts"]
        told = [amounts[name] for name in ("list_cost", "energy_kwh", "operational_gco2e", "embodied_gco2e")]
        assert [float(value) for value in told] == [near(mine[name]) for name in AMOUNTS]
        assert line["is_complete"] == (line["day"] < str(NOW.date()))
    for line in answer["accounts"]:
        account_id = line["account"]["account_id"]
        mine = sums_of(
            days,
            lambda row, account_id=account_id: (
                row.aws_account.account_id == account_id and LAST_WEEK <= row.day < NOW.date()
            ),
        )
        for name in AMOUNTS:
            value = line["figures"][name]["value"]
            assert (value is None) == (mine[name] is None)
            assert value is None or float(value) == near(mine[name])
        assert line["health"]


def test_the_page_of_hours_is_the_ledger_of_hours(world, days):
    client = world.client("viktor@finance.example")
    row, day = next(
        (row, day)
        for row, day in days
        if row.day == NOW.date() - timedelta(days=3) and is_exact(row) and row.energy_kwh
    )

    answer = client.get(
        reverse("api-instance-hours", args=[row.instance_id]),
        {"from": f"{row.day}T00:00:00Z", "to": f"{row.day + DAY}T00:00:00Z"},
    ).json()

    hours = answer["results"]
    assert len(hours) == 24, answer
    for told, hour in zip(hours, day.hours, strict=True):
        assert told["running_seconds"] == near(hour.running_seconds)
        assert told["energy_kwh"] == near(hour.energy_kwh)
        assert told["operational_gco2e"] == near(hour.operational_gco2e)


EVERYBODY = "viktor@finance.example"
TAC = re.compile(r'data-figure="alignment"[^>]*>\s*<data value="([^"]+)"')


def shown(html):
    """The exact values in a piece of a page, in its order; None where it shows the dash."""
    cells = re.findall(r'<data value="([^"]*)"|(<span class="unknown")', html)
    return [None if dash else float(value) for value, dash in cells]


def same(told, value):
    return (told is None) == (value is None) and (value is None or float(told) == near(value))


def of_figures(answer):
    return [answer["figures"][name]["value"] for name in AMOUNTS]


def of_amounts(amounts):
    return [amounts[name] for name in ("list_cost", "energy_kwh", "operational_gco2e", "embodied_gco2e")]


@pytest.mark.parametrize(
    "query", [{}, {"days": 7}, {"state": "stopped"}, {"q": "web"}, {"days": 11, "ordering": "name"}]
)
def test_the_list_of_instances_shows_the_naive_sums(world, days, query):
    client = world.client(EVERYBODY)
    first = NOW.date() - query.get("days", 30) * DAY

    answer = client.get(reverse("api-instances"), {"page_size": 500} | query).json()
    page = client.get(reverse("instances"), {"page_size": 500} | query).content.decode()

    listed = {line["id"] for line in answer["results"]}
    rows = {int(key): row for key, row in re.findall(r'<a href="/instances/(\d+)/">(.*?)</tr>', page, re.DOTALL)}
    assert rows.keys() == listed
    for line in answer["results"]:
        mine = sums_of(days, lambda row, line=line: row.instance_id == line["id"] and first <= row.day < NOW.date())
        # Running hours stand before the four, and TAC behind them.
        _, *on_page, _ = shown(rows[line["id"]])
        for told, on_the_page, value in zip(of_amounts(line["amounts"]), on_page, mine.values(), strict=True):
            assert same(told, value), line["name"]
            assert same(on_the_page, value), line["name"]
    # An instance counts by what it is now; the days by what they were, which is the same account and region.
    whole = sums_of(days, lambda row: row.instance_id in listed and first <= row.day < NOW.date())
    foot = page[page.index("<tfoot>") : page.index("</tfoot>")]
    for told, on_the_page, value in zip(of_figures(answer), shown(foot)[1:5], whole.values(), strict=True):
        assert same(told, value)
        assert same(on_the_page, value)


def test_the_page_of_each_instance_shows_the_naive_sums(world, days):
    client = world.client(EVERYBODY)
    first = NOW.date() - 30 * DAY

    for pk in sorted({row.instance_id for row, _ in days}):
        mine = sums_of(days, lambda row, pk=pk: row.instance_id == pk and first <= row.day < NOW.date())
        answer = client.get(reverse("api-instance", args=[pk])).json()
        page = client.get(reverse("instance", args=[pk])).content.decode()

        for name, told in zip(AMOUNTS, of_figures(answer), strict=True):
            assert same(told, mine[name]), (pk, name)
            tile = page[page.index(f'data-figure="{name}"') :].split("</p>")[0]
            assert same(shown(tile)[0], mine[name]), (pk, name)
        of_days = {str(row.day): day for row, day in days if row.instance_id == pk}
        assert {day["day"] for day in answer["days"]} <= of_days.keys()
        for line in answer["days"]:
            values = [of_day(of_days[line["day"]]) for of_day in SUMS.values()]
            assert all(same(told, value) for told, value in zip(of_amounts(line["amounts"]), values, strict=True)), line


def test_the_checks_count_aligned_hours_and_grades_as_the_naive_days_do(world, days):
    client = world.client(EVERYBODY)
    first = NOW.date() - 30 * DAY

    answer = client.get(reverse("api-checks")).json()
    page = client.get(reverse("checks")).content.decode()

    told_of = {each["account"]["account_id"]: each["trust"] for each in answer["results"]}
    assert told_of
    for account_id, trust in [(None, answer["trust"]), *told_of.items()]:
        mine = [
            (row, day)
            for row, day in days
            if account_id in {None, row.aws_account.account_id} and first <= row.day < NOW.date()
        ]
        ran = sum(day.hours_with_runtime for _, day in mine)
        aligned = sum(row.hours_aligned for row, _ in mine)
        assert (trust["hours_with_runtime"], trust["hours_aligned"]) == (ran, aligned)
        assert same(trust["aligned_share"], aligned / ran if ran else None)
        for shares, grade_of, amount_of in (
            (trust["cost_shares"], lambda row: row.cost_grade, SUMS["list_cost_usd"]),
            (trust["energy_shares"], lambda row: row.carbon_grade, SUMS["energy_kwh"]),
        ):
            by_grade = defaultdict(float)
            for row, day in mine:
                by_grade[grade_of(row)] += float(amount_of(day) or 0)
            whole = sum(by_grade.values())
            for grade, share in shares.items():
                assert share == near(by_grade[grade] / whole), (account_id, grade)
    assert float(TAC.search(page)[1]) == near(answer["trust"]["aligned_share"])


def test_bill_and_model_are_compared_over_the_naive_sums(world, days):
    answer = world.client(EVERYBODY).get(reverse("api-checks")).json()

    for each in answer["results"]:
        compared = each["compared"]
        mine = [
            day.cost_usd
            for row, day in days
            if row.aws_account.account_id == each["account"]["account_id"]
            and str(row.day) in compared["days"]
            and day.cost_usd is not None
        ]
        assert same(compared["modelled_usd"], sum(mine) if mine else None)
        if compared["factor"] is not None:
            assert compared["factor"] == near(float(compared["billed"][0]["unblended_cost"]) / float(sum(mine)))
