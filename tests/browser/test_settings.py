"""The teams of the Settings page: what is written there changes what Statistics says of the past."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from calltally.model.directory import Directory
from tests.browser.demo_site import fill
from tests.browser.visits import PHONE, Look, Visits, too_wide
from tests.running import SETTINGS, Service, running_service
from tests.serve.service_world import answer, hangup, new_call

pytestmark = pytest.mark.needs("chromium")

SALES = ("493023125001", "493023125002")
CALLS: list[tuple[float, str]] = [
    body
    for number, (own, minutes) in enumerate([(SALES[0], 90), (SALES[1], 80), (SALES[1], 70), ("493023125003", 60)])
    for body in (
        (minutes, new_call(str(number), to=own)),
        (minutes - 1, answer(str(number), to=own)),
        (minutes - 2, hangup(str(number), to=own)),
    )
]


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service with four calls to three numbers, and no team."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "calltally.toml").write_text(SETTINGS, encoding="utf-8")
    fill(folder, Directory(), CALLS)
    with running_service(folder) as service:
        yield service


def form(page: Page, name: str) -> Locator:
    return page.get_by_role("form", name=name)


def team(page: Page, name: str) -> Locator:
    return page.locator("details.team", has=page.locator("summary", has_text=name))


def opened(page: Page, name: str) -> Locator:
    """Open the form of a team that is there."""
    team(page, name).locator("summary").click()
    return form(page, name)


def save(form: Locator, name: str, numbers: str) -> None:
    form.get_by_label("Name").fill(name)
    form.get_by_label("Numbers").fill(numbers)
    form.get_by_role("button", name="Save").click()


def all_calls_of(visits: Visits, small: Service, name: str) -> Locator:
    page = visits.live("/statistics?span=30d", service=small)
    page.get_by_role("button", name="Teams: all teams").click()
    page.get_by_role("checkbox", name=name).check()
    page.keyboard.press("Escape")
    return page.locator(".fig .v > :first-child").first


def test_a_team_is_added_changed_and_removed_and_the_past_is_told_anew(small: Service, visits: Visits) -> None:
    page = visits.live("/settings", service=small)
    save(form(page, "Add a team"), "Vertrieb", "+49 30 23125001\n030 23125003")
    expect(page.get_by_role("status").filter(has_text="The team Vertrieb is saved")).to_be_visible()
    expect(all_calls_of(visits, small, "Vertrieb")).to_have_text("2")
    save(opened(page, "Vertrieb"), "Sales EMEA", "+493023125001\n+493023125002")
    expect(team(page, "Sales EMEA").locator("summary")).to_have_text("Sales EMEA 2 numbers")
    expect(team(page, "Vertrieb")).to_have_count(0)
    expect(all_calls_of(visits, small, "Sales EMEA")).to_have_text("3")
    expect(all_calls_of(visits, small, "no team (Other)")).to_have_text("1")
    opened(page, "Sales EMEA").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status").filter(has_text="The team Sales EMEA is removed")).to_be_visible()
    expect(team(page, "Sales EMEA")).to_have_count(0)
    expect(all_calls_of(visits, small, "no team (Other)")).to_have_text("4")


def test_a_team_of_one_number_is_refused_and_what_was_typed_stays(small: Service, visits: Visits) -> None:
    visits.forgiven.append("status of 422")
    page = visits.open("/settings", Look(scripts=False), service=small)
    save(form(page, "Add a team"), "Alone", "+493023125001")
    new = form(page, "Add a team")
    expect(new.get_by_role("alert")).to_have_text("A team needs at least two different numbers.")
    expect(new.get_by_label("Name")).to_have_value("Alone")
    expect(new.get_by_label("Numbers")).to_have_value("+493023125001")
    assert not (small.data / "teams.json").exists()


def test_a_long_name_of_a_team_has_room_on_a_phone(small: Service, visits: Visits) -> None:
    name = "Reklamation und Rückgabe, Außendienst Nordwest"
    page = visits.open("/settings", Look(width=PHONE), service=small)
    save(form(page, "Add a team"), name, "+493023125001\n+493023125002")
    expect(team(page, name)).to_be_visible()
    assert too_wide(page) == []
    page.goto("/statistics")
    page.get_by_role("button", name="Teams: all teams").click()
    page.get_by_role("checkbox", name=name).check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"Teams: {name}")).to_be_visible()
    assert too_wide(page) == []
