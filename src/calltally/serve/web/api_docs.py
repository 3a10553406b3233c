"""The page that describes the API: what can be asked, with which parameters, and an example of each that can be run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from shlex import quote as shell_quoted
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from calltally.engine.answers import Selection
from calltally.model.instants import Span
from calltally.serve.api.routes import DESCRIPTION, api_description
from calltally.serve.site import Site
from calltally.serve.web.rendering import Renderer

PATH: Final = "/docs"
STREAM: Final = "/api/v1/live?calls=none"
_CODE: Final = re.compile(r"`([^`]*)`")
_PLACE: Final = re.compile(r"{(\w+)(?::\w+)?}")
_SUCCESS: Final = "200"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row of the table of parameters; `usual` is what counts where it is not given."""

    name: str
    kind: str
    is_required: bool
    usual: str
    meaning: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that can be asked.

    Attributes:
        id: of its section on the page.
        parameters: those of its own, then those by which calls are filtered.
        errors: statuses and what they mean here.
        command: a command line that asks an example.
        run: the address of the example; empty while there is nothing to ask about.
    """

    id: str
    method: str
    path: str
    summary: str
    parameters: Sequence[Parameter]
    errors: Sequence[tuple[str, Markup]]
    command: str
    run: str


class ApiPage:
    """Answers the address of the page."""

    def __init__(self, site: Site, renderer: Renderer) -> None:
        """Take what is described, and what renders pages."""
        self._site = site
        self._renderer = renderer

    def routes(self) -> list[BaseRoute]:
        """Return the route of the page."""
        return [self._renderer.route(PATH, self.show)]

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        return api_description(self._site)

    def show(self, request: Request) -> Response:
        """Show what can be asked."""
        command = _Commands(self._base(request), needs_token=self._site.settings.server.password is not None)
        known = {"call_id": self._newest_call()}
        operations = [
            _operation(path, method, told, known, command)
            for path, methods in self._described["paths"].items()
            for method, told in methods.items()
        ]
        return self._renderer.page(
            request,
            "docs.html",
            page="",
            title=self._renderer.words(request).t("docs.page.title"),
            operations=operations,
            description=DESCRIPTION,
            stream=STREAM,
            stream_command=command.to(STREAM, " -N"),
            needs_token=command.needs_token,
        )

    def _base(self, request: Request) -> str:
        """Return the address of the service as the reader knows it; a proxy may speak TLS for us."""
        public = self._site.settings.public_url
        is_public = urlsplit(public).netloc == request.url.netloc
        return public if is_public else f"{request.url.scheme}://{request.url.netloc}"

    def _newest_call(self) -> str:
        """Return the id of a call to show as an example, empty if there is none."""
        known = self._site.store.first_and_last()
        if known is None:
            return ""
        span = Span(known.since_ms, known.until_ms + 1)
        page = self._site.questions.calls(span, Selection(), limit=1)
        return page.calls[0].call_id if page.calls else ""


@dataclass(frozen=True, slots=True)
class _Commands:
    base: str
    needs_token: bool

    def to(self, address: str, options: str = "") -> str:
        """Return a command line that asks an address."""
        token = ' -H "Authorization: Bearer ct_..."' if self.needs_token else ""
        return f"curl{options}{token} {shell_quoted(self.base + address)}"


def _operation(
    path: str, method: str, told: Mapping[str, Any], known: Mapping[str, str], commands: _Commands
) -> Operation:
    parameters: Sequence[Mapping[str, Any]] = told.get("parameters", ())
    places = {place: known.get(place, "") for place in _PLACE.findall(path)}
    asked = [(each["name"], str(example)) for each in parameters for example in each["schema"].get("examples", ())[:1]]
    query = f"?{urlencode(asked, safe=',')}" if asked else ""
    address = _PLACE.sub(lambda place: quote(places[place[1]] or f"{place[1].upper()}", safe=""), path) + query
    return Operation(
        id=re.sub(r"\W+", "-", path.removeprefix("/api/v1/")).strip("-"),
        method=method.upper(),
        path=path,
        summary=told["summary"],
        parameters=[_parameter(each) for each in parameters],
        errors=[(status, _marked(each["description"])) for status, each in sorted(told["responses"].items())][1:],
        command=commands.to(address),
        run=address if all(places.values()) else "",
    )


def _parameter(told: Mapping[str, Any]) -> Parameter:
    schema: Mapping[str, Any] = told["schema"]
    usual = schema.get("default")
    return Parameter(
        name=told["name"],
        kind=_kind(schema),
        is_required=told.get("required", False),
        usual="" if usual is None or usual == [] else str(usual),
        meaning=_marked(told.get("description", "")),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """Return what a value may be, in the few words that the schema has for it."""
    choices = schema.get("anyOf", ())
    if choices:
        return _kind(next(each for each in choices if each.get("type") != "null"))
    if schema.get("type") == "array":
        return f"{_kind(schema['items'])}, repeatable"
    low, high = schema.get("minimum"), schema.get("maximum")
    ends = f", {low} to {high}" if low is not None and high is not None else ""
    return f"{schema.get('type', 'word')}{ends}"


def _marked(description: str) -> Markup:
    """Return a text of the schema with what stands in backticks as code."""
    pieces = _CODE.split(description)
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(piece) if place % 2 else piece for place, piece in enumerate(pieces))
