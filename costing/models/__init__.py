from .account_day import AccountDay
from .billed_cost import BilledCost
from .billed_split import BilledSplit, Dimension
from .billed_total import BilledMonth, BilledStand, BilledTotal
from .cost_snapshot import CostSnapshot, DailyTotal, Grade
from .finding import Evaluation, Finding, FindingState
from .functional_unit import FunctionalUnit, Per
from .price import ExchangeRate, Price
from .saved_view import SavedView
from .table_columns import TableColumns
from .threshold import Threshold
from .window_total import WINDOWS, WindowStand, WindowTotal

__all__ = [
    "WINDOWS",
    "AccountDay",
    "BilledCost",
    "BilledMonth",
    "BilledSplit",
    "BilledStand",
    "BilledTotal",
    "CostSnapshot",
    "DailyTotal",
    "Dimension",
    "Evaluation",
    "ExchangeRate",
    "Finding",
    "FindingState",
    "FunctionalUnit",
    "Grade",
    "Per",
    "Price",
    "SavedView",
    "TableColumns",
    "Threshold",
    "WindowStand",
    "WindowTotal",
]
