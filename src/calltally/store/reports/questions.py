"""What dashboards ask beside sums: lists of records, the moment, choices of filters, marks of what was not heard."""

from typing import Final

from calltally.metrics.now_sql import NowState
from calltally.metrics.sql import literal_sql
from calltally.model.directory import OTHER
from calltally.model.words import Direction, VisitOutcome
from calltally.store.reports.cells import LINES_CHOSEN, QUEUE_CHOSEN, SINCE, UNTIL, alias
from calltally.store.reports.dialects import Dialect
from calltally.store.reports.place_views import OTHER_KEY

TOP: Final = 20
SPARE: Final = 180
"""So many more calls may share the least duration of a list before which of them are in it is left to chance."""
MOST_NOW: Final = 200
WITHHELD: Final = "withheld"

_IN_RANGE: Final = f"started_at_ms >= {SINCE} AND started_at_ms < {UNTIL}"
_CHOSEN: Final = "\n  AND ".join(LINES_CHOSEN)
_INBOUND: Final = f"direction = {literal_sql(Direction.INBOUND.value)}"


def groups() -> str:
    """Return the choices of groups: keys and names, and what is in none last. Names that are used twice say whose."""
    return (
        "SELECT CASE WHEN COUNT(*) OVER (PARTITION BY name) > 1 AND source <> ''"  # noqa: S608  our own names
        " THEN CONCAT(name, ' (', source, ' ', group_id, ')') ELSE name END AS __text, group_key AS __value\n"
        "FROM (\n  SELECT name, source, group_id, group_key, position FROM report_groups\n"
        f"  UNION ALL SELECT {literal_sql(OTHER)}, '', '', {literal_sql(OTHER_KEY)}, 2147483647\n) g\n"
        "ORDER BY position, source, group_id"
    )


def teams() -> str:
    """Return the choices of teams: keys and names, and what is in none last."""
    return (
        "SELECT name AS __text, team_key AS __value\n"  # noqa: S608  our own names
        "FROM (\n  SELECT name, team_key, position FROM report_teams\n"
        f"  UNION ALL SELECT {literal_sql(OTHER)}, {literal_sql(OTHER_KEY)}, 2147483647\n) t\n"
        "ORDER BY position"
    )


def queues() -> str:
    """Return the choices of queues: keys and names."""
    return "SELECT queue AS __text, queue_key AS __value\nFROM report_queues\nORDER BY queue"


def now_count(dialect: Dialect, state: NowState, name: str) -> str:
    """Return how many calls are in a state now."""
    return (
        f"SELECT COUNT(*) AS {alias(dialect, name)}\nFROM report_open_calls\n"
        f"WHERE state = {literal_sql(state.value)}\n  AND {_CHOSEN}"
    )


def oldest_waiting(dialect: Dialect, name: str) -> str:
    """Return the seconds that the caller has waited who waits longest now; no value if nobody waits."""
    waited = dialect.seconds(f"({dialect.now_ms()} - MIN(waiting_since_ms))")
    return (
        f"SELECT {waited} AS {alias(dialect, name)}\nFROM report_open_calls\n"
        f"WHERE state = {literal_sql(NowState.WAITING.value)}\n  AND {_CHOSEN}"
    )


def calls_now(dialect: Dialect) -> str:
    """Return the calls that go on now, the oldest first; callers who wait have a list of their own."""
    lasted = dialect.seconds(f"({dialect.now_ms()} - COALESCE(answered_at_ms, started_at_ms))")
    columns = (
        f"started_at_ms AS {alias(dialect, 'time')}",
        "state",
        "direction",
        f"own_number AS {alias(dialect, 'own number')}",
        f"COALESCE(CASE WHEN {_INBOUND} THEN caller ELSE callee END, '{WITHHELD}') AS {alias(dialect, 'other party')}",
        "queue",
        f"COALESCE(agent_name, agent) AS {alias(dialect, 'with')}",
        f"{lasted} AS {alias(dialect, 'for')}",
        "call_id",
    )
    states = ", ".join(literal_sql(state.value) for state in (NowState.ACTIVE, NowState.RINGING))
    return (
        f"SELECT {', '.join(columns)}\nFROM report_open_calls\nWHERE state IN ({states})\n"
        f"  AND {_CHOSEN}\nORDER BY started_at_ms, call_id\nLIMIT {MOST_NOW}"
    )


def longest_waits(dialect: Dialect) -> str:
    """Return the longest waits of inbound calls, whatever came of them."""
    columns = (
        f"COALESCE(caller, '{WITHHELD}') AS caller",
        "queue",
        f"wait_seconds AS {alias(dialect, 'wait')}",
        "outcome",
        f"COALESCE(agent_name, agent) AS {alias(dialect, 'answered by')}",
    )
    return _longest(dialect, "wait_ms", columns, f"{_INBOUND}\n  AND ")


def longest_calls(dialect: Dialect) -> str:
    """Return the longest talks of every direction."""
    columns = (
        "direction",
        f"COALESCE(CASE WHEN {_INBOUND} THEN caller ELSE callee END, '{WITHHELD}') AS {alias(dialect, 'other party')}",
        f"COALESCE(agent_name, agent) AS {alias(dialect, 'with')}",
        f"talk_seconds AS {alias(dialect, 'talk')}",
        "outcome",
    )
    return _longest(dialect, "talk_ms", columns, "")


def callers() -> str:
    """Return the numbers that called most; calls with a withheld number are counted apart.

    All calls are open or not; saying so keeps MariaDB from reading its index on callers, in which every call ever is.
    """
    return (
        f"SELECT caller, COUNT(*) AS calls\nFROM report_calls\n"
        f"WHERE is_open IN (0, 1) AND {_IN_RANGE}\n  AND {_INBOUND}\n"
        f"  AND caller IS NOT NULL\n  AND {_CHOSEN}\nGROUP BY caller\nORDER BY calls DESC, caller\nLIMIT {TOP}"
    )


def longest_visits(dialect: Dialect) -> str:
    """Return the longest waits in queues, whatever came of them."""
    where = f"entered_at_ms >= {SINCE} AND entered_at_ms < {UNTIL}\n  AND wait_ms > 0\n  AND {QUEUE_CHOSEN}"
    return (
        f"SELECT entered_at_ms AS {alias(dialect, 'time')}, queue, wait_seconds AS {alias(dialect, 'wait')}, outcome,"
        f" agent, call_id\nFROM report_visits\nWHERE {where}\nORDER BY wait_ms DESC, call_id, visit_no\nLIMIT {TOP}"
    )


def waiting_visits(dialect: Dialect) -> str:
    """Return who waits in which queue now."""
    return (
        f"SELECT entered_at_ms AS {alias(dialect, 'time')}, queue, source, call_id\nFROM report_visits\n"  # noqa: S608  our own names
        "WHERE flow_id IN (SELECT flow_id FROM report_open_calls)\n"
        f"  AND outcome = {literal_sql(VisitOutcome.IN_PROGRESS.value)}\n  AND {QUEUE_CHOSEN}\n"
        f"ORDER BY entered_at_ms, call_id\nLIMIT {MOST_NOW}"
    )


def gaps(dialect: Dialect) -> str:
    """Return the times in which something could not be heard, for marks on charts."""
    return (
        f"SELECT since_ms AS {alias(dialect, 'time')}, until_ms AS {alias(dialect, 'timeend')}, reason AS text,"
        " COALESCE(source, 'calltally') AS tags\nFROM report_gaps\n"
        f"WHERE since_ms < {UNTIL} AND until_ms > {SINCE}\nORDER BY since_ms"
    )


def _longest(dialect: Dialect, duration: str, columns: tuple[str, ...], further: str) -> str:
    """Return the calls with the greatest durations of the range, ties in the order of the pages.

    Which calls they are is read from a narrow index, with some to spare for ties; only those are read whole.
    """
    where = f"{_IN_RANGE}\n    AND {further}{_CHOSEN}\n    AND {duration} > 0"
    candidates = "\n  UNION ALL\n".join(
        f"  (SELECT flow_id, started_at_ms FROM report_calls\n  WHERE is_open = {is_open} AND {where}\n"  # noqa: S608  our own names
        f"  ORDER BY {duration} DESC, flow_id DESC\n  LIMIT {TOP + SPARE})"
        for is_open in (0, 1)
    )
    shown = ", ".join((f"c.started_at_ms AS {alias(dialect, 'time')}", *columns, "call_id"))
    return (
        f"SELECT {shown}\nFROM (\n{candidates}\n) f\n"
        "JOIN report_calls c ON c.flow_id = f.flow_id AND c.started_at_ms = f.started_at_ms\n"
        f"ORDER BY {duration} DESC, call_id, c.flow_id\nLIMIT {TOP}"
    )
