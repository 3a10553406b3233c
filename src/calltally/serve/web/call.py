"""The page of one call: its story, its facts, its legs on an axis of time, and every message that made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from calltally.engine.answers import EVERYTHING
from calltally.engine.questions import CallOrder
from calltally.model.instants import DAY_MS, Span
from calltally.model.records import Call, Records
from calltally.model.words import Direction, End, Outcome
from calltally.render.charts import Status, wait_status
from calltally.render.numbers import NONE, duration
from calltally.render.times import clock, local, long_date, long_day
from calltally.render.words import Words
from calltally.serve.problems import Mistake, ProblemError
from calltally.serve.site import Site
from calltally.serve.web.call_lanes import Drawing, lanes_of
from calltally.serve.web.call_tables import leg_row, visit_row
from calltally.serve.web.live_rows import DEFAULT_TARGET_MS, Moment, crashed_text, down_since_ms
from calltally.serve.web.live_sources import title_of
from calltally.serve.web.messages import Line, Reading, Told, readable, told_messages
from calltally.serve.web.names import Names, names_of
from calltally.serve.web.outcomes import call_outcome
from calltally.serve.web.rendering import Renderer
from calltally.serve.web.story import Telling, story
from calltally.store.asked import JournalEntry

LONGEST_ID: Final = 1_024
_MOST_AT_ONCE: Final = 100
_FAR_MS: Final = 2**50


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One of the six facts; `kind` colours it where it is over its target."""

    name: str
    value: str | Markup
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """The message that is shown as it was received."""

    told: Told
    source: str
    lines: Sequence[Line]
    headers: Sequence[tuple[str, str]]
    older: str
    newer: str


class CallPage:
    """The page of any call."""

    def __init__(self, site: Site, renderer: Renderer) -> None:
        """Take the site and what renders its pages."""
        self._site = site
        self._renderer = renderer
        self._targets = {queue.name: queue.target_seconds * 1000 for queue in site.settings.queues}

    def routes(self) -> list[BaseRoute]:
        """Return the route of the page."""
        return [self._renderer.route("/calls/{call_id:path}", self.show)]

    def show(self, request: Request) -> Response:
        """Show one call, found by its id or by the id of one of its legs."""
        site, words = self._site, self._renderer.words(request)
        call_id = str(request.path_params["call_id"])
        found = site.store.call(call_id) if 0 < len(call_id) <= LONGEST_ID and "\0" not in call_id else None
        if found is None or found[1].call is None:
            return self._not_found(request, words)
        flow_id, records = found
        return self._page(request, found[1].call, records, site.store.journal_of(flow_id))

    def _page(self, request: Request, call: Call, records: Records, entries: Sequence[JournalEntry]) -> Response:
        words = self._renderer.words(request)
        moment = self._moment(call, records, words)
        told = told_messages(entries, self._reading(call, records, moment.names, words))
        raw = self._raw(request, entries, told)
        sentences = story(records, self._telling(call, moment))
        drawing = Drawing(
            names=moment.names,
            words=words,
            zone=moment.zone,
            now_ms=moment.now_ms,
            summary=Markup(sentences).striptags(),  # noqa: S704  finished by story
        )
        older, newer = self._neighbours(call)
        return self._renderer.page(
            request,
            "call.html",
            page="calls",
            title=words.t("call.page.title", party=moment.names.party(call).text(words)),
            heading=self._heading(call, moment.names, words),
            lead=self._lead(call, moment),
            story=sentences,
            facts=self._facts(call, records, moment),
            lanes=lanes_of(records, told, raw.told.number if raw else None, drawing),
            legs=[leg_row(leg, number, moment) for number, leg in enumerate(records.legs, start=1)],
            visits=[visit_row(visit, moment) for visit in records.visits],
            messages=told,
            raw=raw,
            expired=self._expired(call, told, moment),
            older=older,
            newer=newer,
        )

    def _moment(self, call: Call, records: Records, words: Words) -> Moment:
        site, now_ms = self._site, self._site.now_ms()
        gaps = tuple(site.store.gaps(Span(call.started_at_ms, now_ms))) if call.crashed else ()
        return Moment(
            flows=(records,),
            now_ms=now_ms,
            zone=site.zone,
            words=words,
            names=names_of(site),
            targets_ms=self._targets,
            gaps=gaps,
        )

    def _not_found(self, request: Request, words: Words) -> Response:
        return self._renderer.page(
            request,
            "call_missing.html",
            page="calls",
            title=words.t("state.not_found.call"),
            status=404,
            months=self._site.settings.retention.records_months,
        )

    def _reading(self, call: Call, records: Records, names: Names, words: Words) -> Reading:
        address = call_address(call.call_id)
        return Reading(
            sources=self._site.sources,
            names=names,
            words=words,
            zone=self._site.zone,
            legs=[leg.leg_id for leg in records.legs],
            href=lambda number: f"{address}?{urlencode({'message': number})}",
        )

    def _raw(self, request: Request, entries: Sequence[JournalEntry], told: Sequence[Told]) -> Raw | None:
        if not told:
            return None
        wanted = request.query_params.get("message", "1")
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(len(told)))):
            raise ProblemError(
                400, f"message is one of 1 to {len(told)}.", parameter="message", mistake=Mistake.NO_MESSAGE
            )
        number = int(wanted)
        if not 1 <= number <= len(told):
            raise ProblemError(
                422, f"This call has the messages 1 to {len(told)}.", parameter="message", mistake=Mistake.NO_MESSAGE
            )
        message = entries[number - 1].message
        return Raw(
            told=told[number - 1],
            source=title_of(message.source, self._site.sources),
            lines=readable(message.body),
            headers=sorted(message.headers.items()),
            older=told[number - 2].href if number > 1 else "",
            newer=told[number].href if number < len(told) else "",
        )

    def _telling(self, call: Call, moment: Moment) -> Telling:
        since_ms = down_since_ms(call, moment.gaps)
        return Telling(
            names=moment.names,
            words=moment.words,
            zone=moment.zone,
            now_ms=moment.now_ms,
            target_ms=self._target_ms(call),
            crashed="" if since_ms is None else clock(since_ms, moment.zone),
        )

    def _target_ms(self, call: Call) -> int:
        return self._targets.get(call.queue or "", DEFAULT_TARGET_MS)

    def _heading(self, call: Call, names: Names, words: Words) -> str:
        party = names.party(call)
        if party.withheld:
            return words.t("site.value.withheld_title")
        return party.number or words.t("call.page.unknown_party")

    def _lead(self, call: Call, moment: Moment) -> str:
        words, zone, now_ms = moment.words, moment.zone, moment.now_ms
        this_year = local(call.started_at_ms, zone).year == local(now_ms, zone).year
        day = (long_day if this_year else long_date)(call.started_at_ms, zone, words.language)
        direction = words.t(f"call.direction.{call.direction}")
        slots = {"direction": direction, "day": day, "time": clock(call.started_at_ms, zone)}
        name = moment.names.party(call).name
        return words.t("call.page.head", name=name, **slots) if name else words.t("call.page.lead", **slots)

    def _facts(self, call: Call, records: Records, moment: Moment) -> list[Fact]:
        words, names = moment.words, moment.names
        status = wait_status(call.wait_ms or 0, self._target_ms(call))
        is_late = status in {Status.WARN, Status.BAD} and call.direction is Direction.INBOUND
        running = words.t("site.value.running") if call.is_open and not call.crashed else NONE
        talk = running if call.talk_ms is None and call.answered_at_ms else duration(call.talk_ms or None)
        wait = running if call.wait_ms is None and call.outcome is Outcome.IN_PROGRESS else duration(call.wait_ms)
        members = names.memberships
        belongs = [names.group(call.own_numbers), *members.teams_of(call.own_numbers)]
        own = names.own(names.entry(call.own_numbers)) or NONE
        return [
            Fact(name=words.t("call.facts.outcome"), value=call_outcome(call, words, in_full=True)),
            Fact(name=words.t("call.facts.wait"), value=wait, kind=status.value if is_late else ""),
            Fact(name=words.t("call.facts.talk"), value=talk),
            Fact(
                name=words.t("call.facts.queue") if call.queue else words.t("call.facts.own_number"),
                value=call.queue or own,
            ),
            Fact(
                name=words.t("call.facts.belongs"),
                value=", ".join(dict.fromkeys(filter(None, belongs))) or words.t("call.facts.none"),
            ),
            Fact(name=words.t("call.facts.end"), value=self._end(call, records, moment)),
        ]

    def _end(self, call: Call, records: Records, moment: Moment) -> str:
        words = moment.words
        source = title_of(call.source, self._site.sources)
        if call.is_open:
            return crashed_text(moment, call) or words.t("call.end.open")
        if call.ended_at_ms is None:
            return words.t("call.end.unknown")
        if any(leg.end is End.ESTIMATED for leg in records.legs):
            return words.t("call.end.estimated_from", time=clock(call.ended_at_ms, moment.zone), source=source)
        return words.t("call.end.known_at", time=clock(call.ended_at_ms, moment.zone), source=source)

    def _expired(self, call: Call, told: Sequence[Told], moment: Moment) -> str:
        """Return what to say about messages that are gone, empty while all are there."""
        days = self._site.settings.retention.journal_days
        words = moment.words
        is_old = moment.now_ms - call.started_at_ms > days * DAY_MS
        if told or not is_old:
            return "" if told else words.t("call.messages.none")
        return words.t("call.messages.expired", days=words.t("site.unit.days", count=days))

    def _neighbours(self, call: Call) -> tuple[str, str]:
        """Return the addresses of the calls before and after in the order of the list, empty where there is none."""
        at_ms = call.started_at_ms
        same = self._beginning_at(at_ms)
        place = next((index for index, each in enumerate(same) if each.call_id == call.call_id), 0)
        older = same[place + 1 : place + 2] or self._calls(Span(0, at_ms), CallOrder.NEWEST, 1)
        newer = same[place - 1 : place] if place else self._calls(Span(at_ms + 1, _FAR_MS), CallOrder.OLDEST, 1)
        if newer and not place:
            newer = self._beginning_at(newer[0].started_at_ms)[-1:]
        return call_address(older[0].call_id) if older else "", call_address(newer[0].call_id) if newer else ""

    def _beginning_at(self, instant_ms: int) -> Sequence[Call]:
        return self._calls(Span(instant_ms, instant_ms + 1), CallOrder.NEWEST, _MOST_AT_ONCE)

    def _calls(self, span: Span, order: CallOrder, limit: int) -> Sequence[Call]:
        return self._site.questions.calls(span, EVERYTHING, order=order, limit=limit).calls


def call_address(call_id: str) -> str:
    """Return the address of a call's page."""
    return "/calls/" + quote(call_id, safe="")
