"""People of a team: who may change them, and that an owner stays."""

import pytest

from accounts.models import AuditEntry, Membership
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def vera(team):
    user = UserFactory.create(email="vera@example.com")
    return MembershipFactory.create(team=team, user=user, role="viewer")


def test_an_owner_adds_somebody_who_can_sign_in_by_their_address_in_any_case(alice_client, team):
    UserFactory.create(email="jane@example.com")

    alice_client.post(f"/settings/members/?team={team.slug}", {"email": "Jane@Example.com", "role": "operator"})

    assert Membership.objects.get(user__email="jane@example.com").role == "operator"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after, entry.team) == ("member.added", {"role": "operator"}, team)


@pytest.mark.usefixtures("vera")
@pytest.mark.parametrize("email", ["nobody@example.com", "left@example.com", "vera@example.com", "no address", ""])
def test_who_cannot_be_added_is_refused_with_words(alice_client, team, email):
    UserFactory.create(email="left@example.com", is_active=False)

    answer = alice_client.post("/settings/members/", {"email": email, "role": "viewer"})

    assert answer.status_code == 200
    assert answer.context["form"].errors["email"]
    assert Membership.objects.filter(team=team).count() == 2


def test_a_role_is_changed_and_told(alice_client, vera):
    alice_client.post(f"/settings/members/{vera.pk}/role", {"role": "owner"})

    vera.refresh_from_db()
    assert vera.role == "owner"
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"role": "viewer"}, {"role": "owner"})


def test_a_role_nobody_knows_is_a_400(alice_client, vera):
    assert alice_client.post(f"/settings/members/{vera.pk}/role", {"role": "king"}).status_code == 400


@pytest.mark.parametrize(("what", "given"), [("role", {"role": "viewer"}), ("remove", {})])
def test_the_last_owner_stays(alice_client, alice, what, given):
    own = alice.memberships.get()

    page = alice_client.post(f"/settings/members/{own.pk}/{what}", given, follow=True)

    own.refresh_from_db()
    assert own.role == "owner"
    assert "the last owner" in page.content.decode()
    assert not AuditEntry.objects.exists()


def test_an_owner_who_cannot_sign_in_any_more_does_not_count(alice_client, alice, team):
    MembershipFactory.create(team=team, user=UserFactory.create(is_active=False), role="owner")

    alice_client.post(f"/settings/members/{alice.memberships.get().pk}/remove")

    assert alice.memberships.exists()


def test_anybody_may_leave_and_nobody_else_be_sent_away_by_them(client, team, vera, alice):
    other = MembershipFactory.create(team=team, user=UserFactory.create())
    client.force_login(vera.user)

    assert client.post(f"/settings/members/{other.pk}/remove").status_code == 403
    assert client.post(f"/settings/members/{alice.memberships.get().pk}/role", {"role": "viewer"}).status_code == 403
    assert client.post("/settings/members/", {"email": "x@example.com", "role": "owner"}).status_code == 403
    assert client.post(f"/settings/members/{vera.pk}/remove").status_code == 302
    assert set(team.memberships.values_list("user__email", flat=True)) == {alice.email, other.user.email}


def test_a_stranger_finds_neither_members_nor_team(client, charlie, team, vera):
    client.force_login(charlie)

    assert client.get(f"/settings/members/?team={team.slug}").status_code == 404
    assert client.post(f"/settings/members/{vera.pk}/remove").status_code == 404
    assert client.get(f"/api/v1/teams/{team.slug}").status_code == 404


@pytest.mark.usefixtures("vera")
def test_the_api_tells_your_teams_with_your_role_and_their_members(alice_client, team):
    [told] = alice_client.get("/api/v1/teams").json()["results"]
    detail = alice_client.get(f"/api/v1/teams/{team.slug}").json()

    assert (told["slug"], told["role"], told["member_count"], told["account_count"]) == (team.slug, "owner", 2, 0)
    assert [(member["email"], member["role"]) for member in detail["members"]] == [
        ("alice@example.com", "owner"),
        ("vera@example.com", "viewer"),
    ]


def test_a_user_of_several_teams_chooses_one(client, alice, team):
    MembershipFactory.create(user=alice, role="viewer")
    client.force_login(alice)

    page = client.get("/settings/members/")

    assert f"?team={team.slug}" in page.content.decode()
