"""`make verify-upstreams`: hold our Boavizta client against the real API, started here as a separate process.

The API (AGPL-3.0) is installed by hash into .venv-boavizta and never imported. An address as argument checks
against a service that runs already: `python -m tests.upstreams.verify_boavizta http://127.0.0.1:5000`.
Ends with 1 where a single check fails.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from types import FrameType

import structlog

from carbon.clients.boavizta import LOADS_PERCENT, Boavizta
from carbon.clients.power import PowerCurve, RamModules, ServerConfiguration
from finops.core.upstream.errors import UpstreamError, UpstreamMisunderstood, UpstreamUnavailable
from finops.core.upstream.session import UpstreamSession
from tests.separate import ROOT, VerificationImpossibleError, end, free_port, install

LOCK = ROOT / "requirements-boavizta.lock"
ENVIRONMENT = ROOT / ".venv-boavizta"
VERSION = "2.5.0"
READY_WITHIN_SECONDS = 60

XEON = ServerConfiguration(cpu_units=2, cpu_core_units=2, cpu_name="Intel Xeon", ram=(RamModules(1, 8),))
EPYC = ServerConfiguration(cpu_units=1, cpu_core_units=48, cpu_name="AMD EPYC 7R13", ram=(RamModules(1, 8),))


def main() -> int:
    """Install, start, check, end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # the table says what failed
    signal.signal(signal.SIGTERM, _leave)
    try:
        if len(sys.argv) > 1:
            return report(sys.argv[1])
        install(ENVIRONMENT, LOCK)
        with running() as url:
            return report(url)
    except VerificationImpossibleError as error:
        print(error)
        return 1


@contextmanager
def running() -> Iterator[str]:
    """The API on a free port of this machine; its process ends whatever happens inside."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [ENVIRONMENT / "bin" / "python", "-m", "uvicorn", "boaviztapi.main:app"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    # A folder of its own and a bare environment: the API reads BOAVIZTA_… and a .env file where it stands.
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as log:
        environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        process = subprocess.Popen(
            [*command, *options], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_until_ready(url, process)
            yield url
        except VerificationImpossibleError:
            log.seek(0)
            print(log.read()[-2000:])
            raise
        finally:
            end(process)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the API answers."""
    session = UpstreamSession("boavizta", url)
    for _ in range(READY_WITHIN_SECONDS * 5):
        if process.poll() is not None:
            raise VerificationImpossibleError(f"The real API ended at once, with {process.returncode}.")
        try:
            session.get_json("v1/utils/version")
        except UpstreamUnavailable:
            time.sleep(0.2)
        else:
            return
    raise VerificationImpossibleError(f"The real API was not ready within {READY_WITHIN_SECONDS} s.")


def report(url: str) -> int:
    """Run every check and print the table; 1 where one failed."""
    failed = 0
    print(f"{'':6} {'check':58} {'expected':24} found")
    for name, expected, find in checks(url):
        try:
            found = find()
        except UpstreamError as error:
            found = f"{type(error).__name__}: {error.message}"
        is_ok = found == expected
        failed += not is_ok
        print(f"{'ok' if is_ok else 'FAILED':6} {name:58} {expected:24} {found}")
    print(f"{failed} of the checks failed." if failed else "Our client and the real API agree.")
    return 1 if failed else 0


def checks(url: str) -> list[tuple[str, str, Callable[[], str]]]:
    """Name, what is expected, and how to find what is so."""
    source = Boavizta(base_url=url)
    session = UpstreamSession("boavizta", url, follows_307=True)

    def curve(instance_type: str) -> PowerCurve:
        found = source.power_curve(instance_type)
        if found is None:
            raise UpstreamMisunderstood(f"{instance_type} is unknown.", upstream="boavizta")
        return found

    def known(instance_type: str) -> str:
        return "unknown" if source.power_curve(instance_type) is None else "known"

    def without_slash() -> str:
        answer = session.post_json("v1/server", body={}, params={"criteria": "gwp"})
        return "answered" if "impacts" in answer else "no impacts"

    def wrong_path() -> str:
        return "known" if Boavizta(base_url=f"{url}/v9").power_curve("m6a.large") else "unknown"

    return [
        ("version", VERSION, source.version),
        ("m6a.large: loads of the curve", "8", lambda: str(len(curve("m6a.large").watts))),
        ("m6a.large: rises with every load", "True", lambda: str(rises(curve("m6a.large")))),
        ("m6a.large: watts at 50 %", "6.01", lambda: f"{watts_at_half(curve('m6a.large')):.2f}"),
        ("m6a.large: not substituted", "False", lambda: str(curve("m6a.large").is_substituted)),
        ("m6a.large: embodied kg CO2e", "20", lambda: f"{curve('m6a.large').embodied_kgco2e:g}"),
        ("m6a.large: lifespan in hours", "52560", lambda: f"{curve('m6a.large').lifespan_hours:g}"),
        (
            "m6a.large: straight lines stay within 1.5 % of the API",
            "True",
            lambda: str(largest_deviation(session, curve("m6a.large")) <= 0.015),
        ),
        ("p5.48xlarge: rises with every load", "True", lambda: str(rises(curve("p5.48xlarge")))),
        ("i7ie.large: flagged as substituted", "True", lambda: str(curve("i7ie.large").is_substituted)),
        ("i7ie.large: names what was taken", "True", lambda: str("r7iz.large" in curve("i7ie.large").warning)),
        ("zz9.plural: unknown", "unknown", lambda: known("zz9.plural")),
        ("m6a.huge: unknown, for it is near to nothing", "unknown", lambda: known("m6a.huge")),
        ("server of 2 × Intel Xeon: watts at 50 %", "496.6", lambda: f"{watts_at_half(source.server_curve(XEON)):.1f}"),
        (
            "server of 2 × Intel Xeon: some Xeon was taken",
            "True",
            lambda: str(source.server_curve(XEON).is_substituted),
        ),
        ("server of AMD EPYC 7R13: watts at 50 %", "235.8", lambda: f"{watts_at_half(source.server_curve(EPYC)):.1f}"),
        ("server of AMD EPYC 7R13: that very CPU", "False", lambda: str(source.server_curve(EPYC).is_substituted)),
        ("POST without the slash: its 307 is followed", "answered", without_slash),
        (
            "a wrong address is not an unknown type",
            "UpstreamMisunderstood",
            lambda: raises(UpstreamMisunderstood, wrong_path),
        ),
    ]


def rises(curve: PowerCurve) -> bool:
    """Whether each load draws more than the one before."""
    return all(low < high for low, high in pairwise(curve.watts))


def watts_at_half(curve: PowerCurve) -> float:
    """The curve's own point at 50 % load."""
    return curve.watts[LOADS_PERCENT.index(50)]


def largest_deviation(session: UpstreamSession, curve: PowerCurve) -> float:
    """How far the straight line between two of our points lies from the API's watts in their middle."""
    deviations = []
    points = list(zip(curve.load_percent, curve.watts, strict=True))
    for (low, watts_low), (high, watts_high) in pairwise(points):
        answer = session.post_json(
            "v1/cloud/instance",
            params={"verbose": "true", "criteria": "gwp"},
            body={
                "provider": "aws",
                "instance_type": curve.instance_type,
                "usage": {"time_workload": (low + high) / 2},
            },
        )
        real = answer["verbose"]["avg_power"]["value"]
        deviations.append(abs((watts_low + watts_high) / 2 - real) / real)
    return max(deviations)


def raises(expected: type[UpstreamError], do: Callable[[], str]) -> str:
    """The error's name where it is the expected one, else what came instead."""
    try:
        return do()
    except expected:
        return expected.__name__


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
