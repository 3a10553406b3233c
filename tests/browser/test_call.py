"""The page of one call: its story, and the messages that made it, down to what was received."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visits import Look, Visits
from tests.running import FORM, Service
from tests.serve.service_world import answer, hangup, new_call

pytestmark = pytest.mark.needs("chromium")

CALLER = "4915155501299"


@pytest.fixture
def told(demo: Service, request: pytest.FixtureRequest) -> str:
    """Push a call of three messages, and return the address of its page."""
    call = re.sub(r"\W", "", request.node.name)
    with demo.client() as http:
        for body in (new_call(call, **{"from": CALLER}), answer(call, **{"from": CALLER}), hangup(call)):
            http.post("/in/sipgate", content=body.encode(), headers={"content-type": FORM}).raise_for_status()
    return f"/calls/x{call}"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_message_is_chosen_and_shown_as_it_was_received(visits: Visits, told: str, *, scripts: bool) -> None:
    page = visits.open(told, Look(scripts=scripts))
    expect(page.locator("h1")).to_contain_text("1515 5501299")
    messages = page.locator("tr.opens")
    expect(messages).to_have_count(3)
    for row, event in enumerate(("newCall", "answer", "hangup")):
        messages.nth(row).get_by_role("link").click()
        expect(messages.nth(row)).to_have_attribute("aria-current", "true")
        expect(page.locator("#raw")).to_contain_text(f"event={event}")
        expect(page.locator("#raw")).to_contain_text("callId=")
    assert "message=" in page.url
    expect(page.locator("#raw")).to_contain_text("cause=normalClearing")


def test_the_legs_are_drawn_and_told_as_a_table(visits: Visits, told: str) -> None:
    page = visits.live(told)
    expect(page.locator(".legs")).to_contain_text("Anna")
    expect(page.locator(".legs .p-talk").first).to_be_attached()
    page.get_by_text("Legs as table").click()
    expect(page.locator("details table tbody tr")).to_contain_text(re.compile("Anna.*answered"))


def test_a_diamond_on_the_time_axis_chooses_its_message(visits: Visits, told: str) -> None:
    page = visits.live(told)
    page.locator("tr.opens").first.get_by_role("link").click()
    expect(page.locator("tr.opens").first).to_have_attribute("aria-current", "true")
    expect(page.locator(".msg.sel")).to_have_count(1)


def test_an_unknown_call_has_a_page_that_leads_back(visits: Visits, demo: Service) -> None:
    visits.forgiven.append("status of 404")
    page = visits.open("/calls/there-is-none")
    page.locator("main").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(f"{demo.url}/(calls)?$"))
