"""Reading sipgate's REST interface: pages, odd answers, and sentences for what went wrong. Nothing is sent."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.sources.sipgate import SOURCE, rest, sync
from calltally.sources.sipgate.settings import settings_from
from calltally.sources.source import NotGrantedError, RemoteError, Request, Response, Steps

QUESTIONS: list[Callable[[], Steps[object]]] = [
    rest.account,
    rest.numbers,
    rest.groups,
    rest.users,
    rest.running_calls,
    lambda: rest.history(0, 60_000),
    rest.webhooks,
    rest.clients,
    lambda: rest.client("a"),
    lambda: rest.client_fields("a"),
    sync.directory,
    lambda: sync.history(0, 60_000, 60_000_000),
]


def talk(steps: Steps[object], answer: Callable[[Request], Response]) -> object:
    """Let a conversation speak with a function; return what it learned."""
    try:
        request = next(steps)
        while True:
            request = steps.send(answer(request))
    except StopIteration as end:
        learned: object = end.value
        return learned


def good(value: object) -> Response:
    return Response(status=200, body=msgspec.json.encode(value))


@pytest.mark.parametrize("longest", [1, 3, 7, 500])
def test_all_numbers_come_however_short_the_pages_are(longest: int) -> None:
    entries = [{"number": f"+4921155501{n:02}", "endpointId": f"p{n}"} for n in range(7)]

    def answer(request: Request) -> Response:
        offset = int(dict(request.query)["offset"])
        return good({"items": entries[offset : offset + longest]})

    numbers = talk(rest.numbers(), answer)
    assert isinstance(numbers, list)
    assert [number.number for number in numbers] == [entry["number"] for entry in entries]


def test_an_interface_that_repeats_itself_does_not_hold_us_for_ever() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return good({"items": [{"number": "+492115550100"}]})

    assert talk(rest.numbers(), answer) == [rest.Number(number="+492115550100")]
    assert len(asked) == 2


@pytest.mark.parametrize("says_total", [True, False])
def test_a_long_history_comes_in_pages_of_a_thousand(*, says_total: bool) -> None:
    entries = [{"callId": f"{n}"} for n in range(2500)]
    asked: list[dict[str, str]] = []

    def answer(request: Request) -> Response:
        asked.append(dict(request.query))
        offset, limit = int(asked[-1]["offset"]), int(asked[-1]["limit"])
        total = {"totalCount": len(entries)} if says_total else {}
        return good({"items": entries[offset : offset + limit]} | total)

    assert talk(rest.history(1_795_181_529_000, 1_795_188_729_000), answer) == entries
    assert [(page["offset"], page["limit"]) for page in asked] == [("0", "1000"), ("1000", "1000"), ("2000", "1000")]
    assert (asked[0]["from"], asked[0]["to"]) == ("2026-11-20T13:32:09Z", "2026-11-20T15:32:09Z")


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, RemoteError, "check token id and token, or sign in again at /auth"),
        (403, NotGrantedError, "the token lacks the scope rtcm:read, which GET /calls needs"),
        (404, NotGrantedError, "does not know GET /calls"),
        (429, RemoteError, "at the moment \\(429\\); calltally tries again by itself"),
        (503, RemoteError, "at the moment \\(503\\); calltally tries again by itself"),
        (302, RemoteError, "refused GET /calls \\(302\\)"),
        (418, RemoteError, "refused GET /calls \\(418\\)"),
    ],
)
def test_every_refusal_is_a_sentence_that_says_what_to_do(status: int, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        talk(rest.running_calls(), lambda _request: Response(status=status, body=b"<html>"))


@given(body=st.binary(max_size=300), question=st.sampled_from(QUESTIONS))
def test_any_bytes_are_an_answer_or_an_error_with_a_sentence(
    body: bytes, question: Callable[[], Steps[object]]
) -> None:
    try:
        talk(question(), lambda _request: Response(status=200, body=body))
    except RemoteError as problem:
        assert "something unexpected" in str(problem)  # noqa: PT017  no error is as good


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    value=st.fixed_dictionaries({}, optional={"items": st.lists(_VALUES, max_size=3), "data": _VALUES}),
    question=st.sampled_from(QUESTIONS),
)
def test_any_json_is_an_answer_or_an_error_with_a_sentence(
    value: object, question: Callable[[], Steps[object]]
) -> None:
    try:
        talk(question(), lambda _request: good(value))
    except RemoteError as problem:
        assert "something unexpected" in str(problem)  # noqa: PT017  no error is as good


def test_history_keeps_what_settles_a_leg_and_nothing_else() -> None:
    entry = {"callId": "A", "created": "2026-11-20T13:32:09Z", "status": "PICKUP", "note": "private", "starred": True}
    answer = good({"items": [entry, {"id": "without a leg"}, entry], "totalCount": 3})
    messages = talk(sync.history(0, 1, 1_795_181_529_000_000), lambda _request: answer)
    assert isinstance(messages, list)
    assert [(message.kind, message.body) for message in messages] == [
        ("history", b'{"callId":"A","created":"2026-11-20T13:32:09Z","status":"PICKUP"}')
    ]


def test_what_the_sync_writes_into_the_journal_is_understood() -> None:
    for message in (sync.seen("A", 1_795_181_529_000_000), sync.gone("A", 1_795_181_529_000_000)):
        assert [event.at_ms for event in SOURCE.parse(message)] == [1_795_181_529_000]


@pytest.mark.parametrize(
    ("section", "way"),
    [
        ({}, None),
        ({"token_id": "token-ABC123", "token": "t"}, ("token-ABC123", False)),
        ({"client_id": "c", "client_secret": "s"}, ("", True)),
        ({"token_id": "token-ABC123", "token": "t", "client_id": "c", "client_secret": "s"}, ("token-ABC123", False)),
    ],
)
def test_the_settings_say_how_to_be_let_in(section: dict[str, object], way: tuple[str, bool] | None) -> None:
    found = sync.sync_from(settings_from(section))
    assert (found and (found.remote.user, found.remote.grant is not None)) == way


@pytest.mark.parametrize("realm", ["sipgate-apps", "third-party"])
def test_the_realm_is_part_of_both_addresses_of_the_sign_in(realm: str) -> None:
    found = sync.sync_from(settings_from({"client_id": "c", "client_secret": "s", "realm": realm}))
    assert found is not None
    assert found.remote.grant is not None
    prefix = f"https://login.sipgate.com/auth/realms/{realm}/protocol/openid-connect"
    assert (found.remote.grant.authorize_url, found.remote.grant.token_url) == (f"{prefix}/auth", f"{prefix}/token")
