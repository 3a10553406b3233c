"""What a phone system said, exactly as it was received."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from calltally.model.quick import quick

KIND_HEADER = "x-calltally-kind"
"""Header that names what a message is when the source's own push is not meant (`history`, `running`, `expired`)."""


class BadMessageError(ValueError):
    """A message which the source's protocol does not allow; the text says what is wrong with it."""


class NotAllowedError(Exception):
    """A message that is not from whom it claims to be; nothing of it is kept."""


def digest_of(source: str, body: bytes) -> int:
    """Return the 63 bit fingerprint of a body from one source; with the time of receipt it identifies a message."""
    digest = _keyed(source).copy()
    digest.update(body)
    return int.from_bytes(digest.digest(), "big") >> 1


@lru_cache(maxsize=64)
def _keyed(source: str) -> blake2b:
    """Return what fingerprints of a source begin with, to be copied: taking the key in is half of the work."""
    return blake2b(digest_size=8, key=source.encode()[:64])


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """One message as received.

    Attributes:
        source: name of the source in the settings, `sipgate` or `opensips:edge-2`.
        received_at_us: time of receipt, microseconds since 1970 UTC. A line of a log is "received" at its own time;
            lines of one second get increasing microseconds in the order of the file.
        headers: the headers worth keeping, names in lower case.
        body: the bytes as received.
        digest: fingerprint of source and body.
    """

    source: str
    received_at_us: int
    headers: Mapping[str, str]
    body: bytes
    digest: int = field(default=-1)

    def __post_init__(self) -> None:
        """Fill in the fingerprint where the caller did not know it."""
        if self.digest < 0:
            object.__setattr__(self, "digest", digest_of(self.source, self.body))

    @property
    def identity(self) -> tuple[int, str, int]:
        """What makes this message the same message when it is imported again."""
        return (self.received_at_us, self.source, self.digest)

    @property
    def kind(self) -> str:
        """What the message is: empty for the source's own push, else the word in the kind header."""
        return self.headers.get(KIND_HEADER, "")


_received = quick(RawMessage, is_whole=True)


def received(*, source: str, received_at_us: int, headers: Mapping[str, str], body: bytes) -> RawMessage:
    """Return a message just received; the same as `RawMessage` of these, and faster."""
    digest = digest_of(source, body)
    return _received(source=source, received_at_us=received_at_us, headers=headers, body=body, digest=digest)
