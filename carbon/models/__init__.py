from .forecast import CarbonForecast
from .forecast_back_test import ForecastBackTest
from .location import Location
from .marginal_region import MarginalRegion
from .power_profile import PowerProfile
from .reading import CarbonReading, ReadingMonth
from .upstream_key import KeyedUpstream, UpstreamKey
from .zone import CloudRegion, Signal, Zone, ZoneKind

__all__ = [
    "CarbonForecast",
    "CarbonReading",
    "CloudRegion",
    "ForecastBackTest",
    "KeyedUpstream",
    "Location",
    "MarginalRegion",
    "PowerProfile",
    "ReadingMonth",
    "Signal",
    "UpstreamKey",
    "Zone",
    "ZoneKind",
]
