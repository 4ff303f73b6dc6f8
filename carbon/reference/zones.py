"""The grid zones that AWS regions draw on, by Electricity Maps' keys, with their mean of one year.

Yearly means of 2025: average intensity, lifecycle factors, imports included. Contains information from
Electricity Maps (electricitymaps.com), made available under the Open Database License (ODbL) 1.0; this table
is available under the same licence. They are the last resort for hours without a reading, and flagged there.
"""

from typing import NamedTuple

YEARLY_MEAN_YEAR = 2025
YEARLY_MEAN_SOURCE = "Electricity Maps, yearly averages 2025 (lifecycle), ODbL 1.0"


class GridZone(NamedTuple):
    """One zone and its mean of YEARLY_MEAN_YEAR in g CO2e/kWh."""

    key: str
    name: str
    yearly_mean_gco2e_per_kwh: float


GRID_ZONES = (
    GridZone("AE", "United Arab Emirates", 348),
    GridZone("AU-NSW", "New South Wales (Australia)", 525),
    GridZone("AU-VIC", "Victoria (Australia)", 474),
    GridZone("BH", "Bahrain", 488),
    GridZone("BR-CS", "Central Brazil", 106),
    GridZone("CA-AB", "Alberta (Canada)", 385),
    GridZone("CA-QC", "Québec (Canada)", 41),
    GridZone("CH", "Switzerland", 50),
    GridZone("CN", "China", 485),
    GridZone("DE", "Germany", 342),
    GridZone("ES", "Spain", 136),
    GridZone("FR", "France", 31),
    GridZone("GB", "Great Britain", 176),
    GridZone("HK", "Hong Kong", 590),
    GridZone("ID", "Indonesia", 667),
    GridZone("IE", "Ireland", 301),
    GridZone("IL", "Israel", 475),
    GridZone("IN-SO", "Southern India", 489),
    GridZone("IN-WE", "Western India", 653),
    GridZone("IT-NO", "Northern Italy", 275),
    GridZone("JP-KN", "Kansai (Japan)", 370),
    GridZone("JP-TK", "Tokyo (Japan)", 535),
    GridZone("KR", "South Korea", 423),
    GridZone("MX", "Mexico", 385),
    GridZone("MY-WM", "Peninsular Malaysia", 651),
    GridZone("NZ", "New Zealand", 90),
    GridZone("SE-SE3", "South Central Sweden", 20),
    GridZone("SG", "Singapore", 483),
    GridZone("TH", "Thailand", 485),
    GridZone("TW", "Taiwan", 519),
    GridZone("US-CAL-CISO", "California ISO (US)", 208),
    GridZone("US-MIDA-PJM", "PJM Interconnection (US)", 418),
    # No region is assigned to it; it is there for those who hold that us-west-2 draws on it.
    GridZone("US-NW-BPAT", "Bonneville Power Administration (US)", 129),
    GridZone("US-NW-PACW", "PacifiCorp West (US)", 204),
    GridZone("ZA", "South Africa", 700),
)
