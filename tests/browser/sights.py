"""Everything that can be looked at: each page in each of its designed states, and who sees it so.

A new address fails `test_every_page_has_a_sight` until it stands here, as a sight or, with its reason, as none.
"""

from dataclasses import dataclass

from finops.sandbox.people import PEOPLE
from tests.browser import stage

PASSWORDS = {person.email: person.password for person in PEOPLE} | {
    player.email: stage.PASSWORD for player in stage.PLAYERS
}
ANA, RAVI, SOFIA, VIKTOR, ADMIN = (person.email for person in PEOPLE)
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """One page in one state. `path` may have holes, which FINDERS fill; `words` must be on it."""

    page: str
    state: str
    path: str
    who: str = ANA
    words: str = ""
    status: int = 200
    is_ours: bool = True  # a page that a package draws is watched for errors, and not judged for its look

    def __str__(self):
        return f"{self.page}-{self.state}"


# What fills a hole: the API address whose first row, or whose row itself, has it under that name; behind a #, of which
# list of the answer's data.
FINDERS = {
    "instance": ("/api/v1/instances?ordering=-operational", "id"),
    "account": ("/api/v1/accounts", "id"),
    "run": ("/api/v1/runs", "id"),
    "resource": ("/api/resources#rds", "pk"),
}

SIGHTS = (
    Sight("login", "usual", "/sign-in/", NOBODY),
    Sight("overview", "usual", "/"),
    Sight("overview", "90-days", "/?days=90"),
    Sight("overview", "all-teams", "/", VIKTOR),
    Sight("overview", "one-of-three-teams", "/?team=research", VIKTOR),
    Sight("overview", "one-permission-missing", "/", RAVI, "cloudtrail:LookupEvents"),
    Sight("overview", "login-needed", "/", SOFIA, "A sign-in to AWS is needed"),
    Sight("overview", "no-team", "/", stage.NO_TEAM.email, "You are in no team yet"),
    Sight("overview", "no-account", "/", stage.NO_ACCOUNT.email, "No AWS account yet"),
    Sight("overview", "first-refresh", "/", stage.REFRESHING.email, "The first refresh is under way"),
    Sight("overview", "really-zero", "/", stage.REALLY_ZERO.email, "There are no instances, and that is complete"),
    Sight("overview", "stale", "/", stage.STALE.email, "stale"),
    Sight("overview", "gave-up", "/", stage.PARKED.email, "gave up after 5 attempts"),
    Sight("overview", "not-allowed", "/", stage.DENIED.email, "AWS does not allow us to look"),
    Sight("overview", "not-in-period", "/?month=2025-01", ANA, "Nothing in this period"),
    Sight("overview", "wrong-parameter", "/?days=0", ANA, "days", status=400),
    Sight("instances", "usual", "/instances/"),
    Sight("instances", "sorted", "/instances/?ordering=-operational&days=7"),
    Sight("instances", "filtered", "/instances/?state=stopped"),
    Sight("instances", "filtered-to-nothing", "/instances/?q=nothing-is-called-so", ANA, "No instance matches"),
    Sight("instances", "no-team", "/instances/", stage.NO_TEAM.email, "You are in no team yet"),
    Sight("instances", "stale", "/instances/", stage.STALE.email),
    Sight("instances", "wrong-parameter", "/instances/?ordering=colour", ANA, "ordering", status=400),
    Sight("resources", "usual", "/resources/"),
    Sight("resources", "filtered", "/resources/?kind=rds_instance"),
    Sight("resources", "filtered-to-nothing", "/resources/?q=nothing-is-called-so", ANA, "No resource matches"),
    Sight("resources", "one-permission-missing", "/resources/", RAVI),
    Sight("resources", "no-account", "/resources/", stage.NO_ACCOUNT.email, "No AWS account yet"),
    Sight("resources", "wrong-parameter", "/resources/?kind=colour", ANA, "kind", status=400),
    Sight("resource", "usual", "/resources/{resource}/"),
    Sight("resource", "none-such", "/resources/999999999/", ANA, status=404),
    Sight("resources-load", "usual", "/resources/load/"),
    Sight("resources-load", "viewer", "/resources/load/", VIKTOR),
    Sight("resources-load", "under-way", "/resources/load/", stage.REFRESHING.email),
    Sight("findings", "usual", "/findings/"),
    Sight("findings", "all-states", "/findings/?state=any"),
    Sight("findings", "viewer", "/findings/", VIKTOR),
    Sight("findings", "not-looked-yet", "/findings/", stage.REFRESHING.email, "not looked at any account yet"),
    Sight("findings", "stale", "/findings/", stage.STALE.email),
    Sight("findings", "no-account", "/findings/", stage.NO_ACCOUNT.email, "No AWS account yet"),
    Sight("explorer", "usual", "/explorer/"),
    Sight("explorer", "two-groupings", "/explorer/?group_by=service&then_by=region&every=week&top=12"),
    Sight("explorer", "all-teams", "/explorer/?group_by=team&then_by=account&measure=carbon", VIKTOR),
    Sight(
        "explorer", "narrowed", "/explorer/?group_by=instance&measure=energy&region=eu-central-1", ANA, "Narrowed to"
    ),
    Sight("explorer", "ratio", "/explorer/?group_by=region&measure=intensity&every=week"),
    Sight(
        "explorer",
        "unanswerable",
        "/explorer/?group_by=usage_type&measure=energy",
        ANA,
        "No data can answer this",
        status=400,
    ),
    Sight("explorer", "filtered-to-nothing", "/explorer/?service=none-such", ANA, "Nothing matches these filters"),
    Sight("explorer", "no-bill", "/explorer/", stage.PARKED.email, "No bill for these days"),
    Sight("explorer", "no-account", "/explorer/", stage.NO_ACCOUNT.email, "No AWS account yet"),
    Sight("explorer", "wrong-parameter", "/explorer/?every=hour", ANA, "every", status=400),
    Sight("instance", "usual", "/instances/{instance}/"),
    Sight("instance", "35-days", "/instances/{instance}/?hours=840"),
    Sight("instance-runtime", "usual", "/instances/{instance}/runtime"),
    Sight("instance", "stale", "/instances/{instance}/", stage.STALE.email),
    Sight("instance-runtime", "usual", "/instances/{instance}/runtime"),
    Sight("instance", "none-such", "/instances/999999999/", ANA, status=404),
    Sight("health", "usual", "/data-health/"),
    Sight("health", "login-needed", "/data-health/", SOFIA, "Sign in to AWS"),
    Sight("health", "no-team", "/data-health/", stage.NO_TEAM.email),
    Sight("health", "stale", "/data-health/", stage.STALE.email, "stale"),
    Sight("run", "done", "/runs/{run}/"),
    Sight("run", "under-way", "/runs/{run}/", stage.REFRESHING.email, "Starts and stops"),
    Sight("run", "gave-up", "/runs/{run}/", stage.PARKED.email, "gave up"),
    Sight("accounts", "usual", "/accounts/"),
    Sight("accounts", "viewer", "/accounts/", VIKTOR),
    Sight("accounts", "no-account", "/accounts/", stage.NO_ACCOUNT.email),
    Sight("accounts", "no-team", "/accounts/", stage.NO_TEAM.email),
    Sight("account", "usual", "/accounts/{account}/"),
    Sight("account", "viewer", "/accounts/{account}/", VIKTOR),
    Sight("account", "one-permission-missing", "/accounts/{account}/", RAVI, "cloudtrail:LookupEvents"),
    Sight("account", "login-needed", "/accounts/{account}/", SOFIA, "Sign in to AWS"),
    Sight("account", "first-refresh", "/accounts/{account}/", stage.REFRESHING.email),
    Sight("account", "gave-up", "/accounts/{account}/", stage.PARKED.email, "gave up"),
    Sight("account-add", "by-role", "/accounts/add/"),
    Sight("account-add", "by-profile", "/accounts/add/?way=host_profile"),
    Sight("account-add", "by-environment", "/accounts/add/?way=environment"),
    Sight("account-add", "not-an-owner", "/accounts/add/", VIKTOR, status=403),
    Sight("sso-sessions", "usual", "/accounts/sign-ins/", SOFIA, "signed out"),
    Sight("sso-sessions", "none", "/accounts/sign-ins/", ANA, "No sign-in yet"),
    Sight("sso-sessions", "viewer", "/accounts/sign-ins/?team=shop", VIKTOR),
    Sight("sso-sessions", "of-which-team", "/accounts/sign-ins/", VIKTOR),
    Sight("sso-add", "usual", "/accounts/sign-ins/add/", SOFIA),
    Sight("sso-session", "signed-out", "/accounts/sign-ins/1/", SOFIA, "Sign in to AWS"),
    Sight("sso-accounts", "nothing-listed", "/accounts/sign-ins/1/accounts/", SOFIA, "No account is listed"),
    Sight("account-edit", "usual", "/accounts/{account}/edit/"),
    Sight("account-remove", "asked", "/accounts/{account}/remove/"),
    Sight("team-settings", "usual", "/settings/"),
    Sight("team-settings", "viewer", "/settings/?team=platform", VIKTOR),
    Sight("team-settings", "of-which-team", "/settings/", VIKTOR),
    Sight("team-settings", "no-team", "/settings/", stage.NO_TEAM.email, "You are in no team yet"),
    Sight("team-members", "usual", "/settings/members/"),
    Sight("team-members", "viewer", "/settings/members/?team=platform", VIKTOR),
    Sight("team-audit", "usual", "/settings/audit/"),
    Sight("api-tokens", "usual", "/settings/api-tokens/"),
    Sight("checks", "usual", "/checks/"),
    Sight("checks", "90-days", "/checks/?days=90"),
    Sight("checks", "all-teams", "/checks/", VIKTOR),
    Sight("checks", "login-needed", "/checks/", SOFIA),
    Sight("checks", "no-account", "/checks/", stage.NO_ACCOUNT.email, "No AWS account yet"),
    Sight("when-and-where", "usual", "/when-and-where/"),
    Sight("when-and-where", "no-account", "/when-and-where/", stage.NO_ACCOUNT.email),
    Sight("grid", "usual", "/grid/"),
    Sight("grid", "no-account", "/grid/", stage.NO_ACCOUNT.email),
    Sight("zone", "usual", "/grid/DE/"),
    Sight("zone", "none-such", "/grid/NOWHERE/", ANA, status=404),
    Sight("methodology", "usual", "/methodology/"),
    Sight("glossary", "usual", "/glossary/"),
    Sight("about-data", "usual", "/about-data/"),
    Sight("api-docs", "usual", "/api/v1/docs/", is_ours=False),
    Sight("admin:index", "usual", "/admin/", ADMIN, is_ours=False),
)

# Addresses that nobody looks at, and why.
NOT_LOOKED_AT = {
    "logout": "POST only; a journey signs out",
    "account-refresh": "POST only; a journey refreshes",
    "instances-columns": "POST only",
    "explorer-save": "POST only",
    "explorer-forget": "POST only",
    "finding-decide": "POST only; a journey decides",
    "customer-costs": "for machines",
    "customer-resources": "for machines",
    "customer-regions": "for machines",
    "customer-metrics": "for machines",
    "customer-bottlenecks": "for machines",
    "sso-start": "POST only; a journey signs in",
    "sso-poll": "POST only",
    "sso-cancel": "POST only",
    "sso-sign-out": "POST only",
    "sso-forget": "POST only",
    "sso-list": "POST only",
    "team-member-role": "POST only",
    "team-member-remove": "POST only",
    "api-token-revoke": "POST only",
    "favicon": "an image",
    "health-live": "for machines",
    "health-ready": "for machines",
    "schema": "for machines",
    "admin-sign-in": "leads to the sign-in",
}
