from .forecast import CarbonForecast
from .power_profile import PowerProfile
from .reading import CarbonReading, ReadingMonth
from .zone import CloudRegion, Signal, Zone, ZoneKind

__all__ = [
    "CarbonForecast",
    "CarbonReading",
    "CloudRegion",
    "PowerProfile",
    "ReadingMonth",
    "Signal",
    "Zone",
    "ZoneKind",
]
