"""Both languages say the same things, and the reader gets theirs."""

import re
from pathlib import Path

import pytest
from markupsafe import Markup

from calltally.model.words import Direction, HangupCause, Outcome, VisitOutcome
from calltally.render.words import Entry, Language, Words, entries, language_of, slots_of

SOURCE = Path(__file__).parents[2] / "src" / "calltally"
EN, DE = Words(Language.EN), Words(Language.DE)


def forms(entry: Entry) -> dict[str, frozenset[str]]:
    if isinstance(entry, str):
        return {"": slots_of(entry)}
    return {form: slots_of(template) for form, template in entry.items()}


def test_both_languages_have_the_same_keys() -> None:
    assert set(entries(Language.EN)) == set(entries(Language.DE))


def test_both_languages_have_the_same_forms_and_slots() -> None:
    for key in entries(Language.EN):
        english, german = (forms(entries(language)[key]) for language in (Language.EN, Language.DE))
        assert set(english) == set(german), key
        assert set(english) in ({""}, {"one", "other"}, {"none", "one", "other"}), key
        assert frozenset().union(*english.values()) == frozenset().union(*german.values()), key


def test_no_sentence_shouts_or_begs() -> None:
    for language in Language:
        for key, entry in entries(language).items():
            for template in (entry,) if isinstance(entry, str) else entry.values():
                assert not re.search(r"!|Oops|\b[Pp]lease\b|\b[Bb]itte\b|\u2014", template), (language, key, template)


@pytest.mark.parametrize("words", [EN, DE])
def test_every_word_of_the_model_has_its_words(words: Words) -> None:
    keys = [
        *(f"call.direction.{word}" for word in Direction),
        *(f"call.outcome.{word}" for word in Outcome),
        *(f"call.visit.{word}" for word in VisitOutcome),
    ]
    assert all(words.t(key) for key in keys)
    assert all(words.t(f"call.cause.{cause}", raw="chanunavail") for cause in HangupCause)


def test_every_word_that_the_code_names_exists() -> None:
    named = re.compile(r"""(?:words\.t|\bt|pattern|sentence)\(\s*["']([a-z_]+\.[a-z_]+\.[a-z_0-9]+)["']""")
    files = [*SOURCE.glob("render/*.py"), *SOURCE.glob("serve/web/templates/*.html")]
    found = {key for file in files for key in named.findall(file.read_text(encoding="utf-8"))}
    assert len(found) > 40
    assert found <= set(entries(Language.EN))


CASES = [
    # key, slots, English, German
    (
        "live.waiting.title",
        {"count": 0},
        "Nobody waits",
        "Niemand wartet",
    ),
    ("live.waiting.title", {"count": 1}, "1 caller waits", "1 Anrufer wartet"),
    ("site.unit.calls", {"count": 17204}, "17,204 calls", "17.204 Anrufe"),
    ("call.outcome.abandoned_after", {"time": "0:52"}, "gave up after 0:52", "nach 0:52 aufgelegt"),
    ("status.word.silent", {"time": "14:03"}, "silent since 14:03", "stumm seit 14:03"),
    (
        "site.value.not_known",
        {"source": "sipgate"},
        "not known: sipgate does not say it",
        "nicht bekannt: sipgate sagt es nicht",
    ),
    ("site.tool.why", {}, "Why?", "Warum?"),
    (
        "statistics.wait.found",  # the time to answer, which other pages do not call waiting
        {"mean": "0:12"},
        "Answered after 0:12 on average",
        "Im Mittel angenommen nach 0:12",
    ),
    ("site.value.withheld", {}, "number withheld", "Nummer unterdrückt"),
]


@pytest.mark.parametrize(("key", "slots", "english", "german"), CASES)
def test_a_sentence_fills_its_slots(key: str, slots: dict[str, str | int], english: str, german: str) -> None:
    assert (EN.t(key, **slots), DE.t(key, **slots)) == (english, german)


@pytest.mark.parametrize("words", [EN, DE])
def test_the_column_of_where_a_call_arrived_is_called_alike_on_every_page(words: Words) -> None:
    assert words.t("calls.head.queue") == words.t("live.active.own_number")
    assert words.t("live.waiting.queue").casefold() == words.t("live.active.own_number").casefold()


@pytest.mark.parametrize(
    ("key", "slots"),
    [("no.such.word", {}), ("site.unit.calls", {}), ("site.foot.zone", {}), ("site.value.of", {"part": "3"})],
)
def test_a_missing_word_or_slot_is_an_error(key: str, slots: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        EN.t(key, **slots)


def test_the_filter_sentence_keeps_punctuation_with_its_control() -> None:
    slots = {name: Markup("<i>{}</i>").format(name) for name in ("teams", "groups", "sources", "direction")}
    made = EN.sentence("filter.sentence.live", slots)
    assert made == (
        'for <span class="w"><i>teams</i>,</span> <span class="w"><i>groups</i></span> and '
        '<span class="w"><i>sources</i>,</span> <span class="w"><i>direction</i></span>'
    )


@pytest.mark.parametrize(
    ("accept", "choice", "expected"),
    [
        (None, None, "en"),
        ("", None, "en"),
        ("de", None, "de"),
        ("de-AT,de;q=0.9,en;q=0.8", None, "de"),
        ("en-GB,de;q=0.9", None, "en"),
        ("fr,de;q=0.3,en;q=0.7", None, "en"),
        ("fr", None, "en"),
        ("de;q=0,en", None, "en"),
        ("de;q=nonsense", None, "de"),
        ("en", "de", "de"),
        ("de", "en", "en"),
        ("de", "klingon", "de"),
    ],
)
def test_the_reader_gets_their_language(accept: str | None, choice: str | None, expected: str) -> None:
    assert language_of(accept, choice) == expected
