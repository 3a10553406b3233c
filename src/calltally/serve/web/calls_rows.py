"""The rows of the Calls page, finished: one line a call, days between them where the list is in the order of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from calltally.engine.questions import CallOrder
from calltally.model.records import Call
from calltally.model.words import Direction, Outcome
from calltally.render.charts import Status, wait_status
from calltally.render.numbers import NONE, duration
from calltally.render.times import clock, local, long_date, long_day, short_day
from calltally.render.words import Words
from calltally.serve.web.call import call_address
from calltally.serve.web.live_rows import DEFAULT_TARGET_MS
from calltally.serve.web.names import Names, Party
from calltally.serve.web.outcomes import call_outcome

BY_TIME: Final = frozenset({CallOrder.NEWEST, CallOrder.OLDEST})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call; `day` is set on the first row of a day, and stands within `time` where days do not part the list."""

    href: str
    label: str
    day: str
    time: str
    direction: Direction
    party: Party
    place: str
    who: str
    wait: str
    wait_kind: str
    talk: str
    is_running: bool
    outcome: Markup
    parts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the rows are made with; `targets_ms` are the targets of queues that have their own."""

    names: Names
    words: Words
    zone: ZoneInfo
    now_ms: int
    targets_ms: Mapping[str, int]
    order: CallOrder


def call_rows(calls: Sequence[Call], listing: Listing) -> Iterator[CallRow]:
    """Yield the rows of a page in the order of its calls."""
    before = ""
    for call in calls:
        day = _day(call.started_at_ms, listing) if listing.order in BY_TIME else ""
        yield _row(call, day if day != before else "", listing)
        before = day


def _day(instant_ms: int, listing: Listing) -> str:
    zone, language = listing.zone, listing.words.language
    is_this_year = local(instant_ms, zone).year == local(listing.now_ms, zone).year
    return (long_day if is_this_year else long_date)(instant_ms, zone, language)


def _row(call: Call, day: str, listing: Listing) -> CallRow:
    words, names, zone = listing.words, listing.names, listing.zone
    party = names.party(call)
    time = clock(call.started_at_ms, zone)
    full_time = f"{short_day(call.started_at_ms, zone, words.language)} {time[:5]}"
    target_ms = listing.targets_ms.get(call.queue or "", DEFAULT_TARGET_MS)
    status = wait_status(call.wait_ms or 0, target_ms) if call.direction is Direction.INBOUND else Status.OFF
    is_running = call.is_open and not call.crashed
    who = _who(call, listing)
    return CallRow(
        href=call_address(call.call_id),
        label=words.t("calls.list.open", time=full_time, party=party.text(words)),
        day=day,
        time=time if listing.order in BY_TIME else full_time,
        direction=call.direction,
        party=party,
        place=names.beside(call, who),
        who=who,
        wait=duration(call.wait_ms),
        wait_kind=status.value if status in {Status.WARN, Status.BAD} else "",
        talk=_talk(call, words, is_running=is_running),
        is_running=is_running and call.outcome is Outcome.ANSWERED,
        outcome=call_outcome(call, words),
        parts=str(len(call.leg_ids) or len(call.visit_ids)),
    )


def _who(call: Call, listing: Listing) -> str:
    """Return who had the call on our side; a call that was answered had somebody, even if nobody says who."""
    unknown = listing.words.t("site.value.unknown") if call.outcome is Outcome.ANSWERED else NONE
    return listing.names.agent(call) or unknown


def _talk(call: Call, words: Words, *, is_running: bool) -> str:
    if call.outcome is Outcome.ANSWERED and call.talk_ms is None:
        return words.t("site.value.running") if is_running else words.t("site.value.unknown")
    return duration(call.talk_ms) if call.talk_ms else NONE
