"""How pages look on every screen: a phone, the dark, paper; how much they weigh; and that they load nothing else."""

import re

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.visits import PHONE, WALL, WIDE, Look, Visits, too_wide
from tests.running import Service

pytestmark = pytest.mark.needs("chromium")

PAGES = (
    "/",
    "/statistics",
    "/statistics?span=365d&why=answer_rate",
    "/calls",
    "/settings",
    "/wall",
    "/docs",
    "/nothing-here",
)
LARGEST_BYTES = 60_000
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def some_call(demo: Service) -> str:
    """Return the address of the page of a call that is over."""
    with demo.client() as http:
        calls = http.get("/api/v1/calls?since=-7d&until=-1h&source=sipgate&limit=1").json()["calls"]
    return f"/calls/{calls[0]['call_id']}"


def pages_of(demo: Service) -> tuple[str, ...]:
    return (*PAGES, some_call(demo))


def brightness(page: Page) -> int:
    """Return how bright the ground of the page is, 0 to 765."""
    colour: str = page.evaluate(BACKGROUND)
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))


@pytest.mark.parametrize("width", [PHONE, WIDE, WALL])
def test_no_page_scrolls_sideways(visits: Visits, demo: Service, width: int) -> None:
    visits.forgiven.append("status of 404")
    for language in ("en", "de") if width == PHONE else ("de",):
        page = visits.open("/", Look(width=width, language=language))
        for path in pages_of(demo):
            page.goto(path)
            assert too_wide(page) == [], (path, language)


@pytest.mark.parametrize("path", ["/", "/statistics"])
def test_figures_stand_two_by_two_on_a_phone(visits: Visits, path: str) -> None:
    page = visits.open(path, Look(width=PHONE))
    boxes = [each.bounding_box() for each in page.locator(".figures .fig").all()]
    places = [(round(box["x"]), round(box["y"])) for box in boxes if box is not None]
    assert len(places) == 6
    assert len({x for x, _ in places}) == 2
    assert len({y for _, y in places}) == 3


def test_the_dark_is_dark_and_the_light_is_light(visits: Visits) -> None:
    page = visits.open("/", Look(dark=True))
    for path in ("/", "/statistics", "/calls", "/settings"):
        page.goto(path)
        page.emulate_media(color_scheme="dark")
        assert brightness(page) < 100
        page.emulate_media(color_scheme="light")
        assert brightness(page) > 700


def test_a_first_load_weighs_less_than_60_kb(visits: Visits, demo: Service) -> None:
    visits.forgiven.append("status of 404")
    for path in pages_of(demo):
        finished: list[Request] = []
        page = visits.open(path, prepare=lambda page: page.on("requestfinished", lambda done: finished.append(done)))  # noqa: B023, PLW0108
        sizes = {request.url: request.sizes() for request in list(finished)}
        page.context.close()
        assert len(sizes) >= 5
        assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes.values()) < LARGEST_BYTES


def test_paper_shows_no_navigation_and_the_filter_as_a_sentence(visits: Visits, demo: Service) -> None:
    page = visits.open("/", Look(dark=True))
    for path in ("/", "/calls", some_call(demo), "/statistics"):
        page.goto(path)
        page.emulate_media(media="screen")
        navigation = page.get_by_role("navigation")
        expect(navigation).to_be_visible()
        page.emulate_media(media="print")
        expect(navigation).to_be_hidden()
        expect(page.locator(".tools")).to_be_hidden()
        expect(page.locator("h1")).to_be_visible()
        assert brightness(page) > 700
        if "/calls/" not in path:
            expect(page.locator(".as-of")).to_be_visible()
            expect(page.locator(".as-of")).to_have_text(re.compile(r"^As of \w+ \d+ \w+ 20\d\d, \d+:\d\d$"))
    expect(page.locator("select[name=span]")).to_be_visible()


def test_a_page_without_scripts_has_everything_but_what_needs_them(visits: Visits, demo: Service) -> None:
    visits.forgiven.append("status of 404")
    page = visits.open("/", Look(scripts=False))
    for path in pages_of(demo):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(".needs-script:visible")).to_have_count(0)
