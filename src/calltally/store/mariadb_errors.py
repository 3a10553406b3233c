"""MariaDB's errors in words an administrator can act on; no password is ever among them."""

from typing import Final

import pymysql

from calltally.store.mariadb_address import Address

PATIENCE_SECONDS: Final = 30
"""How long a statement waits for a lock that another process holds."""

GONE: Final = frozenset({0, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2055, 4031})
"""Numbers of errors after which a connection is of no use any more: closed, killed, timed out, server ended."""

_MAKE: Final = "CREATE DATABASE `{database}`; GRANT ALL ON `{database}`.* TO '{user}'@'%';"
_SIGN_IN: Final = "asks for a way of signing in that is not known here; give {user} the plugin mysql_native_password"
_GRANT: Final = "GRANT ALL ON `{database}`.* TO '{user}'@'%';"
_UNREACHABLE: Final = "does not answer; check that it runs, and host and port in database.url"
_ENDED: Final = "ended the connection; calltally connects again by itself as soon as it can"
_FULL: Final = "cannot grow: the server's disk is full; free some space there, and calltally goes on by itself"
_READ_ONLY: Final = "takes no changes, because it is read-only; use the address of the server that others copy"

_NO_PRIVILEGE: Final = 1227
_NO_ROLES: Final = "does not allow {user} to make roles; name one who may by --database-url"

_SENTENCES: Final = {
    **dict.fromkeys(GONE, _ENDED),
    1053: "is being shut down; calltally goes on by itself when it is back",
    1927: "had the connection ended by an administrator; calltally connects again by itself",
    2002: _UNREACHABLE,
    2003: _UNREACHABLE,
    2005: "is not known by this name; check the host in database.url",
    2026: "could not be talked to in secret; check ssl_ca, ssl_cert and ssl_key in database.url",
    1040: "has as many connections as it allows; raise max_connections, or end other programs",
    1203: "allows {user} no further connection; raise max_user_connections",
    1226: "allows {user} no more of what it counts; raise the user's limits",
    1129: "refuses this host after too many failures; run FLUSH HOSTS; there",
    1130: f"does not allow this host to connect; run there: {_GRANT}",
    1045: "refused the user {user} with this password; check both in database.url",
    1251: _SIGN_IN,
    2059: _SIGN_IN,
    1044: f"does not allow {{user}} to use the database {{database}}; run there: {_GRANT}",
    1049: f"has no database {{database}}; run there: {_MAKE}",
    1142: f"does not allow {{user}} to do this; run there: {_GRANT}",
    1143: f"does not allow {{user}} to do this; run there: {_GRANT}",
    1227: f"does not allow {{user}} to do this; run there: {_GRANT}",
    1370: f"does not allow {{user}} to do this; run there: {_GRANT}",
    1021: _FULL,
    1114: _FULL,
    3: _FULL,
    20: _FULL,
    1036: _READ_ONLY,
    1290: _READ_ONLY,
    1792: _READ_ONLY,
    1836: _READ_ONLY,
    1205: f"is locked by another program for more than {PATIENCE_SECONDS} seconds; "
    "end that program, or wait until it is done",
    1213: "undid this write, because another program wrote to the same rows at once; it is tried again",
    1020: "undid this write, because another program wrote to the same rows at once; it is tried again",
    1153: "takes no message as long as this; raise max_allowed_packet there to 64M",
    1301: "takes no message as long as this; raise max_allowed_packet there to 64M",
    1317: "had this statement ended by an administrator",
    1969: "was too busy to answer in time",
    1034: "has a damaged table; stop calltally, and repair it or restore the last backup",
    1194: "has a damaged table; stop calltally, and repair it or restore the last backup",
    1195: "has a damaged table; stop calltally, and repair it or restore the last backup",
    1037: "has no memory left",
    1038: "has no memory left for sorting; raise sort_buffer_size",
    1041: "has no memory left",
    1665: "writes its binary log as statements only; set binlog_format = MIXED there",
    1146: "lacks a table of calltally; somebody has deleted it; restore the last backup",
    1412: "had its tables changed meanwhile; this is tried again",
}


def number_of(error: pymysql.MySQLError) -> int | None:
    """Return the number of an error; `None` if it has none."""
    number = error.args[0] if error.args else None
    return number if isinstance(number, int) else None


def is_gone(error: pymysql.MySQLError) -> bool:
    """Return whether the connection is of no use any more; the driver says so by an `InterfaceError`, too."""
    return isinstance(error, pymysql.InterfaceError) or number_of(error) in GONE


def sentence(error: pymysql.MySQLError, address: Address) -> str | None:
    """Return what an administrator can do about an error; `None` if it is our own mistake."""
    number = number_of(error)
    words = _ENDED if isinstance(error, pymysql.InterfaceError) else _SENTENCES.get(number or 0)
    if number is not None and words is None and "No space left" in str(error):
        words = _FULL
    if number == _NO_PRIVILEGE and "CREATE USER" in str(error):
        words = _NO_ROLES
    if words is None:
        return None
    told = words.format(user=address.user, database=address.database)
    return f"the MariaDB server {address.server} {told} (MariaDB {number}: {_own_words(error)})"


def _own_words(error: pymysql.MySQLError) -> str:
    return str(error.args[1]) if len(error.args) > 1 else type(error).__name__
