from .power_profile import PowerProfile
from .reading import CarbonReading, Signal
from .zone import CloudRegion, Zone

__all__ = ["CarbonReading", "CloudRegion", "PowerProfile", "Signal", "Zone"]
