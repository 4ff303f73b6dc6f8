"""All AWS regions: where they stand, which grid zone feeds them, and what AWS says of their halls' efficiency.

AWS names a metropolitan area and no addresses, so the coordinates are those of that area, to two decimals.
The zone is the one whose border holds them, by the borders that Electricity Maps' own look-up uses
(electricitymaps/zone-finder, MIT). Power usage effectiveness as AWS published it for 2024, collected in the
Green Software Foundation's Cloud Region Metadata; None where AWS published none.
"""

from typing import NamedTuple

PUE_SOURCE = "AWS, published for 2024 (collected in GSF Cloud Region Metadata)"
DEFAULT_PUE = 1.15
DEFAULT_PUE_SOURCE = "AWS publishes none for this region: AWS's average of all regions is used"


class AwsRegion(NamedTuple):
    """One region. `note` says where sources disagree or AWS tells less than elsewhere."""

    region: str
    name: str
    city: str
    country: str
    latitude: float
    longitude: float
    zone: str
    pue: float | None
    note: str = ""

    @property
    def source(self) -> str:
        """Where coordinates and zone come from, in a sentence for the admin."""
        return "Area as AWS names it; zone by the borders of zone-finder (MIT)." + (
            f" {self.note}" if self.note else ""
        )


_OREGON = "Other tables name US-NW-BPAT."
_NO_CITY = "AWS names no city."

AWS_REGIONS = (
    AwsRegion("af-south-1", "Africa (Cape Town)", "Cape Town", "ZA", -33.92, 18.42, "ZA", 1.24),
    AwsRegion("ap-east-1", "Asia Pacific (Hong Kong)", "Hong Kong", "HK", 22.32, 114.17, "HK", None),
    AwsRegion("ap-east-2", "Asia Pacific (Taipei)", "Taipei", "TW", 25.03, 121.57, "TW", None),
    AwsRegion("ap-northeast-1", "Asia Pacific (Tokyo)", "Tokyo", "JP", 35.68, 139.65, "JP-TK", 1.27),
    AwsRegion("ap-northeast-2", "Asia Pacific (Seoul)", "Seoul", "KR", 37.55, 127.0, "KR", None),
    AwsRegion("ap-northeast-3", "Asia Pacific (Osaka)", "Osaka", "JP", 34.69, 135.5, "JP-KN", None),
    AwsRegion("ap-south-1", "Asia Pacific (Mumbai)", "Mumbai", "IN", 19.08, 72.88, "IN-WE", 1.42),
    AwsRegion("ap-south-2", "Asia Pacific (Hyderabad)", "Hyderabad", "IN", 17.37, 78.48, "IN-SO", 1.46),
    AwsRegion("ap-southeast-1", "Asia Pacific (Singapore)", "Singapore", "SG", 1.35, 103.82, "SG", 1.32),
    AwsRegion("ap-southeast-2", "Asia Pacific (Sydney)", "Sydney", "AU", -33.87, 151.21, "AU-NSW", 1.16),
    AwsRegion("ap-southeast-3", "Asia Pacific (Jakarta)", "Jakarta", "ID", -6.19, 106.82, "ID", 1.4),
    AwsRegion("ap-southeast-4", "Asia Pacific (Melbourne)", "Melbourne", "AU", -37.81, 144.96, "AU-VIC", 1.07),
    AwsRegion("ap-southeast-5", "Asia Pacific (Malaysia)", "Kuala Lumpur", "MY", 3.13, 101.68, "MY-WM", None),
    AwsRegion("ap-southeast-6", "Asia Pacific (New Zealand)", "Auckland", "NZ", -36.85, 174.76, "NZ", None),
    AwsRegion("ap-southeast-7", "Asia Pacific (Thailand)", "Bangkok", "TH", 13.76, 100.5, "TH", None),
    AwsRegion("ca-central-1", "Canada (Central)", "Montreal", "CA", 45.5, -73.57, "CA-QC", 1.19),
    AwsRegion("ca-west-1", "Canada West (Calgary)", "Calgary", "CA", 51.04, -114.07, "CA-AB", 1.17),
    AwsRegion("cn-north-1", "China (Beijing)", "Beijing", "CN", 39.9, 116.41, "CN", None),
    AwsRegion("cn-northwest-1", "China (Ningxia)", "Ningxia", "CN", 38.48, 106.23, "CN", 1.25),
    AwsRegion("eu-central-1", "Europe (Frankfurt)", "Frankfurt", "DE", 50.11, 8.68, "DE", 1.35),
    AwsRegion("eu-central-2", "Europe (Zurich)", "Zurich", "CH", 47.38, 8.54, "CH", None),
    # The bidding zone and not the country: a plan may refuse SE, and the two differ.
    AwsRegion("eu-north-1", "Europe (Stockholm)", "Stockholm", "SE", 59.33, 18.07, "SE-SE3", 1.1),
    AwsRegion("eu-south-1", "Europe (Milan)", "Milan", "IT", 45.47, 9.18, "IT-NO", None),
    # Not Madrid, as some tables have it.
    AwsRegion("eu-south-2", "Europe (Spain)", "Zaragoza", "ES", 41.77, -0.82, "ES", 1.09),
    AwsRegion("eu-west-1", "Europe (Ireland)", "Dublin", "IE", 53.35, -6.26, "IE", 1.11),
    AwsRegion("eu-west-2", "Europe (London)", "London", "GB", 51.51, -0.13, "GB", None),
    AwsRegion("eu-west-3", "Europe (Paris)", "Paris", "FR", 48.86, 2.35, "FR", None),
    AwsRegion(
        "eusc-de-east-1",
        "AWS European Sovereign Cloud (Germany)",
        "Brandenburg",
        "DE",
        52.41,
        12.53,
        "DE",
        None,
        "AWS names the state only.",
    ),
    AwsRegion("il-central-1", "Israel (Tel Aviv)", "Tel Aviv", "IL", 32.09, 34.78, "IL", None),
    AwsRegion("me-central-1", "Middle East (UAE)", "Dubai", "AE", 25.2, 55.27, "AE", 1.27),
    AwsRegion("me-south-1", "Middle East (Bahrain)", "Manama", "BH", 26.07, 50.56, "BH", 1.33),
    AwsRegion("mx-central-1", "Mexico (Central)", "Querétaro", "MX", 20.59, -100.39, "MX", None),
    # Not in the Amazon (BR-N), where the coordinates of some tables lie.
    AwsRegion("sa-east-1", "South America (São Paulo)", "São Paulo", "BR", -23.56, -46.64, "BR-CS", 1.17),
    AwsRegion("us-east-1", "US East (N. Virginia)", "Northern Virginia", "US", 39.01, -77.43, "US-MIDA-PJM", 1.15),
    AwsRegion("us-east-2", "US East (Ohio)", "Columbus, Ohio", "US", 40.1, -83.14, "US-MIDA-PJM", 1.13),
    AwsRegion(
        "us-gov-east-1",
        "AWS GovCloud (US-East)",
        "Ohio",
        "US",
        40.1,
        -83.14,
        "US-MIDA-PJM",
        None,
        f"{_NO_CITY} Taken as us-east-2.",
    ),
    AwsRegion(
        "us-gov-west-1",
        "AWS GovCloud (US-West)",
        "Oregon",
        "US",
        45.84,
        -119.7,
        "US-NW-PACW",
        None,
        f"{_NO_CITY} Taken as us-west-2. {_OREGON}",
    ),
    AwsRegion("us-west-1", "US West (N. California)", "San Jose", "US", 37.35, -121.96, "US-CAL-CISO", 1.18),
    AwsRegion(
        "us-west-2",
        "US West (Oregon)",
        "Boardman, Oregon",
        "US",
        45.84,
        -119.7,
        "US-NW-PACW",
        1.12,
        f"{_OREGON} Its mean is 129 instead of 204 g/kWh.",
    ),
)
