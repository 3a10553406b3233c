"""The Settings page: what is set, where calls come from, the teams, and the messages that could not be understood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from calltally.engine.credentials import Tokens
from calltally.engine.teams import FEWEST_NUMBERS, FILE_NAME, NamedNumbers, TeamsError
from calltally.render.times import clock_ms, long_date, short_day
from calltally.render.words import Words
from calltally.serve.problems import Mistake, ProblemError
from calltally.serve.site import Site
from calltally.serve.web.asking import BAD_REQUEST, UNPROCESSABLE
from calltally.serve.web.live_sources import title_of
from calltally.serve.web.messages import readable
from calltally.serve.web.rendering import Renderer
from calltally.serve.web.settings_tables import (
    MOST_SET_ASIDE,
    group_rows,
    message_key,
    set_aside_rows,
    site_facts,
    source_rows,
)
from calltally.store.asked import JournalEntry

log = structlog.get_logger(__name__)

LARGEST_FORM: Final = 256 * 1024
LONGEST_NAME: Final = 100
MOST_NUMBERS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamForm:
    """A team as its form shows it; `old` is its name in the file, empty for a new one."""

    old: str
    name: str
    numbers: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What somebody sent: save a team, or remove one."""

    action: str
    old: str
    name: str
    numbers: tuple[str, ...]

    def form(self, problem: str) -> TeamForm:
        return TeamForm(old=self.old, name=self.name, numbers="\n".join(self.numbers), problem=problem)


class SettingsPage:
    """The page, the form of the teams, and the raw body of a message that was set aside."""

    def __init__(self, site: Site, renderer: Renderer) -> None:
        """Take the site and what renders its pages."""
        self._site = site
        self._renderer = renderer

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the page and its form."""
        return [
            self._renderer.route("/settings", self.show),
            Route("/settings/teams", self.change_team, methods=["POST"]),
            self._renderer.route("/settings/set-aside/{key}", self.show_message),
        ]

    def show(self, request: Request) -> Response:
        """Show everything that is set."""
        return self._page(request)

    async def change_team(self, request: Request) -> Response:
        """Take a changed, new or removed team."""
        try:
            wish = _wish(await _body(request))
        except ProblemError as problem:
            return self._renderer.problem(request, problem)
        return await run_in_threadpool(self._fulfil, request, wish)

    def _fulfil(self, request: Request, wish: _Wish) -> Response:
        words = self._renderer.words(request)
        try:
            self._site.teams.save(_changed(self._site.teams.written(), wish))
        except TeamsError as problem:
            return self._page(request, wish.form(_sentence(wish, words) or str(problem)), UNPROCESSABLE)
        except OSError as problem:
            log.error("teams_not_written", reason=problem.strerror)  # noqa: TRY400  the reason says it all
            reason = words.t("settings.teams.not_written", reason=problem.strerror or "")
            return self._page(request, wish.form(reason), HTTPStatus.SERVICE_UNAVAILABLE)
        done = urlencode({"done": wish.action, "team": wish.name or wish.old})
        return RedirectResponse(f"/settings?{done}#teams", HTTPStatus.SEE_OTHER)

    def _page(self, request: Request, wrong: TeamForm | None = None, status: int = HTTPStatus.OK) -> Response:
        site, words = self._site, self._renderer.words(request)
        teams = site.teams
        written = [TeamForm(old=team.name, name=team.name, numbers="\n".join(team.numbers)) for team in teams.written()]
        names = {team.name for team in written}
        forms = [wrong if wrong is not None and wrong.old == team.old else team for team in written]
        new = wrong if wrong is not None and wrong.old not in names else TeamForm(old="", name="", numbers="")
        entries = site.store.set_aside(MOST_SET_ASIDE)
        return self._renderer.page(
            request,
            "settings.html",
            page="settings",
            title=words.t("settings.page.title"),
            status=status,
            done=_done(request, words) if wrong is None else "",
            teams=forms,
            new=new,
            fixed=[team for team in site.settings.teams if team.name not in names],
            problems=teams.problems(),
            file=FILE_NAME,
            facts=site_facts(site, words),
            sources=source_rows(site, words),
            groups=group_rows(site),
            tokens=self._tokens(words),
            set_aside=set_aside_rows(entries, site, site.now_ms(), words),
            most=MOST_SET_ASIDE,
        )

    def _tokens(self, words: Words) -> list[tuple[str, str]]:
        """Return the names of the tokens of scripts and since when they work."""
        zone = self._site.zone
        return [
            (token.name, short_day(token.created_at_ms, zone, words.language))
            for token in Tokens(self._site.store, str).listed()
        ]

    def show_message(self, request: Request) -> Response:
        """Show one message that was set aside, as it was received."""
        site, words = self._site, self._renderer.words(request)
        key = str(request.path_params["key"])
        entries: Sequence[JournalEntry] = site.store.set_aside(MOST_SET_ASIDE)
        entry = next((each for each in entries if message_key(each) == key), None)
        if entry is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "There is no such message among those set aside.")
        message = entry.message
        at_ms = message.received_at_us // 1000
        return self._renderer.page(
            request,
            "set_aside.html",
            page="settings",
            title=words.t("settings.aside.one"),
            lead=f"{long_date(at_ms, site.zone, words.language)}, {clock_ms(at_ms, site.zone)}",
            source=title_of(message.source, site.sources),
            reason=entry.problem or "",
            lines=readable(message.body),
            headers=sorted(message.headers.items()),
        )


def _changed(teams: Sequence[NamedNumbers], wish: _Wish) -> list[NamedNumbers]:
    """Return the teams as they are to be written; a change keeps its place, a new team comes last."""
    if wish.action == "remove":
        return [team for team in teams if team.name != wish.old]
    new = NamedNumbers(name=wish.name, numbers=wish.numbers)
    if any(team.name == wish.old for team in teams):
        return [new if team.name == wish.old else team for team in teams]
    return [*teams, new]


def _sentence(wish: _Wish, words: Words) -> str:
    """Return what is wrong in the reader's language where it is one of the usual things, else nothing."""
    if not wish.name.strip():
        return words.t("settings.teams.no_name")
    if len(set(wish.numbers)) < FEWEST_NUMBERS:
        return words.t("settings.teams.too_few")
    return ""


def _wish(fields: Mapping[str, str]) -> _Wish:
    """Return what a form asks for.

    Raises:
        ProblemError: it is none of this page's forms.
    """
    action, name = fields.get("action", ""), fields.get("name", "").strip()
    if action not in {"save", "remove"} or (action == "remove" and not fields.get("old")):
        raise ProblemError(
            BAD_REQUEST, "This form asks for nothing that can be done.", parameter="action", mistake=Mistake.NO_FORM
        )
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ProblemError(
            UNPROCESSABLE,
            f"A team's name has {LONGEST_NAME} characters at most.",
            parameter="name",
            mistake=Mistake.NAME_LONG,
        )
    lines = fields.get("numbers", "").replace(",", "\n").replace(";", "\n").splitlines()
    numbers = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if len(numbers) > MOST_NUMBERS or any(not number.isprintable() for number in numbers):
        raise ProblemError(
            UNPROCESSABLE,
            f"A team has {MOST_NUMBERS} numbers at most.",
            parameter="numbers",
            mistake=Mistake.NUMBERS_MANY,
        )
    return _Wish(action=action, old=fields.get("old", ""), name=name, numbers=numbers)


async def _body(request: Request) -> Mapping[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This form is larger than 256 KiB.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError as problem:
        raise ProblemError(BAD_REQUEST, "This is no form of the Settings page.", mistake=Mistake.NO_FORM) from problem


def _done(request: Request, words: Words) -> str:
    """Return what was done by the form before."""
    done, team = request.query_params.get("done", ""), request.query_params.get("team", "")
    if done not in {"save", "remove"} or not 0 < len(team) <= LONGEST_NAME:
        return ""
    return words.t("settings.teams.saved" if done == "save" else "settings.teams.removed", name=team)
