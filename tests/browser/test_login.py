"""A service with a password: the way in, the way out, and what a form needs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.password_site import PASSWORD, PASSWORD_SETTINGS
from tests.browser.visits import WIDE, Look, Visits
from tests.running import Service, running_service

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service that asks for a password."""
    with running_service(tmp_path_factory.mktemp("guarded") / "data", PASSWORD_SETTINGS) as service:
        yield service


@pytest.mark.parametrize("scripts", [True, False])
def test_the_password_leads_to_the_page_that_was_asked_for(visits: Visits, guarded: Service, *, scripts: bool) -> None:
    visits.forgiven.append("status of 403")
    page = visits.open("/calls?span=30d", Look(scripts=scripts), service=guarded)
    expect(page).to_have_url(f"{guarded.url}/login?next=%2Fcalls%3Fspan%3D30d")
    field = page.get_by_label("Password")
    expect(field).to_be_focused()
    field.fill("wrong-one")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    expect(page).to_have_url(f"{guarded.url}/calls?span=30d")
    expect(page.locator("h1")).to_have_text("Calls")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{guarded.url}/login")
    page.goto("/")
    expect(page).to_have_url(f"{guarded.url}/login")


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_foot_stays_one_line_for_who_is_signed_in(visits: Visits, guarded: Service, language: str) -> None:
    page = visits.open("/login?next=/settings", Look(width=WIDE, language=language), service=guarded)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("input[type=password]").press("Enter")
    expect(page.locator(".foot form")).to_be_visible()
    boxes = [page.locator(f".foot {part}").bounding_box() for part in (".end", "form", "span:last-of-type")]
    middles = [box["y"] + box["height"] / 2 for box in boxes if box is not None]
    assert len(middles) == len(boxes)
    assert max(middles) - min(middles) < 4


def test_the_live_stream_runs_for_who_is_signed_in(visits: Visits, guarded: Service) -> None:
    page = visits.open("/login", service=guarded)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.locator("#pulse")).to_contain_text("live")
    cookies = [cookie for cookie in page.context.cookies() if cookie["name"] == "calltally_session"]
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Lax")]


def test_a_form_without_its_token_changes_nothing(visits: Visits, guarded: Service) -> None:
    visits.forgiven.append("status of 403")
    page = visits.open("/login?next=/settings", service=guarded)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.locator("h1")).to_have_text("Settings")
    page.evaluate(
        "document.querySelectorAll('#teams [name=csrf_token]').forEach((field) => { field.value = 'stale'; })"
    )
    form = page.locator(".team form").last
    form.get_by_label("Name").fill("Nobody")
    form.get_by_label("Numbers").fill("+493012345678\n+493012345679")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("body")).to_contain_text("This form has become too old")
    assert not (guarded.data / "teams.json").exists()
    page.goto("/settings")
    form.get_by_label("Name").fill("Somebody")
    form.get_by_label("Numbers").fill("+493012345678\n+493012345679")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#team-1-name")).to_have_value("Somebody")
