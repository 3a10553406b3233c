"""One line of a queue_log gives one event, none, or a sentence that says what is wrong with it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.model.events import QUEUE_CALL_EXPIRED, QueueEvent
from calltally.model.messages import KIND_HEADER
from calltally.sources.asterisk.parse import parse
from calltally.sources.source import BadMessageError, RawMessage

SECOND = 1_768_381_031


def _message(body: bytes, *, ordinal: int = 0, kind: str = "") -> RawMessage:
    headers = {KIND_HEADER: kind} if kind else {}
    return RawMessage(source="asterisk", received_at_us=SECOND * 1_000_000 + ordinal, headers=headers, body=body)


def _event(body: bytes) -> QueueEvent:
    (event,) = parse(_message(body))
    return event


def test_a_line_becomes_an_event_at_its_own_time() -> None:
    message = _message(b"1768381031|1768381031.10|sales|NONE|ENTERQUEUE||0612345001|1", ordinal=3)
    assert parse(message) == [
        QueueEvent(
            source="asterisk",
            at_ms=SECOND * 1000,
            sequence=3,
            tie=message.digest,
            name="ENTERQUEUE",
            call_ref="1768381031.10",
            links=("c:1768381031.10",),
            queue="sales",
            agent=None,
            data=("", "0612345001", "1"),
        ),
    ]


def test_the_bar_that_ends_an_event_without_parameters_is_no_parameter() -> None:
    assert _event(b"1768381031|1768381031.10|sales|NONE|FULL|").data == ()
    assert _event(b"1768381031|1768381031.10|sales|NONE|FULL").data == ()


def test_a_line_that_was_received_later_keeps_its_own_time() -> None:
    message = RawMessage(
        source="asterisk",
        received_at_us=(SECOND + 2) * 1_000_000,
        headers={},
        body=b"1768381031|1768381031.10|sales|NONE|FULL|",
    )
    (event,) = parse(message)
    assert (event.at_ms, event.sequence) == (SECOND * 1000, 2_000_000)


@pytest.mark.parametrize(
    "line",
    [
        "NONE|NONE|NONE|QUEUESTART|",
        "NONE|NONE|NONE|CONFIGRELOAD|",
        "NONE|NONE|Agent/1001|AGENTCALLBACKLOGIN|101@default",
        "NONE|NONE|Agent/1001|AGENTCALLBACKLOGOFF|101@default|3600|CommandLogoff",
        "1795175096.26|NONE|2001|AGENTLOGIN|Local/hold@agentphones-0000000d;1",
        "1795175096.26|NONE|2001|AGENTLOGOFF|Local/hold@agentphones-0000000d;1|540",
        "MANAGER|sales|Local/id-1@agentcallback/n|ADDMEMBER|",
        "1795175096.30|sales|PJSIP/abc|ADDMEMBER|PAUSED",
        "CLI|sales|PJSIP/abc|REMOVEMEMBER|",
        "REALTIME|sales|PJSIP/abc|ADDMEMBER|",
        "NONE|sales|Agent/1001|PAUSE|Mittagspause, wichtig|für alle",
        "NONE|NONE|Agent/1001|UNPAUSEALL|",
        "NONE|sales|Agent/1001|PENALTY|3",
        "NONE|sales|Agent/1001|RINGINUSE|1",
        "NONE|sales|NONE|SOMETHING_NEW|x",
    ],
)
def test_lines_about_members_agents_and_the_log_itself_tell_of_no_call(line: str) -> None:
    assert parse(_message(f"{SECOND}|{line}".encode())) == []


def test_a_word_that_nobody_documented_is_kept_with_its_call() -> None:
    event = _event(b"1768381031|1768381031.10|sales|NONE|SURVEY|5|very good")
    assert (event.name, event.data) == ("SURVEY", ("5", "very good"))


def test_bytes_that_are_no_utf_8_stay_distinguishable() -> None:
    lines = (b"1768381031|1768381031.10|Kr\xe9ger|NONE|FULL|", b"1768381031|1768381031.10|Kr\xe8ger|NONE|FULL|")
    assert [_event(line).queue for line in lines] == ["Kr\\xe9ger", "Kr\\xe8ger"]
    assert _event("1768381031|1768381031.10|Kréger|NONE|FULL|".encode()).queue == "Kréger"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "does not begin with a time"),
        (b"nonsense", "does not begin with a time"),
        (b"soon|1768381031.10|sales|NONE|FULL|", "does not begin with a time"),
        (b"99999999999999|1768381031.10|sales|NONE|FULL|", "does not begin with a time"),
        (b"1768381031|1768381031.10|sales|NONE", "ends before its five fields"),
        (b"1768381031|1768381031.10|sales|NONE|", "names no event"),
        (b"1768381031|NONE|sales|NONE|ENTERQUEUE||0612345001|1", "names no call"),
        (b"1768381031||sales|NONE|ABANDON|1|1|9", "names no call"),
        (b"1768381031|1768381031.10|NONE|NONE|FULL|", "names no queue"),
        (b"1768381031|1768381031.10|sales|NONE|FULL|\0\0\0", "NUL bytes"),
        (b"1768381031|1768381031.10|sales|NONE|FULL|" + b"x" * 20_000, "longer than 16384 bytes"),
        (b"1768381031|" + b"1" * 257 + b"|sales|NONE|FULL|", "longer than 256 characters"),
        (b"1768381031|1768381031.10|sales|NONE|FULL" + b"|x" * 300, "more than 200 fields"),
        (b"1768381031|1.1|sales|NONE|FULL|\n1768381031|1.2|sales|NONE|FULL|", "more than one line"),
    ],
)
def test_a_line_that_cannot_be_used_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(BadMessageError, match=reason):
        parse(_message(body))


def test_no_reason_repeats_the_line() -> None:
    with pytest.raises(BadMessageError) as caught:
        parse(_message(b"1768381031|0612345001|sales"))
    assert "0612345001" not in str(caught.value)


def test_a_call_that_calltally_gave_up_is_told_by_a_message_of_our_own() -> None:
    (event,) = parse(_message(json.dumps({"callId": "1768381031.10"}).encode(), kind="expired"))
    assert (event.name, event.call_ref, event.links) == (QUEUE_CALL_EXPIRED, "1768381031.10", ("c:1768381031.10",))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"callId": 7}', b'{"callId": ""}', b'{"callId": "\\ud800"}', b"[" * 100_000]
)
def test_a_message_of_our_own_that_names_no_call_is_set_aside(body: bytes) -> None:
    with pytest.raises(BadMessageError):
        parse(_message(body, kind="expired"))


def test_a_kind_of_another_source_is_set_aside() -> None:
    with pytest.raises(BadMessageError):
        parse(_message(b"{}", kind="history"))


LIKELY = st.lists(
    st.sampled_from(["1768381031", "1768381031.10", "sales", "NONE", "ENTERQUEUE", "ABANDON", "", "ü", "1", "\x00"]),
    max_size=9,
).map(lambda fields: "|".join(fields).encode())


@given(st.one_of(st.binary(), LIKELY), st.sampled_from(["", "expired", "history"]))
def test_any_bytes_give_events_or_a_named_error(body: bytes, kind: str) -> None:
    try:
        events = parse(_message(body, kind=kind))
    except BadMessageError:
        return
    for event in events:
        assert event.links == ("c:" + event.call_ref,)
        "".join((event.name, event.call_ref, event.queue or "", event.agent or "", *event.data)).encode()
