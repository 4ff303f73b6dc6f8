"""The grid zones of the simulated world: how clean each is on average and what makes it change.

All figures are the simulation's own, rounded and typical of the zone: not measurements, and no provider's data.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class GridZone:
    """A zone: its yearly mean and how far sun, wind and evening demand move it (shares of the mean)."""

    key: str
    name: str
    country: str
    mean_gco2e_per_kwh: float
    time_zone: ZoneInfo
    sun: float
    wind: float
    evening: float
    is_southern: bool = False


def _zone(  # noqa: PLR0917 (a row of the table below)
    key: str, name: str, mean: float, time_zone: str, sun: float, wind: float, evening: float, *, southern: bool = False
) -> GridZone:
    country = key.split("-", maxsplit=1)[0]
    return GridZone(key, name, country, mean, ZoneInfo(time_zone), sun, wind, evening, southern)


ZONES: dict[str, GridZone] = {
    zone.key: zone
    for zone in [
        _zone("AE", "United Arab Emirates", 350, "Asia/Dubai", 0.18, 0.01, 0.04),
        _zone("AU-NSW", "New South Wales", 530, "Australia/Sydney", 0.42, 0.08, 0.08, southern=True),
        _zone("AU-VIC", "Victoria", 480, "Australia/Melbourne", 0.30, 0.20, 0.06, southern=True),
        _zone("BH", "Bahrain", 490, "Asia/Bahrain", 0.01, 0.01, 0.02),
        _zone("BR-CS", "Central-South Brazil", 105, "America/Sao_Paulo", 0.22, 0.10, 0.14, southern=True),
        _zone("CA-AB", "Alberta", 390, "America/Edmonton", 0.12, 0.22, 0.05),
        _zone("CA-QC", "Quebec", 40, "America/Toronto", 0.01, 0.05, 0.02),
        _zone("CH", "Switzerland", 50, "Europe/Zurich", 0.30, 0.12, 0.15),
        _zone("CN", "China", 490, "Asia/Shanghai", 0.14, 0.06, 0.05),
        _zone("DE", "Germany", 345, "Europe/Berlin", 0.34, 0.38, 0.12),
        _zone("ES", "Spain", 135, "Europe/Madrid", 0.42, 0.28, 0.16),
        _zone("FR", "France", 35, "Europe/Paris", 0.14, 0.26, 0.10),
        _zone("GB", "Great Britain", 180, "Europe/London", 0.16, 0.45, 0.14),
        _zone("HK", "Hong Kong", 590, "Asia/Hong_Kong", 0.0, 0.0, 0.01),
        _zone("ID", "Indonesia", 665, "Asia/Jakarta", 0.0, 0.0, 0.01),
        _zone("IE", "Ireland", 300, "Europe/Dublin", 0.08, 0.46, 0.09),
        _zone("IL", "Israel", 475, "Asia/Jerusalem", 0.26, 0.01, 0.04),
        _zone("IN-SO", "Southern India", 490, "Asia/Kolkata", 0.26, 0.10, 0.06),
        _zone("IN-WE", "Western India", 650, "Asia/Kolkata", 0.18, 0.07, 0.04),
        _zone("IT-NO", "North Italy", 275, "Europe/Rome", 0.24, 0.08, 0.12),
        _zone("JP-KN", "Kansai", 370, "Asia/Tokyo", 0.24, 0.02, 0.06),
        _zone("JP-TK", "Tokyo", 535, "Asia/Tokyo", 0.16, 0.02, 0.05),
        _zone("KR", "South Korea", 425, "Asia/Seoul", 0.10, 0.02, 0.04),
        _zone("MX", "Mexico", 385, "America/Mexico_City", 0.20, 0.07, 0.08),
        _zone("MY-WM", "Peninsular Malaysia", 650, "Asia/Kuala_Lumpur", 0.05, 0.0, 0.02),
        _zone("NL", "Netherlands", 260, "Europe/Amsterdam", 0.34, 0.36, 0.12),
        _zone("NZ", "New Zealand", 90, "Pacific/Auckland", 0.04, 0.30, 0.12, southern=True),
        _zone("PL", "Poland", 590, "Europe/Warsaw", 0.22, 0.20, 0.06),
        _zone("SE-SE3", "South Central Sweden", 20, "Europe/Stockholm", 0.04, 0.16, 0.08),
        _zone("SG", "Singapore", 485, "Asia/Singapore", 0.03, 0.0, 0.01),
        _zone("TH", "Thailand", 485, "Asia/Bangkok", 0.08, 0.02, 0.03),
        _zone("TW", "Taiwan", 520, "Asia/Taipei", 0.14, 0.05, 0.05),
        _zone("US-CAL-CISO", "California ISO", 210, "America/Los_Angeles", 0.50, 0.12, 0.22),
        _zone("US-MIDA-PJM", "PJM", 420, "America/New_York", 0.07, 0.07, 0.04),
        _zone("US-NW-BPAT", "Bonneville Power", 95, "America/Los_Angeles", 0.06, 0.36, 0.14),
        _zone("US-NW-PACW", "PacifiCorp West", 205, "America/Los_Angeles", 0.18, 0.30, 0.14),
        _zone("US-TEX-ERCO", "ERCOT", 340, "America/Chicago", 0.22, 0.26, 0.08),
        _zone("ZA", "South Africa", 700, "Africa/Johannesburg", 0.08, 0.03, 0.03, southern=True),
    ]
}
