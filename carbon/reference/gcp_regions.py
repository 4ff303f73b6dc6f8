"""Google Cloud regions: where they stand and which grid zone feeds them.

Google names a place for each region; the coordinates are those of that place, to two decimals. The zone is the
one whose border holds them, by the borders that Electricity Maps' own look-up uses (electricitymaps/zone-finder,
MIT). Names and places are facts.
"""

from carbon.reference.cloud_places import CloudPlace

SOURCE = "Place as Google names it; zone by the borders of zone-finder (MIT)."
_OTHER_TABLES = "Other tables name US-MIDW-MISO."

GCP_REGIONS = (
    CloudPlace("africa-south1", "Johannesburg", -26.2, 28.05, "ZA"),
    CloudPlace("asia-east1", "Changhua County", 24.14, 120.43, "TW"),
    CloudPlace("asia-east2", "Hong Kong", 22.32, 114.17, "HK"),
    CloudPlace("asia-northeast1", "Tokyo", 35.68, 139.65, "JP-TK"),
    CloudPlace("asia-northeast2", "Osaka", 34.69, 135.5, "JP-KN"),
    CloudPlace("asia-northeast3", "Seoul", 37.57, 126.98, "KR"),
    CloudPlace("asia-south1", "Mumbai", 19.08, 72.88, "IN-WE"),
    CloudPlace("asia-south2", "Delhi", 28.61, 77.21, "IN-NO"),
    CloudPlace("asia-southeast1", "Jurong West", 1.35, 103.71, "SG"),
    CloudPlace("asia-southeast2", "Jakarta", -6.21, 106.85, "ID"),
    CloudPlace("asia-southeast3", "Bangkok", 13.76, 100.5, "TH"),
    CloudPlace("australia-southeast1", "Sydney", -33.87, 151.21, "AU-NSW"),
    CloudPlace("australia-southeast2", "Melbourne", -37.81, 144.96, "AU-VIC"),
    CloudPlace("europe-central2", "Warsaw", 52.23, 21.01, "PL"),
    CloudPlace("europe-north1", "Hamina", 60.54, 27.13, "FI"),
    CloudPlace("europe-north2", "Stockholm", 59.33, 18.07, "SE-SE3"),
    CloudPlace("europe-southwest1", "Madrid", 40.42, -3.7, "ES"),
    CloudPlace("europe-west1", "St. Ghislain", 50.47, 3.86, "BE"),
    CloudPlace("europe-west10", "Berlin", 52.52, 13.4, "DE"),
    CloudPlace("europe-west12", "Turin", 45.07, 7.69, "IT-NO"),
    CloudPlace("europe-west2", "London", 51.51, -0.13, "GB"),
    CloudPlace("europe-west3", "Frankfurt", 50.11, 8.68, "DE"),
    CloudPlace("europe-west4", "Eemshaven", 53.43, 6.83, "NL"),
    CloudPlace("europe-west6", "Zurich", 47.38, 8.54, "CH"),
    CloudPlace("europe-west8", "Milan", 45.46, 9.19, "IT-NO"),
    CloudPlace("europe-west9", "Paris", 48.86, 2.35, "FR"),
    CloudPlace("me-central1", "Doha", 25.29, 51.53, "QA"),
    CloudPlace("me-central2", "Dammam", 26.42, 50.1, "SA"),
    CloudPlace("me-west1", "Tel Aviv", 32.09, 34.78, "IL"),
    CloudPlace("northamerica-northeast1", "Montréal", 45.5, -73.57, "CA-QC"),
    CloudPlace("northamerica-northeast2", "Toronto", 43.65, -79.38, "CA-ON"),
    CloudPlace("northamerica-south1", "Querétaro", 20.59, -100.39, "MX"),
    CloudPlace("southamerica-east1", "Osasco, São Paulo", -23.53, -46.79, "BR-CS"),
    CloudPlace("southamerica-west1", "Santiago", -33.45, -70.67, "CL-SEN"),
    CloudPlace("us-central1", "Council Bluffs", 41.18, -95.8, "US-CENT-SWPP", _OTHER_TABLES),
    CloudPlace("us-east1", "Moncks Corner", 33.11, -80.09, "US-CAR-SCEG"),
    CloudPlace("us-east4", "Ashburn, Northern Virginia", 39.04, -77.49, "US-MIDA-PJM"),
    CloudPlace("us-east5", "Columbus", 39.96, -83.0, "US-MIDA-PJM"),
    CloudPlace("us-south1", "Dallas", 32.78, -96.8, "US-TEX-ERCO"),
    CloudPlace("us-west1", "The Dalles", 45.63, -121.2, "US-NW-PACW"),
    CloudPlace("us-west2", "Los Angeles", 34.05, -118.24, "US-CAL-CISO"),
    CloudPlace("us-west3", "Salt Lake City", 40.76, -111.89, "US-NW-PACE"),
    CloudPlace("us-west4", "Las Vegas", 36.17, -115.14, "US-NW-NEVP"),
)
