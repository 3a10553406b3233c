"""What any set of events of one flow adds up to: the one door to the fold."""

from collections.abc import Iterable, Sequence

from calltally.fold.calls import by_start, call_from
from calltally.fold.legs import leg_from
from calltally.fold.visits import visit_records
from calltally.model.events import Event, LegEvent, LegSettled, QueueEvent, in_order
from calltally.model.instants import Gap
from calltally.model.quick import quick
from calltally.model.records import NOTHING, Leg, Records

_records = quick(Records)


def records_from(events: Iterable[Event], gaps: Sequence[Gap] = ()) -> Records:
    """Return the call of one flow with its legs or its queue visits; `NOTHING` before anything is known.

    The result depends on the set of events alone: neither order nor repeats matter. A source tells of legs or of queue
    visits, not of both in one flow; if both were there, the legs would count.

    Args:
        events: all known events of one flow.
        gaps: when calltally, or a source, could not be heard.
    """
    by_leg: dict[str, list[LegEvent | LegSettled]] = {}
    lines: list[QueueEvent] = []
    for event in sorted(events, key=in_order):
        if isinstance(event, QueueEvent):
            lines.append(event)
        elif event.leg_id in by_leg:
            by_leg[event.leg_id].append(event)
        else:
            by_leg[event.leg_id] = [event]
    if not by_leg:
        return visit_records(lines) if lines else NOTHING
    call_id = call_id_of(by_leg)
    legs: list[Leg] = []
    for heard in by_leg.values():
        leg = leg_from(heard, call_id=call_id, gaps=gaps)
        if leg is not None:
            legs.append(leg)
    if not legs:
        return NOTHING
    if len(legs) > 1:
        legs.sort(key=by_start)
    return _records(call=call_from(legs), legs=tuple(legs))


def call_id_of(by_leg: dict[str, list[LegEvent | LegSettled]]) -> str:
    """Return the id of a call: the source's id of the flow, else that of the leg that others come from, else of a leg.

    Where there are several, the smallest: the id follows from the set of events.
    """
    flow = origin = ""
    for events in by_leg.values():
        for event in events:
            link = event.links[-1]
            if link == flow:
                continue
            if link[0] == "x":
                flow = min(flow, link) if flow else link
            elif isinstance(event, LegEvent) and event.origin_leg_id:
                origin = min(origin, event.origin_leg_id) if origin else event.origin_leg_id
    if flow:
        return flow[2:]
    return origin or min(by_leg)
