"""Lists, the moment, queues and marks of a dashboard beside what calltally itself says."""

from typing import Final

import pytest

from calltally.engine.answers import By, Question, Selection
from calltally.model.records import Call
from calltally.store.asked import CallOrder
from tests.grafana.comparing import (
    CALL_STATISTICS,
    CHOICES,
    MONTH,
    QUEUES,
    RANGES,
    Choice,
    asked,
    loaded,
    metrics_of,
    rows,
    same,
)
from tests.grafana.figures import TOTALS
from tests.grafana.odd_site import NOW_MS, ODD_QUEUE
from tests.grafana.worlds import World


@pytest.mark.parametrize("chosen", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize(
    ("title", "order"),
    [("Longest waiting times", CallOrder.LONGEST_WAIT), ("Longest calls", CallOrder.LONGEST_TALK)],
)
def test_the_longest_are_those_that_the_pages_list(
    grafana: World, title: str, order: CallOrder, chosen: Choice
) -> None:
    found = rows(grafana, loaded(grafana, CALL_STATISTICS, MONTH, chosen), title)
    expected = longest(grafana, order, chosen)
    duration = "wait" if order is CallOrder.LONGEST_WAIT else "talk"
    assert [row["call_id"] for row in found] == [call.call_id for call in expected]
    for row, call in zip(found, expected, strict=True):
        length_ms = call.wait_ms if order is CallOrder.LONGEST_WAIT else call.talk_ms
        assert same(row[duration], (length_ms or 0) / 1000)
        assert row["time"] == call.started_at_ms
        assert row["outcome"] == call.outcome


def longest(grafana: World, order: CallOrder, chosen: Choice) -> list[Call]:
    """Return the longest calls as calltally's own list has them: inbound ones for waits, none without a duration."""
    page = grafana.parts.questions.calls(MONTH, chosen.selection, order=order, limit=200)
    calls = [
        call
        for call in page.calls
        if (order is CallOrder.LONGEST_TALK and call.talk_ms) or (call.direction == "inbound" and call.wait_ms)
    ]
    return [call for call in calls if order is CallOrder.LONGEST_TALK or call.direction == "inbound"][:20]


@pytest.mark.parametrize("chosen", CHOICES.values(), ids=CHOICES)
def test_the_numbers_that_call_most_are_those_of_the_api(grafana: World, chosen: Choice) -> None:
    found = rows(grafana, loaded(grafana, CALL_STATISTICS, MONTH, chosen), "Most calling numbers")
    question = Question(
        metrics=("inbound_calls",),
        span=MONTH,
        zone=grafana.parts.zone,
        by=By.CALLER,
        limit=20,
        selection=chosen.selection,
    )
    answer = grafana.parts.questions.ask(question)
    expected = [(row.key, row.values[0].value) for row in answer.rows]
    # Which of those with as few calls as the last are listed is up to each.
    least = expected[-1][1] if expected else None
    assert [row["calls"] for row in found] == [value for _, value in expected]
    certain = {row["caller"] for row in found if row["calls"] != least}
    assert certain == {key for key, value in expected if value != least}


NOW: Final = {
    # chosen          waiting, active, one by one
    "everything": (3, 2, ["xtalks-1", "xtalks-2", "xrings-1"]),
    "one team": (2, 1, ["xtalks-2"]),  # 493023125100 and -200 are its numbers
    "two teams that overlap": (2, 1, ["xtalks-2"]),
    "a team without calls": (0, 0, []),
    "in no team": (1, 0, []),  # who waits in the queue, whose number is not known
    "a team, and in none": (1, 1, ["xtalks-1"]),
    "one group": (1, 1, ["xtalks-2"]),  # 493023125200
    "in no group": (1, 0, []),
}


@pytest.mark.parametrize(("name", "expected"), NOW.items(), ids=NOW)
def test_the_moment_shows_who_waits_and_who_talks(
    grafana: World, name: str, expected: tuple[int, int, list[str]]
) -> None:
    dashboard = loaded(grafana, CALL_STATISTICS, RANGES["before anything was heard"], CHOICES[name])
    assert rows(grafana, dashboard, "Waiting in queue") == [{"Waiting": expected[0]}]
    assert rows(grafana, dashboard, "Active calls") == [{"Active": expected[1]}]
    assert [row["call_id"] for row in rows(grafana, dashboard, "Active calls, one by one")] == expected[2]
    (oldest,) = rows(grafana, dashboard, "Longest waiting now")
    assert (oldest["Waits"] is None) is (expected[0] == 0)


def test_queues_one_by_one_are_those_of_the_api(grafana: World) -> None:
    columns = TOTALS[QUEUES]["The timespan"]
    names = metrics_of(columns)
    question = Question(metrics=names, span=MONTH, zone=grafana.parts.zone, by=By.QUEUE)
    expected = {
        row.key: {column: value.value for column, value in zip(columns, row.values, strict=True)}
        for row in grafana.parts.questions.ask(question).rows
        if row.values[0].value
    }
    found = rows(grafana, loaded(grafana, QUEUES, MONTH), "Queues")
    assert {row["queue"] for row in found} == expected.keys()
    for row in found:
        assert all(same(row[column], value) for column, value in expected[str(row["queue"])].items())


@pytest.mark.parametrize("queue", ["kundendienst", ODD_QUEUE])
def test_a_queue_is_chosen_whatever_its_name_is(grafana: World, queue: str) -> None:
    columns = TOTALS[QUEUES]["The timespan"]
    chosen = Choice(variables={"queue": (queue,)}, selection=Selection(queues=(queue,)))
    (found,) = rows(grafana, loaded(grafana, QUEUES, MONTH, chosen), "The timespan")
    _, (expected, *_) = asked(grafana, columns, MONTH, chosen)
    assert all(same(found[name], value) for name, value in expected.items())
    assert expected["Offered"]


def test_who_waits_in_a_queue_and_who_waited_longest_is_listed(grafana: World) -> None:
    dashboard = loaded(grafana, QUEUES, MONTH)
    (waiting,) = rows(grafana, dashboard, "Waiting now")
    assert (waiting["queue"], waiting["time"]) == (ODD_QUEUE, (NOW_MS // 1000 - 90) * 1000)
    found = rows(grafana, dashboard, "Longest waits")
    visits = [visit for visit in grafana.parts.store.all_visits(MONTH, None) if visit.wait_ms]
    expected = sorted(((visit.wait_ms or 0) / 1000 for visit in visits), reverse=True)[:20]
    assert [row["wait"] for row in found] == expected


def test_gaps_are_marked(grafana: World) -> None:
    dashboard = loaded(grafana, CALL_STATISTICS, MONTH)
    expected = [
        {"time": gap.since_ms, "timeend": gap.until_ms, "text": gap.reason, "tags": gap.source or "calltally"}
        for gap in grafana.parts.store.gaps(MONTH)
    ]
    assert rows(grafana, dashboard, "annotation Not heard") == expected
    assert expected
