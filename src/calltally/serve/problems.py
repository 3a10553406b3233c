"""What is answered when something cannot be answered: problem+json for programs, a sentence for people."""

from uuid import uuid4

import msgspec
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.status import HTTP_400_BAD_REQUEST, HTTP_500_INTERNAL_SERVER_ERROR

from calltally.store.store import StoreError

log = structlog.get_logger(__name__)

TITLES = {
    400: "The question cannot be understood",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not this way",
    413: "Too large",
    422: "The question has no answer",
    429: "Too often",
    500: "calltally failed",
    503: "Not available at the moment",
}


class ProblemError(Exception):
    """A question that gets an error for an answer.

    Attributes:
        status: the HTTP status: 400 for nonsense, 422 for what is well formed but impossible.
        detail: a sentence a person can act on.
        parameter: the name of the parameter at fault.
    """

    def __init__(self, status: int, detail: str, *, parameter: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter


def problem_response(problem: ProblemError, headers: dict[str, str] | None = None) -> Response:
    """Return a problem as `application/problem+json` (RFC 9457)."""
    value: dict[str, object] = {
        "type": "about:blank",
        "title": TITLES.get(problem.status, "Not answered"),
        "status": problem.status,
        "detail": problem.detail,
        "request_id": uuid4().hex,
    }
    if problem.parameter is not None:
        value["parameter"] = problem.parameter
    return Response(msgspec.json.encode(value), problem.status, headers, "application/problem+json")


def problem_of(error: Exception) -> tuple[ProblemError, dict[str, str]]:
    """Return the problem that an exception means for the one who asked, and the headers that go with it."""
    if isinstance(error, ProblemError):
        return error, {}
    if isinstance(error, RequestValidationError):
        return _invalid(error), {}
    if isinstance(error, HTTPException):
        return ProblemError(error.status_code, str(error.detail)), dict(error.headers or {})
    if isinstance(error, StoreError):
        return ProblemError(503, f"The database did not answer: {error}"), {"retry-after": "2"}
    return ProblemError(HTTP_500_INTERNAL_SERVER_ERROR, "The fault is calltally's own; it is in the log."), {}


def _invalid(error: RequestValidationError) -> ProblemError:
    """Return what is wrong with the first wrong parameter; not its value, which may be long or somebody's number."""
    first = error.errors()[0]
    name = str(first["loc"][-1])
    return ProblemError(HTTP_400_BAD_REQUEST, f"{name}: {first['msg']}.", parameter=name)


async def api_problem(request: Request, error: Exception) -> Response:
    """Answer a failed request of the API."""
    problem, headers = problem_of(error)
    if problem.status == HTTP_500_INTERNAL_SERVER_ERROR:
        log.error("request_failed", path=request.url.path, exc_info=error)
    return problem_response(problem, headers)
