"""Writes the page of the reporting views: `python -m calltally.store.reports.document > docs/views.md`."""

import sys

from calltally.model.command import IN_A_CHECKOUT, as_started
from calltally.store.reports.view import View
from calltally.store.reports.views import VERSION, VIEWS

_HEAD = """# Views for your own tools

Made by `python -m calltally.store.reports.document > docs/views.md`; a test holds it to the code. What people do with
them stands in [bring-your-own-tools.md](bring-your-own-tools.md), Grafana in [grafana.md](grafana.md).

Every database of calltally has these read-only views. Their names and columns are a promise of version VERSION
(`SELECT version FROM report_version`): columns and views may be added to it; what is renamed, removed or changes its
meaning comes with a higher version and a line in the changelog. The tables behind them may change at any time.

- **Times** come twice. `started_at` is a time with zone on PostgreSQL (`timestamptz`), a `DATETIME(3)` in UTC on
  MariaDB, and text of RFC 3339 on SQLite; none depends on the time zone of the server or session. `started_at_ms` is
  the same as whole milliseconds since 1970: filter by it, because it has the index (and, on PostgreSQL, chooses the
  months to read).
- **Ranges** are half-open: `started_at_ms >= ... AND started_at_ms < ...`. A call counts where it began.
- **Durations** come in seconds (`wait_seconds`), and in milliseconds (`wait_ms`).
- **Sums** (`report_rollup_...`) add up over time and over every dimension. Add up first, divide last; the formulas
  stand in [metrics.md](metrics.md).
- **Groups and teams** are made of own numbers. Which of them took part in a call is its `lines_id`. Filter by
  `lines_id IN (SELECT lines_id FROM report_line_teams WHERE team_key IN (...))`; a join would count a call once for
  each of its teams.
- **Yes and no** are 1 and 0. Lists and mappings are JSON texts. Texts compare by their bytes.
- `calltally database grant-reader` makes a role that may read these views and nothing else (PostgreSQL, MariaDB). They
  hold phone numbers and names: give it to whom you would give the Calls page.
"""


def document() -> str:
    """Return the page as Markdown."""
    return as_started("\n".join((_HEAD.replace("VERSION", str(VERSION)), *map(_section, VIEWS))), IN_A_CHECKOUT)


def _section(view: View) -> str:
    rows = "\n".join(f"| `{column.name}` | {column.help.replace('|', chr(92) + '|')} |" for column in view.columns)
    return f"## `{view.name}`\n\n{view.help}\n\n| Column | Meaning |\n|---|---|\n{rows}\n"


if __name__ == "__main__":
    sys.stdout.write(document())
