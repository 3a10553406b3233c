"""Who is at the other end of a connection, also behind proxies that are trusted."""

from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def peer_of(client: str, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """Return the sender's address.

    The connection's own, or behind trusted proxies the right-most hop of `X-Forwarded-For` that is not one of them:
    what stands left of it was written by a stranger.
    """
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    peer = client
    while hops and _is_in(peer, trusted):
        peer = hops.pop()
    return peer


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
