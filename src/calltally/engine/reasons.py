"""Why messages were set aside, counted so that a summary stays short however odd the messages are."""

import re
from collections import Counter
from typing import Final

_DIFFERS: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d+")
"""What a reason quotes from its message, and numbers."""


class Reasons:
    """Reasons that differ only in what they quote, or in numbers, are of one kind and told by the first of them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._varied: set[str] = set()

    def add(self, reason: str) -> None:
        """Count a reason."""
        kind = _DIFFERS.sub("*", reason)
        self._counts[kind] += 1
        if self._first.setdefault(kind, reason) != reason:
            self._varied.add(kind)

    def told(self) -> Counter[str]:
        """Return how often each kind was counted, by a sentence about it."""
        return Counter({self._sentence(kind): count for kind, count in self._counts.items()})

    def _sentence(self, kind: str) -> str:
        return f"{self._first[kind]} (and others like it)" if kind in self._varied else self._first[kind]
