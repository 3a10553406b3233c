"""The wall: everything stands within its place on every screen, also in the last minutes of the site's day."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.serve.page_world import Pages, pages_of
from tests.serve.told_calls import Told

pytestmark = pytest.mark.needs("chromium")

HOTLINE = "493023125001"
LATE = "2026-11-20 23:52:00"
SCREENS = [(1_280, 720), (1_920, 1_080), (1_920, 900), (2_560, 1_440), (3_840, 2_160)]
NARROW = [(360, 760), (800, 1_000)]

STICKS_OUT = """() => [...document.querySelectorAll("figure")].flatMap((figure) => {
  const { left, right } = figure.getBoundingClientRect();
  return [...figure.querySelectorAll(".plot text")]
    .map((label) => [label.textContent, label.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.left < left - 1 || box.right > right + 1))
    .map(([text, box]) => `${text} from ${box.left} to ${box.right}, not within ${left} and ${right}`);
})"""

BELOW = """() => [...document.querySelectorAll("main section, main figure, main .pager")]
  .filter((each) => each.getBoundingClientRect().bottom > innerHeight + 1)
  .map((each) => each.textContent.trim().slice(0, 60))"""

BROKEN = """() => [...document.querySelectorAll(".waits .t > span")]
  .filter((timer) => timer.getClientRects().length !== 1 || timer.scrollWidth > timer.parentElement.clientWidth)
  .map((timer) => timer.textContent)"""


def calls() -> Iterator[Told]:
    """Yield calls of a whole day, and ten callers who still wait, the longest for an hour and more."""
    for hour in range(24):
        yield Told(at=f"2026-11-20 {hour:02}:10:00", caller="4915112345001", callee=HOTLINE, ends="talks 60")
    for minute in range(10):
        yield Told(at=f"2026-11-20 22:4{minute}:00", caller=f"491511234510{minute}", callee=HOTLINE, ends="stays")


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Give the pages of a site whose clock stands at eight minutes to midnight."""
    with pages_of(tmp_path_factory.mktemp("late") / "data", now=LATE) as pages:
        pages.at("2026-11-20 23:51:00")
        for told in calls():
            pages.call(told)
        pages.at(LATE)
        yield pages


@pytest.fixture
def page(chromium: Browser, late: Pages) -> Iterator[Page]:
    """Give a page on which that site is looked at; nothing runs in it, as the site's clock does not run."""
    context = chromium.new_context(java_script_enabled=False, locale="de-DE")

    def answer(route: Route) -> None:
        path = re.sub(r"^https?://[^/]+", "", route.request.url)
        found = late.answer(path, **{"accept-language": "de"})
        route.fulfill(status=found.status_code, body=found.content, content_type=found.headers["content-type"])

    context.route("**/*", answer)
    yield context.new_page()
    context.close()


def open_wall(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto("http://wall.test/wall")
    expect(page.get_by_text("Anrufer 1", exact=True)).to_be_visible()
    expect(page.locator(".plot text.strong").filter(has_text="bisher")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), SCREENS + NARROW)
def test_labels_of_the_day_stay_within_their_figure_to_the_last_minute(page: Page, width: int, height: int) -> None:
    open_wall(page, width, height)
    assert page.evaluate(STICKS_OUT) == []


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_everything_is_on_one_screen(page: Page, width: int, height: int) -> None:
    open_wall(page, width, height)
    assert page.evaluate(BELOW) == []
    expect(page.get_by_text("und 2 weitere", exact=True)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(("width", "height"), SCREENS + NARROW)
def test_a_wait_of_more_than_an_hour_stays_on_one_line(page: Page, width: int, height: int) -> None:
    open_wall(page, width, height)
    expect(page.locator(".waits .t > span").first).to_have_text("1:12:00")
    assert page.evaluate(BROKEN) == []
