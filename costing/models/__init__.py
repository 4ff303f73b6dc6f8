from .account_day import AccountDay
from .billed_cost import BilledCost
from .billed_split import BilledSplit, Dimension
from .cost_snapshot import CostSnapshot, DailyTotal, Grade
from .functional_unit import FunctionalUnit, Per
from .price import ExchangeRate, Price
from .saved_view import SavedView
from .table_columns import TableColumns
from .window_total import WINDOWS, WindowStand, WindowTotal

__all__ = [
    "WINDOWS",
    "AccountDay",
    "BilledCost",
    "BilledSplit",
    "CostSnapshot",
    "DailyTotal",
    "Dimension",
    "ExchangeRate",
    "FunctionalUnit",
    "Grade",
    "Per",
    "Price",
    "SavedView",
    "TableColumns",
    "WindowStand",
    "WindowTotal",
]
