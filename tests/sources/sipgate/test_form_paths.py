"""The fast way through a plain push reads exactly what the careful way reads."""

from hypothesis import given
from hypothesis import strategies as st

from calltally.sources.sipgate.form import LISTS, Form, careful_form, form_from

NAMES = ("event", "callId", "from", "to", "cause", "user", "user%5B%5D", "userId%5B%5D", "user[]", "x", "", "us%65r")
VALUES = st.one_of(
    st.sampled_from(["", "newCall", "a+b", "%C3%BC", "%5B%5D", "a%5B%5D=b", "=", "==x", "+", "%", "\u00fc"]),
    st.text(max_size=8),
)
PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["=", "", "=="]), VALUES), max_size=8)


def _known(form: Form) -> tuple[dict[str, str], dict[str, list[str]]]:
    names = ("event", "callId", "from", "to", "cause", *LISTS)
    return {name: form.first[name] for name in names if name in form.first}, {name: form.all(name) for name in LISTS}


@given(PAIRS, st.sampled_from(["", "&", "&&"]))
def test_both_ways_read_the_same(pairs: list[tuple[str, str, str]], end: str) -> None:
    text = "&".join(name + equals + value for name, equals, value in pairs) + end
    assert _known(form_from(text.encode("utf-8", "replace"))) == _known(
        careful_form(text.encode("utf-8", "replace").decode())
    )
