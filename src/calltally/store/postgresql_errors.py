"""PostgreSQL's errors in words an administrator can act on; no password is ever among them."""

from dataclasses import dataclass
from typing import Final

import psycopg

PATIENCE_SECONDS: Final = 30
"""How long a write waits for another process to finish its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a database is, as it may be shown."""

    server: str
    user: str
    database: str


_BACK: Final = "calltally connects again by itself as soon as it can"
_GRANT: Final = (
    'GRANT ALL ON DATABASE "{database}" TO "{user}"; and in that database GRANT ALL ON SCHEMA public TO "{user}";'
)
_LOST: Final = f"ended the connection; {_BACK}"
_UNREACHABLE: Final = "does not answer; check that it runs, and host and port in database.url"
_REFUSED: Final = "refused the user {user} with this password; check both in database.url"
_NO_DATABASE: Final = 'has no database {database}; make it there with: CREATE DATABASE "{database}" OWNER "{user}";'
_NO_ENTRY: Final = (
    "does not let {user} into {database} from this machine; add a line for it to pg_hba.conf there, and reload"
)
_TOO_MANY: Final = "has as many connections as it allows; raise max_connections, or end other programs"
_DAMAGED: Final = "reports damaged data; stop calltally, and restore the last backup"
_BUSY: Final = "undid this write, because another program wrote to the same rows at once; it is tried again"

_SENTENCES: Final = {
    "28P01": _REFUSED,
    "28000": _NO_ENTRY,
    "3D000": _NO_DATABASE,
    "42501": f"does not allow {{user}} to do this; run there: {_GRANT}",
    "53100": "cannot grow: the server's disk is full; free some space there, and calltally goes on by itself",
    "53200": "has no memory left",
    "53300": _TOO_MANY,
    "53400": "has reached one of its configured limits; raise it there",
    "54000": "cannot keep something as long as this",
    "57014": "was too busy to answer in time, or somebody ended this statement",
    "57P01": f"is being shut down, or an administrator ended the connection; {_BACK}",
    "57P02": f"had one of its processes fail and begins anew; {_BACK}",
    "57P03": f"is starting or ending just now; {_BACK}",
    "57P05": f"ended a connection that nobody used; {_BACK}",
    "25P03": f"ended a connection that stood still in the middle of its work; {_BACK}",
    "25006": "takes no changes, because it is read-only; use the address of the server that others copy",
    "40001": _BUSY,
    "40P01": _BUSY,
    "55P03": f"is locked by another program for more than {PATIENCE_SECONDS} seconds; "
    "end that program, or wait until it is done",
    "42P01": "lacks a table of calltally; somebody has deleted it; restore the last backup",
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
_CLASSES: Final = {
    "08": _LOST,
    "53": "has too little of something that it needs",
    "58": "could not read or write its files; check its disk and its log",
}
_WORDS: Final = (
    ("password authentication failed", _REFUSED),
    ("no password supplied", "wants a password for {user}; write it into database.url"),
    ("no pg_hba.conf entry", _NO_ENTRY),
    ("does not exist", _NO_DATABASE),
    ("permission denied for database", f"does not allow {{user}} to do this; run there: {_GRANT}"),
    ("too many clients", _TOO_MANY),
    ("too many connections", _TOO_MANY),
    ("connection slots are reserved", _TOO_MANY),
    ("starting up", f"is starting just now; {_BACK}"),
    ("shutting down", f"is being shut down; {_BACK}"),
    ("not yet accepting connections", f"is starting just now; {_BACK}"),
    ("in recovery mode", f"had one of its processes fail and begins anew; {_BACK}"),
    ("failed to resolve host", "is not known by this name; check the host in database.url"),
    ("could not translate host name", "is not known by this name; check the host in database.url"),
    ("Connection refused", _UNREACHABLE),
    ("No such file or directory", _UNREACHABLE),
    ("No route to host", _UNREACHABLE),
    ("timeout expired", _UNREACHABLE),
    ("timed out", _UNREACHABLE),
    ("SSL", "could not be talked to in secret; check sslmode and the certificates in database.url"),
    ("certificate", "could not be talked to in secret; check sslmode and the certificates in database.url"),
)
"""Words of an error without a number: so come those of the way to a connection."""


_DENIED: Final = (
    ("create role", "does not allow {user} to make roles; name one who may by --database-url"),
    ("must be owner", "does not allow {user} to do this; name the role that owns calltally's tables in database.url"),
    ("for table", "does not allow {user} to do this; name the role that owns calltally's tables in database.url"),
    ("for view", "does not allow {user} to do this; name the role that owns calltally's tables in database.url"),
)
"""Words of an error 42501 after which more rights in the database are not what helps."""


def is_gone(error: psycopg.Error) -> bool:
    """Return whether the connection is of no use any more."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return state[:2] == "08" or state in {"57P01", "57P02", "57P03", "57P05", "25P03"}


def sentence(error: psycopg.Error, address: Address) -> str | None:
    """Return what an administrator can do about an error; `None` if it is our own mistake."""
    said = " ".join(str(error).split())
    state = error.sqlstate
    words: str | None
    if state == "42501":
        words = next((words for part, words in _DENIED if part in said), _SENTENCES[state])
    elif state is not None:
        words = _SENTENCES.get(state) or _CLASSES.get(state[:2])
    elif isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        words = next((words for part, words in _WORDS if part in said), _LOST)
    elif isinstance(error, psycopg.ProgrammingError) and "connection option" in said:
        words = "cannot be reached with this database.url; something behind the question mark is not known"
    else:
        words = None
    if words is None:
        return None
    told = words.format(user=address.user, database=address.database)
    return f"the PostgreSQL server {address.server} {told} (PostgreSQL{f' {state}' if state else ''}: {said})"
