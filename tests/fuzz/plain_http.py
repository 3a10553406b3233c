"""HTTP below any client's manners: bytes out, an answer back."""

import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

from tests.running import Service

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def request(path: bytes, *, method: bytes = b"GET", headers: Iterable[Header] = (), body: bytes | None = None) -> bytes:
    """Return a request as it goes over the wire, with the length of its body."""
    lines = [
        method + b" " + path + b" HTTP/1.1",
        b"Host: 127.0.0.1",
        *(name + b": " + value for name, value in headers),
    ]
    if body is not None:
        lines.append(b"Content-Length: " + str(len(body)).encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def push(body: bytes, path: bytes = b"/in/sipgate", headers: Iterable[Header] = ()) -> bytes:
    """Return a push as sipgate sends it."""
    return request(
        path, method=b"POST", headers=[(b"Content-Type", b"application/x-www-form-urlencoded"), *headers], body=body
    )


def answers(connection: socket.socket, methods: Sequence[str]) -> list[Answer]:
    """Return one answer for each method, in order; fewer if the service closes the connection."""
    found: list[Answer] = []
    # One file for all: an answer may arrive together with the next one.
    with connection.makefile("rb") as file:
        for method in methods:
            response = HTTPResponse(_Kept(file), method=method)  # type: ignore[arg-type]  # it only asks for the file
            try:
                response.begin()
                body = response.read()
            except (HTTPException, ConnectionError):
                return found
            found.append(
                Answer(
                    status=response.status,
                    headers={name.lower(): value for name, value in response.getheaders()},
                    body=body,
                )
            )
    return found


class _Kept:
    """Gives the same file to each response, and lets none of them close it."""

    def __init__(self, file: object) -> None:
        self._file = file

    def makefile(self, _mode: str) -> "_Kept":
        return self

    def close(self) -> None:
        """Stay open for the next response."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def ask(service: Service, sent: bytes, method: str = "GET") -> Answer | None:
    """Send bytes on a connection of their own; return the answer, `None` if there is none."""
    with service.connect(30) as connection:
        # It may answer and close before it has read everything; the answer is what counts.
        with suppress(ConnectionError):
            connection.sendall(sent)
        found = answers(connection, [method])
    return found[0] if found else None
