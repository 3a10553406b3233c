"""A text that is looked for is found in the same calls on every database."""

from string import ascii_lowercase, ascii_uppercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.model.instants import Span
from calltally.store.asked import CallList, Filter
from calltally.store.searching import LONGEST_EXPRESSION
from calltally.store.store import Store
from tests.stores.kinds import Kind, opened
from tests.stores.samples import NOON_MS, TEXTS, flow, keep_new

SPAN = Span(NOON_MS, NOON_MS + 1)
SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
NAMES = (
    "Jörg Groß",
    "JÖRG GROSS",
    "jÖrG",
    "Ångström",
    "a.b*c?",
    "[x]^$|(y)\\d",
    "İstanbul",
    "%_/",
    "tab\tnew\nline",
    "",
)


def holds(name: str, text: str) -> bool:
    """Whether a name holds a text: letters of ASCII are alike, others as typed, small, capital or as in names."""
    spellings = (text, text.lower(), text.upper(), text.title())
    return any(spelling.translate(SMALL) in name.translate(SMALL) for spelling in spellings)


def found(store: Store, text: str) -> set[str | None]:
    return {call.agent_name for call in store.calls(CallList(span=SPAN, where=Filter(text=text), limit=50)).calls}


def keep_names(store: Store, names: list[str]) -> None:
    keep_new(
        store,
        [flow(str(number), agent_name=name, caller=None, callee=None, agent=None) for number, name in enumerate(names)],
    )


@settings(max_examples=20)
@given(names=st.lists(TEXTS | st.sampled_from(NAMES), max_size=8, unique=True), data=st.data())
def test_any_text_is_found_where_it_is(kind: Kind, names: list[str], data: st.DataObject) -> None:
    with opened(kind) as store:
        keep_names(store, names)
        for _ in range(12):
            text = data.draw(TEXTS | st.sampled_from(NAMES).map(lambda name: name[1:4].swapcase()))
            if not text.removeprefix("+").isdigit():
                assert found(store, text) == {name for name in names if holds(name, text)}


@pytest.mark.parametrize("length", [LONGEST_EXPRESSION, LONGEST_EXPRESSION + 1, 20_000])
def test_a_long_text_is_found_too(store: Store, length: int) -> None:
    text = "Ab(" * (length // 3) + "x" * (length % 3)
    keep_names(store, ["ab(", f"before {text} behind"])
    assert found(store, text.upper()) == {f"before {text} behind"}
