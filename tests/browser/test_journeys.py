"""What people do with the pages, from the first click to what they came for; anything a page complains of fails it."""

import re

import pytest
import requests

from finops.sandbox.aws.profiles import SSO_REGION
from finops.sandbox.aws.sso import START_URL
from tests.browser import stage
from tests.browser.sights import ADMIN, ANA, NOBODY, VIKTOR
from tests.browser.visitors import NARROW


def test_a_person_signs_in_and_out_again(visit):
    with visit(NOBODY) as page:
        page.goto("/instances/")
        assert "/sign-in/?next=/instances/" in page.url

        page.locator("input[name=username]").fill(stage.NO_ACCOUNT.email)
        page.locator("input[name=password]").fill(stage.PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/instances/")

        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in/")
        page.goto("/instances/")
        assert "/sign-in/" in page.url


def test_a_wrong_password_is_told_without_telling_who_exists(visit):
    with visit(NOBODY) as page:
        page.goto("/sign-in/")
        page.locator("input[name=username]").fill(ANA)
        page.locator("input[name=password]").fill("not hers")
        page.get_by_role("button", name="Sign in", exact=True).click()

        assert page.get_by_role("alert").first.is_visible()
        assert page.locator("input[name=username]").input_value() == ANA


def test_the_way_from_sign_in_to_an_instance_needs_no_mouse(visit):
    with visit(NOBODY) as page:
        page.goto("/sign-in/")
        page.locator("input[name=username]").focus()
        page.keyboard.type(stage.STALE.email)
        page.keyboard.press("Tab")
        page.keyboard.type(stage.PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Sign out").wait_for()

        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.classList.contains('skip')")
        page.keyboard.press("Enter")
        assert page.url.endswith("#content")

        _tab_to(page, "Instances", of="nav")
        page.wait_for_url(re.compile(r"/instances/"))
        _tab_to(page, "left-alone", of="table")
        page.wait_for_url(re.compile(r"/instances/\d+/"))
        assert "left-alone" in page.locator("h1").inner_text()
        page.get_by_role("button", name="Sign out").click()


def _tab_to(page, words, *, of):
    """Press Tab until the focus is on the link of that name inside an `of`, then Enter."""
    page.reload()
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """([words, of]) => {
              const node = document.activeElement;
              return node.matches(`${of} a`) && node.textContent.trim() === words;
            }""",
            [words, of],
        )
        if found:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab does not reach {words!r}.")


def test_the_menu_opens_on_a_narrow_screen_by_keyboard(visit):
    with visit(ANA) as page:
        page.set_viewport_size(NARROW)
        page.goto("/")
        ways = page.get_by_role("navigation", name="Main").get_by_role("link", name="Checks")
        assert not ways.is_visible()

        page.get_by_role("button", name="Menu").focus()
        page.keyboard.press("Enter")
        ways.wait_for(state="visible")
        page.keyboard.press("Escape")
        ways.wait_for(state="hidden")


def test_instances_are_filtered_sorted_and_counted(visit):
    with visit(ANA) as page:
        page.goto("/instances/")
        page.locator("select[name=state]").select_option("stopped")
        page.get_by_role("button", name="Filter").click()
        page.wait_for_url("**state=stopped**")
        page.get_by_role("columnheader", name="Operational").get_by_role("link").click()
        page.wait_for_url("**ordering=-operational**")

        table = page.get_by_role("region", name="Instances")
        of_api = page.request.get("/api/v1/instances?state=stopped&ordering=-operational").json()
        assert table.locator("tbody tr").count() == min(len(of_api["results"]), 50)
        assert table.locator("tbody .state-stopped").count() == table.locator("tbody tr").count()
        names = [name.strip() for name in table.locator("tbody th a").all_inner_texts()]
        assert names == [row["name"] or row["instance_id"] for row in of_api["results"][: len(names)]]
        total = page.locator("tfoot [data-figure=operational] data").get_attribute("value")
        assert float(total) == pytest.approx(float(of_api["figures"]["operational"]["value"]), rel=1e-6)

        page.get_by_role("link", name="Clear", exact=True).click()
        page.wait_for_url(lambda url: "state=" not in url)


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_period_is_chosen_and_kept_in_the_address(visit, javascript):
    with visit(ANA, javascript=javascript) as page:
        page.goto("/")
        before = page.locator("[data-figure=energy] data").first.get_attribute("value")

        page.get_by_role("group", name="Period").get_by_role("link", name="7 days").click()
        page.wait_for_url("**days=7**")

        after = page.locator("[data-figure=energy] data").first.get_attribute("value")
        of_api = page.request.get("/api/v1/overview?days=7").json()["figures"]["energy"]["value"]
        assert float(after) == pytest.approx(float(of_api), rel=1e-9)
        assert float(after) < float(before)


def test_refresh_now_shows_its_progress_until_it_is_through(visitors, visit):
    with visit(ANA) as page:
        account = visitors.find(ANA, "/api/v1/accounts", "id")
        page.goto(f"/accounts/{account}/")
        before = page.request.get("/api/v1/runs").json()["results"][0]["id"]

        page.get_by_role("button", name="Refresh now").click()
        page.wait_for_load_state()

        # htmx asks every other second and loads the page anew when the run is over; nobody clicks.
        page.get_by_role("button", name="Refresh now").wait_for(timeout=60_000)
        page.get_by_role("heading", name=re.compile("is done")).wait_for()
        runs = page.request.get("/api/v1/runs").json()["results"]
        assert max(run["id"] for run in runs) > before


def test_an_account_is_registered_and_removed_after_saying_what_goes(visit):
    with visit(stage.REGISTERING.email) as page:
        page.goto("/accounts/")
        page.get_by_role("link", name=re.compile("Register|Add|Connect")).first.click()
        page.get_by_label("account id").fill("777788889999")
        page.get_by_role("button", name="Continue").click()
        assert "sts:ExternalId" in page.locator("main").inner_text()
        page.get_by_label("Role ARN").fill("arn:aws:iam::777788889999:role/reads-only")
        page.get_by_label("Name", exact=True).fill("Borrowed for a journey")
        page.get_by_role("button", name="Register").click()
        page.wait_for_url(re.compile(r"/accounts/(\d+/)?(\?|$)"))
        assert page.get_by_text("Borrowed for a journey").first.is_visible()

        page.goto("/accounts/")
        page.get_by_role("link", name="Borrowed for a journey").click()
        page.get_by_role("link", name="Remove").click()
        assert page.get_by_role("heading", name="What is wiped").is_visible()
        assert page.get_by_role("heading", name="What is kept").is_visible()
        page.locator("input[name=confirmation]").fill("777788889999")
        page.get_by_role("button", name="Remove the account").click()
        page.wait_for_url(re.compile(r"/accounts/"))
        page.goto("/accounts/")
        assert page.get_by_role("link", name="Borrowed for a journey").count() == 0
        assert page.get_by_role("heading", name="No AWS account yet").is_visible()


def test_a_viewer_is_offered_nothing_that_would_be_refused(visit):
    with visit(VIKTOR) as page:
        for path in ("/", "/accounts/", "/settings/?team=platform", "/settings/members/?team=platform"):
            page.goto(path)
            assert page.get_by_role("button", name=re.compile("^(Refresh|Save|Remove|Add|Register)")).count() == 0, path


def test_an_owner_changes_how_the_team_reads_its_figures_and_back(visit):
    with visit(stage.REGISTERING.email) as page:
        page.goto("/settings/")
        page.get_by_label("Time zone").select_option("Europe/Berlin")
        page.get_by_role("button", name="Save").click()
        assert page.get_by_role("status").first.is_visible()
        assert page.get_by_label("Time zone").input_value() == "Europe/Berlin"

        page.get_by_role("link", name="Audit log").click()
        assert "Europe/Berlin" in page.locator("main").inner_text()


def test_checks_lead_from_a_factor_to_its_bridge(visit):
    with visit(ANA) as page:
        page.goto("/checks/")
        bridge = page.locator("#bridge")
        of_api = page.request.get("/api/v1/checks").json()

        assert of_api["trust"]["hours_with_runtime"] > 0
        assert bridge.locator("table").is_visible()


def test_the_grid_leads_from_its_zones_to_one_with_all_its_sources(visit):
    with visit(ANA) as page:
        page.goto("/grid/")
        page.locator("main table a[href^='/grid/']").first.click()
        page.wait_for_url(re.compile(r"/grid/.+/"))

        assert page.locator("main table").count() >= 2


def test_the_admin_previews_what_a_threshold_would_flag_before_it_is_saved(visit):
    with visit(ADMIN) as page:
        page.goto("/admin/carbon/zone/?q=DE")
        page.get_by_role("link", name="DE", exact=True).click()
        page.get_by_label(re.compile("high above", re.IGNORECASE)).fill("250")
        page.get_by_role("button", name="Save", exact=True).click()

        assert page.get_by_text("Nothing is saved yet.").is_visible()
        assert page.get_by_role("columnheader", name="Hours then").is_visible()


def test_the_admin_lists_every_model_without_a_complaint(visit):
    with visit(ADMIN) as page:
        page.goto("/admin/")
        lists = [link.get_attribute("href") for link in page.locator("#content-main th a").all()]
        assert len(lists) > 10
        for address in lists:
            assert page.goto(address).status == 200


def test_swagger_shows_the_api_with_files_of_this_server_only(visit):
    with visit(ANA) as page:
        page.goto("/api/v1/docs/")
        page.locator(".opblock").first.wait_for()
        assert page.locator(".opblock").count() > 10


@pytest.mark.parametrize("who", [ANA, stage.NO_TEAM.email], ids=["in a team", "in none"])
def test_every_link_of_the_navigation_leads_somewhere(visit, who):
    with visit(who) as page:
        page.goto("/")
        links = {link.get_attribute("href") for link in page.locator("header nav a, footer nav a").all()}
        assert len(links) >= 8
        for address in sorted(links):
            assert page.request.get(address).status == 200, address


def test_nothing_is_sent_twice_by_a_second_click_on_refresh(visitors, visit):
    with visit(ANA) as page:
        account = visitors.find(ANA, "/api/v1/accounts", "id")
        page.goto("/")
        token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
        first, second = (
            page.request.post(
                f"/accounts/{account}/refresh",
                form={"csrfmiddlewaretoken": token, "next": "/"},
                headers={"Referer": page.url},
            ).status
            for _ in range(2)
        )
        assert (first, second) == (200, 200)
        active = [run for run in page.request.get("/api/v1/runs").json()["results"] if run["is_active"]]
        assert len([run for run in active if run["account"] == account]) <= 1


def test_an_owner_signs_in_to_aws_by_a_code_and_out_again(visit):
    with visit(stage.REGISTERING.email) as page:
        page.goto("/accounts/sign-ins/")
        page.get_by_role("link", name="Add a sign-in").click()
        page.get_by_label("Name", exact=True).fill("browser")
        page.get_by_label("Start URL").fill(START_URL)
        page.get_by_label("Region of IAM Identity Center").fill(SSO_REGION)
        page.get_by_role("button", name="Add").click()
        page.get_by_role("button", name="Sign in to AWS").click()

        address = page.get_by_role("link", name="Open AWS's page").get_attribute("href")
        code = page.locator("#sign-in-waits strong.mono").inner_text()
        answer = {"user_code": code, "answer": "confirm"}
        requests.post(address.split("?")[0], data=answer, timeout=5).raise_for_status()

        page.wait_for_url("**/accounts/sign-ins/*/accounts/")  # the page has asked by itself
        assert page.get_by_label("Role for Shop").is_visible()
        page.get_by_role("link", name="Cancel").click()
        page.get_by_role("button", name="Sign out of AWS").click()
        page.get_by_role("button", name="Remove the sign-in").click()
        page.get_by_text("No sign-in yet").wait_for()
