"""All of the simulated AWS put together."""

from typing import Protocol

from finops.sandbox.aws.cloudtrail import CloudTrail
from finops.sandbox.aws.cloudwatch import CloudWatch
from finops.sandbox.aws.cost_explorer import CostExplorer
from finops.sandbox.aws.ec2 import Ec2
from finops.sandbox.aws.endpoint import AwsEndpoint, Handlers
from finops.sandbox.aws.estate import Estate
from finops.sandbox.aws.identity import Identities
from finops.sandbox.aws.pricing import Pricing
from finops.sandbox.aws.sso import IdentityCenter
from finops.sandbox.aws.sts import Sts
from finops.sandbox.scenario import Scenario


class Service(Protocol):
    """A simulated service."""

    def handlers(self) -> Handlers:
        """What it answers."""


class SimulatedAws:
    """The endpoint with its services, and the doors that tests need behind it."""

    def __init__(self, scenario: Scenario, *, enforces_quotas: bool = True) -> None:
        self.identities = Identities(scenario)
        self.identity_center = IdentityCenter(scenario, self.identities)
        self.cost_explorer = CostExplorer(scenario)
        self.ec2 = Ec2(scenario)
        services: list[Service] = [
            self.ec2,
            Estate(scenario),
            CloudTrail(scenario),
            CloudWatch(scenario),
            Pricing(),
            self.cost_explorer,
            Sts(self.identities),
            self.identity_center,
        ]
        handlers = {key: handler for service in services for key, handler in service.handlers().items()}
        self.endpoint = AwsEndpoint(
            scenario, identities=self.identities, handlers=handlers, enforces_quotas=enforces_quotas
        )
