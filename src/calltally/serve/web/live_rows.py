"""The rows of the Live page: who waits and who talks, from the records of open calls."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from markupsafe import Markup

from calltally.engine.answers import Selection
from calltally.engine.memberships import Memberships
from calltally.metrics.now import is_active, is_waiting, waiting_since_ms
from calltally.model.directory import OTHER
from calltally.model.instants import Gap
from calltally.model.records import Call, Records
from calltally.model.words import AnsweredBy, Direction
from calltally.render import charts
from calltally.render.charts import Status
from calltally.render.numbers import elapsed
from calltally.render.times import clock, clock_minutes, local, short_day
from calltally.render.words import Words
from calltally.serve.web.names import Names, Party, phones

DEFAULT_TARGET_MS = 20_000
MOST_WAITING = 50
MOST_ACTIVE = 200
_WAIT_WORDS = {Status.OFF: "ok", Status.WARN: "warn", Status.BAD: "bad"}
_STEPS = {Status.OFF: "", Status.WARN: "late", Status.BAD: "long"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """A caller who waits.

    Attributes:
        queue: where: the queue, the group, or the own number with the name of its owner.
        group: the queue or the group alone, which say nothing about a person.
        step: the class of the row: empty, `late` or `long`.
    """

    call_id: str
    key: str
    party: Party
    queue: str
    group: str
    phones: int
    since_ms: int
    text: str
    step: str
    line: Markup
    word: Markup
    crashed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRow:
    """A call that is connected or ringing; `who` may be empty, `state` stands in its place or beside it."""

    call_id: str
    key: str
    start: str
    direction: Direction
    party: Party
    place: str
    who: str
    state: str
    since_ms: int
    text: str
    crashed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Everything that the rows are made of.

    Attributes:
        flows: the records of all open calls that the reader asked for.
        targets_ms: the target of each queue that has one of its own.
        gaps: when calltally or a source could not be heard.
    """

    flows: tuple[Records, ...]
    now_ms: int
    zone: ZoneInfo
    words: Words
    names: Names
    targets_ms: Mapping[str, int]
    gaps: tuple[Gap, ...] = ()


def chosen(flows: Iterable[Records], selection: Selection, memberships: Memberships) -> tuple[Records, ...]:
    """Return the open calls that a selection lets through, exactly as the store would."""
    return tuple(
        records for records in flows if records.call is not None and _counts(records.call, selection, memberships)
    )


def _counts(call: Call, selection: Selection, memberships: Memberships) -> bool:
    if not _among(call.source, selection.sources) or not _among(call.direction, selection.directions):
        return False
    if selection.queues is not None and call.queue not in selection.queues:
        return False
    if selection.groups is not None:
        wanted = {memberships.group_key(asked) for asked in selection.groups}
        if (memberships.group_of(call.own_numbers) or OTHER) not in wanted:
            return False
    if selection.teams is not None:
        names = {memberships.team_name(asked) for asked in selection.teams}
        if names.isdisjoint(memberships.teams_of(call.own_numbers) or (OTHER,)):
            return False
    return True


def _among(value: str, wanted: Collection[str] | None) -> bool:
    return wanted is None or value in wanted


def waiting_rows(moment: Moment) -> list[WaitingRow]:
    """Return everybody who waits, longest first."""
    flows = sorted(filter(is_waiting, moment.flows), key=lambda records: (waiting_since_ms(records), _id(records)))
    longest_ms = moment.now_ms - waiting_since_ms(flows[0]) if flows else 0
    scale_ms = charts.wait_scale_ms(longest_ms)
    return [_waiting_row(moment, records, scale_ms) for records in flows]


def _waiting_row(moment: Moment, records: Records, scale_ms: int) -> WaitingRow:
    call = records.call
    assert call is not None  # noqa: S101  is_waiting holds for calls only
    since_ms = waiting_since_ms(records)
    waited_ms = max(moment.now_ms - since_ms, 0)
    visit = next((visit for visit in reversed(records.visits) if visit.left_at_ms is None), None)
    queue = visit.queue if visit else moment.names.place(call)
    target_ms = target_of(moment, queue)
    status = charts.wait_status(waited_ms, target_ms)
    return WaitingRow(
        call_id=call.call_id,
        key="w" + call.call_id,
        party=moment.names.party(call),
        queue=queue,
        group=visit.queue if visit else call.queue or moment.names.group(call.own_numbers),
        phones=phones(records),
        since_ms=since_ms,
        text=elapsed(waited_ms),
        step=_STEPS[status],
        line=charts.wait_line(waited_ms, scale_ms=scale_ms, target_ms=target_ms),
        word=charts.status_sign(status, moment.words.t(f"status.word.{_WAIT_WORDS[status]}")),
        crashed=crashed_text(moment, call),
    )


def target_of(moment: Moment, queue: str) -> int:
    """Return the time in which a queue should answer."""
    return moment.targets_ms.get(queue, DEFAULT_TARGET_MS)


def wait_head(moment: Moment, rows: list[WaitingRow]) -> Markup:
    """Return the labels over the wait lines; without one target for all only the end of the scale."""
    longest_ms = moment.now_ms - rows[0].since_ms if rows else 0
    targets = {target_of(moment, row.queue) for row in rows}
    target_ms = targets.pop() if len(targets) == 1 else None
    scale_ms = charts.wait_scale_ms(longest_ms)
    return charts.wait_line_head(
        scale_ms=scale_ms,
        target_ms=target_ms,
        target_text=moment.words.t("live.waiting.target", time=elapsed(target_ms or 0)),
        scale_text=elapsed(scale_ms),
    )


def active_rows(moment: Moment) -> list[ActiveRow]:
    """Return every other open call, longest first: connected, ringing outside or inside, with a mailbox."""
    flows = [records for records in moment.flows if not is_waiting(records)]
    return [_active_row(moment, records) for records in sorted(flows, key=_running_order)]


def _running_order(records: Records) -> tuple[bool, int, str]:
    return (not is_active(records), _running_since_ms(records), _id(records))


def _running_since_ms(records: Records) -> int:
    call = records.call
    if call is None:
        return 0
    return call.answered_at_ms if call.answered_at_ms is not None else call.started_at_ms


def _active_row(moment: Moment, records: Records) -> ActiveRow:
    call = records.call
    assert call is not None  # noqa: S101  only calls are chosen
    since_ms, who = _running_since_ms(records), _who(moment, call)
    return ActiveRow(
        call_id=call.call_id,
        key="a" + call.call_id,
        start=clock(call.started_at_ms, moment.zone),
        direction=call.direction,
        party=moment.names.party(call),
        place=moment.names.beside(call, who),
        who=who,
        state=_state(moment, records, call),
        since_ms=since_ms,
        text=elapsed(moment.now_ms - since_ms),
        crashed=crashed_text(moment, call),
    )


def _who(moment: Moment, call: Call) -> str:
    name = moment.names.agent(call)
    if name and call.answered_by is AnsweredBy.SOFTWARE:
        return moment.words.t("site.value.software", name=name)
    return name


def _state(moment: Moment, records: Records, call: Call) -> str:
    """Return what happens to a call that is not connected: it rings, or the mailbox has it."""
    if call.answered_at_ms is not None:
        return ""
    if call.voicemail:
        return moment.words.t("call.outcome.voicemail")
    count = phones(records)
    return moment.words.t("live.active.ringing_at", count=count) if count else moment.words.t("call.outcome.ringing")


def crashed_text(moment: Moment, call: Call) -> str:
    """Return since when calltally could not hear how a call goes on, empty for a call that it follows."""
    if not call.crashed:
        return ""
    since_ms = down_since_ms(call, moment.gaps)
    if since_ms is None:
        return moment.words.t("live.active.lost")
    is_today = local(since_ms, moment.zone).date() == local(moment.now_ms, moment.zone).date()
    day = "" if is_today else short_day(since_ms, moment.zone, moment.words.language) + ", "
    return moment.words.t("call.end.crashed", time=day + clock_minutes(since_ms, moment.zone))


def down_since_ms(call: Call, gaps: Iterable[Gap]) -> int | None:
    """Return when calltally, or the call's source, could no longer be heard while the call went on."""
    mine = [gap for gap in gaps if gap.source in {None, call.source} and gap.until_ms > call.started_at_ms]
    return max((max(gap.since_ms, call.started_at_ms) for gap in mine), default=None)


def _id(records: Records) -> str:
    return records.call.call_id if records.call else ""
