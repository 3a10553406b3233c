"""The reporting views: the promised columns, the same values as the records, whatever the time zone of the server."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.engine.memberships import index_of, memberships_of
from calltally.metrics.measures import CALL_MEASURES, VISIT_MEASURES, call_measures, visit_measures
from calltally.metrics.now import is_active, is_waiting, waiting_since_ms
from calltally.metrics.now_sql import NowState
from calltally.metrics.spread import value_of
from calltally.model.directory import OTHER, Directory, Group, Team
from calltally.model.instants import Gap
from calltally.model.records import Records
from calltally.model.words import Direction, Outcome, VisitOutcome
from calltally.store.open import administering, open_store
from calltally.store.reports.place_views import OTHER_KEY
from calltally.store.reports.views import MARK, VERSION, VIEWS
from calltally.store.store import Store
from tests.stores.kinds import ZONE, Kind
from tests.stores.samples import NOON_MS, VISIT, any_flow, flow, keep_new

NOON = datetime.fromtimestamp(NOON_MS / 1000, UTC)
FEW = settings(max_examples=12, deadline=None)


@dataclass(frozen=True, slots=True)
class Site:
    """A database and its address."""

    url: str
    store: Store

    def rows(self, sql: str) -> list[Sequence[Any]]:
        """Return what a tool of somebody else reads."""
        with administering(self.url) as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]


@contextmanager
def a_site(kind: Kind) -> Iterator[Site]:
    """Give an empty site."""
    url = kind.fresh()
    with closing(open_store(url, zone=ZONE)) as store:
        yield Site(url, store)
    kind.give_back(url)


@pytest.fixture
def site(kind: Kind) -> Iterator[Site]:
    """Give an empty site."""
    with a_site(kind) as found:
        yield found


def _instant(value: object) -> datetime:
    """Return an instant as each kind of database tells it."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    assert isinstance(value, datetime)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _key(text: str) -> str:
    return text.encode().hex()


def test_every_view_has_the_promised_columns(site: Site) -> None:
    with administering(site.url) as connection:
        for view in VIEWS:
            found = connection.exec_driver_sql(f"SELECT * FROM {view.name}")  # noqa: S608  our own names
            assert list(found.keys()) == [column.name for column in view.columns], view.name
            found.close()


def test_one_row_says_which_promise_the_views_keep_and_whose_days_they_have(site: Site) -> None:
    assert site.rows("SELECT version, time_zone FROM report_version") == [(VERSION, ZONE)]


def test_durations_are_seconds_and_instants_do_not_depend_on_the_zone_of_the_server(site: Site) -> None:
    keep_new(site.store, [flow("a", started_at_ms=NOON_MS + 1, wait_ms=4_250, talk_ms=None, ended_at_ms=None)])
    ((started, answered, ended, wait, talk),) = site.rows(
        "SELECT started_at, answered_at, ended_at, wait_seconds, talk_seconds FROM report_calls"
    )
    assert (_instant(started) - NOON).total_seconds() == 0.001
    assert (_instant(answered) - NOON).total_seconds() == 4
    assert (ended, wait, talk) == (None, 4.25, None)


def test_columns_with_reserved_names_have_others(site: Site) -> None:
    keep_new(site.store, [flow("a", visits=[VISIT])])
    assert site.rows("SELECT end_state, ring_seconds FROM report_legs") == [("known", 4.0)]
    assert site.rows("SELECT key_pressed, wait_seconds, visit_no FROM report_visits") == [(None, 9.0, 0)]


@given(st.data())
@FEW
def test_what_each_record_adds_is_what_the_measures_say(kind: Kind, data: st.DataObject) -> None:
    records = [data.draw(any_flow(f"c{number}")) for number in range(3)]
    names = ", ".join(measure.name for measure in CALL_MEASURES)
    with a_site(kind) as site:
        ids = keep_new(site.store, records)
        found = {row[0]: tuple(row[1:]) for row in site.rows(f"SELECT flow_id, {names} FROM report_call_measures")}  # noqa: S608  our own names
        assert found == {
            flow_id: call_measures(each.call) for flow_id, each in zip(ids, records, strict=True) if each.call
        }
        sums = site.rows(_sums_of_visits(site))
    every = [visit_measures(visit) for each in records for visit in each.visits]
    expected = tuple(map(sum, zip(*every, strict=True))) if every else (0,) * len(VISIT_MEASURES)
    assert [tuple(map(int, row)) for row in sums] == [expected]


def _sums_of_visits(site: Site) -> str:
    quote = "`" if site.url.startswith("mysql") else '"'
    names = ", ".join(f"COALESCE(SUM({quote}{measure.name}{quote}), 0)" for measure in VISIT_MEASURES)
    return f"SELECT {names} FROM report_visit_measures"  # noqa: S608  our own names


def test_roll_ups_and_records_add_up_to_the_same(site: Site) -> None:
    keep_new(
        site.store,
        [
            flow("a", visits=[VISIT]),
            flow("b", outcome=Outcome.ABANDONED, answered_at_ms=None, wait_ms=9_000, talk_ms=0, answered_by=None),
            flow("c", direction=Direction.OUTBOUND, started_at_ms=NOON_MS + 86_400_000 * 5),
        ],
    )
    for names, views in (
        ("calls, answered, wait", ("report_call_measures", "report_rollup_quarter_hour", "report_rollup_day")),
        (
            "offered, abandoned, wait",
            ("report_visit_measures", "report_visit_rollup_quarter_hour", "report_visit_rollup_day"),
        ),
    ):
        first, second, wait = names.split(", ")
        sums = f"SUM({first}), SUM({second}), SUM({'answered_' if first == 'calls' else ''}{wait}_ms)"
        found = {tuple(map(int, site.rows(f"SELECT {sums} FROM {view}")[0])) for view in views}  # noqa: S608  our own names
        assert len(found) == 1, found


def _state(records: Records) -> str | None:
    call = records.call
    if call is None or not call.is_open:
        return None
    if is_waiting(records):
        return NowState.WAITING
    if is_active(records):
        return NowState.ACTIVE
    return NowState.RINGING if call.direction is Direction.OUTBOUND else NowState.OTHER


@given(st.data())
@FEW
def test_what_an_open_call_does_is_what_the_board_says(kind: Kind, data: st.DataObject) -> None:
    records = [data.draw(any_flow(f"c{number}")) for number in range(3)]
    with a_site(kind) as site:
        ids = keep_new(site.store, records)
        found = site.rows("SELECT flow_id, state, waiting_since_ms FROM report_open_calls ORDER BY flow_id")
    assert found == [
        (flow_id, state, waiting_since_ms(each))
        for flow_id, each in zip(ids, records, strict=True)
        if (state := _state(each)) is not None
    ]


GROUPS = (
    Group(source="sipgate", group_id="g0", name="Sales", numbers=("+491", "+492")),
    Group(source="sipgate", group_id="g1", name='O\'Brien "x" \\', numbers=("+492", "+493")),
    Group(source="other", group_id="g0", name="Sales", numbers=("+497",)),
)
TEAMS = (
    Team(name="A", numbers=frozenset({"+491", "+492"})),
    Team(name="Team A", numbers=frozenset({"+492", "+493"})),
)
LINES = ((), ("+491",), ("+493", "+491"), ("+492", "+493"), ("+499", "+493"), ("+499",), ("+497", "+499"), ("+49",))


def test_members_are_those_of_the_pages_and_other_is_the_rest(site: Site) -> None:
    with site.store.write() as transaction:
        transaction.save_directory(Directory(groups=GROUPS))
        transaction.save_teams([(team.name, tuple(sorted(team.numbers))) for team in TEAMS])
        for numbers in LINES:
            transaction.lines_id(numbers)
    index = index_of(site.store.lines(), memberships_of(GROUPS, TEAMS))
    named = {"g1": "sipgate:g1", "sipgate:g0": "sipgate:g0", "other:g0": "other:g0"}
    groups = {lines_id: OTHER_KEY if key == OTHER else _key(named[key]) for lines_id, key in index.group_of.items()}
    found = site.rows("SELECT lines_id, group_key FROM report_line_groups")
    assert sorted(map(tuple, found)) == sorted(groups.items())
    teams = {
        (lines_id, OTHER_KEY if name == OTHER else _key(name))
        for lines_id, names in index.teams_of.items()
        for name in names
    }
    found = site.rows("SELECT lines_id, team_key FROM report_line_teams")
    assert len(found) == len(teams)
    assert set(found) == teams


def test_keys_hold_nothing_but_hexadecimal_digits(site: Site) -> None:
    with site.store.write() as transaction:
        transaction.save_directory(Directory(groups=GROUPS))
        transaction.save_teams([("Grüße 'x' \\ \"y\" 100% ${z}", ("+491", "+492"))])
    groups, teams = (
        {bytes.fromhex(key).decode() for (key,) in site.rows(f"SELECT {word}_key FROM report_{word}s")}  # noqa: S608  our own names
        for word in ("group", "team")
    )
    assert groups == {"sipgate:g0", "sipgate:g1", "other:g0"}
    assert teams == {"Grüße 'x' \\ \"y\" 100% ${z}"}


_HAS_POWERS = "SELECT sqlite_compileoption_used('ENABLE_MATH_FUNCTIONS')"
"""Not every SQLite was built with them; only this one column needs them."""


def test_a_bin_stands_for_its_middle(site: Site) -> None:
    if (
        site.url.startswith("sqlite")
        and not site.rows("SELECT sqlite_compileoption_used('ENABLE_MATH_FUNCTIONS')")[0][0]
    ):
        return
    keep_new(site.store, [flow(f"c{wait}", wait_ms=wait, talk_ms=0) for wait in (0, 1, 49, 4_000, 86_400_000)])
    found = site.rows("SELECT bin, seconds FROM report_spread_day")
    assert len(found) > 5
    for number, seconds in found:
        assert float(seconds) == value_of(number) / 1000


def test_gaps_queues_agents_and_sources_are_listed(site: Site) -> None:
    keep_new(site.store, [flow("a", visits=[VISIT])])
    with site.store.write() as transaction:
        transaction.add_gap(Gap(source=None, since_ms=NOON_MS, until_ms=NOON_MS + 60_000, reason="down"))
    assert site.rows("SELECT queue_key, queue FROM report_queues") == [(_key("support"), "support")]
    assert site.rows("SELECT agent FROM report_agents") == [("1234567w0",)]
    assert site.rows("SELECT source FROM report_sources") == [("sipgate",)]
    ((source, since, until_ms, reason),) = site.rows("SELECT source, since, until_ms, reason FROM report_gaps")
    assert (source, _instant(since), until_ms, reason) == (None, NOON, NOON_MS + 60_000, "down")


def test_the_waiting_caller_is_waiting_since_the_last_queue(site: Site) -> None:
    entered = VISIT.entered_at_ms + 30_000
    waits = {"left_at_ms": None, "outcome": VisitOutcome.IN_PROGRESS, "wait_ms": None, "entered_at_ms": entered}
    visit = type(VISIT)(**{**{name: getattr(VISIT, name) for name in VISIT.__slots__}, **waits})
    keep_new(
        site.store,
        [flow("a", visits=[VISIT, visit], is_open=True, outcome=Outcome.IN_PROGRESS, ended_at_ms=None, talk_ms=None)],
    )
    found = site.rows("SELECT state, waiting_since_ms, own_number FROM report_open_calls")
    assert found == [("waiting", entered, "+4921100")]


def test_views_of_another_version_are_made_anew_when_the_database_is_opened(site: Site) -> None:
    site.store.close()
    with administering(site.url) as connection:
        connection.exec_driver_sql("DROP VIEW report_calls")
        connection.exec_driver_sql("CREATE VIEW report_calls AS SELECT 1 AS one, 2 AS two")
        connection.exec_driver_sql("CREATE VIEW report_forgotten AS SELECT 1 AS one")
        connection.exec_driver_sql(f"DELETE FROM stored_values WHERE name = '{MARK}'")  # noqa: S608  our own name
    open_store(site.url, zone=ZONE).close()
    assert site.rows("SELECT flow_id, started_at_ms FROM report_calls") == []
