"""What is answered when something cannot be answered: problem+json for programs, a sentence for people."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from uuid import uuid4

import msgspec
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.status import HTTP_400_BAD_REQUEST, HTTP_500_INTERNAL_SERVER_ERROR, HTTP_503_SERVICE_UNAVAILABLE

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


_WRONG = {
    "missing": "{} is missing; the address cannot be asked without it.",
    "int_parsing": "{} must be a whole number.",
    "int_parsing_size": "{} must be a smaller number.",
    "greater_than_equal": "{} must be {ge} or more.",
    "less_than_equal": "{} must be {le} or less.",
    "string_too_long": "{} must have {max_length} characters or fewer.",
    "too_long": "{} can be given {max_length} times at most.",
    "enum": "{} must be one of {expected}.",
}
"""What is wrong with a parameter, in our words, by the kinds of mistakes that pydantic finds in those we have."""


class Mistake(StrEnum):
    """What people do wrong with addresses and forms; the pages say it in the reader's language."""

    RANGE_OPEN = "range_open"
    RANGE_REVERSED = "range_reversed"
    NO_TIME = "no_time"
    NO_UNIT = "no_unit"
    TOO_FINE = "too_fine"
    NO_VALUE = "no_value"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    NO_CHOICE = "no_choice"
    NO_MESSAGE = "no_message"
    NO_CURSOR = "no_cursor"
    NO_FORM = "no_form"
    NAME_LONG = "name_long"
    NUMBERS_MANY = "numbers_many"


class ProblemError(Exception):
    """A question that gets an error for an answer.

    Attributes:
        status: the HTTP status: 400 for nonsense, 422 for what is well formed but impossible.
        detail: a sentence a person can act on.
        parameter: the name of the parameter at fault.
        mistake: what is wrong, if it is one of what often is.
    """

    def __init__(
        self, status: int, detail: str, *, parameter: str | None = None, mistake: Mistake | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.mistake = mistake


def noted(problem: ProblemError, path: str, error: Exception) -> str:
    """Return an id for the request that failed; where that was not the fault of who asked, it is also in the log."""
    request_id = uuid4().hex
    if problem.status == HTTP_503_SERVICE_UNAVAILABLE:
        log.warning("request_not_answered", path=path, request_id=request_id, reason=str(error))
    elif problem.status >= HTTP_500_INTERNAL_SERVER_ERROR:
        log.error("request_failed", path=path, request_id=request_id, exc_info=error)
    return request_id


def problem_response(
    problem: ProblemError, headers: Mapping[str, str] | None = None, *, request_id: str = ""
) -> Response:
    """Return a problem as `application/problem+json` (RFC 9457)."""
    value: dict[str, object] = {
        "type": "about:blank",
        "title": TITLES.get(problem.status, "Not answered"),
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id or uuid4().hex,
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
        headers = dict(error.headers or {})
        return ProblemError(error.status_code, _sentence(error.status_code, str(error.detail), headers)), headers
    if isinstance(error, StoreError):
        return ProblemError(HTTP_503_SERVICE_UNAVAILABLE, f"The database did not answer: {error}"), {"retry-after": "2"}
    return ProblemError(HTTP_500_INTERNAL_SERVER_ERROR, "The fault is calltally's own; it is in the log."), {}


def _sentence(status: int, detail: str, headers: Mapping[str, str]) -> str:
    """Return what to tell of a failure for which Starlette has but the name of the status."""
    if detail != HTTPStatus(status).phrase:
        return detail
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = headers.get("allow") or headers.get("Allow") or "another method"
        return f"This address is asked by {allowed}."
    if status == HTTPStatus.NOT_FOUND:
        return "There is nothing at this address; /docs lists what can be asked."
    return f"{detail}."


def _invalid(error: RequestValidationError) -> ProblemError:
    """Return what is wrong with the first wrong parameter; not its value, which may be long or somebody's number."""
    first = error.errors()[0]
    # The place of a value in a list stands behind the name of its parameter.
    name = next(str(part) for part in reversed(first["loc"]) if isinstance(part, str))
    pattern = _WRONG.get(first["type"])
    if pattern is None:
        return ProblemError(HTTP_400_BAD_REQUEST, f"{name} cannot be used: {first['msg']}.", parameter=name)
    return ProblemError(HTTP_400_BAD_REQUEST, pattern.format(name, **first.get("ctx", {})), parameter=name)


async def api_problem(request: Request, error: Exception) -> Response:
    """Answer a failed request of the API."""
    problem, headers = problem_of(error)
    return problem_response(problem, headers, request_id=noted(problem, request.url.path, error))
