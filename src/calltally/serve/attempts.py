"""How often a password may be tried: who fails is locked out for longer and longer, and a crowd slows everyone down.

Nothing here grows without limit, whatever a stranger does.
"""

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address

from calltally.model.instants import MINUTE_MS, SECOND_MS

FREE_FAILURES = 5
"""Failures in a row before the first lock-out."""
_FIRST_LOCK_MS = 30 * SECOND_MS
_LONGEST_LOCK_MS = 15 * MINUTE_MS
_FORGET_MS = 30 * MINUTE_MS
_MOST_PEERS = 2_000
_CROWD = 30
_CROWD_MS = 5 * MINUTE_MS
_CROWD_PACE_MS = 2 * SECOND_MS


class Attempts:
    """Remembers who failed lately."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._welcome: OrderedDict[str, None] = OrderedDict()
        self._recent: deque[int] = deque(maxlen=_CROWD)
        self._last_try_ms = -_CROWD_PACE_MS

    def wait_ms(self, peer: str, now_ms: int) -> int:
        """Return how long this peer must wait before its next try counts; 0 if it may try now."""
        who = _who(peer)
        count, failed_at_ms = self._failures.get(who, (0, 0))
        if count >= FREE_FAILURES and now_ms - failed_at_ms < _FORGET_MS:
            lock_ms = min(_FIRST_LOCK_MS << min(count - FREE_FAILURES, 10), _LONGEST_LOCK_MS)
            if now_ms < failed_at_ms + lock_ms:
                return failed_at_ms + lock_ms - now_ms
        if who not in self._welcome and self._is_crowd(now_ms):
            return max(0, self._last_try_ms + _CROWD_PACE_MS - now_ms)
        return 0

    def failed(self, peer: str, now_ms: int) -> None:
        """Note a wrong password."""
        who = _who(peer)
        count, failed_at_ms = self._failures.pop(who, (0, now_ms))
        self._failures[who] = (count + 1 if now_ms - failed_at_ms < _FORGET_MS else 1, now_ms)
        if len(self._failures) > _MOST_PEERS:
            self._failures.popitem(last=False)
        self._recent.append(now_ms)
        self._last_try_ms = now_ms

    def succeeded(self, peer: str) -> None:
        """Note the right password: the peer starts anew and is not slowed down by the failures of others."""
        who = _who(peer)
        self._failures.pop(who, None)
        self._welcome[who] = None
        self._welcome.move_to_end(who)
        if len(self._welcome) > _MOST_PEERS:
            self._welcome.popitem(last=False)

    def _is_crowd(self, now_ms: int) -> bool:
        return len(self._recent) == _CROWD and now_ms - self._recent[0] < _CROWD_MS


def _who(peer: str) -> str:
    """Return what counts as one peer: an IPv4 address, or the network of 64 bits that one IPv6 customer has."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return address.exploded[:19]
    return str(address)
