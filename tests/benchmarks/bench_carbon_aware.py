"""Requests a second of the Carbon Aware API beside an authenticated view that answers a constant, in one process.

    python -m tests.benchmarks.bench_carbon_aware

Whole requests through the WSGI handler with all middleware, signed in by a session: 576 points of 5 minutes in windows
of 60 minutes, and the best of 24 locations over 30 days of hours. The three are asked in turns, one request each, so
that whatever else this machine does slows all of them alike; the middle one of each's times counts.
"""

import io
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROUNDS = 800
MICROSECONDS = 1_000_000
WANTED = {"forecast": 0.5, "best": 0.25}


def main() -> dict[str, float]:
    """Print requests a second and both ratios; give the ratios."""
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder:
        os.environ |= {
            "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{Path(folder) / 'bench.sqlite3'}"),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "API_REQUESTS_PER_MINUTE": "100000000",
            "LOG_LEVEL": "ERROR",
        }
        import django  # noqa: PLC0415 (the database comes first)

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415
        from django.db import transaction  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        with transaction.atomic():
            session, addresses = _session(), _rows(datetime.now(UTC))
        return _measure(session, addresses)


def _measure(session: str, addresses: dict[str, str]) -> dict[str, float]:
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415

    application = get_wsgi_application()
    _add_constant()
    seconds: dict[str, list[float]] = {name: [] for name in addresses}
    for _ in range(ROUNDS):
        for name, address in addresses.items():
            seconds[name].append(_seconds_of_a_request(application, address, session))
    medians = {name: 1 / statistics.median(each) for name, each in seconds.items()}
    ratios = {name: medians[name] / medians["constant"] for name in WANTED}
    print(f"constant, signed in: {medians['constant']:,.0f} requests/s")
    for name, least in WANTED.items():
        print(f"  {name}: {medians[name]:,.0f} requests/s, ratio {ratios[name]:.2f} (wanted: at least {least})")
    return ratios


def _session() -> str:
    """A signed-in session's key."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from tests.factories import UserFactory  # noqa: PLC0415

    user = UserFactory.create(email="bench@example.com")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _rows(now: datetime) -> dict[str, str]:
    """A forecast, and readings of 24 zones; the addresses to ask."""
    from carbon.estimators.series import microseconds  # noqa: PLC0415
    from carbon.models import CarbonReading, Location  # noqa: PLC0415
    from carbon.services.reading_months import note_readings  # noqa: PLC0415
    from tests.factories import CarbonForecastFactory, ZoneFactory  # noqa: PLC0415

    chance = np.random.default_rng(7)
    hour = timedelta(hours=1)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    step = 300 * MICROSECONDS
    CarbonForecastFactory.create(
        zone=ZoneFactory.create(key="DE"),
        generated_at=this_hour,
        retrieved_at=now,
        points=[
            (microseconds(this_hour) + row * step, step, value)
            for row, value in enumerate(chance.uniform(20, 600, 576).tolist())
        ],
    )
    names = []
    for location in Location.objects.filter(is_shipped=True, provider="azure").order_by("key"):
        if location.zone_id in {None, *(zone for _, zone in names)}:
            continue
        names.append((location.key, location.zone_id))
        values = chance.uniform(20, 600, 720).tolist()
        CarbonReading.objects.bulk_create(
            CarbonReading(
                zone_id=location.zone_id,
                source="electricity_maps",
                starts_at=this_hour - row * hour,
                gco2e_per_kwh=value,
                retrieved_at=now,
            )
            for row, value in enumerate(values)
        )
        note_readings(
            [(this_hour - row * hour, 3600 * MICROSECONDS) for row in range(720)],
            zone=str(location.zone_id),
            source="electricity_maps",
            now=now,
        )
        if len(names) == 24:
            break
    asked = "&".join(f"location={name}" for name, _ in names)
    start, end = this_hour - 719 * hour, this_hour
    return {
        "constant": "/constant",
        "forecast": "/emissions/forecasts/current?location=eu-central-1&windowSize=60",
        "best": f"/emissions/bylocations/best?{asked}&time={start:%Y-%m-%dT%H:%MZ}&toTime={end:%Y-%m-%dT%H:%MZ}",
    }


def _add_constant() -> None:
    """The reference: a view of Django REST framework with the project's own defaults."""
    from django.urls import clear_url_caches, get_resolver, path  # noqa: PLC0415
    from rest_framework.response import Response  # noqa: PLC0415
    from rest_framework.views import APIView  # noqa: PLC0415

    class Constant(APIView):
        def get(self, request):  # noqa: ARG002 (Django's signature)
            return Response({"answer": 42})

    get_resolver().urlconf_module.urlpatterns.insert(0, path("constant", Constant.as_view()))
    clear_url_caches()


def _seconds_of_a_request(application, address: str, session: str) -> float:
    path, _, query = address.partition("?")
    status = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_COOKIE": f"sessionid={session}",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    }
    begin = time.perf_counter()
    body = application(environ, lambda said, _: status.append(said))
    length = sum(map(len, body))
    body.close()
    seconds = time.perf_counter() - begin
    if status != ["200 OK"] or not length:
        raise SystemExit(f"{address} answered {status}.")
    return seconds


if __name__ == "__main__":
    ratios = main()
    sys.exit(any(ratios[name] < least for name, least in WANTED.items()))
