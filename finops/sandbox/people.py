"""The people, teams and accounts of the demo, as plain data: whoever seeds a database reads them here."""

from dataclasses import dataclass

from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, READER, RESEARCH, SHOP, Account, SignIn


@dataclass(frozen=True, slots=True)
class DemoMembership:
    """A place in a team: `role` is viewer, operator or owner."""

    team: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who signs in to the demo. The password opens nothing but the demo on this machine."""

    email: str
    password: str
    first_name: str
    memberships: tuple[DemoMembership, ...]
    note: str
    is_platform_admin: bool = False


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An AWS account as somebody would register it. `payer_account_id` is empty where it pays for itself.

    `sso_role_name` is that of one entered by a sign-in at IAM Identity Center; the profile is there all the same.
    """

    team: str
    account_id: str
    name: str
    profile_name: str
    home_region: str
    payer_account_id: str
    sso_role_name: str = ""


PLATFORM_TEAM, RESEARCH_TEAM, SHOP_TEAM = "Platform", "Research", "Shop"
TEAMS = (PLATFORM_TEAM, RESEARCH_TEAM, SHOP_TEAM)

PEOPLE = (
    DemoPerson(
        email="ana@platform.example",
        password="ana-runs-the-platform",  # noqa: S106 (printed by the demo)
        first_name="Ana",
        memberships=(DemoMembership(PLATFORM_TEAM, "owner"),),
        note="owner of Platform: two accounts, one bill",
    ),
    DemoPerson(
        email="ravi@research.example",
        password="ravi-trains-the-models",  # noqa: S106 (printed by the demo)
        first_name="Ravi",
        memberships=(DemoMembership(RESEARCH_TEAM, "owner"),),
        note="owner of Research: one permission is missing",
    ),
    DemoPerson(
        email="sofia@shop.example",
        password="sofia-keeps-the-shop",  # noqa: S106 (printed by the demo)
        first_name="Sofia",
        memberships=(DemoMembership(SHOP_TEAM, "owner"),),
        note="owner of Shop: has to sign in to AWS first, under Accounts",
    ),
    DemoPerson(
        email="viktor@finance.example",
        password="viktor-reads-the-bills",  # noqa: S106 (printed by the demo)
        first_name="Viktor",
        memberships=(
            DemoMembership(PLATFORM_TEAM, "viewer"),
            DemoMembership(RESEARCH_TEAM, "viewer"),
            DemoMembership(SHOP_TEAM, "viewer"),
        ),
        note="viewer in all three teams",
    ),
    DemoPerson(
        email="admin@demo.example",
        password="admin-of-this-demo",  # noqa: S106 (printed by the demo)
        first_name="Admin",
        memberships=(),
        note="platform admin: zones, prices, runs",
        is_platform_admin=True,
    ),
)


def _registered(account: Account, team: str) -> DemoAccount:
    return DemoAccount(
        team=team,
        account_id=account.account_id,
        name=account.name,
        profile_name=account.profile_name,
        home_region=account.home_region,
        payer_account_id="" if account.is_payer else account.payer_account_id,
        sso_role_name=READER if account.sign_in is SignIn.SSO else "",
    )


DEMO_ACCOUNTS = (
    _registered(PLATFORM_PAYER, PLATFORM_TEAM),
    _registered(PLATFORM_WORKLOADS, PLATFORM_TEAM),
    _registered(RESEARCH, RESEARCH_TEAM),
    _registered(SHOP, SHOP_TEAM),
)
