"""One process among those that listen: its life in the store, the gaps that follow from all lives, and the lease.

All of it is written in one small transaction every few seconds.

Whether there was a gap before a life of ours is known at once if no other process may work with the database, or if all
others have said that they ended. Else another one may have listened and not said so yet: it is given `PATIENCE_MS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import structlog

from calltally.engine.heard import note_first_start
from calltally.engine.ingest import Ingest
from calltally.engine.lease import Claim, Sight, beaten, holds
from calltally.engine.lives import PATIENCE_MS, Life, Watched, forgettable, settled, watched
from calltally.model.instants import Gap
from calltally.model.records import Records
from calltally.store.store import Store, StoreError, Transaction

log = structlog.get_logger(__name__)

ALIVE = "service.alive."
LEASE = "service.lease"
TO_MARK = "service.to_mark"
"""Under this name stands that a gap was written down, but not every call is marked yet that was open in it."""

MARKED_AT_ONCE = 100
"""So many calls are marked in one breath, while messages wait: a fiftieth of a second."""

ALIVE_SECONDS = 5.0
STOOD_STILL_MS = 30_000
"""With a mark of life older than this the process stood still, as it does while a machine sleeps."""

NOT_RUNNING = "calltally was not running"
STOOD_STILL = "calltally stood still"
NOT_STORED = "calltally could not store anything"


def lives_in(store: Store) -> dict[str, Life]:
    """Return the lives of all processes that are written down, by the names under which they are."""
    return {
        name.removeprefix(ALIVE): msgspec.json.decode(value, type=Life) for name, value in store.values(ALIVE).items()
    }


@dataclass(slots=True, kw_only=True)
class Presence:
    """The life of this process. Its writing methods are for the thread that takes messages in.

    Attributes:
        instance: a name that no other process has, nor had.
        is_sole: whether no other service can work with the database.
        clock_us: the clock of instants.
        steady_ms: a clock that is never set, for pauses.
    """

    store: Store
    instance: str
    is_sole: bool
    clock_us: Callable[[], int]
    steady_ms: Callable[[], int]
    _number: int = 0
    _life: Life | None = None
    _born_steady_ms: int = 0
    _is_settled: bool = False
    _sight: Sight | None = None
    _watch: dict[str, Watched] = field(default_factory=dict)
    _is_to_learn: bool = False
    _is_to_mark: bool = False
    _unmarked: list[int] | None = None

    def begin(self, ingest: Ingest) -> None:
        """Begin to live. What follows from a gap before that is to be done by `mark_some`.

        Raises:
            StoreError: it could not be written down.
        """
        now_ms = self.clock_us() // 1000
        self._be_born(ingest, Life(since_ms=now_ms, at_ms=now_ms, is_over=False, reason=NOT_RUNNING), None)

    def note(self, ingest: Ingest, *, awake_ms: int, has_failed: bool) -> None:
        """Note that this process listens, or that it listens again; then calls may have to be marked by `mark_some`.

        Args:
            ingest: hears of the gap if there was one.
            awake_ms: when it was to be noted; only what waited was late if the writer was busy since.
            has_failed: whether something could not be stored since this was noted last.

        Raises:
            StoreError: it could not be written down.
        """
        now_ms = self.clock_us() // 1000
        life = self._life
        if life is None:
            self.begin(ingest)
            return
        stood_still = awake_ms - life.at_ms > STOOD_STILL_MS
        if has_failed or stood_still:
            reason = NOT_STORED if has_failed else STOOD_STILL
            again = Life(since_ms=max(now_ms, life.at_ms), at_ms=now_ms, is_over=False, reason=reason)
            self._be_born(ingest, again, replace(life, is_over=True))
        else:
            self._write(self._name(self._number), replace(life, at_ms=now_ms), {})
            self._learn(ingest)

    def end(self, *, has_failed: bool) -> None:
        """Say that this process listens no more; it did up to now, unless something could not be stored lately."""
        life = self._life
        if life is None:
            return
        at_ms = life.at_ms if has_failed else max(life.at_ms, self.clock_us() // 1000)
        try:
            with self.store.write() as transaction:
                over = replace(life, at_ms=at_ms, is_over=True)
                transaction.set_value(ALIVE + self._name(self._number), msgspec.json.encode(over))
                claim = self._stored_claim()
                if claim is not None and claim.holder == self.instance:
                    transaction.set_value(LEASE, None)
        except StoreError as problem:
            log.warning("end_not_noted", reason=str(problem))
        self._life = None

    def holds_lease(self) -> bool:
        """Return whether the schedules are this process's to run. May be asked from any thread."""
        return self.is_sole or holds(self._sight, me=self.instance, now_ms=self.steady_ms())

    def _name(self, number: int) -> str:
        return f"{self.instance}.{number}"

    def _be_born(self, ingest: Ingest, life: Life, former: Life | None) -> None:
        """Begin a life of its own, after a former one that is over."""
        ended = {} if former is None else {self._name(self._number): former}
        number = self._number + 1
        self._is_settled = False
        self._born_steady_ms = self.steady_ms()
        self._watch = {}
        self._write(self._name(number), life, ended)
        if former is not None:
            log.warning("outage_noted", reason=life.reason)
        self._number = number
        self._learn(ingest)

    def _write(self, name: str, life: Life, ended: Mapping[str, Life]) -> None:
        with self.store.write() as transaction:
            # Read behind the lock of the writer: what another process decided stands there, or is decided here.
            others = {**lives_in(self.store), **ended}
            others.pop(name, None)
            self._watch = watched(self._watch, others, self.steady_ms())
            gaps = self._gaps(life, others)
            for gap in gaps or ():
                transaction.add_gap(gap)
            if gaps:
                transaction.set_value(TO_MARK, b"1")
            for ended_name, ended_life in ended.items():
                transaction.set_value(ALIVE + ended_name, msgspec.json.encode(ended_life))
            transaction.set_value(ALIVE + name, msgspec.json.encode(life))
            if gaps is not None:
                for gone in list(others) if self.is_sole else forgettable(life, others, self._watch, self.steady_ms()):
                    transaction.set_value(ALIVE + gone, None)
            note_first_start(self.store, transaction, life.since_ms)
            sight = self._beat(transaction)
        self._life, self._sight = life, sight
        self._is_settled = gaps is not None
        if gaps:
            self._is_to_mark, self._unmarked, self._is_to_learn = True, None, True

    def _learn(self, ingest: Ingest) -> None:
        """Let what is folded from now on know of a new gap; or end the marking that another process left undone."""
        if self._is_to_learn:
            ingest.refold(())
            self._is_to_learn = False
        elif self.holds_lease() and not self._is_to_mark:
            self._is_to_mark = self.store.value(TO_MARK) is not None

    def _gaps(self, life: Life, others: Mapping[str, Life]) -> Sequence[Gap] | None:
        """Return the gaps that are certain now and were not before; `None` while they are not certain."""
        if self._is_settled:
            return ()
        waited_ms = PATIENCE_MS if self.is_sole else self.steady_ms() - self._born_steady_ms
        return settled(life, others, self._watch, waited_ms=waited_ms)

    def _beat(self, transaction: Transaction) -> Sight | None:
        if self.is_sole:
            return None
        stored = self._stored_claim()
        sight = beaten(self._sight, stored, me=self.instance, now_ms=self.steady_ms())
        if sight.claim != stored:
            transaction.set_value(LEASE, msgspec.json.encode(sight.claim))
        return sight

    def _stored_claim(self) -> Claim | None:
        value = self.store.value(LEASE)
        return None if value is None else msgspec.json.decode(value, type=Claim)

    @property
    def life(self) -> int:
        """Which life of this process it is; a new one begins after each time in which nothing was heard."""
        return self._number

    def found(self, open_flows: Mapping[int, Records], *, in_life: int) -> None:
        """Take what was open, read by the caller since a life began, as what is to be marked if there was a gap.

        What was read in an earlier life is left alone: calls have begun since that were open in the gap after it.
        """
        if in_life == self._number and self._is_to_mark and self._unmarked is None:
            self._unmarked = [flow_id for flow_id, records in open_flows.items() if not _is_crashed(records)]

    def mark_some(self, ingest: Ingest) -> bool:
        """After a gap, fold some of the calls again that are open, because their end may have gone unheard.

        Return whether more are left.

        Raises:
            StoreError: they could not be read or written; the same ones are marked next time.
        """
        if not self._is_to_mark:
            return False
        if self._unmarked is None:
            self.found(self.store.open_flows(), in_life=self._number)
        unmarked = self._unmarked or []
        if unmarked:
            ingest.refold(unmarked[:MARKED_AT_ONCE])
            del unmarked[:MARKED_AT_ONCE]
        if not unmarked:
            with self.store.write() as transaction:
                transaction.set_value(TO_MARK, None)
            self._is_to_mark, self._unmarked = False, None
        return bool(unmarked)


def _is_crashed(records: Records) -> bool:
    """Return whether an earlier outage has marked all that is open, so that a further one changes nothing."""
    return records.call is not None and records.call.crashed
