"""What a store remembers of its small tables, so that neither the writing nor the reading side need ask each time."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from calltally.store.following import Batch, Follower
from calltally.store.rows import Row, texts_of

MOST_SHAPES = 20_000
"""How many flows are remembered that were saved last."""


class Known:
    """Committed sets of own numbers, and values seen in records. May be used from several threads.

    Sets of own numbers are never deleted, so what was committed once stays true.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[str, ...], int] = {}
        self._lines: dict[int, tuple[str, ...]] = {}
        self._seen: frozenset[tuple[str, str]] = frozenset()
        self._shapes: dict[int, tuple[object, ...]] = {}
        self._days: set[int] = set()
        self._follower = Follower()

    def lines_id(self, numbers: tuple[str, ...]) -> int | None:
        """Return the id of a set of own numbers if it is known."""
        return self._ids.get(numbers)

    @property
    def lines(self) -> Mapping[int, tuple[str, ...]]:
        """The sets of own numbers by id, as far as they are known."""
        return self._lines

    @property
    def seen(self) -> frozenset[tuple[str, str]]:
        """The values seen in records, as `(dimension, value)`, as far as they are known."""
        return self._seen

    def learn_lines(self, rows: Iterable[Row]) -> None:
        """Remember committed rows `(lines_id, numbers)`."""
        for lines_id, text in rows:
            numbers = texts_of(text)
            self._lines[lines_id] = numbers
            self._ids[numbers] = lines_id

    def lines_with(self, ids: Iterable[int], load: Callable[[], Iterable[Row]]) -> Mapping[int, tuple[str, ...]]:
        """Return the sets of own numbers, loaded anew if one of the ids is not known (another process made it)."""
        if not all(lines_id in self._lines for lines_id in ids):
            self.learn_lines(load())
        return self._lines

    def learn_seen(self, values: Iterable[tuple[str, str]]) -> None:
        """Remember committed values."""
        self._seen = self._seen.union(values)

    @property
    def shapes(self) -> Mapping[int, tuple[object, ...]]:
        """The shapes of committed records, as far as they are known."""
        return self._shapes

    def learn_shapes(self, shapes: Mapping[int, tuple[object, ...]]) -> None:
        """Remember the shapes of committed records."""
        if len(self._shapes) > MOST_SHAPES:
            self._shapes.clear()
        self._shapes.update(shapes)

    @property
    def days(self) -> AbstractSet[int]:
        """The days of the calendar that are known to be there; they are never deleted."""
        return self._days

    def learn_days(self, days_ms: Iterable[int]) -> None:
        """Remember committed days of the calendar."""
        self._days.update(days_ms)

    def forget_records(self) -> None:
        """Forget values and shapes of records, because some may have been deleted or changed."""
        self._seen = frozenset()
        self._shapes.clear()

    def catch_up(self, batch: Batch) -> None:
        """Forget what another process may have changed or deleted before this transaction."""
        changed = self._follower.changed(batch)
        self._follower.follow(batch)
        if changed is None:
            self.forget_records()
        else:
            for flow_id in changed:
                self._shapes.pop(flow_id, None)
