from .forecast import CarbonForecast
from .location import Location
from .power_profile import PowerProfile
from .reading import CarbonReading, ReadingMonth
from .zone import CloudRegion, Signal, Zone, ZoneKind

__all__ = [
    "CarbonForecast",
    "CarbonReading",
    "CloudRegion",
    "Location",
    "PowerProfile",
    "ReadingMonth",
    "Signal",
    "Zone",
    "ZoneKind",
]
