"""Everything by keyboard: skip link, pages, search, the list of keys, charts; and the focus is seen."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visits import Visits
from tests.running import Service

pytestmark = pytest.mark.needs("chromium")

OUTLINE = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
}"""


def test_the_skip_link_is_the_first_stop_and_leads_to_the_content(visits: Visits) -> None:
    page = visits.live("/calls")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("main :focus")).to_have_count(1)


def test_g_and_a_letter_go_to_a_page(visits: Visits, demo: Service) -> None:
    page = visits.live("/")
    for letter, path in (("s", "/statistics"), ("c", "/calls"), ("l", "/")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page).to_have_url(demo.url + path)
        expect(page.locator("#pulse")).to_contain_text("live")


def test_w_opens_the_wall_with_the_same_filter_and_escape_comes_back(visits: Visits, demo: Service) -> None:
    page = visits.live("/?team=Berlin&why=waiting_now")
    page.keyboard.press("w")
    expect(page).to_have_url(f"{demo.url}/wall?team=Berlin")
    expect(page.locator("h1")).to_have_text("Nordlicht Kundendienst: Berlin")
    expect(page.locator("#pulse")).to_contain_text("live")
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{demo.url}/?team=Berlin")
    page.goto("/settings")
    page.keyboard.press("w")
    expect(page).to_have_url(f"{demo.url}/wall")


def test_slash_goes_to_the_search_from_any_page(visits: Visits, demo: Service) -> None:
    page = visits.live("/statistics")
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile(f"{demo.url}/calls"))
    expect(page.locator("#pulse")).to_contain_text("live")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("g?/")
    expect(page.get_by_role("searchbox")).to_have_value("g?/")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_the_list_of_keys_opens_and_closes(visits: Visits) -> None:
    page = visits.live("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_arrows_read_a_chart_and_leave_it_as_it_was(visits: Visits) -> None:
    page = visits.live("/statistics?span=30d")
    chart = page.locator("ct-chart").first
    reading = chart.locator("output")
    summary = reading.inner_text()
    chart.locator(".area").focus()
    said = [summary]
    for key in ("Home", "ArrowRight", "ArrowRight", "End", "ArrowLeft"):
        page.keyboard.press(key)
        expect(reading).not_to_have_text(said[-1])
        said.append(reading.inner_text())
    assert len(set(said)) == len(said)
    page.keyboard.press("Escape")
    expect(reading).to_have_text(summary)


def test_a_list_is_walked_row_by_row_and_escape_comes_back(visits: Visits, demo: Service) -> None:
    page = visits.live("/calls?span=30d")
    links = page.locator("tr.opens th a")
    page.keyboard.press("j")
    expect(links.first).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.first).to_be_focused()
    address = links.first.get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{demo.url}{address}")
    page.wait_for_load_state()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(f"{demo.url}/calls(\\?.*)?$"))


@pytest.mark.parametrize("path", ["/", "/statistics", "/calls", "/settings"])
def test_wherever_the_focus_goes_it_is_seen(visits: Visits, path: str) -> None:
    page = visits.live(path)
    seen = set()
    for _ in range(16):
        page.keyboard.press("Tab")
        assert page.evaluate(OUTLINE) >= 2, focused(page)
        seen.add(focused(page))
    assert len(seen) > 10


def focused(page: Page) -> str:
    """Return the markup of what has the focus."""
    html: str = page.evaluate("document.activeElement.outerHTML")
    return html[:200]
