"""Keeps the labels of Prometheus few and short, whatever names a phone system sends."""

from collections.abc import Iterable
from typing import Final

from calltally.metrics.exposed import LONGEST_VALUE, OTHER, label_value

MOST_REMEMBERED: Final = 10_000
"""So many dropped values are told apart; the gauge says no more than this."""


class LabelValues:
    """Which values of a label have series of their own: the first ones; what comes after them is `other`."""

    def __init__(self, most: int, **kept: Iterable[str]) -> None:
        """Take the bound for each label, and by label the values that come first in any case."""
        self._most = most
        self._known: dict[str, dict[str, str]] = {}
        self._taken: dict[str, set[str]] = {}
        self._dropped: set[int] = set()
        for label, values in kept.items():
            for value in values:
                self._bounded_new(label, value)

    def bounded(self, label: str, value: str) -> str:
        """Return the value that a series has for this one; labels with a closed list are given back as they are."""
        if label not in _OPEN:
            return value
        found = self._known.get(label, _NONE).get(value)
        return self._bounded_new(label, value) if found is None else found

    @property
    def dropped(self) -> int:
        """How many values were folded into `other`."""
        return len(self._dropped)

    def _bounded_new(self, label: str, value: str) -> str:
        taken = self._taken.setdefault(label, set())
        short = label_value(value)
        if short != OTHER and short not in taken and len(taken) >= self._most:
            if len(self._dropped) < MOST_REMEMBERED:
                self._dropped.add(hash((label, value)))
            return OTHER
        if short != OTHER:
            taken.add(short)
        known = self._known.setdefault(label, {})
        if len(value) <= LONGEST_VALUE and len(known) <= 2 * self._most:
            known[value] = short
        return short


_OPEN: Final = frozenset({"source", "queue"})
_NONE: Final[dict[str, str]] = {}
