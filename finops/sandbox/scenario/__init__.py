"""The simulated world that all stand-ins tell of."""

from finops.sandbox.scenario.scenario import Scenario, real_clock

__all__ = ["Scenario", "real_clock"]
