"""Labels of drawings and heads of tables stand apart and within their figure, on every screen and in both languages."""

import pytest

from tests.browser.visits import PHONE, WALL, WIDE, Look, Visits

pytestmark = pytest.mark.needs("chromium")

PAGES = ("/", "/wall", "/statistics?span=today", "/statistics?span=30d", "/statistics?span=365d&unit=day", "/calls")

CROWDED = """() => {
  const found = [];
  const boxes = (elements) => [...elements]
    .map((element) => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return [element.textContent.trim(), range.getBoundingClientRect()];
    })
    .filter(([, box]) => box.width > 2)
    .sort(([, one], [, other]) => one.left - other.left);
  const apart = (row) => row.slice(1).forEach(([text, box], place) => {
    if (row[place][1].right + 1 > box.left) found.push(`${row[place][0]} | ${text}`);
  });
  for (const plot of document.querySelectorAll(".plot")) {
    const figure = plot.closest("figure").getBoundingClientRect();
    apart(boxes(plot.querySelectorAll(".area > text, .area text.strong:not(.halo)")));
    for (const [text, box] of boxes(plot.querySelectorAll("text"))) {
      // a label may stand a little over the end of its plot, where a phone has the edge of its page
      if (box.right > figure.right + 16 || box.left < figure.left - 1) found.push(`${text} sticks out`);
    }
  }
  for (const row of document.querySelectorAll("thead tr")) {
    if (row.closest(".list, .now, .top20") && innerWidth < 641) continue; // there the heads are for those who listen
    apart(boxes(row.querySelectorAll("th:not(:has(.hide))")));
  }
  return found;
}"""


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_touches_or_sticks_out_on_any_screen(visits: Visits, language: str) -> None:
    page = visits.open("/", Look(language=language))
    for path in PAGES:
        page.goto(path)
        for width in (PHONE, 700, 962, WIDE, 1_920, WALL):
            page.set_viewport_size({"width": width, "height": 1_000})
            assert page.evaluate(CROWDED) == [], (path, width)
