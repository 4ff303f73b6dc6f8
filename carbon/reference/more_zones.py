"""The grid zones that feed regions of Azure and Google Cloud and none of AWS.

Yearly means of 2025 as in carbon.reference.zones: from Electricity Maps (electricitymaps.com), made available under the
Open Database License (ODbL) 1.0; this table is available under the same licence.
"""

from carbon.reference.zones import GridZone

MORE_GRID_ZONES = (
    GridZone("BE", "Belgium", 180),
    GridZone("CA-ON", "Ontario (Canada)", 111),
    GridZone("CL-SEN", "Sistema Eléctrico Nacional (Chile)", 259),
    GridZone("FI", "Finland", 68),
    GridZone("IN-NO", "Northern India", 508),
    GridZone("NL", "Netherlands", 253),
    GridZone("NO-NO1", "Eastern Norway", 24),
    GridZone("NO-NO2", "Southern Norway", 29),
    GridZone("PL", "Poland", 565),
    GridZone("QA", "Qatar", 490),
    GridZone("SA", "Saudi Arabia", 552),
    GridZone("US-CAR-SCEG", "South Carolina Electric & Gas (US)", 466),
    GridZone("US-CENT-SWPP", "Southwest Power Pool (US)", 477),
    GridZone("US-MIDW-MISO", "Midcontinent ISO (US)", 501),
    GridZone("US-NW-NEVP", "Nevada Power (US)", 435),
    GridZone("US-NW-PACE", "PacifiCorp East (US)", 618),
    GridZone("US-SW-AZPS", "Arizona Public Service (US)", 393),
    GridZone("US-TEX-ERCO", "ERCOT, Texas (US)", 363),
)
