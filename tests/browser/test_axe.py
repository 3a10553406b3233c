"""Every page, with calls and without, light and dark, on every screen, in both languages: axe finds nothing grave."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.password_site import PASSWORD_SETTINGS
from tests.browser.visits import PHONE, WIDE, Look, Visits, bring_axe, violations
from tests.running import Service, running_service

pytestmark = pytest.mark.needs("chromium")

PAGES = (
    "/?why=waiting_now",
    "/statistics?span=today&unit=hour",
    "/statistics?span=30d&unit=week&why=answer_rate",
    "/calls?span=30d&outcome=voicemail",
    "/calls?q=nobody",
    "{call}",
    "/settings",
    "/wall",
    "/docs",
    "/nothing-here",
)
EMPTY_PAGES = [("/", "en"), ("/statistics", "de"), ("/calls", "de"), ("/settings", "en")]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service that asks for a password."""
    with running_service(tmp_path_factory.mktemp("guarded") / "data", PASSWORD_SETTINGS) as service:
        yield service


def check(page: Page) -> None:
    """Look at a page on both screens, in the light and in the dark."""
    expect(page.locator("h1")).to_be_visible()
    bring_axe(page)
    found = {}
    for width in (WIDE, PHONE):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            found[f"{width} {scheme}"] = violations(page)
    assert {look: faults for look, faults in found.items() if faults} == {}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_calls_is_for_everybody(visits: Visits, demo: Service, path: str, language: str) -> None:
    visits.forgiven.append("status of 404")
    with demo.client() as http:
        calls = http.get("/api/v1/calls?since=-7d&until=-1h&source=sipgate&direction=inbound&limit=50").json()["calls"]
    call = max(calls, key=lambda call: len(call["leg_ids"]))["call_id"]
    check(visits.open(path.format(call=f"/calls/{call}"), Look(language=language)))


@pytest.mark.parametrize(("path", "language"), EMPTY_PAGES)
def test_a_page_without_calls_is_for_everybody(visits: Visits, empty: Service, path: str, language: str) -> None:
    check(visits.open(path, Look(language=language), service=empty))


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_login_page_is_for_everybody(visits: Visits, guarded: Service, language: str) -> None:
    check(visits.open("/login", Look(language=language), service=guarded))


def test_a_planted_fault_is_found(visits: Visits) -> None:
    page = visits.open("/settings")
    bring_axe(page)
    assert violations(page) == []
    page.evaluate(
        "document.querySelector('main').append(document.createElement('img'), document.createElement('input'))"
    )
    assert {fault.split()[0] for fault in violations(page)} == {"image-alt", "label"}
