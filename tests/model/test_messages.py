"""A message has the same fingerprint for ever, for it is how a journal knows that it holds the message already."""

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.model.messages import digest_of, received


@given(st.text(st.characters(codec="utf-8"), max_size=80), st.binary(max_size=300))
def test_a_fingerprint_is_63_bits_of_the_body_keyed_by_its_source(source: str, body: bytes) -> None:
    whole = blake2b(body, digest_size=8, key=source.encode()[:64]).digest()
    assert digest_of(source, body) == digest_of(source, body) == int.from_bytes(whole, "big") >> 1


@pytest.mark.parametrize(("source", "body"), [("sipgate", b"event=newCall"), ("asterisk", b"")])
def test_a_message_just_received_has_its_fingerprint(source: str, body: bytes) -> None:
    message = received(source=source, received_at_us=7, headers={}, body=body)
    assert message.identity == (7, source, digest_of(source, body))
