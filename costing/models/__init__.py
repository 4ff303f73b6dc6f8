from .account_day import AccountDay
from .billed_cost import BilledCost
from .cost_snapshot import CostSnapshot, DailyTotal, Grade
from .functional_unit import FunctionalUnit, Per
from .price import ExchangeRate, Price
from .table_columns import TableColumns
from .window_total import WINDOWS, WindowStand, WindowTotal

__all__ = [
    "WINDOWS",
    "AccountDay",
    "BilledCost",
    "CostSnapshot",
    "DailyTotal",
    "ExchangeRate",
    "FunctionalUnit",
    "Grade",
    "Per",
    "Price",
    "TableColumns",
    "WindowStand",
    "WindowTotal",
]
