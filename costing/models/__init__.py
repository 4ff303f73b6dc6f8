from .billed_cost import BilledCost
from .cost_snapshot import CostSnapshot, DailyTotal, Grade
from .functional_unit import FunctionalUnit, Per
from .price import ExchangeRate, Price

__all__ = ["BilledCost", "CostSnapshot", "DailyTotal", "ExchangeRate", "FunctionalUnit", "Grade", "Per", "Price"]
