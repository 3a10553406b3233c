"""The routes of the pages, and the page that says why there is none."""

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from calltally.serve.site import Site
from calltally.serve.web.api_docs import ApiPage
from calltally.serve.web.call import CallPage
from calltally.serve.web.calls import CallsPage
from calltally.serve.web.live import LivePage
from calltally.serve.web.rendering import Renderer
from calltally.serve.web.settings import SettingsPage
from calltally.serve.web.statistics import StatisticsPage


def page_routes(site: Site) -> list[BaseRoute]:
    """Return the routes of all pages and of what they load."""
    renderer = Renderer(site)
    return [
        *renderer.assets.routes(),
        renderer.route("/lang", renderer.switch_language),
        *StatisticsPage(renderer).routes(),
        *LivePage(site, renderer).routes(),
        *CallsPage(site, renderer).routes(),
        *CallPage(site, renderer).routes(),
        *SettingsPage(site, renderer).routes(),
        *ApiPage(site, renderer).routes(),
    ]


def page_problem(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what shows a problem as a page."""
    renderer = Renderer(site)

    async def show(request: Request, error: Exception) -> Response:
        return await run_in_threadpool(renderer.problem, request, error)

    return show
