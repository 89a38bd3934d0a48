"""Which addresses may try to connect, and how often."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Collection

WINDOW_S = 60.0

# Beyond so many addresses the one that was heard of longest ago is forgotten: a flood from many costs bounded memory.
MAX_ADDRESSES = 10_000


RATE_LIMIT = "Rate limit exceeded"
BLOCKED = "IP blocked"


class Admission:
    """Counts the attempts of the last minute by address. A refused attempt is one too."""

    def __init__(
        self, per_minute: int, exempt: Collection[str], now_s: Callable[[], float], blocked: Collection[str] = ()
    ) -> None:
        """Take the limit, the addresses that have none, a clock in seconds, and the networks that are not let in."""
        self._limit = per_minute
        self._exempt = frozenset(exempt)
        self._blocked = [ipaddress.ip_network(network) for network in blocked]
        self._now_s = now_s
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()  # address -> times of its last attempts

    def refusal(self, address: str) -> str:
        """Record an attempt, and say why it is refused; the empty string lets it pass."""
        address = _plain(address)
        if self._is_blocked(address):
            return BLOCKED
        return "" if address in self._exempt or self._is_within_limit(address) else RATE_LIMIT

    def _is_blocked(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._blocked)

    def _is_within_limit(self, address: str) -> bool:
        key = _network(address)
        times = self._attempts.setdefault(key, deque(maxlen=self._limit))
        self._attempts.move_to_end(key)
        if len(self._attempts) > MAX_ADDRESSES:
            self._attempts.popitem(last=False)
        now = self._now_s()
        full = len(times) == self._limit and now - times[0] < WINDOW_S
        times.append(now)
        return not full


def _plain(address: str) -> str:
    """Write an IPv4 address that came in over an IPv6 socket (`::ffff:192.0.2.1`) as what it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _network(address: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them: those count as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64)))
