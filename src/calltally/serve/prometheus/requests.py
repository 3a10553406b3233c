"""Counts answered requests by route, method and class of status."""

from collections.abc import Iterable
from typing import Final

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calltally.engine.observed import Observed
from calltally.metrics.exposed import METHODS, OTHER

UNMATCHED: Final = "unmatched"
"""The route of what was refused before it found one, or found none."""


def paths_of(routes: Iterable[BaseRoute]) -> dict[object, str]:
    """Return the pattern of each route by what answers it."""
    routes = list(routes)
    paths: dict[object, str] = {route.endpoint: route.path for route in routes if isinstance(route, Route)}
    return paths | {route.app: f"{route.path}/" for route in routes if isinstance(route, Mount)}


def counted(app: ASGIApp, observed: Observed, routes: Iterable[BaseRoute]) -> ASGIApp:
    """Return the application, its answers counted as they begin; pushes never come here."""
    paths = paths_of(routes)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in METHODS else OTHER
                # The pattern of a route, never the path itself, in which anybody may write anything.
                route = getattr(scope.get("route"), "path", None) or paths.get(scope.get("endpoint"), UNMATCHED)
                observed.answered(route, method, f"{message['status'] // 100}xx")
            await send(message)

        await app(scope, receive, send_counting if scope["type"] == "http" else send)

    return answer
