"""The filter of Statistics: what is chosen is in the address, and the figures are those of the API for it."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from calltally.demo.company import ZONE
from tests.browser.visits import Look, Visits
from tests.running import Service

pytestmark = pytest.mark.needs("chromium")


def day(days_ago: int) -> str:
    """Return the date of a day at the site."""
    return str((datetime.now(UTC).astimezone(ZoneInfo(ZONE)) - timedelta(days=days_ago)).date())


def counted(demo: Service, metric: str, days: int, **filters: str) -> str:
    """Return what the API says of the last days, today included, as a page would write it."""
    asked = {"metrics": metric, "since": day(days - 1), "until": "now", "tz": ZONE, **filters}
    with demo.client() as http:
        answered = http.get(f"/api/v1/query?{urlencode(asked)}").raise_for_status().json()
    return f"{answered['total'][metric]['value']:,}"


def figure(page: Page, name: str) -> Locator:
    return page.locator(".fig", has=page.get_by_role("heading", name=name)).locator(".v > :first-child")


def test_the_words_of_the_filter_change_address_and_figures(visits: Visits, demo: Service) -> None:
    page = visits.live("/statistics")
    expect(figure(page, "All calls")).to_have_text(counted(demo, "calls", 7))
    page.select_option("select[name=span]", "30d")
    expect(page).to_have_url(f"{demo.url}/statistics?span=30d")
    expect(figure(page, "All calls")).to_have_text(counted(demo, "calls", 30))
    page.get_by_role("button", name="Teams: all teams").click()
    page.get_by_role("checkbox", name="Berlin").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{demo.url}/statistics?span=30d&team=Berlin")
    of_team = counted(demo, "calls", 30, team="Berlin")
    assert of_team != counted(demo, "calls", 30)
    expect(figure(page, "All calls")).to_have_text(of_team)
    expect(figure(page, "Outgoing")).to_have_text(counted(demo, "outbound_calls", 30, team="Berlin"))
    page.select_option("select[name=direction]", "inbound")
    expect(page).to_have_url(f"{demo.url}/statistics?span=30d&team=Berlin&direction=inbound")
    expect(figure(page, "All calls")).to_have_text(counted(demo, "inbound_calls", 30, team="Berlin"))


def test_back_and_reload_keep_what_was_asked(visits: Visits, demo: Service) -> None:
    page = visits.live("/statistics")
    page.select_option("select[name=span]", "30d")
    expect(page).to_have_url(f"{demo.url}/statistics?span=30d")
    page.select_option("select[name=direction]", "outbound")
    chosen = counted(demo, "outbound_calls", 30)
    expect(figure(page, "All calls")).to_have_text(chosen)
    page.reload()
    expect(figure(page, "All calls")).to_have_text(chosen)
    expect(page.locator("select[name=span]")).to_have_value("30d")
    expect(page.locator("select[name=direction]")).to_have_value("outbound")
    page.go_back()
    expect(page.locator("select[name=direction]")).to_have_value("")
    expect(figure(page, "All calls")).to_have_text(counted(demo, "calls", 30))
    page.go_back()
    expect(page).to_have_url(f"{demo.url}/statistics")
    expect(figure(page, "All calls")).to_have_text(counted(demo, "calls", 7))
    page.go_forward()
    expect(page.locator("select[name=span]")).to_have_value("30d")


def test_the_filter_works_without_scripts(visits: Visits, demo: Service) -> None:
    page = visits.open("/statistics", Look(scripts=False))
    page.select_option("select[name=span]", "30d")
    page.select_option("select[name=direction]", "inbound")
    page.get_by_role("button", name="Teams: all teams").click()
    page.get_by_role("checkbox", name="Technik vor Ort").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("select[name=span]")).to_have_value("30d")
    assert "team=Technik+vor+Ort" in page.url
    expect(figure(page, "All calls")).to_have_text(counted(demo, "inbound_calls", 30, team="Technik vor Ort"))


def test_a_figure_opens_its_calls(visits: Visits, demo: Service) -> None:
    page = visits.live("/statistics?team=Berlin")
    figure(page, "Incoming").click()
    expect(page).to_have_url(f"{demo.url}/calls?team=Berlin&direction=inbound")
    expect(page.locator("#count")).to_contain_text(counted(demo, "inbound_calls", 7, team="Berlin"))


def test_calls_are_searched_and_their_list_goes_on(visits: Visits, demo: Service) -> None:
    with demo.client() as http:
        asked = f"/api/v1/query?metrics=calls&by=caller&direction=inbound&limit=9&since={day(29)}&until=now"
        rows = http.get(asked).raise_for_status().json()["rows"]
    caller, count = next((row["caller"], row["calls"]["value"]) for row in rows if row["caller"])
    page = visits.live("/calls?span=30d&direction=inbound")
    search = page.get_by_role("searchbox")
    search.fill(caller)
    search.press("Enter")
    expect(page).to_have_url(re.compile("q="))
    expect(page.locator("#count")).to_have_text(re.compile(rf"^{count:,}\b"))
    page.go_back()
    expect(search).to_have_value("")
    expect(page.locator("tr.opens")).to_have_count(50)
    first = page.locator("tr.opens th a").first
    shown = first.get_attribute("href")
    page.get_by_role("link", name="Older").click()
    expect(page).to_have_url(re.compile("after="))
    expect(first).not_to_have_attribute("href", shown or "")
    page.go_back()
    expect(first).to_have_attribute("href", shown or "")


def test_what_takes_long_is_said_while_the_old_figures_stay(visits: Visits, demo: Service) -> None:
    page = visits.live("/statistics")
    before = figure(page, "All calls").inner_text()
    held: list[Route] = []
    page.route("**/statistics?span=30d", lambda route: held.append(route))  # noqa: PLW0108  Playwright marks the function
    reading = page.locator("#reading")
    expect(reading).to_be_hidden()
    page.select_option("select[name=span]", "30d")
    expect(reading).to_have_text(re.compile("^reading 30 days"))
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    expect(reading).to_have_text(re.compile(r"^reading 30 days, [1-9]\d* s$"))
    expect(figure(page, "All calls")).to_have_text(before)
    held[0].continue_()
    expect(figure(page, "All calls")).to_have_text(counted(demo, "calls", 30))
    expect(reading).to_be_hidden()
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
