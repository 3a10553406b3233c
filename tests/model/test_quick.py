"""A value made the quick way is the value made the long way."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.model.drafts import (
    CallDraft,
    LegDraft,
    LegEventDraft,
    finished_call,
    finished_event,
    finished_leg,
)
from calltally.model.events import LegEvent, LegEventKind
from calltally.model.messages import RawMessage, received
from calltally.model.quick import finisher, quick
from calltally.model.records import Call, Leg, Records

Draft = LegEventDraft | LegDraft | CallDraft
Value = LegEvent | Leg | Call
quick_event = quick(LegEvent)


def event(caller: str | None, users: tuple[str, ...]) -> tuple[LegEvent, LegEvent]:
    """Return one event made both ways, the long way first."""
    long, short = (
        make(
            source="s",
            at_ms=1,
            sequence=2,
            tie=3,
            kind=LegEventKind.STARTED,
            leg_id="A",
            links=("c:A",),
            caller=caller,
            users=users,
        )
        for make in (LegEvent, quick_event)
    )
    return long, short


@given(caller=st.one_of(st.none(), st.text()), users=st.lists(st.text()).map(tuple))
def test_both_ways_give_the_same_value(caller: str | None, users: tuple[str, ...]) -> None:
    long, short = event(caller, users)
    assert type(short) is LegEvent
    assert short == long
    assert hash(short) == hash(long)
    assert repr(short) == repr(long)
    assert replace(short, leg_id="B") == replace(long, leg_id="B")


def test_a_quick_value_is_frozen() -> None:
    _, short = event(None, ())
    with pytest.raises(FrozenInstanceError):
        short.leg_id = "B"  # type: ignore[misc]  # what must fail


def test_missing_and_unknown_fields_are_refused() -> None:
    with pytest.raises(TypeError):
        quick_event(source="s")  # type: ignore[call-arg]  # what must fail
    with pytest.raises(TypeError):
        quick(Records)(nonsense=1)  # type: ignore[call-arg]  # what must fail


@pytest.mark.parametrize("value_type", [Leg, Call])
def test_every_field_has_its_place(value_type: type[Leg | Call]) -> None:
    names = [field.name for field in fields(value_type)]
    values = {name: name for name in names}
    made = quick(value_type)(**values)  # type: ignore[arg-type]  # any value has a place
    assert {name: getattr(made, name) for name in names} == values


@pytest.mark.parametrize(
    ("draft", "finish", "value_type"),
    [
        (LegEventDraft(), finished_event, LegEvent),
        (LegDraft(), finished_leg, Leg),
        (CallDraft(), finished_call, Call),
    ],
)
def test_a_finished_draft_is_the_value_of_its_fields(
    draft: Draft, finish: Callable[[Draft], Value], value_type: type[Value]
) -> None:
    values = {field.name: field.name for field in fields(value_type)}
    for name, value in values.items():
        setattr(draft, name, value)
    finished = finish(draft)
    assert type(finished) is value_type
    assert finished == value_type(**values)  # type: ignore[arg-type]  # any value has a place
    with pytest.raises(FrozenInstanceError):
        finished.source = "B"  # type: ignore[misc]  # what must fail


class Place:
    """A draft with a field too few, or of another type, for any record."""

    __slots__ = ("source",)

    source: int


@pytest.mark.parametrize("value_type", [Leg, Records])
def test_a_draft_that_has_not_the_fields_of_its_value_is_refused(value_type: type[Leg | Records]) -> None:
    with pytest.raises(TypeError, match="Place has not the fields"):
        finisher(Place, value_type)


def test_a_class_that_fills_in_its_own_fields_has_no_draft() -> None:
    with pytest.raises(TypeError, match="RawMessage"):
        finisher(Place, RawMessage)


def test_a_class_that_fills_in_its_own_fields_has_no_quick_constructor() -> None:
    with pytest.raises(TypeError, match="RawMessage"):
        quick(RawMessage)


def test_a_message_received_is_the_message_made_the_long_way() -> None:
    headers = {"x-calltally-kind": "history"}
    quickly = received(source="sipgate", received_at_us=7, headers=headers, body=b"event=newCall")
    slowly = RawMessage(source="sipgate", received_at_us=7, headers=headers, body=b"event=newCall")
    assert (quickly, quickly.digest) == (slowly, slowly.digest)
    with pytest.raises(FrozenInstanceError):
        quickly.digest = 0  # type: ignore[misc]  # what must fail
