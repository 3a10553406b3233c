"""The frame and the parts of pages: complete in both languages, strict in policy, light in weight."""

import gzip
import re
from html.parser import HTMLParser

import pytest

from calltally.render.words import Language, Words
from tests.render import gallery

STATIC = gallery.WEB / "static"
CSS_BUDGET = 12_000
SCRIPT_BUDGET = 15_000
VOID = frozenset({"meta", "link", "input", "br", "col"})


class Reader(HTMLParser):
    """Reads a page as a browser would and keeps what the tests ask about."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes; remember what has to be closed."""
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes of what closes itself."""
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """Close exactly what was opened last."""
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def values(self, name: str) -> list[str]:
        """Return every value of an attribute."""
        return [value or "" for _, attribute, value in self.attributes if attribute == name]


PAGES = [(name, language) for name in gallery.PAGES for language in Language]


@pytest.mark.parametrize(("name", "language"), PAGES)
def test_a_page_is_well_formed_and_keeps_the_strict_content_policy(name: str, language: Language) -> None:
    page = gallery.page(name, language)
    reader = Reader(page)
    assert reader.open == []
    assert reader.values("style") == []
    assert not [name for _, name, _ in reader.attributes if name.startswith("on") and name != "on"]
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert not [value for value in reader.values("src") if "//" in value]
    ids = reader.values("id")
    assert len(ids) == len(set(ids))
    used = {value for value in reader.values("href") if value.startswith("#i-")}
    assert used <= {f"#{identity}" for identity in ids}


@pytest.mark.parametrize("name", gallery.PAGES)
def test_a_page_leads_to_every_page_that_exists(name: str) -> None:
    reader = Reader(gallery.page(name, Language.EN))
    assert {"/", "/statistics", "/calls", "/settings"} <= set(reader.values("href"))
    assert '<span data-name="Statistics">Statistics</span>' in gallery.page(name, Language.EN)


def test_names_from_outside_are_escaped() -> None:
    template = gallery.environment().from_string(
        '{% import "macros.html" as ui with context %}{{ ui.party("", evil) }}{{ ui.section_head("x", evil, evil) }}'
        '{{ ui.choice("a", evil, [(evil, evil)], "") }}{{ ui.raw_message([("k", evil, true)]) }}'
    )
    made = template.render(words=Words(Language.EN), evil="<script>\"'&")
    assert "<script" not in made
    assert made.count("&lt;script&gt;") == 7


def weight(pattern: str) -> int:
    return sum(len(gzip.compress(file.read_bytes())) for file in STATIC.glob(pattern))


def test_styles_and_scripts_stay_light() -> None:
    assert 0 < weight("*.css") < CSS_BUDGET
    assert 0 < weight("*.js") < SCRIPT_BUDGET


def test_only_the_tokens_name_colours() -> None:
    for name in ("site.css", "charts.css"):
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s])", (STATIC / name).read_text(encoding="utf-8")) == []


def test_every_class_of_a_drawing_is_styled_or_read_by_a_script() -> None:
    known = "".join(file.read_text(encoding="utf-8") for file in [*STATIC.glob("*.css"), *STATIC.glob("*.js")])
    classes = {
        word for page in PAGES for value in Reader(gallery.page(*page)).values("class") for word in value.split()
    }
    unstyled = {word for word in classes if not re.search(rf"\.{re.escape(word)}\b", known)}
    assert unstyled <= {"why", "key", "end", "word", "sub", "gap", "to-come", "t-usual", "note"}


def test_what_no_script_may_do_is_not_in_the_scripts() -> None:
    for file in STATIC.glob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|document\.write|toLocaleString|https?://(?!www\.w3\.org)", text), (
            file
        )
