"""The AWS accounts of the simulated world and what may be done in them."""

from dataclasses import dataclass
from enum import StrEnum

from finops.sandbox.scenario.chance import hex_from

READER, ADMINISTRATOR = "FinOpsReadOnly", "AdministratorAccess"  # roles behind a sign-in


class SignIn(StrEnum):
    """How one gets into an account."""

    KEYS = "keys"  # a named profile with an access key
    SSO = "sso"  # a named profile of IAM Identity Center


@dataclass(frozen=True, slots=True)
class Account:
    """A simulated account. Its payer's Cost Explorer answers for it too; a payer names itself."""

    account_id: str
    name: str
    profile_name: str
    home_region: str
    enabled_regions: tuple[str, ...]
    payer_account_id: str
    sign_in: SignIn = SignIn.KEYS

    @property
    def is_payer(self) -> bool:
        """Whether it pays its own bill."""
        return self.payer_account_id == self.account_id

    @property
    def access_key_id(self) -> str:
        """The access key of its profile; computed, so that no file holds anything that looks like a key."""
        return "AKIA" + hex_from("access key", self.account_id, digits=16).upper()

    @property
    def secret_access_key(self) -> str:
        """The secret beside it. The endpoint does not check signatures, only that the key id is known."""
        return hex_from("secret", self.account_id, digits=40)

    @property
    def principal_arn(self) -> str:
        """Who one is with its profile."""
        if self.sign_in is SignIn.SSO:
            return f"arn:aws:sts::{self.account_id}:assumed-role/{sso_role(self)}/ana"
        return f"arn:aws:iam::{self.account_id}:user/finops-reader"

    @property
    def role_arn(self) -> str:
        """A role that others may assume with the right external id."""
        return f"arn:aws:iam::{self.account_id}:role/FinOpsReadOnly"

    @property
    def external_id(self) -> str:
        """The external id its role asks for."""
        return hex_from("external id", self.account_id, digits=32)

    @property
    def careless_role_arn(self) -> str:
        """A role whose trust policy asks for no external id: one that a careful product refuses."""
        return f"arn:aws:iam::{self.account_id}:role/FinOpsForAnyone"


def sso_role(account: Account) -> str:
    """The role that IAM Identity Center makes in an account for its readers."""
    return f"AWSReservedSSO_FinOpsReadOnly_{hex_from('sso role', account.account_id, digits=16)}"


@dataclass(frozen=True, slots=True)
class Denial:
    """An action that may not be done in an account; in all regions where none is named."""

    account_id: str
    service: str  # botocore's name: ec2, cloudtrail, cloudwatch, ce, pricing
    operation: str
    region: str = ""


PLATFORM_PAYER = Account(
    account_id="111122223333",
    name="Platform shared services",
    profile_name="platform-payer",
    home_region="us-east-1",
    enabled_regions=("us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "eu-north-1", "ap-southeast-2"),
    payer_account_id="111122223333",
)
PLATFORM_WORKLOADS = Account(
    account_id="444455556666",
    name="Platform workloads",
    profile_name="platform-workloads",
    home_region="eu-central-1",
    enabled_regions=(
        "us-east-1",
        "us-west-2",
        "sa-east-1",
        "eu-central-1",
        "eu-west-1",
        "eu-north-1",
        "ap-southeast-2",
    ),
    payer_account_id="111122223333",
)
RESEARCH = Account(
    account_id="777788889999",
    name="Research computing",
    profile_name="research",
    home_region="eu-north-1",
    enabled_regions=("us-east-1", "us-west-2", "eu-west-3", "eu-north-1"),
    payer_account_id="777788889999",
)
SHOP = Account(
    account_id="222233334444",
    name="Shop",
    profile_name="shop",
    home_region="eu-west-1",
    enabled_regions=("us-east-1", "eu-west-1", "sa-east-1", "ap-southeast-2"),
    payer_account_id="222233334444",
    sign_in=SignIn.SSO,
)

ACCOUNTS = (PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP)

# The reader of Research lacks one permission, in all regions: what cannot be asked must be said, and the rest goes on.
DENIALS = (Denial(RESEARCH.account_id, "cloudtrail", "LookupEvents"),)
