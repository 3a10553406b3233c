"""Styles, scripts and signs of the pages, read and compressed once.

The address of a file holds a fingerprint of all of them, so browsers keep files for ever and never have a mixture; the
modules import each other by relative addresses and so stay within one fingerprint.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from mimetypes import guess_type
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_SMALLEST_COMPRESSED: Final = 500
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None
    content_type: str
    tag: str


class Assets:
    """The files below `static/`."""

    def __init__(self) -> None:
        """Read them all."""
        self._files: Mapping[str, _File] = {
            each.name: _read(each.name, each.read_bytes())
            for each in files("calltally.serve.web").joinpath("static").iterdir()
            if each.is_file()
        }
        joined = "".join(f"{name}{file.tag}" for name, file in sorted(self._files.items()))
        self._fingerprint = sha256(joined.encode()).hexdigest()[:12]

    def address(self, name: str) -> str:
        """Return the address of a file; `KeyError` if there is none."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self._fingerprint}/{name}"

    def routes(self) -> list[Route]:
        """Return the routes of all files, with and without fingerprint."""
        return [
            Route("/static/{name}", self.show, methods=["GET"]),
            Route("/static/{fingerprint}/{name}", self.show, methods=["GET"]),
            Route("/favicon.ico", self.sign, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Send a file, packed if the browser can unpack it."""
        return self._answer(request, str(request.path_params["name"]))

    async def sign(self, request: Request) -> Response:
        """Send the sign of the pages to browsers that ask for it unasked."""
        return self._answer(request, "favicon.svg")

    def _answer(self, request: Request, name: str) -> Response:
        file = self._files.get(name)
        if file is None:
            raise HTTPException(404, "There is no such file.")
        fits = request.path_params.get("fingerprint") == self._fingerprint
        headers = {
            "cache-control": _FOR_EVER if fits else "no-cache",
            "etag": f'"{file.tag}"',
            "vary": "accept-encoding",
        }
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        body = file.body
        if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = file.packed
            headers["content-encoding"] = "gzip"
        return Response(body, headers=headers, media_type=file.content_type)


def _read(name: str, body: bytes) -> _File:
    ending = name[name.rfind(".") :]
    return _File(
        body=body,
        packed=gzip.compress(body, 9, mtime=0) if len(body) > _SMALLEST_COMPRESSED else None,
        content_type=_TYPES.get(ending) or guess_type(name)[0] or "application/octet-stream",
        tag=sha256(body).hexdigest()[:16],
    )
