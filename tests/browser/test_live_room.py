"""A wide Live page uses its width, with few calls and with many, and nothing in its lists is cut that matters."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from calltally.model.directory import Directory
from tests.browser.demo_site import fill
from tests.browser.visits import PHONE, WALL, WIDE, Look, Visits
from tests.running import SETTINGS, Service, running_service
from tests.serve.service_world import answer, new_call

pytestmark = pytest.mark.needs("chromium")

CALLS = 60
WAITING = 3
FULL_HD = 1_920

PLACES = """() => {
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();
  const rows = [...document.querySelectorAll(".now tbody tr")].map((row) => row.getBoundingClientRect());
  return {
    columns: new Set(rows.map((row) => Math.round(row.left))).size,
    right: Math.max(...rows.map((row) => row.right)) - box("main .figures").right,
    below: box(".active").top - Math.max(box("#part-day").bottom, box("#part-sources").bottom, box(".waiting").bottom),
    beside: box("#part-day").left - box(".waiting").right,
  };
}"""

CUT = """() => [...document.querySelectorAll(".now th a, .now td:nth-child(4), .waits .who, .waits .t")]
  .filter((cell) => cell.scrollWidth > cell.clientWidth + 1 && cell.clientWidth > 0)
  .map((cell) => cell.textContent)"""


def pushes() -> Iterator[tuple[float, str]]:
    """Yield calls that go on since some minutes, and callers who wait, one of them without a number."""
    for place in range(CALLS):
        numbers = {"from": f"4915155502{place:03}", "to": "493023125601"}
        yield 40 - place / 2, new_call(f"talk{place}", **numbers)
        yield 39.8 - place / 2, answer(f"talk{place}", **numbers)
    for place in range(WAITING):
        yield 15 - place, new_call(f"wait{place}", **{"from": "anonymous" if place else "4915155503001"})


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service in which many calls go on."""
    folder = tmp_path_factory.mktemp("busy")
    (folder / "calltally.toml").write_text(SETTINGS, encoding="utf-8")
    fill(folder, Directory(), list(pushes()))
    with running_service(folder) as service:
        yield service


def open_live(visits: Visits, busy: Service, width: int) -> Page:
    page = visits.open("/", Look(width=width, language="de"), service=busy)
    expect(page.locator(".now tbody tr")).to_have_count(CALLS)
    expect(page.locator(".waits li[data-key]")).to_have_count(WAITING)
    return page


@pytest.mark.parametrize(("width", "columns"), [(WIDE, 2), (FULL_HD, 2), (WALL, 3)])
def test_calls_that_run_fill_the_width_below_the_rest(visits: Visits, busy: Service, width: int, columns: int) -> None:
    page = open_live(visits, busy, width)
    places = page.evaluate(PLACES)
    assert places["columns"] == columns
    assert abs(places["right"]) < 2
    assert places["below"] > 0
    assert places["beside"] > 0
    expect(page.locator(".heads p:visible")).to_have_count(columns)


def test_a_phone_shows_everything_in_the_order_of_the_document(visits: Visits, busy: Service) -> None:
    page = open_live(visits, busy, PHONE)
    tops = [
        page.locator(part).bounding_box() for part in (".figures", ".waiting", ".active", "#part-day", "#part-sources")
    ]
    places = [box["y"] for box in tops if box is not None]
    assert len(places) == 5
    assert places == sorted(places)
    expect(page.locator(".heads")).to_be_hidden()


@pytest.mark.parametrize("width", [PHONE, WIDE, FULL_HD, WALL])
def test_no_number_and_no_timer_is_cut(visits: Visits, busy: Service, width: int) -> None:
    page = open_live(visits, busy, width)
    assert page.evaluate(CUT) == []
