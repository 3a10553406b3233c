"""Answers questions about ranges of time, for pages, API and commands alike: the only way from store to number."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from calltally.engine.answers import Answer, Question, Selection
from calltally.engine.asking import Asking
from calltally.engine.gathering import is_rolled_up
from calltally.engine.memberships import LinesIndex, Memberships, index_of, memberships_of
from calltally.model.buckets import span_before
from calltally.model.directory import Team
from calltally.model.instants import Span
from calltally.store.asked import CallList, CallOrder, CallPage, Filter, Subject
from calltally.store.store import Store

__all__ = ["CallOrder", "CallPage", "Questions"]


@dataclass(frozen=True, slots=True)
class _Index:
    """The index of lines, and what it was made of."""

    generation: int
    teams: tuple[Team, ...]
    lines: LinesIndex


class Questions:
    """Answers questions; may be asked from several threads."""

    def __init__(self, store: Store, zone_of_site: ZoneInfo, teams: Callable[[], tuple[Team, ...]]) -> None:
        """Take the store, the zone of its day roll-ups, and where the teams of the moment come from."""
        self._store = store
        self._zone = zone_of_site
        self._teams = teams
        self._index: _Index | None = None

    def ask(self, question: Question) -> Answer:
        """Return the answer to a question.

        Raises:
            UnknownMetricError, UnknownChoiceError: a metric, group or team is not there.
            TooManyBucketsError: the answer would be too long.
            ImpossibleQuestionError: the question has no answer.
            StoreError: the database did not answer.
        """
        where = self.where(question.selection)
        return Asking(question, store=self._store, zone=self._zone, where=where, index=self.index).answer()

    def ask_before(self, question: Question) -> Answer:
        """Return the answer for the range of the same length just before."""
        return self.ask(replace(question, span=span_before(question.span, question.zone)))

    def calls(
        self,
        span: Span,
        selection: Selection,
        *,
        order: CallOrder = CallOrder.NEWEST,
        limit: int = 50,
        after: str | None = None,
    ) -> CallPage:
        """Return a page of the calls that count; `after` is the cursor of the page before.

        Raises:
            ValueError: the cursor is nonsense, or a group or team is not there.
        """
        where = self.where(selection)
        return self._store.calls(CallList(span=span, where=where, order=order, limit=limit, after=after))

    def where(self, selection: Selection) -> Filter:
        """Return a selection in the store's terms: groups and teams as the sets of own numbers they are made of.

        Raises:
            UnknownChoiceError: a group or team is not there.
        """
        lines = None
        if selection.groups is not None or selection.teams is not None:
            lines = self.index().chosen(selection.groups, selection.teams)
        return Filter(
            sources=selection.sources,
            directions=selection.directions,
            lines=lines,
            queues=selection.queues,
            agents=selection.agents,
            trunks=selection.trunks,
            outcomes=selection.outcomes,
            callers=selection.callers,
            parties=selection.parties,
            text=selection.text,
            caller_withheld=selection.caller_withheld,
            with_queue=selection.with_queue,
            is_open=selection.is_open,
        )

    def is_summed(self, selection: Selection) -> bool:
        """Return whether the sums kept beside the records answer for these calls, however many there are.

        Raises:
            UnknownChoiceError: a group or team is not there.
        """
        return is_rolled_up(Subject.CALL, None, self.where(selection))

    def memberships(self) -> Memberships:
        """Return the groups and teams as they are now."""
        return self.index().memberships

    def index(self) -> LinesIndex:
        """Return what each set of own numbers belongs to, as of now."""
        # The generation is taken first: what is written meanwhile makes the index old, never wrong for longer.
        generation, teams = self._store.generation(), self._teams()
        known = self._index
        if known is None or known.generation != generation or known.teams != teams:
            memberships = memberships_of(self._store.directory().groups, teams)
            known = _Index(generation, teams, index_of(self._store.lines(), memberships))
            self._index = known
        return known.lines
