"""Azure regions: where they stand and which grid zone feeds them.

Coordinates are those that Microsoft gives out for each region (`az account list-locations`), to two decimals;
where it gives none, or a wrong one, those of the area that it names. The zone is the one whose border holds them,
by the borders that Electricity Maps' own look-up uses (electricitymaps/zone-finder, MIT). Names and places are
facts. `brazilus` is left out: it stands nowhere.
"""

from carbon.reference.cloud_places import CloudPlace

SOURCE = "Coordinates as Microsoft gives them out; zone by the borders of zone-finder (MIT)."
_OTHER_GRID = (
    "Microsoft's coordinates lie in the small grid of a neighbouring utility; the state's larger one is taken."
)

AZURE_REGIONS = (
    CloudPlace("australiacentral", "Australia Central", -35.31, 149.12, "AU-NSW"),
    CloudPlace("australiacentral2", "Australia Central 2", -35.31, 149.12, "AU-NSW"),
    CloudPlace("australiaeast", "Australia East", -33.86, 151.21, "AU-NSW"),
    CloudPlace("australiasoutheast", "Australia Southeast", -37.81, 144.96, "AU-VIC"),
    CloudPlace("brazilsouth", "Brazil South", -23.55, -46.63, "BR-CS"),
    CloudPlace("brazilsoutheast", "Brazil Southeast", -22.9, -43.21, "BR-CS"),
    CloudPlace("canadacentral", "Canada Central", 43.65, -79.38, "CA-ON"),
    CloudPlace("canadaeast", "Canada East", 46.82, -71.22, "CA-QC"),
    CloudPlace("centralindia", "Central India", 18.58, 73.92, "IN-WE"),
    CloudPlace("centralus", "Central US", 41.59, -93.62, "US-MIDW-MISO"),
    CloudPlace("centraluseuap", "Central US EUAP", 41.59, -93.62, "US-MIDW-MISO"),
    CloudPlace("chinaeast", "China East", 31.23, 121.47, "CN"),
    CloudPlace("chinaeast2", "China East 2", 31.23, 121.47, "CN"),
    CloudPlace("chinanorth", "China North", 39.9, 116.41, "CN"),
    CloudPlace("chinanorth2", "China North 2", 39.9, 116.41, "CN"),
    CloudPlace("chinanorth3", "China North 3", 38.04, 114.51, "CN"),
    CloudPlace("eastasia", "East Asia", 22.27, 114.19, "HK"),
    CloudPlace("eastus", "East US", 37.37, -79.82, "US-MIDA-PJM"),
    CloudPlace("eastus2", "East US 2", 36.67, -78.39, "US-MIDA-PJM"),
    CloudPlace("eastus2euap", "East US 2 EUAP", 36.67, -78.39, "US-MIDA-PJM"),
    CloudPlace("eastusstg", "East US STG", 37.37, -79.82, "US-MIDA-PJM"),
    CloudPlace("francecentral", "France Central", 46.38, 2.37, "FR"),
    CloudPlace("francesouth", "France South", 43.83, 2.2, "FR"),
    CloudPlace("germanynorth", "Germany North", 53.07, 8.81, "DE"),
    CloudPlace("germanywestcentral", "Germany West Central", 50.11, 8.68, "DE"),
    CloudPlace("indonesiacentral", "Indonesia Central", -6.19, 106.82, "ID"),
    CloudPlace("israelcentral", "Israel Central", 32.09, 34.78, "IL"),
    CloudPlace("italynorth", "Italy North", 45.47, 9.18, "IT-NO"),
    CloudPlace("japaneast", "Japan East", 35.68, 139.77, "JP-TK"),
    CloudPlace("japanwest", "Japan West", 34.69, 135.5, "JP-KN"),
    CloudPlace("jioindiacentral", "Jio India Central", 21.15, 79.09, "IN-WE"),
    CloudPlace("jioindiawest", "Jio India West", 22.47, 70.06, "IN-WE"),
    CloudPlace("koreacentral", "Korea Central", 37.57, 126.98, "KR"),
    CloudPlace("koreasouth", "Korea South", 35.18, 129.08, "KR"),
    CloudPlace("mexicocentral", "Mexico Central", 20.59, -100.39, "MX"),
    CloudPlace("newzealandnorth", "New Zealand North", -36.85, 174.76, "NZ"),
    CloudPlace("northcentralus", "North Central US", 41.88, -87.63, "US-MIDA-PJM"),
    CloudPlace("northeurope", "North Europe", 53.35, -6.26, "IE"),
    CloudPlace("norwayeast", "Norway East", 59.91, 10.75, "NO-NO1"),
    CloudPlace("norwaywest", "Norway West", 58.97, 5.73, "NO-NO2"),
    CloudPlace("polandcentral", "Poland Central", 52.23, 21.02, "PL"),
    CloudPlace("qatarcentral", "Qatar Central", 25.55, 51.44, "QA"),
    CloudPlace("southafricanorth", "South Africa North", -25.73, 28.22, "ZA"),
    CloudPlace("southafricawest", "South Africa West", -34.08, 18.84, "ZA"),
    CloudPlace("southcentralus", "South Central US", 29.42, -98.5, "US-TEX-ERCO"),
    CloudPlace("southeastasia", "Southeast Asia", 1.28, 103.83, "SG"),
    CloudPlace("southindia", "South India", 12.98, 80.16, "IN-SO"),
    CloudPlace("spaincentral", "Spain Central", 40.42, -3.7, "ES"),
    CloudPlace("swedencentral", "Sweden Central", 60.67, 17.14, "SE-SE3"),
    CloudPlace("switzerlandnorth", "Switzerland North", 47.45, 8.56, "CH"),
    CloudPlace("switzerlandwest", "Switzerland West", 46.2, 6.14, "CH"),
    CloudPlace("uaecentral", "UAE Central", 24.47, 54.37, "AE"),
    CloudPlace("uaenorth", "UAE North", 25.27, 55.32, "AE"),
    CloudPlace("uksouth", "UK South", 50.94, -0.8, "GB"),
    CloudPlace("ukwest", "UK West", 53.43, -3.08, "GB"),
    CloudPlace("westcentralus", "West Central US", 40.89, -110.23, "US-NW-PACE"),
    CloudPlace("westeurope", "West Europe", 52.37, 4.9, "NL"),
    CloudPlace("westindia", "West India", 19.09, 72.87, "IN-WE"),
    CloudPlace("westus", "West US", 37.78, -122.42, "US-CAL-CISO"),
    CloudPlace("westus2", "West US 2", 47.29, -120.21, "US-NW-BPAT", _OTHER_GRID),
    CloudPlace("westus3", "West US 3", 34.4, -111.76, "US-SW-AZPS", _OTHER_GRID),
)
