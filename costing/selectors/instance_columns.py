"""The columns of the list of instances, and which of them a reader wants to see."""

from dataclasses import dataclass

from accounts.models import User
from costing.models import TableColumns

TABLE = "instances"


@dataclass(frozen=True, slots=True)
class Column:
    """One column besides the name, which is always there."""

    key: str
    label: str
    ordering: str = ""  # the word of the address that sorts by it; empty: it does not sort
    is_number: bool = False
    is_money: bool = False  # the currency stands behind the label


COLUMNS = (
    Column("account", "Account", "account"),
    Column("region", "Region", "region"),
    Column("zone", "Availability zone"),
    Column("type", "Type", "type"),
    Column("state", "State", "state"),
    Column("lifecycle", "Lifecycle"),
    Column("tenancy", "Tenancy"),
    Column("platform", "Platform"),
    Column("launched", "Last start", "launched"),
    Column("tags", "Tags"),
    Column("running", "Running, h", "running", is_number=True),
    Column("cost", "List cost", "cost", is_number=True, is_money=True),
    Column("energy", "Energy, kWh", "energy", is_number=True),
    Column("operational", "Operational, kg CO2e", "operational", is_number=True),
    Column("embodied", "Embodied, kg CO2e", "embodied", is_number=True),
    Column("tac", "TAC", is_number=True),
    Column("grades", "Grades"),
)
BY_DEFAULT = frozenset(
    ("account", "region", "type", "state", "running", "cost", "energy", "operational", "embodied", "tac", "grades")
)


def chosen_columns(user: User) -> tuple[Column, ...]:
    """The columns that `user` chose, in the table's own order; the usual ones where they never chose."""
    stored = TableColumns.objects.visible_to(user).filter(table=TABLE).values_list("columns", flat=True).first()
    keys = BY_DEFAULT if stored is None else set(stored)
    return tuple(column for column in COLUMNS if column.key in keys)
