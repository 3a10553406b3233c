"""What each push of sipgate says, field by field, and what is done with nonsense."""

from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.model.events import Event, LegEvent, LegEventKind, LegSettled
from calltally.model.messages import KIND_HEADER, BadMessageError, RawMessage
from calltally.model.words import AnsweredBy, Direction, HangupCause, Outcome
from calltally.sources.sipgate import SOURCE
from calltally.sources.sipgate.parse import CAUSES

RECEIVED_US = 1_795_000_000_123_456


def message(body: bytes | str, kind: str = "") -> RawMessage:
    return RawMessage(
        source="sipgate",
        received_at_us=RECEIVED_US,
        headers={KIND_HEADER: kind} if kind else {},
        body=body.encode() if isinstance(body, str) else body,
    )


def pushed(body: bytes | str) -> LegEvent:
    (event,) = SOURCE.parse(message(body))
    assert isinstance(event, LegEvent)
    return event


GROUP_CALL = (
    "event=newCall&direction=in&from=491715550111&to=492115550200&callId=54576B15&origCallId=54576B15"
    "&user%5B%5D=Deniz+Demir&user%5B%5D=Eva+Engel&userId%5B%5D=w3&userId%5B%5D=w4"
    "&fullUserId%5B%5D=1234567w3&fullUserId%5B%5D=1234567w4&xcid=5aada1e696b94cec"
)


def test_a_new_call_to_a_group_names_everybody_who_rings() -> None:
    heard = message(GROUP_CALL)
    assert SOURCE.parse(heard) == (
        LegEvent(
            source="sipgate",
            at_ms=RECEIVED_US // 1000,
            sequence=456,
            tie=heard.digest,
            kind=LegEventKind.STARTED,
            leg_id="54576B15",
            links=("c:54576B15", "x:5aada1e696b94cec"),
            origin_leg_id="54576B15",
            direction=Direction.INBOUND,
            caller="+491715550111",
            callee="+492115550200",
            users=("1234567w3", "1234567w4"),
            user_names=("Deniz Demir", "Eva Engel"),
        ),
    )


def test_an_answer_names_who_took_the_call() -> None:
    event = pushed(
        "event=answer&callId=A&origCallId=O&user=Eva+Engel&userId=w4&fullUserId=1234567w4&from=491715550111"
        "&to=492115550200&direction=in&answeringNumber=492115550202&diversion=492115550201&xcid=5aada1e696b94cec"
    )
    assert event.kind is LegEventKind.ANSWERED
    assert event.links == ("c:A", "c:O", "x:5aada1e696b94cec")
    assert (event.users, event.user_names) == (("1234567w4",), ("Eva Engel",))
    assert event.diversion == "+492115550201"
    assert event.answered_by is AnsweredBy.PERSON


def test_d11_the_answering_number_has_its_plus_as_all_others() -> None:
    assert pushed("event=answer&callId=A&answeringNumber=492115550202").answering_number == "+492115550202"


@pytest.mark.parametrize("key", ["user[]", "user%5B%5D", "user%5b%5d", "user%5B]", "%75ser[]", "user"])
def test_the_brackets_of_a_list_may_be_encoded_or_not(key: str) -> None:
    assert pushed(f"event=newCall&callId=A&{key}=Eva&{key}=Deniz").user_names == ("Eva", "Deniz")
    assert pushed(f"event=newCall&callId=A&{key}=voicemail").voicemail


@pytest.mark.parametrize(
    ("body", "voicemail"),
    [
        ("event=newCall&callId=A&user[]=voicemail", True),
        ("event=newCall&callId=A&user[]=voicemail&user[]=Eva", False),
        ("event=newCall&callId=A&user[]=Voicemail", False),
        ("event=newCall&callId=A&user[]=voicemails", False),
        ("event=answer&callId=A&user=voicemail", False),
    ],
)
def test_a_mailbox_leg_is_one_whose_only_user_is_the_word_voicemail(body: str, voicemail: bool) -> None:  # noqa: FBT001  a column of the table
    assert pushed(body).voicemail is voicemail


@pytest.mark.parametrize(
    ("sent", "number", "withheld"),
    [
        ("492115550100", "+492115550100", False),
        ("%2B492115550100", "+492115550100", False),
        ("+492115550100", "+492115550100", False),
        ("00492115550100", "+492115550100", False),
        ("anonymous", None, True),
        ("Anonymous", None, True),
        ("1234567e1", "1234567e1", False),
        ("p5", "p5", False),
        ("104", "104", False),
        ("02115550100", "02115550100", False),
        ("4921155501001234", "4921155501001234", False),
        ("1234567", "+1234567", False),
        ("123456", "123456", False),
        ("%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6%D9%A7", "١٢٣٤٥٦٧", False),
        ("", None, False),
        ("+", None, False),
    ],
)
def test_a_number_gets_its_plus_only_where_its_digits_allow(sent: str, number: str | None, withheld: bool) -> None:  # noqa: FBT001  a column of the table
    event = pushed(f"event=newCall&callId=A&from={sent}")
    assert (event.caller, event.caller_withheld) == (number, withheld)


@pytest.mark.parametrize(("sent", "cause"), tuple(CAUSES.items()))
def test_each_known_cause_has_our_word_and_stays_as_pushed(sent: str, cause: HangupCause) -> None:
    event = pushed(f"event=hangup&callId=A&cause={sent}")
    assert (event.cause, event.cause_raw) == (cause, sent)


@pytest.mark.parametrize("sent", ["chanunavailable", "NORMALCLEARING", "16", "Ü & mehr", "normalClearing "])
def test_d04_an_unknown_cause_is_kept_and_the_hangup_counts(sent: str) -> None:
    event = pushed(f"event=hangup&callId=A&cause={quote(sent)}")
    assert (event.kind, event.cause, event.cause_raw) == (LegEventKind.ENDED, HangupCause.OTHER, sent)


def test_a_hangup_without_a_cause_has_none() -> None:
    for body in ("event=hangup&callId=A", "event=hangup&callId=A&cause="):
        assert (pushed(body).cause, pushed(body).cause_raw) == (None, None)


@pytest.mark.parametrize(
    ("body", "answered_by"),
    [
        ("event=answer&callId=A&direction=in&fullUserId=1234567w4", AnsweredBy.PERSON),
        ("event=answer&callId=A&direction=in&fullUserId=&user=", None),
        ("event=answer&callId=A&direction=in", None),
        ("event=answer&callId=A&direction=out", AnsweredBy.PERSON),
        ("event=newCall&callId=A&direction=in&fullUserId[]=1234567w4", None),
    ],
)
def test_an_answer_without_a_user_does_not_say_who_it_was(body: str, answered_by: AnsweredBy | None) -> None:
    assert pushed(body).answered_by is answered_by


def test_digits_are_kept_and_none_are_none() -> None:
    assert pushed("event=dtmf&dtmf=12%23&callId=A").digits == "12#"
    assert pushed("event=dtmf&dtmf=&callId=A").digits is None


def test_of_a_repeated_field_the_first_value_that_is_not_empty_counts() -> None:
    event = pushed("event=newCall&event=hangup&callId=A&callId=B&from=&from=492115550100&from=492115550101")
    assert (event.kind, event.leg_id, event.caller) == (LegEventKind.STARTED, "A", "+492115550100")


def test_names_stay_with_their_ids_where_one_is_empty() -> None:
    event = pushed(
        "event=newCall&callId=A&user[]=Eva&user[]=&user[]=Jo&fullUserId[]=&fullUserId[]=1w3&fullUserId[]=1w5"
    )
    assert (event.users, event.user_names) == (("1w3", "1w5"), ("", "Jo"))


def test_unknown_fields_are_passed_over_however_they_look() -> None:
    extra = "&neu=1&user%5B0%5D=x&=&&a=b=c&%=%&" + quote("ключ") + "=1&lang=" + "x" * 9000
    assert pushed(GROUP_CALL + extra).users == ("1234567w3", "1234567w4")


def test_bytes_that_no_database_takes_are_replaced() -> None:
    assert pushed(b"event=newCall&callId=A&user[]=E%00va&user[]=J\xf6rg&user[]=%F6").user_names == (
        "E\ufffdva",
        "J\ufffdrg",
        "\ufffd",
    )


def test_umlauts_may_be_encoded_or_not_and_a_stray_percent_is_a_percent() -> None:
    event = pushed("event=newCall&callId=A&user[]=J%C3%B6rg+%C3%96hm&user[]=Jörg&user[]=100%&user[]=%zz")
    assert event.user_names == ("Jörg Öhm", "Jörg", "100%", "%zz")


def test_a_line_end_behind_the_body_belongs_to_nothing() -> None:
    assert pushed("event=hangup&callId=A&cause=busy\r\n").cause is HangupCause.BUSY


@pytest.mark.parametrize(
    "body",
    [
        "",
        "event=newCall",
        "event=newCall&callId=",
        "callId=A",
        "event=&callId=A",
        "event=ping&callId=A",
        "event=NewCall&callId=A",
        "event=newCall&callId=A&direction=sideways",
        "event=newCall&callId=A%00B",
        "event=newCall&callId=A+B",
        "event=newCall&callId=A%0AB",
        "event=newCall&callId=%FF",
        "event=newCall&callId=A&xcid=%07",
        "event=newCall&callId=A&fullUserId[]=1%00w",
        "event=newCall&callId=" + "A" * 257,
        "event=newCall&callId=A&from=" + "4" * 257,
        "event=newCall&callId=A&fullUserId[]=" + "w" * 257,
        "event=newCall&callId=A&user[]=" + "x" * 2000,
        "event=newCall&callId=A" + "&a=b" * 2000,
        '{"event": "newCall", "callId": "A"}',
    ],
)
def test_a_push_that_sipgate_cannot_have_sent_is_set_aside(body: str) -> None:
    with pytest.raises(BadMessageError):
        SOURCE.parse(message(body))


HISTORY = (
    '{"callId":"A","created":"2026-11-20T09:00:00Z","duration":65,"direction":"%s","status":"%s","callStatus":"%s",'
    '"source":"+491715550111","target":"492115550200","recordings":[{"url":"https://recordings.example/1"}],"id":"1"}'
)


@pytest.mark.parametrize(
    ("direction", "status", "call_status", "expected"),
    [
        ("INCOMING", "PICKUP", "SUCCESS", (Direction.INBOUND, Outcome.ANSWERED)),
        ("OUTGOING", "PICKUP", "", (Direction.OUTBOUND, Outcome.ANSWERED)),
        ("MISSED_INCOMING", "NOPICKUP", "MISSED", (Direction.INBOUND, Outcome.NO_ANSWER)),
        ("MISSED_OUTGOING", "NOPICKUP", "FAILURE", (Direction.OUTBOUND, Outcome.FAILED)),
        ("INCOMING", "NOPICKUP", "VOICEMAIL_NO_MESSAGE", (Direction.INBOUND, Outcome.VOICEMAIL)),
        ("INCOMING", "FORWARD", "", (Direction.INBOUND, Outcome.FORWARDED)),
        ("INCOMING", "BUSY", "BUSY_ON_BUSY", (Direction.INBOUND, Outcome.BUSY)),
        ("INCOMING", "NOPICKUP", "REJECTED_DND", (Direction.INBOUND, Outcome.NO_ANSWER)),
        ("SIDEWAYS", "ODD", "STRANGE", (None, None)),
    ],
)
def test_a_history_entry_settles_its_leg(
    direction: str, status: str, call_status: str, expected: tuple[Direction | None, Outcome | None]
) -> None:
    (event,) = SOURCE.parse(message(HISTORY % (direction, status, call_status), "history"))
    assert isinstance(event, LegSettled)
    assert (event.direction, event.outcome) == expected
    assert (event.leg_id, event.links) == ("A", ("c:A",))
    assert (event.started_at_ms, event.ended_at_ms) == (1_795_165_200_000, 1_795_165_265_000)
    assert (event.caller, event.callee) == ("+491715550111", "+492115550200")
    assert event.recording_urls == ("https://recordings.example/1",)


def test_a_history_entry_of_no_length_says_nothing_of_the_end() -> None:
    (event,) = SOURCE.parse(message('{"callId":"A","created":"2026-11-20T10:00:00+01:00","duration":0}', "history"))
    assert isinstance(event, LegSettled)
    assert (event.started_at_ms, event.ended_at_ms) == (1_795_165_200_000, None)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ('{"callId":"A","running":true}', "running", LegEventKind.SEEN),
        ('{"callId":"A","running":false}', "running", LegEventKind.GONE),
        ('{"callId":"A"}', "expired", LegEventKind.EXPIRED),
    ],
)
def test_what_calltally_asked_is_an_event_too(body: str, kind: str, expected: LegEventKind) -> None:
    (event,) = SOURCE.parse(message(body, kind))
    assert isinstance(event, LegEvent)
    assert (event.kind, event.leg_id, event.links) == (expected, "A", ("c:A",))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "history"),
        ("[]", "history"),
        ("[" * 100_000, "history"),
        ('{"callId":""}', "history"),
        ('{"callId":"A","created":"yesterday"}', "history"),
        ('{"callId":"A","created":"2026-11-20T09:00:00"}', "history"),
        ('{"callId":"A","created":"0001-01-01T00:00:00Z"}', "history"),
        ('{"callId":"A","source":"\\u0000"}', "history"),
        ('{"callId":"A","target":"' + "4" * 257 + '"}', "history"),
        ('{"callId":"A","running":1}', "running"),
        ('{"callId":"A"}', "running"),
        ("{}", "expired"),
        (GROUP_CALL, "expired"),
        (GROUP_CALL, "rumour"),
    ],
)
def test_an_answer_that_sipgate_cannot_have_given_is_set_aside(body: str, kind: str) -> None:
    with pytest.raises(BadMessageError):
        SOURCE.parse(message(body, kind))


FORMS = st.lists(
    st.tuples(
        st.sampled_from(("event", "callId", "origCallId", "xcid", "user[]", "fullUserId[]", "from", "cause", "x")),
        st.one_of(st.sampled_from(("newCall", "answer", "hangup", "dtmf", "A", "anonymous", "in")), st.text()),
    )
).map(lambda pairs: urlencode([("event", "newCall"), ("callId", "A"), *pairs], errors="replace").encode())


@given(
    body=st.one_of(st.binary(), FORMS, st.binary().map(lambda rest: b"event=answer&callId=A&from=" + rest)),
    kind=st.sampled_from(("", "", "history", "running", "expired")),
)
def test_any_bytes_give_events_or_bad_message_error(body: bytes, kind: str) -> None:
    events: Sequence[Event] = ()
    with suppress(BadMessageError):
        events = SOURCE.parse(message(body, kind))
    for event in events:
        assert isinstance(event, LegEvent | LegSettled)
        assert event.leg_id
        assert event.links[0] == "c:" + event.leg_id
        texts = [event.leg_id, event.caller, event.callee, *event.links]
        if isinstance(event, LegEvent):
            texts += [*event.users, *event.user_names, event.cause_raw, event.digits]
        assert not any("\0" in text for text in texts if text)
