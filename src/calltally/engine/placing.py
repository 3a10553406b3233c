"""One transaction of ingest in the making: messages find their flows, flows are joined, folded and counted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from calltally.engine.counting import Tally
from calltally.engine.flows import LONGEST_FLOW, Flow
from calltally.engine.memory import Memory
from calltally.fold.records import records_from
from calltally.model.buckets import LocalDays
from calltally.model.events import Event
from calltally.model.messages import RawMessage
from calltally.model.records import NOTHING, Records
from calltally.store.asked import JournalEntry
from calltally.store.store import Transaction

SEALED = "the call's earlier messages are beyond the journal's retention; its record no longer changes"
TOO_LONG = f"its call has more than {LONGEST_FLOW} messages"


@dataclass(frozen=True, slots=True)
class Change:
    """What one flow was before a transaction and is after it."""

    flow_id: int
    old: Records
    new: Records


class Held(Enum):
    """Where the messages of a batch stand before it."""

    NOWHERE = "new"
    SET_ASIDE = "set aside in the journal"
    UNPLACED = "understood and in the journal"


@dataclass(slots=True, kw_only=True)
class Placing:
    """One write transaction: what is put into it is written by `write_down` and `save`.

    Attributes:
        entries: rows of the journal that are not written yet.
        free_ids: ids for flows that are new, the first of them last.
        unchanged: flows that `save` found to be as they were.
    """

    memory: Memory
    transaction: Transaction
    held: Held = Held.NOWHERE
    entries: list[JournalEntry] = field(default_factory=list)
    free_ids: list[int] = field(default_factory=list)
    unchanged: set[int] = field(default_factory=set)
    _dirty: dict[int, Flow] = field(default_factory=dict)
    _gone: dict[int, Records] = field(default_factory=dict)
    _links: dict[str, int] = field(default_factory=dict)

    def touch(self, flows: Iterable[Flow]) -> None:
        """Have flows folded again, but for those that no longer change."""
        self._dirty.update((flow.flow_id, flow) for flow in flows if not flow.sealed)

    def put(self, message: RawMessage, events: tuple[Event, ...], tokens: list[str]) -> tuple[int | None, str | None]:
        """Put a message into its flow, joining flows if it links them.

        Return the flow's id and the reason for setting it aside.
        """
        flows = self.memory.flows
        if self.held is Held.UNPLACED:
            # What has a record must not lose it because a mended parser finds that it belongs to a sealed call.
            tokens = [token for token in tokens if not self._is_sealed(token)] or tokens
        identity = message.identity
        found = flows.among(tokens)
        flow = found[0] if found else None
        if flow is None:
            flow = Flow(self.free_ids.pop() if self.free_ids else self.transaction.new_flow_ids(1)[0])
        elif len(found) > 1 or flow.sealed:
            sealed = next((each for each in found if each.sealed), None)
            if sealed is not None:
                # A sealed call's record cannot be made again, so it cannot become part of another one either.
                return sealed.flow_id, None if identity in sealed.known else SEALED
            for other in found[1:]:
                flow = self._join(flow, other)
        flow_id = flow.flow_id
        if len(flow.known) >= LONGEST_FLOW and identity not in flow.known:
            return None, TOO_LONG
        for token in flows.name(flow, tokens):
            self._links[token] = flow_id
        flow.known[identity] = events
        flows.touch(flow)
        self._dirty[flow_id] = flow
        return flow_id, None

    def _is_sealed(self, token: str) -> bool:
        flow = self.memory.flows.find(token)
        return flow is not None and flow.sealed

    def _join(self, one: Flow, two: Flow) -> Flow:
        """Make one flow of two: the older id stays."""
        flows = self.memory.flows
        into, gone = (one, two) if one.flow_id < two.flow_id else (two, one)
        self.write_down()
        self.transaction.merge_flows(into.flow_id, [gone.flow_id])
        flows.remove(gone)
        self._dirty.pop(gone.flow_id, None)
        self._gone[gone.flow_id] = gone.records
        into.known.update(gone.known)
        flows.name(into, gone.tokens)
        flows.add(into)
        self._dirty[into.flow_id] = into
        return into

    def write_down(self) -> None:
        """Write messages and tokens as far as they are put in."""
        if self.held is Held.UNPLACED:
            self.transaction.place(self.entries)
        else:
            self.transaction.append(self.entries)
        self.entries.clear()
        if self._links:
            self.transaction.link(self._links)
            self._links.clear()

    def save(self, days: LocalDays) -> list[Change]:
        """Fold what was touched, write what changed, and count the difference."""
        changes: list[Change] = [Change(flow_id, records, NOTHING) for flow_id, records in self._gone.items()]
        rows: list[tuple[int, int, Records]] = [(change.flow_id, 0, NOTHING) for change in changes]
        gaps = self.memory.gaps
        for flow_id, flow in self._dirty.items():
            new = records_from(flow.events(), gaps)
            if new != flow.records:
                changes.append(Change(flow_id, flow.records, new))
            else:
                self.unchanged.add(flow_id)
            rows.append((flow_id, len(flow.known), new))
            flow.records = new
        if rows:
            self.transaction.save(rows)
        if changes:
            tally = Tally(days, self.transaction.lines_id)
            for change in changes:
                tally.change(change.old, change.new)
            self.transaction.add(tally.deltas())
        return changes

    def repeats(self, placed: Iterable[tuple[RawMessage, Sequence[str]]]) -> list[str]:
        """Return the source of each of these messages, given with its tokens, whose flow stayed as it was."""
        if not self.unchanged:
            return []
        flows = ((message.source, self.memory.flows.find(tokens[0])) for message, tokens in placed)
        return [source for source, flow in flows if flow is not None and flow.flow_id in self.unchanged]
