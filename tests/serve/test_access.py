"""Who is let in: by password and session, by token, or because they sit at this machine; and who is not."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from calltally.engine import credentials
from calltally.engine.credentials import IDLE_MS, Sessions, Tokens
from calltally.model.instants import MINUTE_MS
from calltally.serve.access import COOKIE, Access
from calltally.serve.login import Login
from calltally.serve.origins import Place
from calltally.store.open import open_store
from calltally.store.store import Store

PASSWORD = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
STREAM = "ws://localhost:8080/api/v1/live"
START_MS = 1_795_180_052_000


@dataclass
class Service:
    """The guarded service in this process, its clock, and a client for it."""

    store: Store
    client: TestClient = field(init=False)
    now_ms: int = START_MS

    def log_in(self, password: str = PASSWORD, **extra: str) -> int:
        """Send the login form; return the status."""
        answer = self.client.post("/login", data={"password": password, **extra}, follow_redirects=False)
        return answer.status_code

    def token(self, name: str = "grafana") -> str:
        """Make a token."""
        return Tokens(self.store, secrets.token_urlsafe).create(name, self.now_ms)


async def page(request: Request) -> JSONResponse:
    """Tell who asks and what was sent."""
    visitor = request.state.visitor if hasattr(request.state, "visitor") else None
    form = dict(await request.form()) if request.method == "POST" else {}
    return JSONResponse(
        {
            "form_token": visitor.form_token if visitor else None,
            "token_name": visitor.token_name if visitor else None,
            "form": form,
        }
    )


async def stream(socket: WebSocket) -> None:
    """Say one word."""
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'calltally.db'}", zone="Europe/Berlin")
    yield opened
    opened.close()


PATHS = ("/", "/calls", "/settings/teams", "/api/v1/now", "/metrics", "/in/sipgate", "/healthz", "/static/x.css")


async def at_once(job: Callable[[], object]) -> object:
    """Do it here and now."""
    return job()


def guarded(service: Service, *, password_hash: str | None, public_url: str | None) -> Access:
    """Return some pages behind the doors of the service."""
    sessions = Sessions(service.store, secrets.token_urlsafe, password_hash) if password_hash else None
    place = Place(
        listen_host="127.0.0.1",
        public_url=public_url,
        machine="pbx",
        needs_password=password_hash is not None,
        is_open=False,
    )
    login = Login(
        site_name="Help desk",
        language=None,
        sessions=sessions,
        password_hash=password_hash,
        is_tls=place.is_tls,
        perform=at_once,
        now_ms=lambda: service.now_ms,
        trusted=(ip_network("192.0.2.7"),),
    )
    pages = [Route(path, page, methods=["GET", "POST"]) for path in PATHS]
    app = Starlette(routes=[*login.routes(), *pages, WebSocketRoute("/api/v1/live", stream)])
    tokens = Tokens(service.store, secrets.token_urlsafe)
    return Access(app, place=place, tokens=tokens, sessions=sessions, perform=at_once, now_ms=lambda: service.now_ms)


@pytest.fixture
def service_of(store: Store) -> Iterator[Callable[..., Service]]:
    with ExitStack() as stack:

        def made(
            *, password_hash: str | None = HASH, public_url: str | None = None, base: str = "http://localhost:8080"
        ) -> Service:
            service = Service(store)
            app = guarded(service, password_hash=password_hash, public_url=public_url)
            service.client = TestClient(app, base_url=base, client=("192.0.2.7", 40_000))
            stack.callback(service.client.close)
            return service

        yield made


HTML = {"accept": "text/html,*/*;q=0.8"}


def test_at_this_machine_without_a_password_nothing_is_asked(service_of: Callable[..., Service]) -> None:
    client = service_of(password_hash=None).client
    for path in ("/", "/calls", "/api/v1/now", "/metrics"):
        assert client.get(path).status_code == 200
    assert client.post("/settings/teams", data={"name": "x"}).json()["form"] == {"name": "x"}
    with client.websocket_connect(STREAM) as socket:
        assert socket.receive_text() == "hello"
    assert client.get("/login", follow_redirects=False).headers["location"] == "/"


def test_a_strange_name_or_page_is_refused_where_nothing_else_is_asked(service_of: Callable[..., Service]) -> None:
    client = service_of(password_hash=None).client
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403
    assert client.get("/api/v1/now", headers={"host": "evil.example"}).json()["status"] == 403
    assert client.post("/settings/teams", headers={"origin": "http://evil.example"}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(STREAM, headers={"origin": "http://evil.example"}),
    ):
        pass
    assert client.post("/in/sipgate", headers={"host": "evil.example"}).status_code == 200


def test_with_a_password_pages_lead_to_the_login_and_programs_get_a_401(service_of: Callable[..., Service]) -> None:
    client = service_of().client
    answer = client.get("/calls?team=North%20%26%20South", headers=HTML, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fcalls%3Fteam%3DNorth%2520%2526%2520South"
    assert client.get("/", headers=HTML, follow_redirects=False).headers["location"] == "/login"
    for path in ("/api/v1/now", "/metrics"):
        answer = client.get(path, headers=HTML, follow_redirects=False)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.post("/settings/teams").status_code == 401
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM):
        pass


def test_inlets_health_and_static_files_are_not_guarded_by_the_login(service_of: Callable[..., Service]) -> None:
    client = service_of().client
    for path in ("/in/sipgate", "/healthz", "/static/x.css"):
        assert client.get(path, follow_redirects=False).status_code == 200
    assert client.post("/in/sipgate", data={"event": "newCall"}).json()["form"] == {"event": "newCall"}


def test_the_password_opens_a_session_that_changes_only_by_its_form_token(service_of: Callable[..., Service]) -> None:
    service = service_of()
    assert service.log_in() == 303
    token = service.client.get("/calls", headers=HTML).json()["form_token"]
    assert len(token) == 64
    post = service.client.post
    assert post("/settings/teams", data={"name": "x"}).status_code == 403
    assert post("/settings/teams", data={"name": "x", "csrf_token": token[:-1] + "é"}).status_code == 403
    assert post("/settings/teams", data={"name": "ä b", "csrf_token": token}).json()["form"]["name"] == "ä b"
    assert post("/settings/teams", headers={"x-csrf-token": token}).status_code == 200
    assert post("/settings/teams", data={"name": "x" * 1_100_000, "csrf_token": token}).status_code == 413
    with service.client.websocket_connect(STREAM) as socket:
        assert socket.receive_text() == "hello"


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(service_of: Callable[..., Service]) -> None:
    service = service_of(public_url="https://calls.example.org", base="https://calls.example.org")
    answer = service.client.post("/login", data={"password": PASSWORD}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=lax", "secure", "path=/"):
        assert part in cookie
    session = service.client.cookies[COOKIE]
    kept = service.store.values("session:")
    assert len(kept) == 1
    assert all(session not in key and session.encode() not in value for key, value in kept.items())


def test_a_session_ends_after_twelve_hours_without_use_and_not_before(service_of: Callable[..., Service]) -> None:
    service = service_of()
    service.log_in()
    for _ in range(3):
        service.now_ms += IDLE_MS - 1
        assert service.client.get("/api/v1/now").status_code == 200
    service.now_ms += IDLE_MS
    assert service.client.get("/api/v1/now").status_code == 401


def test_signing_out_ends_the_session_for_everyone_who_has_its_cookie(service_of: Callable[..., Service]) -> None:
    service = service_of()
    service.log_in()
    session = service.client.cookies[COOKIE]
    token = service.client.get("/", headers=HTML).json()["form_token"]
    assert service.client.post("/logout").status_code == 403
    assert service.client.post("/logout", data={"csrf_token": token}, follow_redirects=False).status_code == 303
    assert service.client.get("/api/v1/now", headers={"cookie": f"{COOKIE}={session}"}).status_code == 401


def test_a_new_password_ends_the_sessions_of_the_old_one(service_of: Callable[..., Service]) -> None:
    before = service_of()
    before.log_in()
    session = before.client.cookies[COOKIE]
    after = service_of(password_hash=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("another one"))
    assert after.client.get("/api/v1/now", headers={"cookie": f"{COOKIE}={session}"}).status_code == 401


def test_wrong_passwords_are_refused_and_then_locked_out(service_of: Callable[..., Service]) -> None:
    service = service_of()
    assert [service.log_in(wrong) for wrong in ("", "x" * 2_000, "a", "b", "c")] == [403] * 5
    locked = service.client.post("/login", data={"password": PASSWORD})
    assert locked.status_code == 429
    assert locked.headers["retry-after"] == "30"
    assert "30 seconds" in locked.text
    service.now_ms += MINUTE_MS
    assert service.log_in() == 303


def test_behind_a_proxy_one_guesser_locks_nobody_else_out(service_of: Callable[..., Service]) -> None:
    service = service_of()
    for guess in "abcdef":
        service.client.post("/login", data={"password": guess}, headers={"x-forwarded-for": "1.2.3.4, 203.0.113.7"})
    shut = service.client.post("/login", data={"password": PASSWORD}, headers={"x-forwarded-for": "203.0.113.7"})
    assert shut.status_code == 429
    assert service.log_in() == 303


def test_the_login_page_speaks_the_readers_language_and_escapes_what_it_repeats(
    service_of: Callable[..., Service],
) -> None:
    client = service_of().client
    german = client.get('/login?next=/calls?"><b>', headers={"accept-language": "de"})
    assert '<html lang="de">' in german.text
    assert "<b>" not in german.text
    assert german.headers["cache-control"] == "no-store"
    assert re.search(r"<(script|style)", german.text) is None


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/calls?since=-7d", "/calls?since=-7d"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nset-cookie: x", "/"),
        ("/login", "/"),
    ],
)
def test_after_the_login_one_comes_to_own_pages_only(
    service_of: Callable[..., Service], wanted: str, leads_to: str
) -> None:
    client = service_of().client
    answer = client.post("/login", data={"password": PASSWORD, "next": wanted}, follow_redirects=False)
    assert answer.headers["location"] == leads_to


def test_a_token_opens_the_api_and_needs_no_form_token(service_of: Callable[..., Service]) -> None:
    service = service_of()
    token = service.token()
    assert token.startswith("ct_")
    headers = {"authorization": f"Bearer {token}"}
    assert service.client.get("/api/v1/now", headers=headers).json()["token_name"] == "grafana"
    assert service.client.post("/settings/teams", headers=headers).status_code == 200
    with service.client.websocket_connect(STREAM, headers=headers) as socket:
        assert socket.receive_text() == "hello"
    assert all(
        token not in key and token.encode() not in value for key, value in service.store.values("token:").items()
    )
    assert Tokens(service.store, secrets.token_urlsafe).revoke("grafana")
    assert service.client.get("/api/v1/now", headers=headers).status_code == 401


@pytest.mark.parametrize("token", ["", "ct_", "ct_" + "x" * 43, "ct_" + "x" * 500, "ct_é", "password"])
def test_any_other_token_opens_nothing(service_of: Callable[..., Service], token: str) -> None:
    headers = {b"authorization": f"Bearer {token}".encode()}
    answer = service_of().client.get("/api/v1/now", headers=headers)
    assert answer.status_code == 401
    assert "invalid_token" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("cookie", ["", "x", f"{COOKIE}=", f"{COOKIE}={'x' * 5000}", f'{COOKIE}="\\', "=;=;="])
def test_any_other_cookie_opens_nothing(service_of: Callable[..., Service], cookie: str) -> None:
    assert service_of().client.get("/api/v1/now", headers={"cookie": cookie}).status_code == 401


def test_every_answer_but_an_inlets_forbids_what_pages_do_not_need(service_of: Callable[..., Service]) -> None:
    client = service_of().client
    for path in ("/login", "/api/v1/now", "/healthz", "/static/x.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert "content-security-policy" not in client.get("/in/sipgate").headers


def test_sessions_that_are_over_are_forgotten_and_their_number_is_bounded(store: Store) -> None:
    numbers = iter(range(10_000))
    sessions = Sessions(store, lambda: f"session{next(numbers)}", HASH)
    for _ in range(3):
        sessions.begin(START_MS)
    sessions.begin(START_MS + IDLE_MS)
    assert len(store.values("session:")) == 1
    assert sessions.is_open("session3", START_MS + IDLE_MS)
    assert not sessions.is_open("session0", START_MS)


def test_beyond_the_most_sessions_the_one_that_was_used_longest_ago_is_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "_MOST_SESSIONS", 3)
    numbers = iter(range(4))
    sessions = Sessions(store, lambda: f"session{next(numbers)}", HASH)
    for number in range(3):
        sessions.begin(START_MS + number)
    sessions.note("session0", START_MS + 3)
    sessions.begin(START_MS + 4)
    found = [sessions.is_open(f"session{number}", START_MS + 5) for number in range(4)]
    assert found == [True, False, True, True]


def test_a_session_that_has_ended_is_not_brought_back_by_a_note_of_its_use(store: Store) -> None:
    sessions = Sessions(store, lambda: "session", HASH)
    sessions.begin(START_MS)
    sessions.end("session")
    sessions.note("session", START_MS + 1)
    assert not sessions.is_open("session", START_MS + 1)


def test_the_use_of_a_session_is_noted_every_ten_minutes_at_the_most(store: Store) -> None:
    sessions = Sessions(store, lambda: "session", HASH)
    sessions.begin(START_MS)
    assert not sessions.wants_note("session", START_MS + 10 * MINUTE_MS - 1)
    assert sessions.wants_note("session", START_MS + 10 * MINUTE_MS)
