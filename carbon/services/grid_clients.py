"""Whom to ask about a zone: the sources that are set up for a team, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Team
from carbon.estimators.series import Place
from carbon.models import KeyedUpstream, Signal, UpstreamKey, Zone, ZoneKind
from carbon.reference.grid_sources import GRID_SOURCES
from carbon.selectors.places import rank, source_order
from carbon.services.marginal_regions import MarginalByZone
from carbon.services.upstream_keys import StoredToken, check_key, secret_of
from carbon.sources import ForecastSource, electricity_maps_source, keyless_sources, watttime_source
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected
from finops.core.upstream.meter import CallMeter

_CHECKED_AGAIN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GridClient:
    """A source that may be asked, and whom its answers serve."""

    source: ForecastSource
    signal: str
    licensee: Team | None = None
    zones: frozenset[str] | None = None  # that its key may ask for; None where nobody said

    def covers(self, zone: Zone, signal: str) -> bool:
        """Whether it is worth asking about `zone`."""
        if signal != self.signal or zone.kind == ZoneKind.FILE:
            return False
        if self.signal == Signal.AVERAGE:
            covers = getattr(self.source, "covers", None)
            if zone.kind != ZoneKind.GRID or (covers is not None and not covers(zone.key)):
                return False
            return self.zones is None or zone.key in self.zones
        # Its regions are its own; which one a zone of ours is, only asking tells.
        return zone.kind == ZoneKind.GRID or self.zones is None or zone.key in self.zones


@dataclass(frozen=True, slots=True)
class GridClients:
    """All that are set up, and what kept others from being so."""

    clients: Sequence[GridClient]
    problems: Sequence[UpstreamError] = ()

    def for_zone(self, zone: Zone, signal: str) -> list[GridClient]:
        """Those to ask about `zone`, the first one first: as its settings say, a team's own key before a shared one."""
        order = source_order(Place(zone.key, signal), {zone.key: (zone.signal, zone.sources)})
        ranked = [
            (place, number)
            for number, client in enumerate(self.clients)
            if client.covers(zone, signal)
            and (place := rank(client.source.name, client.licensee.pk if client.licensee else None, order)) is not None
        ]
        return [self.clients[number] for _, number in sorted(ranked)]


def clients_of(team: Team | None, *, now: datetime, meter: CallMeter | None = None) -> GridClients:
    """The sources that `team` may use; of None, those that everybody may.

    A key that was not checked for a day is checked first: what it may ask is detected and not assumed.
    """
    clients: list[GridClient] = []
    problems: list[UpstreamError] = []
    keys = UpstreamKey.objects.filter(team=None) if team is None else UpstreamKey.objects.answering(team)
    for key in keys.select_related("team").order_by("upstream", "team"):
        if key.checked_at is None or now - key.checked_at >= _CHECKED_AGAIN_AFTER:
            check_key(key, now=now, meter=meter)
        try:
            source = _source_of(key, now=now, meter=meter)
        except UpstreamError as error:
            problems.append(error)
            continue
        if source is not None:
            signal = Signal.MARGINAL if key.upstream == KeyedUpstream.WATTTIME else Signal.AVERAGE
            clients.append(GridClient(source, signal, key.team, frozenset(key.access) if key.access else None))
    if not any(client.source.name != KeyedUpstream.WATTTIME and client.licensee is None for client in clients):
        installed = electricity_maps_source(meter=meter)
        if installed is not None:
            clients.append(GridClient(installed, Signal.AVERAGE))
    clients += [GridClient(source, Signal.AVERAGE) for source in keyless_sources(now=now, meter=meter)]
    return GridClients(clients, problems)


def no_source(zone: Zone, signal: str) -> UpstreamRejected:
    """Why a zone cannot be asked about."""
    names = [source.label for source in GRID_SOURCES.values() if source.needs_key and signal in source.signals]
    return UpstreamRejected(
        f"No source is set up that tells the {signal} carbon intensity of {zone.key}.",
        upstream="grid",
        reason=Reason.NOT_ENABLED,
        fix=f"Set a key for {' or '.join(names)} in the admin or in the environment.",
    )


def _source_of(key: UpstreamKey, *, now: datetime, meter: CallMeter | None) -> ForecastSource | None:
    secret = secret_of(key)
    if key.upstream == KeyedUpstream.ELECTRICITY_MAPS:
        return electricity_maps_source(key=secret, meter=meter)
    client = watttime_source(
        user=key.user_name, password=secret, tokens=StoredToken(key, now=now), now=now, meter=meter
    )
    return MarginalByZone(client, now=now) if client else None
