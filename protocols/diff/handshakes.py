"""What a changed handshake means: which token clients have to bring, where, and what they read where it is wrong."""

from collections.abc import Iterator

from protocols.diff.change import Change, breaking, compatible, review
from protocols.diff.payloads import shapes
from protocols.document import Place


def handshakes(old: Place | None, new: Place | None, address: str) -> Iterator[Change]:
    """Compare `x-handshake`; None where anybody may connect."""
    if old is None or new is None:
        if new is not None:
            yield breaking(address, "asks for a token now")
        elif old is not None:
            yield review(address, "asks for no token any more")
        return
    yield from shapes(old["claims"], new["claims"], address, "the set of claims", client_writes=True)
    before, after = (_is_true(place.get("header")) for place in (old, new))
    if before and not after:
        yield breaking(address, "no longer takes a token from the header")
    elif after and not before:
        yield compatible(address, "takes a token from the header too")
    for key in ("missing", "expired", "invalid"):
        if old[key].node != new[key].node:
            yield review(address, f"a token that is {key} is refused with another message")


def _is_true(place: Place | None) -> bool:
    return place is not None and place.node is True
