"""Small named values (tokens, hashes, marks) as any part of calltally may keep them."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from calltally.store.store import Store

Perform: TypeAlias = Callable[[Callable[[], object]], Awaitable[object]]
"""Runs something that writes to the store where writing belongs, and returns when it is durable."""


class Values(Protocol):
    """Keeps small values under names, durably."""

    def get(self, key: str) -> bytes | None:
        """Return the value of a name, `None` if there is none."""
        ...

    def set(self, key: str, value: bytes | None) -> None:
        """Keep a value; when this returns it is durable. `None` forgets it."""
        ...

    def swap(self, key: str, old: bytes, new: bytes) -> bool:
        """Keep a value in place of an old one, if that is there still; return whether it was.

        No process writes between the look and the change.
        """
        ...


class StoredValues:
    """Values in the store, each written in a transaction of its own."""

    def __init__(self, store: Store) -> None:
        """Take the store."""
        self._store = store

    def get(self, key: str) -> bytes | None:
        """Return the value of a name, `None` if there is none."""
        return self._store.value(key)

    def set(self, key: str, value: bytes | None) -> None:
        """Keep a value; when this returns it is durable."""
        with self._store.write() as transaction:
            transaction.set_value(key, value)

    def swap(self, key: str, old: bytes, new: bytes) -> bool:
        """Keep a value in place of an old one, if that is there still; return whether it was."""
        with self._store.write() as transaction:
            # Read behind the lock of the writer: no other process writes before this one has.
            is_there = self._store.value(key) == old
            if is_there:
                transaction.set_value(key, new)
        return is_there
