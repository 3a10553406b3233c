"""Whether a push is really from sipgate: its signature, a secret in the address, a password, and where it came from.

Each check that the settings ask for must hold. A signed push has no time and no nonce, so an old one can be sent again;
the fold makes that harmless.
"""

import base64
import binascii
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from calltally.model.messages import BadMessageError, NotAllowedError
from calltally.sources.sipgate.keys import public_key_from
from calltally.sources.sipgate.settings import Network, SipgateSettings
from calltally.sources.source import Admit, Delivery

SIGNATURE_HEADER = "x-sipgate-signature"
FORM = "application/x-www-form-urlencoded"


def admit_with(settings: SipgateSettings) -> Admit:
    """Return the check of a delivery under these settings; the key is read once, here."""
    key = public_key_from(settings.public_key) if settings.check_signature else None
    credentials = f"{settings.user}:{settings.password}".encode() if settings.user else None

    def admit(delivery: Delivery) -> None:
        check_secret(settings.secret, delivery.secret)
        if settings.peers:
            check_peer(settings.peers, delivery.peer)
        if credentials is not None:
            check_password(credentials, delivery.headers.get("authorization", ""))
        check_content_type(delivery.headers.get("content-type", FORM))
        if key is not None:
            check_signature(key, delivery.headers.get(SIGNATURE_HEADER), delivery.body)

    return admit


def check_secret(expected: str, given: str) -> None:
    """Raise NotAllowedError unless the path holds exactly the secret; the time it takes tells nothing about it."""
    if not compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass")):
        raise NotAllowedError("The address does not end in the secret that the settings ask for.")


def check_peer(networks: tuple[Network, ...], peer: str) -> None:
    """Raise NotAllowedError unless the sender's address is in one of the networks."""
    try:
        address = ip_address(peer)
    except ValueError:
        raise NotAllowedError("The sender's address is not known, and the settings name those that may push.") from None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not any(address in network for network in networks):
        raise NotAllowedError("The sender's address is not among those that may push.")


def check_password(credentials: bytes, header: str) -> None:
    """Raise NotAllowedError unless the header holds exactly this user and password (HTTP Basic)."""
    scheme, _, encoded = header.partition(" ")
    given = _decoded(encoded.strip()) if scheme.lower() == "basic" else None
    if given is None or not compare_digest(credentials, given):
        raise NotAllowedError("The user or the password of the push is not the one of the settings.")


def check_content_type(header: str) -> None:
    """Raise BadMessageError unless the body is said to be a form."""
    if header.partition(";")[0].strip().lower() != FORM:
        raise BadMessageError(f"A push of sipgate is {FORM}; this one says {header[:80]!r}.")


def check_signature(key: RSAPublicKey, header: str | None, body: bytes) -> None:
    """Raise NotAllowedError unless the header holds the key's PKCS#1 v1.5 SHA-256 signature of the body as received."""
    if header is None:
        raise NotAllowedError("The push has no signature.")
    signature = _decoded(header)
    if signature is None:
        raise NotAllowedError("The signature of the push is not base64.")
    try:
        key.verify(signature, body, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise NotAllowedError("The signature of the push does not fit its body.") from None


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
