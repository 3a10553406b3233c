"""Who may see pages and API: everyone on this machine, or whoever has the password or a token.

Rules, in this order:

1. `/in/...` is guarded by the inlets' own checks, `/auth-code` by the state that only `/auth` gives out, `/healthz`,
   `/readyz` and the static files by none.
2. Without a password the request must come to a name of this service (`serve.origins`).
3. A change must come from a page of this service, or from a program.
4. With a password: `Authorization: Bearer ct_...`, or the cookie of a session that `/login` has opened. A change by
   cookie must carry the session's form token, as the field `csrf_token` or as the header `X-CSRF-Token`.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, unquote

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calltally.engine.credentials import Sessions, Tokens, csrf_token
from calltally.serve.origins import Place, is_change, is_own_page, stranger
from calltally.serve.problems import ProblemError, noted, problem_of, problem_response
from calltally.settings import as_started
from calltally.store.store import StoreError

COOKIE = "calltally_session"
FORM_FIELD = "csrf_token"
FORM_HEADER = "x-csrf-token"
_LARGEST_FORM = 1024 * 1024
_UNGUARDED = ("/in/", "/static/")
_UNGUARDED_EXACTLY = frozenset({"/healthz", "/readyz", "/favicon.ico", "/favicon.svg", "/auth-code"})
_FOR_PROGRAMS = ("/api/", "/metrics", "/mi")
_NOT_SIGNED_IN = 4401
_SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}

Perform = Callable[[Callable[[], object]], Awaitable[object]]
"""Runs something that writes to the store where writing belongs, and returns when it is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks, as `request.state.visitor`.

    Attributes:
        form_token: what every form that changes something must send as `csrf_token`; empty where none is asked for.
        session: the id of the session; empty without one.
        token_name: the name of the token; empty without one.
    """

    form_token: str = ""
    session: str = ""
    token_name: str = ""


class Access:
    """ASGI middleware around the whole service."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        place: Place,
        tokens: Tokens,
        sessions: Sessions | None,
        perform: Perform,
        now_ms: Callable[[], int],
    ) -> None:
        """Take what is guarded; `sessions` is `None` where no password is set."""
        self._app = app
        self._place = place
        self._tokens = tokens
        self._sessions = sessions
        self._perform = perform
        self._now_ms = now_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or say why not."""
        if scope["type"] not in {"http", "websocket"} or scope["path"].startswith("/in/"):
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        if scope["path"] in _UNGUARDED_EXACTLY or scope["path"].startswith(_UNGUARDED):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            refusal, receive = await self._admit(scope, headers, receive)
        except StoreError as problem:
            told, again = problem_of(problem)
            refusal = problem_response(told, again, request_id=noted(told, scope["path"], problem))
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _NOT_SIGNED_IN, "reason": "not allowed"})
        else:
            await refusal(scope, receive, send)

    async def _admit(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive
    ) -> tuple[Response | None, Receive]:
        """Return why the request is refused, or `None`, and where its body is read from then."""
        changes = scope["type"] == "websocket" or is_change(scope["method"])
        sentence = stranger(self._place, headers)
        if changes and not sentence and not is_own_page(self._place, headers):
            sentence = (
                "Only calltally's own pages may do this. If it is reached by another name, set server.public_url."
            )
        if sentence:
            return _refusal(scope, HTTPStatus.FORBIDDEN, as_started(sentence, self._place.command)), receive
        scope.setdefault("state", {})["visitor"] = Visitor()
        bearer = _bearer(headers)
        if self._sessions is None:
            return None, receive
        if bearer is not None:
            return self._admit_token(scope, bearer), receive
        refusal = await self._admit_session(scope, headers, self._sessions)
        visitor: Visitor = scope["state"]["visitor"]
        if refusal is None and changes and scope["type"] == "http" and scope["path"] != "/login":
            return await _with_form_token(scope, headers, receive, visitor.form_token)
        return refusal, receive

    def _admit_token(self, scope: Scope, bearer: str) -> Response | None:
        holder = self._tokens.holder(bearer)
        scope["state"]["visitor"] = Visitor(token_name=holder or "")
        return None if holder else _no_token(self._place.command)

    async def _admit_session(self, scope: Scope, headers: Mapping[str, str], sessions: Sessions) -> Response | None:
        session = _cookie(headers)
        if not sessions.is_open(session, self._now_ms()):
            return None if scope["path"] == "/login" else _sign_in(scope, headers, self._place.command)
        await self._note(sessions, session)
        scope["state"]["visitor"] = Visitor(form_token=csrf_token(session), session=session)
        return None

    async def _note(self, sessions: Sessions, session: str) -> None:
        now_ms = self._now_ms()
        if sessions.wants_note(session, now_ms):
            await self._perform(lambda: sessions.note(session, now_ms))


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "private, no-cache")
        await send(message)

    return send_with_headers


def _bearer(headers: Mapping[str, str]) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _is_for_programs(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["type"] == "websocket" or path.startswith(_FOR_PROGRAMS)


def _refusal(scope: Scope, status: HTTPStatus, sentence: str) -> Response:
    if _is_for_programs(scope):
        return problem_response(ProblemError(status, sentence))
    return PlainTextResponse(sentence + "\n", status)


def _no_token(command: str) -> Response:
    sentence = f"This token opens nothing; `{command} token list` shows those that do."
    problem = ProblemError(HTTPStatus.UNAUTHORIZED, sentence)
    return problem_response(problem, {"www-authenticate": 'Bearer error="invalid_token"'})


def _sign_in(scope: Scope, headers: Mapping[str, str], command: str) -> Response:
    if _is_for_programs(scope) or scope["method"] != "GET" or "text/html" not in headers.get("accept", "*/*"):
        sentence = f"Sign in at /login, or send a token as `Authorization: Bearer ct_...` (`{command} token create`)."
        return problem_response(ProblemError(HTTPStatus.UNAUTHORIZED, sentence), {"www-authenticate": "Bearer"})
    query = scope["query_string"].decode("latin-1")
    wanted = quote(scope["path"], safe="/") + ("?" + query if query else "")
    return RedirectResponse(
        "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}", HTTPStatus.SEE_OTHER
    )


async def _with_form_token(
    scope: Scope, headers: Mapping[str, str], receive: Receive, expected: str
) -> tuple[Response | None, Receive]:
    """Look for the form's token; a form is read for this and given on whole."""
    sent = headers.get(FORM_HEADER, "")
    if not sent and headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = await _read(receive)
        if body is None:
            return _refusal(scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This form is larger than 1 MiB."), receive
        sent = _field(body)
        receive = _again(body, receive)
    if hmac.compare_digest(sent.encode(), expected.encode()):
        return None, receive
    sentence = "This form has become too old, or was not one of calltally's. Load the page again and repeat the change."
    return _refusal(scope, HTTPStatus.FORBIDDEN, sentence), receive


def _field(body: bytes) -> str:
    for pair in body.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == FORM_FIELD.encode():
            return unquote(value.decode("latin-1"))
    return ""


async def _read(receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) > _LARGEST_FORM:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
