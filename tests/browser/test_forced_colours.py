"""Colours that a reader forces on every page: words are seen, the focus is, and drawings differ without colour."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_keys import OUTLINE, focused
from tests.browser.visits import Look, Visits, bring_axe, violations
from tests.running import Service

pytestmark = pytest.mark.needs("chromium")

PAGES = ("/", "/statistics?span=30d&why=answer_rate", "/calls?span=30d", "{call}", "/settings", "/wall", "/docs")

SAMPLES = """(panel) => [...panel.querySelectorAll(".shapes path, .shapes rect, .sample *, .pie path")]
  .filter((shape) => shape.getBoundingClientRect().height > 0)
  .map((shape) => {
    const look = getComputedStyle(shape);
    return [look.fill, look.stroke, look.strokeDasharray, look.strokeWidth].join(" ");
  })"""

UNSEEN = """() => [...document.querySelectorAll("main *, header *")]
  .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
  .filter((each) => each.checkVisibility({ visibilityProperty: true }))
  .filter((each) => !each.closest("svg") && !each.closest("option"))
  .filter((each) => {
    const ground = (node) => {
      const colour = getComputedStyle(node).backgroundColor;
      return colour === "rgba(0, 0, 0, 0)" && node.parentElement ? ground(node.parentElement) : colour;
    };
    // behind words stands a plate in the colour of the page, whatever the ground of their element
    return [ground(each), ground(document.body)].includes(getComputedStyle(each).color);
  })
  .map((each) => each.outerHTML.slice(0, 120))"""


def addresses(demo: Service) -> Iterator[str]:
    """Yield the addresses of the pages, that of a call among them."""
    with demo.client() as http:
        calls = http.get("/api/v1/calls?since=-7d&until=-1h&source=sipgate&limit=1").json()["calls"]
    for path in PAGES:
        yield path.format(call=f"/calls/{calls[0]['call_id']}")


@pytest.mark.parametrize("dark", [False, True])
def test_every_word_is_seen(visits: Visits, demo: Service, *, dark: bool) -> None:
    page = visits.open("/", Look(forced=True, dark=dark))
    for path in addresses(demo):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate(UNSEEN) == [], path
        bring_axe(page)
        assert violations(page) == [], path


def test_the_focus_is_seen(visits: Visits) -> None:
    page = visits.open("/calls", Look(forced=True))
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(OUTLINE) >= 2, focused(page)


DRAWN = [
    # panel        kinds of marks that must differ
    ("incoming", 2),  # answered, unanswered
    ("pickup_in", 2),
    ("wait", 2),  # mean, nine of ten
    ("volume", 3),  # all, incoming, outgoing
]


@pytest.mark.parametrize(("panel", "kinds"), DRAWN)
def test_what_a_drawing_shows_differs_without_colour(visits: Visits, panel: str, kinds: int) -> None:
    page = visits.open("/statistics?span=30d", Look(forced=True))
    assert len(set(looks(page, panel))) >= kinds, looks(page, panel)


def looks(page: Page, panel: str) -> list[str]:
    """Return how the marks of a drawing look: their fill, edge, dash and width."""
    found: list[str] = page.locator(f"#{panel}").evaluate(SAMPLES)
    return found
