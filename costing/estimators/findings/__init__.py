"""What is wrong with a resource, or what nobody uses: rules over hourly series and over facts. Pure arithmetic."""

from .rules import BY_KEY, PARAMETERS, RULES, Limits, Parameter, Rule, Severity, Side, defaults
from .verdict import Verdict, Verdicts

__all__ = [
    "BY_KEY",
    "PARAMETERS",
    "RULES",
    "Limits",
    "Parameter",
    "Rule",
    "Severity",
    "Side",
    "Verdict",
    "Verdicts",
    "defaults",
]
