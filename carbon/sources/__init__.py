"""Which upstreams the settings name, as clients."""

from datetime import datetime
from typing import Protocol

from django.conf import settings

from carbon.clients.boavizta import Boavizta
from carbon.clients.electricity_maps import ElectricityMaps
from carbon.clients.energy_charts import EnergyCharts
from carbon.clients.intensity import IntensitySeries, IssuedForecast
from carbon.clients.neso import Neso
from carbon.clients.power import PowerCurve
from carbon.clients.watttime import WattTime
from carbon.clients.watttime_login import TokenStore
from carbon.reference.grid_sources import ELECTRICITY_MAPS, ENERGY_CHARTS, NESO, SIMULATED, WATTTIME
from finops.core.periods import Period
from finops.core.upstream.errors import Reason, UpstreamRejected
from finops.core.upstream.meter import CallMeter

BOAVIZTA = "boavizta"

_PUBLIC_ELECTRICITY_MAPS = "https://api.electricitymaps.com"


class CarbonIntensitySource(Protocol):
    """What a refresh asks of a source of carbon intensity."""

    name: str

    def latest(self, zone: str) -> IntensitySeries:
        """The hour that runs now."""

    def history(self, zone: str) -> IntensitySeries:
        """The last 24 hours."""

    def past_range(self, zone: str, period: Period) -> IntensitySeries:
        """The hours that start in `period`."""


class ForecastSource(CarbonIntensitySource, Protocol):
    """A source that also looks ahead."""

    def forecast(self, zone: str) -> IssuedForecast:
        """The forecast in force."""


class PowerSource(Protocol):
    """What a refresh asks of a source of power curves. Asked by several threads at once."""

    name: str

    def power_curve(self, instance_type: str) -> PowerCurve | None:
        """The curve of a type, None where the source does not know it."""


def electricity_maps_source(*, key: str = "", meter: CallMeter | None = None) -> ElectricityMaps | None:
    """Electricity Maps with a key, by default the one that the settings hold; None where there is none.

    In the sandbox it is the stand-in that ELECTRICITY_MAPS_URL points to, which wants no key; without such
    an address there is none. What it says is called simulated: it is nobody's measurement.
    """
    key = key or settings.ELECTRICITY_MAPS_KEY.strip()
    url = settings.ELECTRICITY_MAPS_URL
    if settings.SANDBOX and not key and url.rstrip("/") != _PUBLIC_ELECTRICITY_MAPS:
        key = "sandbox"
    if not key:
        return None
    try:
        return ElectricityMaps(
            key=key,
            base_url=url,
            version=settings.ELECTRICITY_MAPS_VERSION,
            header=settings.ELECTRICITY_MAPS_HEADER,
            name=SIMULATED if settings.SANDBOX else ELECTRICITY_MAPS,
            meter=meter,
        )
    except ValueError as error:
        raise _unusable("ELECTRICITY_MAPS_URL", ELECTRICITY_MAPS, error) from None


def watttime_source(
    *, user: str, password: str, tokens: TokenStore, now: datetime, meter: CallMeter | None = None
) -> WattTime | None:
    """WattTime with a credential; None where WATTTIME_URL is not set."""
    url = settings.WATTTIME_URL.strip()
    if not url:
        return None
    try:
        return WattTime(user=user, password=password, now=now, base_url=url, tokens=tokens, meter=meter)
    except ValueError as error:
        raise _unusable("WATTTIME_URL", WATTTIME, error) from None


def keyless_sources(*, now: datetime, meter: CallMeter | None = None) -> list[Neso | EnergyCharts]:
    """The sources that want no key, as far as their addresses are set."""
    sources: list[Neso | EnergyCharts] = []
    try:
        if url := settings.NESO_URL.strip():
            sources.append(Neso(now=now, base_url=url, meter=meter))
    except ValueError as error:
        raise _unusable("NESO_URL", NESO, error) from None
    try:
        if url := settings.ENERGY_CHARTS_URL.strip():
            sources.append(EnergyCharts(now=now, base_url=url, meter=meter))
    except ValueError as error:
        raise _unusable("ENERGY_CHARTS_URL", ENERGY_CHARTS, error) from None
    return sources


def power_source(*, meter: CallMeter | None = None) -> Boavizta | None:
    """The Boavizta API that BOAVIZTA_URL names; None where it is not set."""
    url = settings.BOAVIZTA_URL.strip()
    if not url:
        return None
    try:
        return Boavizta(base_url=url, name=BOAVIZTA, meter=meter)
    except ValueError as error:
        raise _unusable("BOAVIZTA_URL", BOAVIZTA, error) from None


def _unusable(setting: str, upstream: str, error: ValueError) -> UpstreamRejected:
    return UpstreamRejected(
        f"{setting} cannot be used. {error}",
        upstream=upstream,
        reason=Reason.NOT_ENABLED,
        fix=f"Correct {setting} in the environment or in .env and start again.",
    )
