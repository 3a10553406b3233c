"""Moves everything from one database to another, each of which may be of any kind."""

import secrets
from contextlib import ExitStack
from typing import Final

from calltally.app.parts import clock_us
from calltally.app.starting import sole_database
from calltally.engine.move import Moved, MoveError, Side, Tell, is_served, move
from calltally.store.open import file_of, kept_zone, open_with_tables

__all__ = ["MoveError", "Moved", "move_database"]

_IDENTITY_BYTES: Final = 16


def move_database(source_url: str, target_url: str, *, while_serving: bool, tell: Tell) -> Moved:
    """Carry everything over, prove it, and return what was done.

    Args:
        source_url: the address of a database of calltally.
        target_url: that of one which has heard nothing, or which an interrupted move has begun to fill.
        while_serving: whether a service may go on with the source; what it then hears is not carried.
        tell: hears how far the move is.

    Raises:
        MoveError: it cannot begin, or did not end well.
        StartError: a service holds a SQLite file.
        StoreError: a database did not do it.
    """
    zone = kept_zone(source_url)
    if zone is None:
        raise MoveError("There is no database of calltally to move from; check the first address.")
    held = {file for file in map(file_of, (target_url,) if while_serving else (source_url, target_url)) if file}
    with ExitStack() as stack:
        for file in sorted(held):
            if not file.parent.is_dir():
                raise MoveError(f"The folder {file.parent} does not exist; create it.")
            stack.enter_context(sole_database(file))
        source, target = (_side(url, zone, stack) for url in (source_url, target_url))
        now_ms = clock_us() // 1000
        if is_served(source.store, now_ms) and not while_serving:
            raise MoveError(
                "A calltally serves the first database. End it first, so that nothing is left behind, or say "
                "--while-serving: what it hears from now on is then not carried."
            )
        if is_served(target.store, now_ms):
            raise MoveError("A calltally serves the second database; end it first.")
        return move(source, target, identity=secrets.token_hex(_IDENTITY_BYTES), tell=tell)


def _side(url: str, zone: str, stack: ExitStack) -> Side:
    store, tables = open_with_tables(url, zone=zone)
    stack.callback(store.close)
    return Side(store, tables)
