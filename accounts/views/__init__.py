from .health import health
from .probes import admin_sign_in, favicon, live, ready
from .requests import SignedInRequest, scope_or_404, unusable
from .runs import refresh_account, run

__all__ = [
    "SignedInRequest",
    "admin_sign_in",
    "favicon",
    "health",
    "live",
    "ready",
    "refresh_account",
    "run",
    "scope_or_404",
    "unusable",
]
