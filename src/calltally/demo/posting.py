"""`python -m calltally.demo.posting ADDRESS`: made-up calls for a service anywhere, until it is told to end.

The profile `demo` of compose.yaml runs it in a container of its own.
"""

import asyncio
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from calltally.demo.chance import chance
from calltally.demo.folder import DemoError
from calltally.demo.simulator import Line, line_to, play, ready

_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


async def post_to(address: str) -> None:
    """Play live traffic at a service such as `http://127.0.0.1:8080`, from when it is ready until cancelled.

    Raises:
        DemoError: the service takes no pushes without a signature.
    """
    await ready(address, asyncio.sleep)
    async with line_to(address) as line:
        try:
            await play(taken(line, address), chance(secrets.randbits(64)))
        except ExceptionGroup as failures:
            refusals, others = failures.split(DemoError)
            if refusals is None or others is not None:
                raise
            raise DemoError(str(refusals.exceptions[0])) from None


def taken(line: Line, address: str) -> Line:
    """Return the way to a service that ends with a sentence for its administrator where made-up pushes are refused."""

    async def post(body: bytes) -> int | None:
        status = await line.post(body)
        if status in _REFUSED:
            raise DemoError(
                f"{address} refuses made-up pushes, which carry no signature. Let it take them, if it is for a demo: "
                "[sources.sipgate], check_signature = false"
            )
        return status

    return replace(line, post=post)


async def _until_ended(address: str) -> None:
    playing = asyncio.ensure_future(post_to(address))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    await playing


def main(arguments: Sequence[str]) -> int:
    """Return the exit status: 0 when told to end, 1 when refused, 2 when called wrongly."""
    if len(arguments) != 1 or not arguments[0].startswith(("http://", "https://")):
        sys.stderr.write("usage: python -m calltally.demo.posting http://HOST:PORT\n")
        return 2
    try:
        asyncio.run(_until_ended(arguments[0].rstrip("/")))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    except DemoError as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
