"""Legs and queue visits are listed by what they are, and by groups and teams of the call they belong to."""

from dataclasses import replace

import pytest

from calltally.model.records import Records
from calltally.model.words import Direction, Outcome, VisitOutcome
from calltally.store.asked import Filter
from calltally.store.store import Store
from tests.stores.samples import NOON_MS, VISIT, flow, keep_new

SALES, SERVICE = ("+4921100",), ("+4921101", "+4921100")


def _flows() -> list[Records]:
    """Return a forwarded call, an internal one whose halves differ, and one that waited in two queues."""
    forwarded = flow("f", legs=2, own_numbers=SERVICE)
    first, second = forwarded.legs
    internal = flow("i", legs=2, direction=Direction.INTERNAL, started_at_ms=NOON_MS + 1)
    out, into = internal.legs
    visits = [
        replace(VISIT, visit_id="v1", agent="anna", outcome=VisitOutcome.TIMEOUT),
        replace(VISIT, visit_id="v2", queue="orders", entered_at_ms=NOON_MS + 9),
    ]
    return [
        replace(forwarded, legs=(replace(first, outcome=Outcome.FORWARDED, agent=None), second)),
        replace(internal, legs=(replace(out, direction=Direction.OUTBOUND, caller="+4921100"), into)),
        flow("q", legs=0, visits=visits, source="asterisk", caller="+4930222", own_numbers=SERVICE),
    ]


LISTS: list[tuple[Filter, list[str], list[str]]] = [
    # asked for                                              legs                       visits
    (Filter(), ["f", "f.1", "i", "i.1"], ["v1", "v2"]),
    (Filter(sources=("asterisk",)), [], ["v1", "v2"]),
    (Filter(directions=(Direction.OUTBOUND,)), ["i"], []),
    (Filter(directions=(Direction.INBOUND,)), ["f", "f.1", "i.1"], ["v1", "v2"]),
    (Filter(directions=(Direction.INTERNAL,)), [], []),  # the legs of an internal call keep theirs
    (Filter(callers=("+4921100",)), ["i"], []),
    (Filter(callers=("+4930222", "+4930111")), ["f", "f.1", "i.1"], ["v1", "v2"]),
    (Filter(callers=("+493011",)), [], []),  # a part of a number is no number
    (Filter(outcomes=(Outcome.FORWARDED,)), ["f"], []),
    (Filter(outcomes=(VisitOutcome.TIMEOUT,)), [], ["v1"]),
    (Filter(queues=("orders",)), [], ["v2"]),
    (Filter(agents=("anna", "1234567w0")), ["f.1", "i", "i.1"], ["v1"]),
    (Filter(trunks=("t1",)), [], []),
    (Filter(caller_withheld=True), [], []),
    (Filter(is_open=False), ["f", "f.1", "i", "i.1"], ["v1", "v2"]),
    (Filter(sources=()), [], []),
]


@pytest.mark.parametrize(("where", "legs", "visits"), LISTS)
def test_legs_and_visits_are_chosen_by_what_they_are(
    store: Store, where: Filter, legs: list[str], visits: list[str]
) -> None:
    keep_new(store, _flows())
    assert [leg.leg_id for leg in store.all_legs(None, None, where)] == legs
    assert [visit.visit_id for visit in store.all_visits(None, None, where)] == visits


def test_own_numbers_are_those_of_the_whole_call(store: Store) -> None:
    keep_new(store, _flows())
    ids = {numbers: lines_id for lines_id, numbers in store.lines().items()}
    of_service = Filter(lines=(ids[SERVICE],))
    assert [leg.leg_id for leg in store.all_legs(None, None, of_service)] == ["f", "f.1"]
    assert [visit.visit_id for visit in store.all_visits(None, None, of_service)] == ["v1", "v2"]
    assert [leg.leg_id for leg in store.all_legs(None, None, Filter(lines=(ids[SALES],)))] == ["i", "i.1"]
    assert list(store.all_legs(None, None, Filter(lines=()))) == []
