"""The sender's address cannot be made up by writing a header."""

from ipaddress import ip_network

import pytest

from calltally.engine.peers import peer_of

PROXIES = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("client", "forwarded_for", "peer"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # no proxy of ours wrote this
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("127.0.0.1", "10.1.2.3, 10.1.2.4", "10.1.2.3"),
        ("127.0.0.1", "unknown", "unknown"),
        ("", "203.0.113.7", ""),
    ],
)
def test_the_right_most_hop_that_is_no_trusted_proxy_is_the_sender(client: str, forwarded_for: str, peer: str) -> None:
    assert peer_of(client, forwarded_for, PROXIES) == peer


def test_without_trusted_proxies_the_header_says_nothing() -> None:
    assert peer_of("127.0.0.1", "203.0.113.7", ()) == "127.0.0.1"
