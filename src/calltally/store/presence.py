"""Says whether a database is there, without making it."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


def is_there(url: str) -> bool:
    """Return whether a store can be opened without making a file.

    A server's database is there before calltally is, and an address that cannot be read is told of when it is opened.
    """
    try:
        parts = make_url(url) if "://" in url else None
    except (ArgumentError, ValueError):
        return True
    if parts is None:
        return Path(url).exists()
    return parts.get_backend_name() != "sqlite" or not parts.database or Path(parts.database).exists()
