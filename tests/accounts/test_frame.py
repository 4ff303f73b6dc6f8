"""What stands around every page: how the data are, whose they are, and links to what words mean."""

from datetime import timedelta

import pytest

from accounts.models import SourceStatus
from accounts.selectors.known_sources import KNOWN_SOURCES
from accounts.templatetags.links import method, term
from accounts.templatetags.sparkline import sparkline
from tests.conftest import NOW
from tests.factories import AwsAccountFactory, MembershipFactory, SourceStatusFactory, TeamFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]


def everything_answered(account, *, at=NOW):
    for source in KNOWN_SOURCES.values():
        SourceStatus.objects.get_or_create(
            aws_account=None if source.is_shared else account,
            source=source.name,
            defaults={"state": "available", "last_success_at": at},
        )


def header_of(client, path="/data-health/"):
    return client.get(path).content.decode().split("</header>")[0]


def test_the_header_says_up_to_when_the_data_go_and_who_lags(alice_client, team):
    everything_answered(AwsAccountFactory.create(team=team), at=NOW - timedelta(minutes=25))
    broken = AwsAccountFactory.create(team=team)
    SourceStatusFactory.create(aws_account=broken, state="login_needed", last_success_at=NOW - timedelta(days=40))

    header = header_of(alice_client)

    assert ">12:05 UTC</time>" in header  # the account that lags has its own words
    assert "1 of 2 accounts to look at" in header


def test_a_shared_source_that_fails_is_told_too(alice_client, team):
    everything_answered(AwsAccountFactory.create(team=team))
    SourceStatus.objects.filter(source="electricity_maps").update(state="unavailable")

    assert "the platform admin has a shared source to look at" in header_of(alice_client)


def test_only_the_platform_admin_is_told_how_to_mend_what_all_teams_share(client, alice, team):
    everything_answered(AwsAccountFactory.create(team=team))
    SourceStatus.objects.filter(source="electricity_maps").update(state="not_enabled", fix="Set ELECTRICITY_MAPS_KEY.")

    for path in ("/", "/data-health/"):
        for user in (alice, UserFactory.create(), UserFactory.create(is_staff=True)):
            client.force_login(user)
            page = client.get(path).content.decode()

            assert ("Fix: Set ELECTRICITY_MAPS_KEY." in page) is user.is_staff
            assert ("The platform admin has to look at it" in page) is not user.is_staff


def test_the_header_is_about_the_chosen_team(alice, alice_client, team):
    everything_answered(AwsAccountFactory.create(team=team))
    other = TeamFactory.create(name="Second", slug="second")
    MembershipFactory.create(team=other, user=alice)
    SourceStatusFactory.create(aws_account=AwsAccountFactory.create(team=other), state="denied", last_success_at=None)

    assert "1 of 2 accounts to look at" in header_of(alice_client)
    of_team = header_of(alice_client, f"/data-health/?team={team.slug}")
    assert "every source answers" in of_team
    assert f'href="/instances/?team={team.slug}"' in of_team


def test_who_is_not_signed_in_learns_nothing_from_the_header(client, team):
    everything_answered(AwsAccountFactory.create(team=team))

    assert "Data as of" not in header_of(client, "/sign-in/")


def test_a_team_in_the_address_that_is_not_the_readers_changes_no_header(client, charlie, team):
    AwsAccountFactory.create(team=team)
    client.force_login(charlie)

    answer = client.get(f"/data-health/?team={team.slug}")

    assert answer.status_code == 404
    assert team.name not in answer.content.decode()


def test_a_word_leads_to_its_entry_in_the_glossary():
    assert term("TAC") == '<a class="term" href="/glossary/#tac">TAC</a>'
    assert 'href="/glossary/#carbon-intensity"' in term("g/kWh", "carbon intensity")


def test_a_question_mark_leads_to_the_method():
    assert 'href="/methodology/#month-end-forecast"' in method("Month-end forecast")


def test_a_sparkline_tells_zero_from_unknown():
    drawn = sparkline([2, 0, None, 1], "Four days")

    assert '<path class="bars" d="M1.5 20v-20M13.5 20v-10"/>' in drawn
    assert '<path class="gaps" d="M8 20h3"/>' in drawn
    assert 'aria-label="Four days"' in drawn


@pytest.mark.parametrize("path", ["/", "/data-health/"])
def test_a_page_asks_no_more_however_many_accounts_there_are(alice_client, team, django_assert_max_num_queries, path):
    counts = []
    alice_client.get(path)  # Django asks once a connection whether the database knows JSON
    for more in (1, 9):
        for _ in range(more):
            everything_answered(AwsAccountFactory.create(team=team))
        with django_assert_max_num_queries(13) as queries:  # session and user among them
            alice_client.get(path)
        counts.append(len(queries))

    assert counts[0] == counts[1]
