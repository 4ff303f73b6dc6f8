"""One settings module: what differs between places is an environment variable, listed in .env.example."""

import os
from collections import ChainMap
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject
from kombu import Queue

from finops.logs import logging_config
from finops.secret_files import secrets_from_files
from finops.secret_key import key_of_this_machine

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

environ.Env.read_env(BASE_DIR / ".env")
try:
    _from_files = secrets_from_files(os.environ)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from None


class _Env(environ.Env):  # type: ignore[misc] # it ships no types
    ENVIRON = ChainMap(_from_files, os.environ)


env = _Env()

# What nobody set, so that this machine makes its own; `check --deploy` names them.
SECRETS_MADE_HERE: list[str] = [
    name for name in ("SECRET_KEY", "FINOPS_ENCRYPTION_KEYS", "API_TOKEN_PEPPERS") if not env.str(name, default="")
]

DEBUG: bool = env.bool("DEBUG", default=False)
SANDBOX: bool = env.bool("SANDBOX", default=False)  # stand-in upstreams on this machine: demo, tests, benchmarks
SECRET_KEY: str = env.str("SECRET_KEY", default="") or key_of_this_machine(VAR_DIR / "secret_key")
# Seals the secrets in the database. Not SECRET_KEY: that one signs, and may be changed without losing them. Where
# nobody set it this machine has one of its own; another machine then cannot open what this one sealed.
# It is made when it is first needed: a build that only collects files must not leave one in an image.
FINOPS_ENCRYPTION_KEYS: Any = env.str("FINOPS_ENCRYPTION_KEYS", default="") or SimpleLazyObject(
    lambda: (
        "machine:"
        + key_of_this_machine(
            VAR_DIR / "encryption_key", chance_bytes=32, loss="keys and sign-ins stored until now have to be set again"
        )
    )
)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "django_structlog",
    "accounts",
    "carbon",
    "costing",
    "finops",
    *(["finops.sandbox"] if SANDBOX else []),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "finops.core.rate_limit.middleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "finops.core.time_zones.ShowTimesInUtcAtFirst",
]

ROOT_URLCONF = "finops.urls"
WSGI_APPLICATION = "finops.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.frame",
            ],
        },
    },
]

# Database ---------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'finops.sqlite3'}"),
}
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # Without IMMEDIATE, two writers that both began by reading fail with "database is locked" at once.
    _database["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    if _database["NAME"] != ":memory:":
        Path(_database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    _database["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    _database["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# People -----------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Language and time ------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# Static files -----------------------------------------------------------------------------------------------


def _folder_of(package: str) -> Path:
    """Where an installed package keeps its files; the package itself is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ImproperlyConfigured(f"The package {package} is not installed. Run `make setup`.")
    return Path(spec.submodule_search_locations[0])


STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
if SANDBOX or DEBUG:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # nothing is collected there, yet whitenoise wants to see it
STATICFILES_DIRS = [
    BASE_DIR / "static",
    # Chart.js as a plain file inside the django-unfold wheel: no Node, nothing vendored.
    ("vendor/chartjs", _folder_of("unfold") / "static" / "unfold" / "js" / "chart"),
]
WHITENOISE_USE_FINDERS = SANDBOX or DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if SANDBOX or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Security ---------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    },
}
HTTPS: bool = env.bool("HTTPS", default=not (DEBUG or SANDBOX))
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/(live|ready)$", r"^(carbon-aware/)?health/?$"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Only for an owner of the whole domain: browsers keep a preloaded domain on HTTPS for years.
SECURE_HSTS_PRELOAD = HTTPS and env.bool("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # Django asks for that preloading, which is the domain owner's to decide.
BEHIND_PROXY: bool = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_REFERRER_POLICY = "same-origin"

# API --------------------------------------------------------------------------------------------------------

# Peppers of the tokens' digests by number, as in 1=…,2=…; the highest makes new tokens, a missing one ends its own.
API_TOKEN_PEPPERS: dict[int, str] = {
    int(number): pepper for number, pepper in env.dict("API_TOKEN_PEPPERS", default={}).items()
} or {1: key_of_this_machine(VAR_DIR / "api_token_pepper")}
API_REQUESTS_PER_MINUTE: int = env.int("API_REQUESTS_PER_MINUTE", default=600)  # of one token, or of one session's user

# Opens the Carbon Aware API's read-only routes to whoever reaches them: for a private network.
CARBON_AWARE_ANONYMOUS: bool = env.bool("CARBON_AWARE_ANONYMOUS", default=False)

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # First the token: who sends both means the token, and is asked for no CSRF token.
        "accounts.api.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.throttling.RequestsPerMinute"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "finops.core.negotiation.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "finops.core.problems.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Carbon-aware FinOps",
    "DESCRIPTION": "What each AWS resource costs and emits, hour by hour, and how far each figure can be trusted.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "PREPROCESSING_HOOKS": ["finops.core.schema.without_trailing_slash"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "finops.core.schema.with_refusals",
        "finops.core.schema.with_units",
        "finops.core.schema.with_examples",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Grade": "costing.models.Grade",
        "SourceState": "accounts.models.SourceState",
        "Freshness": "accounts.estimators.freshness.Freshness",
    },
}

# Celery: the doorbell. The database is the truth (docs/decisions/0002) ---------------------------------------

CELERY_BROKER_URL: str = REDIS_URL or "memory://localhost/"
# Where somebody clicked and waits, and what the clock asked for. A worker takes both unless it is told otherwise.
# Each has a routing key of its own: by default they would share one, and each message would go into both.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("interactive", "refresh")]
CELERY_TASK_DEFAULT_QUEUE = "refresh"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False  # else a task that kills its worker runs for ever
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 1800
CELERY_TASK_SOFT_TIME_LIMIT = 1740
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 600_000  # in KiB; what a large account took is given back after it
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "visibility_timeout": 3600,  # above the longest run, or it would start twice
        "queue_order_strategy": "priority",  # the queues as a worker names them: who waits comes first
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
    }
    if REDIS_URL
    else {}
)

# Upstreams --------------------------------------------------------------------------------------------------

ELECTRICITY_MAPS_URL: str = env.str("ELECTRICITY_MAPS_URL", default="https://api.electricitymaps.com")
ELECTRICITY_MAPS_VERSION: str = env.str("ELECTRICITY_MAPS_VERSION", default="v4")
ELECTRICITY_MAPS_HEADER: str = env.str("ELECTRICITY_MAPS_HEADER", default="auth-token")
ELECTRICITY_MAPS_KEY: str = env.str("ELECTRICITY_MAPS_KEY", default="")
WATTTIME_URL: str = env.str("WATTTIME_URL", default="" if SANDBOX else "https://api.watttime.org")
# They want no key. Empty: that source is not asked.
NESO_URL: str = env.str("NESO_URL", default="" if SANDBOX else "https://api.carbonintensity.org.uk")
ENERGY_CHARTS_URL: str = env.str("ENERGY_CHARTS_URL", default="" if SANDBOX else "https://api.energy-charts.info")
BOAVIZTA_URL: str = env.str("BOAVIZTA_URL", default="")
# Whoever sets AWS_ENDPOINT_URL receives signed requests and SSO tokens, so these variables are refused unless …
AWS_ALLOW_ENDPOINT_OVERRIDE: bool = env.bool("AWS_ALLOW_ENDPOINT_OVERRIDE", default=False)
# Whether a team's owner may register an account that this machine's own profiles and credentials reach. Where
# several teams share a machine each of them would reach what any of them has signed in to.
AWS_HOST_CREDENTIALS_FOR_TEAMS: bool = env.bool("AWS_HOST_CREDENTIALS_FOR_TEAMS", default=DEBUG or SANDBOX)
# Who a cross-account role has to trust: the ARN that `aws sts get-caller-identity` tells on this machine.
AWS_PRINCIPAL_ARN: str = env.str("AWS_PRINCIPAL_ARN", default="")
# Per AWS account. CloudWatch takes $0.00001 for each instance each time: hourly that is $7.20 a month for 1,000.
CLOUDWATCH_BUDGET_USD_PER_MONTH: str = env.str("CLOUDWATCH_BUDGET_USD_PER_MONTH", default="10")

# Refresh ----------------------------------------------------------------------------------------------------

HISTORY_DAYS: int = env.int("HISTORY_DAYS", default=35)
REFRESH_LEASE_SECONDS: int = env.int("REFRESH_LEASE_SECONDS", default=60)

# Arithmetic -------------------------------------------------------------------------------------------------

POWER_MODEL: str = env.str("POWER_MODEL", default="load_curve")  # or linear_30_70; a team may choose its own
DISPLAY_CURRENCY: str = env.str("DISPLAY_CURRENCY", default="USD")
# Cost Explorer under-reports recent days: a UTC day counts as complete once it ended this long ago.
BILLING_LAG_HOURS: int = env.int("BILLING_LAG_HOURS", default=48)

LOG_FORMAT: str = env.str("LOG_FORMAT", default="text" if SANDBOX or DEBUG else "json")
LOG_LEVEL: str = env.str("LOG_LEVEL", default="WARNING" if SANDBOX else "INFO")
LOGGING_CONFIG = None
logging_config(level=LOG_LEVEL, output=LOG_FORMAT)
