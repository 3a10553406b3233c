"""Which names the service answers to without a login, and which pages may change something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.serve.origins import Place, is_own_page, stranger


def place(
    listen: str = "127.0.0.1", public: str | None = None, *, password: bool = False, is_open: bool = False
) -> Place:
    return Place(listen_host=listen, public_url=public, machine="pbx", needs_password=password, is_open=is_open)


HERE = place()
PROXIED = place(public="https://calls.example.org")
CONTAINER = Place(
    listen_host="127.0.0.1",
    public_url=None,
    machine="calltally",
    needs_password=False,
    is_open=False,
    is_in_container=True,
)
OPEN = place("0.0.0.0", "https://calls.example.org", is_open=True)  # noqa: S104  the case is about this
GUARDED = place("0.0.0.0", password=True)  # noqa: S104  the same

NAMES = [
    # where    headers                                                            answered
    (HERE, {"host": "127.0.0.1:8080"}, True),
    (HERE, {"host": "localhost:8080"}, True),
    (HERE, {"host": "LOCALHOST."}, True),
    (HERE, {"host": "[::1]:8080"}, True),
    (HERE, {}, True),
    (HERE, {"host": "evil.example:8080"}, False),  # a name that its owner let lead to 127.0.0.1
    (HERE, {"host": "192.168.1.5"}, False),
    (HERE, {"host": "localhost.evil.example"}, False),
    (PROXIED, {"host": "calls.example.org"}, False),  # only webhooks may come this way without a password
    (PROXIED, {"host": "127.0.0.1:8080", "x-forwarded-for": "203.0.113.7"}, False),
    (PROXIED, {"host": "127.0.0.1:8080", "x-forwarded-for": "127.0.0.1"}, True),
    (PROXIED, {"host": "127.0.0.1:8080", "forwarded": "for=203.0.113.7"}, False),
    (PROXIED, {"host": "127.0.0.1:8080", "x-real-ip": "unknown"}, False),
    (HERE, {"host": "pbx:8080"}, False),
    (CONTAINER, {"host": "localhost:8080"}, True),  # from the machine at whose loopback address it is published
    (CONTAINER, {"host": "calltally:8080"}, True),  # from the container beside it, such as Prometheus
    (CONTAINER, {"host": "calltally.evil.example"}, False),
    (CONTAINER, {"host": "calls.example.org"}, False),
    (CONTAINER, {"host": "calltally:8080", "x-forwarded-for": "203.0.113.7"}, False),
    (OPEN, {"host": "calls.example.org"}, True),
    (OPEN, {"host": "192.168.1.5:8080"}, True),
    (OPEN, {"host": "pbx:8080"}, True),
    (OPEN, {"host": "pbx.lan:8080"}, True),
    (OPEN, {"host": "evil.example"}, False),
    (GUARDED, {"host": "any.name.example"}, True),
]


@pytest.mark.parametrize(("where", "headers", "answered"), NAMES)
def test_without_a_login_only_known_names_are_answered(
    where: Place, headers: dict[str, str], *, answered: bool
) -> None:
    assert (stranger(where, headers) is None) is answered


ORIGINS = [
    # where   headers                                                                            own page
    (HERE, {"host": "localhost:8080"}, True),  # a program
    (HERE, {"host": "localhost:8080", "origin": "http://localhost:8080"}, True),
    (HERE, {"host": "localhost:8080", "origin": "http://127.0.0.1:8080"}, False),
    (HERE, {"host": "localhost:8080", "origin": "http://localhost:3000"}, False),
    (HERE, {"host": "localhost:8080", "origin": "https://evil.example"}, False),
    (HERE, {"host": "localhost:8080", "origin": "null"}, False),
    (HERE, {"host": "localhost:8080", "origin": "http://["}, False),
    (HERE, {"host": "localhost:8080", "sec-fetch-site": "cross-site"}, False),
    (HERE, {"host": "localhost:8080", "sec-fetch-site": "same-site"}, False),
    (HERE, {"host": "localhost:8080", "sec-fetch-site": "same-origin"}, True),
    (HERE, {"host": "localhost", "origin": "http://localhost:80"}, True),
    (PROXIED, {"host": "127.0.0.1:8080", "origin": "https://calls.example.org"}, True),
    (PROXIED, {"host": "127.0.0.1:8080", "origin": "https://calls.example.org:443"}, True),
    (PROXIED, {"host": "127.0.0.1:8080", "origin": "http://calls.example.org"}, False),
]


@pytest.mark.parametrize(("where", "headers", "own"), ORIGINS)
def test_a_change_must_be_asked_for_by_an_own_page(where: Place, headers: dict[str, str], *, own: bool) -> None:
    assert is_own_page(where, headers) is own


@given(host=st.text(max_size=40), origin=st.text(max_size=40), hop=st.text(max_size=40))
def test_any_headers_get_an_answer(host: str, origin: str, hop: str) -> None:
    headers = {"host": host, "origin": origin, "x-forwarded-for": hop}
    for where in (HERE, PROXIED, OPEN, GUARDED):
        stranger(where, headers)
        is_own_page(where, headers)
