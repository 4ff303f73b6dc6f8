from .billed_cost import BilledCost
from .cost_snapshot import CostSnapshot, DailyTotal, Grade
from .price import ExchangeRate, Price

__all__ = ["BilledCost", "CostSnapshot", "DailyTotal", "ExchangeRate", "Grade", "Price"]
