"""The routes of the pages, and the page that says why there is none."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from calltally.serve.problems import problem_of
from calltally.serve.site import Site

STATIC = Path(__file__).parent / "static"


def page_routes(site: Site) -> list[BaseRoute]:  # noqa: ARG001  every set of routes is made of the site
    """Return the routes of all pages and of what they load."""
    return [Mount("/static", StaticFiles(directory=STATIC), name="static")]


def page_problem(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:  # noqa: ARG001  the same
    """Return what shows a problem as a page."""

    async def show(request: Request, error: Exception) -> Response:  # noqa: ARG001  the same
        problem, headers = problem_of(error)
        return PlainTextResponse(problem.detail, problem.status, headers)

    return show
