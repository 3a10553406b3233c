"""Views of who is who: groups, teams, the sets of own numbers that they are made of, sources, queues, agents, gaps."""

from typing import Final

from calltally.store.asked import Dimension
from calltally.store.reports.dialects import Dialect
from calltally.store.reports.view import View, fixed, made, moment, plain

OTHER_KEY: Final = "other"
"""Stands for "in none"; no key of a name is equal to it, for those are hexadecimal."""

_LINES_ID: Final = {"lines_id": "The set of own numbers, as in report_calls and the roll-ups."}
_NUMBER: Final = "An own number, in E.164 where it can be."


def _group_key(dialect: Dialect) -> str:
    return dialect.key(dialect.joined("g.source", "':'", "g.group_id"))


GROUPS: Final = View(
    name="report_groups",
    help="Groups of the phone systems.",
    columns=(
        made("group_key", "Stands for the group in filters: hexadecimal digits, whatever its name is.", _group_key),
        *plain("g.", source="The phone system.", group_id="Its id there.", name="Its name.",
               position="Its place in the phone system's list."),
    ),
    source=fixed("directory_groups g"),
)  # fmt: skip

GROUP_NUMBERS: Final = View(
    name="report_group_numbers",
    help="The own numbers of each group.",
    columns=(
        made("group_key", "The group.", _group_key),
        *plain("g.", source="The phone system.", group_id="The group's id there.", position="The group's place."),
        made("number", _NUMBER, lambda dialect: dialect.items("g.numbers").text),
    ),
    source=lambda dialect: f"directory_groups g CROSS JOIN {dialect.items('g.numbers').joined}",
    is_distinct=True,
)

TEAMS: Final = View(
    name="report_teams",
    help="The site's teams, as the running service read them last.",
    columns=(
        made("team_key", "Stands for the team in filters: hexadecimal digits, whatever its name is.",
             lambda dialect: dialect.key("t.name")),
        *plain("t.", name="Its name.", position="Its place in the list."),
    ),
    source=fixed("teams t"),
)  # fmt: skip

TEAM_NUMBERS: Final = View(
    name="report_team_numbers",
    help="The own numbers of each team.",
    columns=(
        made("team_key", "The team.", lambda dialect: dialect.key("t.name")),
        *plain("t.", name="The team's name.", position="The team's place."),
        made("number", _NUMBER, lambda dialect: dialect.items("t.numbers").text),
    ),
    source=lambda dialect: f"teams t CROSS JOIN {dialect.items('t.numbers').joined}",
    is_distinct=True,
)

LINE_NUMBERS: Final = View(
    name="report_line_numbers",
    help="The numbers of each set of own numbers that took part in a call.",
    columns=plain("n.", **_LINES_ID, position="Its place in the set, from 0.", number=_NUMBER),
    source=fixed("line_numbers n"),
)

_IN_GROUPS: Final = "line_numbers n JOIN report_group_numbers g ON g.number = n.number"
_FIRST_IN_GROUP: Final = f"""
    SELECT n.lines_id, g.group_key, ROW_NUMBER() OVER (
      PARTITION BY n.lines_id ORDER BY n.position, g.position
    ) AS choice
    FROM {_IN_GROUPS}"""  # noqa: S608  our own names

LINE_GROUPS: Final = View(
    name="report_line_groups",
    help="The group of every set of own numbers: one row each, the group of the first number that is in one.",
    columns=(
        *plain("c.", **_LINES_ID),
        made("group_key", f"The group; '{OTHER_KEY}' if none of the numbers is in one.", "c.group_key"),
    ),
    source=fixed(
        f"(\n  SELECT m.lines_id, m.group_key FROM ({_FIRST_IN_GROUP}\n  ) m WHERE m.choice = 1"  # noqa: S608  the same
        f"\n  UNION ALL\n  SELECT s.lines_id, '{OTHER_KEY}' AS group_key FROM line_sets s"
        f" WHERE NOT EXISTS (SELECT 1 FROM {_IN_GROUPS} WHERE n.lines_id = s.lines_id)\n) c"
    ),
)

_IN_TEAMS: Final = "line_numbers n JOIN report_team_numbers t ON t.number = n.number"

LINE_TEAMS: Final = View(
    name="report_line_teams",
    help="The teams of every set of own numbers: a row for each team of which a number took part. "
    "Filter by `lines_id IN (SELECT ...)`; a join would count a call once for each of its teams.",
    columns=(
        *plain("c.", **_LINES_ID),
        made("team_key", f"The team; '{OTHER_KEY}' if none of the numbers is in one.", "c.team_key"),
    ),
    source=fixed(
        f"(\n  SELECT DISTINCT n.lines_id, t.team_key FROM {_IN_TEAMS}"  # noqa: S608  our own names
        f"\n  UNION ALL\n  SELECT s.lines_id, '{OTHER_KEY}' AS team_key FROM line_sets s"
        f" WHERE NOT EXISTS (SELECT 1 FROM {_IN_TEAMS} WHERE n.lines_id = s.lines_id)\n) c"
    ),
)


def _seen(name: str, dimension: Dimension, word: str) -> View:
    return View(
        name=name,
        help=f"Every {word} that records have named.",
        columns=(
            made(f"{word}_key", f"Stands for the {word} in filters: hexadecimal digits.",
                 lambda dialect: dialect.key("s.value")),
            made(word, f"The {word}, as in the records.", "s.value"),
        ),
        source=fixed(f"seen_values s WHERE s.dimension = '{dimension.value}'"),
    )  # fmt: skip


SOURCES: Final = View(
    name="report_sources",
    help="The phone systems, and what was heard of them.",
    columns=(
        made("source", "The phone system.", "s.value"),
        *plain("h.", received="Messages received since the beginning.", set_aside="Messages that were set aside."),
        made("last_received_at", "When the newest message came.",
             lambda dialect: dialect.instant("(h.last_received_at_us / 1000)")),
    ),
    source=fixed(
        "seen_values s LEFT JOIN source_health h ON h.source = s.value"
        f" WHERE s.dimension = '{Dimension.SOURCE.value}'"
    ),
)  # fmt: skip

USERS: Final = View(
    name="report_users",
    help="Users of the phone systems.",
    columns=plain("u.", source="The phone system.", user_id="Id of the user.", name="The user's name."),
    source=fixed("directory_users u"),
)

NUMBERS: Final = View(
    name="report_numbers",
    help="The site's own numbers that have a name in the phone system.",
    columns=plain("n.", number=_NUMBER, label="Its name."),
    source=fixed("directory_numbers n"),
)

GAPS: Final = View(
    name="report_gaps",
    help="Times in which something could not be heard; figures of such a time are not complete.",
    columns=(
        made("source", "The phone system; NULL for calltally itself.", "NULLIF(g.source, '')"),
        *moment("g.", "since", "When it began."),
        *moment("g.", "until", "When it was over."),
        *plain("g.", reason="Why, in words."),
    ),
    source=fixed("gaps g"),
)

PLACE_VIEWS: Final = (
    GROUPS,
    GROUP_NUMBERS,
    TEAMS,
    TEAM_NUMBERS,
    LINE_NUMBERS,
    LINE_GROUPS,
    LINE_TEAMS,
    SOURCES,
    _seen("report_queues", Dimension.QUEUE, "queue"),
    _seen("report_agents", Dimension.AGENT, "agent"),
    USERS,
    NUMBERS,
    GAPS,
)
