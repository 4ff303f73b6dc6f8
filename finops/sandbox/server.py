"""All stand-ins together, on loopback ports of one process."""

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Self

from finops.sandbox.aws.portal import PATH, PortalPage
from finops.sandbox.aws.profiles import write_expired_token, write_profiles, write_token
from finops.sandbox.aws.world import SimulatedAws
from finops.sandbox.grid.api import KEY, GridApi
from finops.sandbox.grid.series import FileSeries, FirstOf, Series, TypicalSeries
from finops.sandbox.loopback import LoopbackServer
from finops.sandbox.power.api import PowerApi
from finops.sandbox.request_log import RequestLog
from finops.sandbox.scenario import Scenario, real_clock

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Sandbox:
    """Serves one scenario: `with Sandbox(scenario) as sandbox:`, then set `sandbox.environment()`.

    `enforces_quotas=False` lets a test ask as often as it likes.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        port: int = 0,
        folder: Path | None = None,
        enforces_quotas: bool = True,
    ) -> None:
        self.scenario = scenario or Scenario.demo(now=fixed_now())
        self.aws = SimulatedAws(self.scenario, enforces_quotas=enforces_quotas)
        self._stack = ExitStack()
        self._folder = folder
        self._environment: dict[str, str] = {}
        self.grid = GridApi(self.scenario, series=_series())
        self.power = PowerApi()
        # The order is that of the ports, where a first one is given.
        aws = PortalPage(self.aws.identity_center, beyond=self.aws.endpoint)
        applications: list[WSGIApplication] = [aws, self.grid, self.power]
        self._servers: list[LoopbackServer] = []
        try:
            for number, application in enumerate(applications):
                self._servers.append(LoopbackServer(application, port=port + number if port else 0))
        except OSError:
            self.stop()
            raise

    @property
    def log(self) -> RequestLog:
        """What the AWS endpoint was asked."""
        return self.aws.endpoint.log

    @property
    def aws_url(self) -> str:
        """Where the AWS endpoint answers."""
        return self._servers[0].url

    @property
    def grid_url(self) -> str:
        """Where the grid API answers."""
        return self._servers[1].url

    @property
    def power_url(self) -> str:
        """Where the power API answers."""
        return self._servers[2].url

    def start(self) -> Self:
        """Begin to answer, and write the AWS profiles."""
        self.aws.identity_center.page = f"{self.aws_url}{PATH}"
        if self._folder is None:
            self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="sandbox-")))
        for server in self._servers:
            server.start()
        self._environment = {
            "SANDBOX": "1",
            "AWS_ENDPOINT_URL": self.aws_url,
            "SANDBOX_WORLD": self.scenario.window.origin.date().isoformat(),
            "AWS_EC2_METADATA_DISABLED": "true",
            "ELECTRICITY_MAPS_URL": self.grid_url,
            "ELECTRICITY_MAPS_KEY": KEY,
            "BOAVIZTA_URL": self.power_url,
            **write_profiles(self._folder, self.aws_url, scenario=self.scenario),
        }
        return self

    def stop(self) -> None:
        """Stop answering and remove the profiles, unless they were put into a given folder."""
        for server in self._servers:
            server.stop()
        self._stack.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def environment(self) -> dict[str, str]:
        """The environment variables that lead the product, and boto3, to this sandbox."""
        return dict(self._environment)

    @property
    def home(self) -> Path:
        """The home directory that holds the AWS profiles and the SSO token."""
        if self._folder is None:
            raise RuntimeError("The sandbox has not been started: it has no folder yet.")
        return self._folder

    def keep_ready(self) -> None:
        """Make the long answers beforehand: for benchmarks, whose scenario stands still."""
        self.aws.ec2.keep_ready()

    def sign_in(self) -> None:
        """Sign in to the account that is entered by SSO: its profile works from now on, for eight hours."""
        write_token(self.home, *self.aws.identity_center.sign_in())

    def sign_out(self) -> None:
        """End all SSO sessions; the token on disk is an expired one again."""
        self.aws.identity_center.end_all_sessions()
        write_expired_token(self.home, at=real_clock())


def _series() -> Series:
    """The simulation's own intensities, or those of the file that SANDBOX_GRID_CSV names where it holds a zone."""
    path = os.environ.get("SANDBOX_GRID_CSV", "")
    return FirstOf(FileSeries(Path(path)), TypicalSeries()) if path else TypicalSeries()


def fixed_now() -> datetime | None:
    """The instant at which SANDBOX_NOW lets the simulated world stand still; None where it lives on."""
    text = os.environ.get("SANDBOX_NOW", "")
    if not text:
        return None
    try:
        now = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"SANDBOX_NOW must be an ISO 8601 date and time, not {text!r}.") from error
    return now if now.tzinfo else now.replace(tzinfo=UTC)
