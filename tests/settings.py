"""The product's settings as tests want them: sandbox upstreams, a cheap password hash, nobody's own environment."""

import os

for _name in [
    name
    for name in os.environ
    if name.startswith(("AWS_", "ELECTRICITY_MAPS_", "BOAVIZTA_", "SANDBOX_", "POWER_MODEL", "DISPLAY_CURRENCY"))
]:
    del os.environ[_name]
os.environ.update(
    {
        "SANDBOX": "1",
        "SECRET_KEY": "only-for-tests",
        "FINOPS_ENCRYPTION_KEYS": "tests:" + "A" * 43,
        "DEBUG": "0",
        "LOG_LEVEL": "WARNING",
    }
)

from finops.settings import *  # noqa: E402, F403 (the environment comes first)
from finops.settings import DATABASES, VAR_DIR  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
_suffix = os.environ.get("TEST_DB_SUFFIX", "")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory: threads and child processes of a test must see the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / f"test{_suffix}.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_finops{_suffix}"}

# WhiteNoise warns where the folder of collected files is missing, and a warning is an error here.
STATIC_ROOT = VAR_DIR / "test-staticfiles"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
