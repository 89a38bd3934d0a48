"""A server on the codecs of asyncapi-python is judged, and what is weak in them comes out, each at its requirement."""

import sys
import urllib.request

from conformance.verdict import Outcome, Verdict
from simulators.target import Target

from .served import judged, served

SAID = "gopang/message:send/valid/plain"
EXTRA_KEY = "gopang/message:send/invalid/additionalProperties/unexpected"
WITHIN_S = 60.0
JOINED_WITH_NONSENSE = "gopang/conversation:join/invalid/type/null"


def broken(url: str, address: str) -> dict[str, Verdict]:
    """Return what is found to be wrong, by requirement."""
    verdicts = judged(Target.at(url, protocol="gopang"), [address])
    return {one.requirement: one for one in verdicts if one.outcome is Outcome.FAIL}


def test_each_weakness_comes_out_at_its_requirement() -> None:
    """They stand in the way of one another, so one is mended, and the last is tried that leaves nothing to be tried."""
    with served(sys.executable, "-W", "ignore", "-m", "tests.interop.asyncapi_python_server") as url:
        # The fields of its acks are renamed, and nothing else is wrong with what is right.
        renamed = broken(url, SAID)
        assert renamed.keys() == {"gopang/all/3"}
        assert "'message_id' was unexpected" in renamed["gopang/all/3"].came
        urllib.request.urlopen(f"{url}/mend", data=b"", timeout=WITHIN_S).close()
        assert broken(url, SAID) == {}

        # Keys that the contract does not have are taken.
        taken = broken(url, EXTRA_KEY)
        assert taken.keys() == {"gopang/all/1"}
        assert taken["gopang/all/1"].came == "an ack with success=True"

        # One malformed payload stops all others: nobody gets into a conversation any more.
        assert "gopang/all/1" in broken(url, JOINED_WITH_NONSENSE)
        assert "gopang/send/1" in broken(url, SAID)
