"""Walks every address of the product: who is in no team of Alice's learns nothing of hers and changes nothing."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import ApiToken, AuditEntry, RefreshRun, SsoSession
from carbon.services.upstream_keys import set_key
from costing.models import SavedView
from tests.conftest import NOW
from tests.factories import (
    AwsAccountFactory,
    BilledCostFactory,
    CarbonForecastFactory,
    CarbonReadingFactory,
    CloudRegionFactory,
    CostSnapshotFactory,
    DailyTotalFactory,
    FindingFactory,
    InstanceEventFactory,
    InstanceFactory,
    ResourceFactory,
    SourceStatusFactory,
)

pytestmark = pytest.mark.once

CANARY = "CANARY-9f1c"
ACCOUNT_ID = "998877665544"
SECRETS = (CANARY, ACCOUNT_ID, "i-canary9f1c", "alice@example.com", "4,242.5", "4242.5")

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
PUBLIC = {"login", "logout", "health-live", "health-ready", "favicon", "admin-sign-in"}
# What the Carbon Aware API tells everybody: that it is there, how it is asked, and what it does not know.
PUBLIC |= {
    f"carbon-aware-{name}{below}"
    for name in ("health", "document", "document-as-json", "browse", "browse-index")
    for below in ("", "-below")
}
PUBLIC |= {"carbon-aware"} | {
    f"carbon-aware-nothing-below-{address}"
    for address in ("carbon-aware", "emissions", "locations", "metrics", "swagger")
}


def routes(resolver, prefix="", namespaces=()):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from routes(pattern, route, inner)
        elif isinstance(pattern, URLPattern):
            yield ":".join((*namespaces, pattern.name or route)), pattern


ALL = list(routes(get_resolver()))
OURS = [(name, pattern) for name, pattern in ALL if not name.startswith("admin:")]
ADMIN = [(name, pattern) for name, pattern in ALL if name.startswith("admin:")]


@pytest.fixture
def alices(team, alice):
    """Rows of Alice's team, each with a word nobody else may read."""
    account = AwsAccountFactory.create(
        team=team, name=f"{CANARY} account", account_id=ACCOUNT_ID, profile_name=f"{CANARY}-profile"
    )
    team.name = f"{CANARY} team"
    team.slug = "canary-9f1c-team"
    team.save()
    CloudRegionFactory.create()
    instance = InstanceFactory.create(
        aws_account=account, name=f"{CANARY} instance", instance_id="i-canary9f1c", tags={"owner": CANARY}
    )
    InstanceEventFactory.create(aws_account=account, instance_id=instance.instance_id, actor=CANARY)
    CostSnapshotFactory.create(
        instance=instance,
        day=NOW.date() - timedelta(days=2),
        list_cost_usd="4242.5",
        list_cost_usd_by_hour=[4242.5] * 24,
    )
    DailyTotalFactory.create(aws_account=account, day=NOW.date() - timedelta(days=2), list_cost_usd="4242.5")
    BilledCostFactory.create(aws_account=account, day=NOW.date() - timedelta(days=4), unblended_cost="4242.5")
    SourceStatusFactory.create(aws_account=account, last_error=f"{CANARY} error", fix=f"{CANARY} fix", state="denied")
    CarbonReadingFactory.create(licensee=team, source=CANARY)
    CarbonForecastFactory.create(licensee=team, source=CANARY)
    set_key(upstream="watttime", team=team, secret=f"{CANARY}-secret", user_name=CANARY)
    run = RefreshRun.objects.create(
        aws_account=account,
        steps=["inventory"],
        period_start=NOW - timedelta(days=1),
        period_end=NOW,
        state="parked",
        next_try_at=NOW,
        created_at=NOW,
        error_message=f"{CANARY} run",
    )
    AuditEntry.objects.create(
        team=team, team_name=f"{CANARY} team", actor_name=CANARY, door="page", at=NOW, action="account.registered",
        object_kind="AWS account", object_id=str(account.pk), object_name=f"{CANARY} account",
    )  # fmt: skip
    token = ApiToken.objects.create(
        user=alice, team=team, name=f"{CANARY} token", token_id="0123456789ab", digest="0" * 64, pepper_number=1,
        created_at=NOW, expires_at=NOW + timedelta(days=9),
    )  # fmt: skip
    member = alice.memberships.get()
    sign_in = SsoSession.objects.create(
        team=team, name=f"{CANARY}-portal", start_url=f"https://{CANARY}.example/start", sso_region="eu-central-1",
        offered=[{"account_id": "111122223333", "name": f"{CANARY} offered", "roles": ["Reader"]}], offered_at=NOW,
    )  # fmt: skip
    resource = ResourceFactory.create(
        aws_account=account, resource_id=f"vol-{CANARY}", name=f"{CANARY} disk", tags={"owner": CANARY},
        raw={"VolumeId": CANARY},
    )  # fmt: skip
    finding = FindingFactory.create(aws_account=account, resource=resource)
    view = SavedView.objects.create(team=team, name=f"{CANARY} view", query="measure=list", created_at=NOW)
    return {
        "account": account,
        "instance": instance,
        "run": run,
        "team": team,
        "token": token,
        "member": member,
        "view": view,
        "resource": resource,
        "finding": finding,
        "sign_in": sign_in,
    }


# What fills the holes of each address. A new address whose hole is not named here fails the test below.
SUPPLIERS = {
    ("account", "pk"): lambda rows: rows["account"].pk,
    ("account-edit", "pk"): lambda rows: rows["account"].pk,
    ("account-remove", "pk"): lambda rows: rows["account"].pk,
    ("account-refresh", "pk"): lambda rows: rows["account"].pk,
    **{
        (f"sso-{page}", "pk"): lambda rows: rows["sign_in"].pk
        for page in ("session", "accounts", "start", "poll", "cancel", "sign-out", "forget", "list")
    },
    ("team-member-role", "pk"): lambda rows: rows["member"].pk,
    ("team-member-remove", "pk"): lambda rows: rows["member"].pk,
    ("explorer-forget", "pk"): lambda rows: rows["view"].pk,
    ("resource", "pk"): lambda rows: rows["resource"].pk,
    ("finding-decide", "pk"): lambda rows: rows["finding"].pk,
    ("api-account", "pk"): lambda rows: rows["account"].pk,
    ("api-team", "slug"): lambda rows: rows["team"].slug,
    ("api-token-revoke", "pk"): lambda rows: rows["token"].pk,
    ("api-account-refresh", "pk"): lambda rows: rows["account"].pk,
    ("instance", "pk"): lambda rows: rows["instance"].pk,
    ("instance-runtime", "pk"): lambda rows: rows["instance"].pk,
    ("api-instance", "pk"): lambda rows: rows["instance"].pk,
    ("api-instance-hours", "pk"): lambda rows: rows["instance"].pk,
    ("run", "pk"): lambda rows: rows["run"].pk,
    ("zone", "key"): lambda _: "DE",
    ("api-zone", "key"): lambda _: "DE",
    ("api-run", "pk"): lambda rows: rows["run"].pk,
}
# What they name is nobody's own, so everybody finds it; what is Alice's on it must not show all the same.
SHARED = {"zone", "api-zone"}
# Addresses that only take a deed and show nothing themselves.
DEEDS = {f"sso-{deed}" for deed in ("start", "poll", "cancel", "sign-out", "forget", "list")}
DEEDS |= {"account-refresh", "team-member-role", "team-member-remove", "api-token-revoke", "explorer-forget"}
DEEDS |= {"finding-decide"}
# Shows what it is asked about, so without its parameters nothing of Alice's.
ASKED = {"api-trust-policy"}
# Asked for beside the plain address: filters that name what is Alice's.
QUERIES = {
    "overview": ["?team=canary-9f1c-team"],
    "explorer": [
        "?team=canary-9f1c-team",
        f"?account={ACCOUNT_ID}&group_by=account",
        "?measure=list&group_by=instance",
        "?measure=list&group_by=tag&tag=owner",
    ],
    "api-explore": ["?team=canary-9f1c-team", f"?account={ACCOUNT_ID}&group_by=account", "?format=csv"],
    "customer-costs": ["?team=canary-9f1c-team"],
    "customer-resources": ["?team=canary-9f1c-team", "?regions=eu-central-1"],
    "customer-bottlenecks": ["?team=canary-9f1c-team"],
    "resources": ["?team=canary-9f1c-team", f"?account={ACCOUNT_ID}", "?q=canary", "?tag_key=owner"],
    "resources-load": ["?team=canary-9f1c-team"],
    "findings": ["?team=canary-9f1c-team", f"?account={ACCOUNT_ID}", "?state=any"],
    "instances": ["?team=canary-9f1c-team", f"?account={ACCOUNT_ID}", "?q=i-canary"],
    "health": ["?team=canary-9f1c-team"],
    "accounts": ["?team=canary-9f1c-team"],
    "sso-sessions": ["?team=canary-9f1c-team"],
    "sso-add": ["?team=canary-9f1c-team"],
    "account-add": ["?team=canary-9f1c-team", f"?account_id={ACCOUNT_ID}"],
    "team-settings": ["?team=canary-9f1c-team"],
    "team-members": ["?team=canary-9f1c-team"],
    "team-audit": ["?team=canary-9f1c-team", f"?actor={CANARY}"],
    "api-teams": ["?format=csv"],
    "api-audit": ["?team=canary-9f1c-team", "?format=csv"],
    "api-trust-policy": [f"?team=canary-9f1c-team&account_id={ACCOUNT_ID}"],
    "checks": ["?team=canary-9f1c-team", f"?account={ACCOUNT_ID}&bridge=2026-03"],
    "grid": ["?team=canary-9f1c-team"],
    "zone": ["?team=canary-9f1c-team"],
    "api-zones": ["?team=canary-9f1c-team"],
    "api-zone": ["?team=canary-9f1c-team"],
    "api-readings": ["?team=canary-9f1c-team", f"?source={CANARY}"],
    "api-overview": ["?team=canary-9f1c-team"],
    "api-checks": ["?team=canary-9f1c-team"],
    "api-totals": ["?team=canary-9f1c-team", "?group_by=account"],
    "api-instances": ["?team=canary-9f1c-team", f"?account={ACCOUNT_ID}"],
    "api-snapshots": ["?team=canary-9f1c-team", f"?account={ACCOUNT_ID}", "?instance=1"],
    "api-accounts": ["?team=canary-9f1c-team"],
    "api-health": ["?team=canary-9f1c-team"],
    "api-runs": ["?team=canary-9f1c-team"],
}


def holes(pattern):
    return sorted(pattern.pattern.converters)


def address_of(name, pattern, rows):
    path = "/" + route_of(name)
    for hole in holes(pattern):
        converter = pattern.pattern.converters[hole]
        value = converter.to_url(SUPPLIERS[name, hole](rows))
        path = re.sub(rf"<[a-z]+:{hole}>", lambda _, value=value: value, path)
    return path


def route_of(name):
    def find(resolver, prefix=""):
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from find(pattern, route)
            elif (pattern.name or route) == name:
                yield route

    return next(find(get_resolver()))


def answer(client, method, path):
    if method in {"get", "head", "options"}:
        return getattr(client, method)(path)
    return getattr(client, method)(path, data=b"{}", content_type="application/json")


def rows_of_everything():
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def body_of(response):
    return b"".join(response) if response.streaming else response.content


def without_token(response):
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", response.content)


def test_every_hole_of_every_address_has_a_supplier():
    missing = {(name, hole) for name, pattern in OURS for hole in holes(pattern)} - set(SUPPLIERS)

    assert not missing, f"say in SUPPLIERS what fills {missing}, so that the walk reaches it"


def test_every_address_has_a_name():
    assert [name for name, pattern in OURS if not pattern.name] == []


@pytest.mark.usefixtures("clock_at_now")
@pytest.mark.parametrize("name", sorted({*QUERIES, *(name for name, _ in SUPPLIERS)} - DEEDS - ASKED))
def test_a_member_does_see_what_the_walk_looks_for(client, alice, alices, name):
    client.force_login(alice)
    pattern = dict(OURS)[name]
    method = "post" if name == "api-account-refresh" else "get"

    body = body_of(answer(client, method, address_of(name, pattern, alices))).decode()

    assert [secret for secret in SECRETS if secret in body and secret != "alice@example.com"]


@pytest.mark.usefixtures("clock_at_now")
@pytest.mark.parametrize(("name", "pattern"), OURS, ids=[name for name, _ in OURS])
def test_a_stranger_learns_nothing_and_changes_nothing(client, charlie, alices, name, pattern):
    client.force_login(charlie)
    path = address_of(name, pattern, alices)
    for query in ("", *QUERIES.get(name, [])):
        for method in METHODS:
            before = rows_of_everything()

            response = answer(client, method, path + query)

            body = body_of(response).decode(errors="replace")
            assert response.status_code < 500, f"{method} {path}{query}"
            leaked = [secret for secret in SECRETS if secret in body or secret in str(response.headers)]
            # A page that quotes the reader's own question back tells nothing that was not asked.
            assert not [secret for secret in leaked if secret not in query], f"{method} {path}{query} tells {leaked}"
            if holes(pattern) and name not in SHARED:
                assert response.status_code in {404, 405, 403} or method == "options", f"{method} {path}{query}"
                assert response.status_code != 403 or method not in {"get", "head"}, "a 403 tells that it exists"
            if "team=" in query and method == "get":
                assert response.status_code == 404
            after = rows_of_everything()
            before.pop("sessions.Session"), after.pop("sessions.Session")
            assert after == before, f"{method} {path}{query} changed rows"
            client.force_login(charlie)


@pytest.mark.parametrize(("name", "pattern"), OURS, ids=[name for name, _ in OURS])
def test_nobody_gets_in_without_signing_in(client, alices, name, pattern):
    if name in PUBLIC:
        return
    for method in ("get", "post"):
        response = answer(client, method, address_of(name, pattern, alices))

        assert response.status_code in {302, 401, 403, 405}, f"{method} {name}"
        if response.status_code == 302:
            assert response["Location"].startswith("/sign-in/?next=")
        assert not [secret for secret in SECRETS if secret in response.content.decode()]


def test_a_refresh_of_another_team_looks_the_same_as_one_of_nothing(client, charlie, alices):
    client.force_login(charlie)

    strangers = client.post(f"/accounts/{alices['account'].pk}/refresh")
    nobodys = client.post("/accounts/999999/refresh")

    assert (strangers.status_code, without_token(strangers)) == (nobodys.status_code, without_token(nobodys))


@pytest.mark.parametrize(("name", "pattern"), ADMIN, ids=[name for name, _ in ADMIN])
def test_the_admin_is_closed_to_who_is_not_staff(client, alice, alices, name, pattern):  # noqa: ARG001
    client.force_login(alice)
    route = "/" + _admin_route(pattern)

    response = client.get(route)

    assert response.status_code in {302, 403, 404}, route
    if response.status_code == 302 and name != "admin:logout":
        assert "/admin/login/" in response["Location"] or "/sign-in/" in response["Location"]


def _admin_route(pattern):
    admin = next(p for p in get_resolver().url_patterns if isinstance(p, URLResolver) and p.namespace == "admin")

    def find(resolver, prefix):
        for each in resolver.url_patterns:
            route = prefix + str(each.pattern)
            if each is pattern:
                return route
            if isinstance(each, URLResolver) and (found := find(each, route)):
                return found
        return None

    route = find(admin, str(admin.pattern))
    for hole in ("<path:object_id>", "<int:content_type_id>", "<path:object_id>/"):
        route = route.replace(hole, "1" + ("/" if hole.endswith("/") else ""))
    return route.replace("(?P<app_label>accounts|carbon|costing)", "accounts").replace("^", "").replace("$", "")


def test_the_sign_in_of_the_admin_is_the_products_own(client):
    response = client.get("/admin/", follow=True)

    assert response.redirect_chain[-1][0].startswith("/sign-in/?next=")


def test_csrf_is_checked_where_something_is_written(alice, alices):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    page = client.post(f"/accounts/{alices['account'].pk}/refresh")
    api = client.post(f"/api/v1/accounts/{alices['account'].pk}/refresh")

    assert (page.status_code, api.status_code) == (403, 403)
