"""Handshakes: who gets a session, what it is told, and who gets none."""

import json
from functools import partial
from typing import Final

from conformance.wire.bench import Bench
from conformance.wire.case import WireCase, Wires
from conformance.wire.clients import DIRECT

WIRES: Final = Wires("handshake")

_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "sid": (str,),
    "upgrades": (list,),
    "pingInterval": (int, float),
    "pingTimeout": (int, float),
    "maxPayload": (int, float),
}


def read_sid(packet: str) -> str:
    """Return the session ID in an open packet."""
    return str(json.loads(packet[1:])["sid"])


def _check_open(bench: Bench, packet: str) -> dict[str, object]:
    """Break a promise unless this is a whole open packet; return what it says."""
    try:
        said = json.loads(packet[1:]) if packet[:1] == "0" else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        bench.broken("a `0` and an object of JSON", packet)
    wrong = [key for key, kinds in _KEYS.items() if type(said.get(key)) not in kinds]
    bench.require(not wrong, f"an open packet that says {', '.join(_KEYS)}", f"{', '.join(wrong)} wrong in {said}")
    bench.require(said["pingInterval"] > 0 < said["pingTimeout"], "times in milliseconds, above 0", said)
    bench.require(bool(said["sid"]), "a session ID", said)
    bench.require(all(isinstance(one, str) for one in said["upgrades"]), "names of transports as `upgrades`", said)
    return said


@WIRES.shows("handshake/1")
async def polling_opens(bench: Bench) -> None:
    """A GET gets a session."""
    bench.needs("polling")
    session = bench.stranger()
    answer = await session.http("GET", session.query())
    if answer is None or answer.status != 200:
        bench.broken("HTTP 200 and an open packet", answer)
    _check_open(bench, answer.body.decode("utf-8", "replace").split("\x1e")[0])


async def _first_message(bench: Bench) -> str:
    bench.needs("websocket")
    answer, socket = await bench.ask(DIRECT)
    if socket is None or not await socket.until(lambda: bool(socket.inbox), bench.within_s):
        bench.broken("a WebSocket, and an open packet on it", answer if socket is None else socket.closed or "nothing")
    return str(socket.inbox[0])


@WIRES.shows("handshake/1")
async def websocket_opens(bench: Bench) -> None:
    """A WebSocket gets a session."""
    _check_open(bench, await _first_message(bench))


@WIRES.shows("handshake/6")
async def websocket_has_no_upgrades(bench: Bench) -> None:
    """There is nothing better to go over to."""
    said = _check_open(bench, await _first_message(bench))
    bench.require(said["upgrades"] == [], "an empty list of upgrades", said["upgrades"])


@WIRES.shows("handshake/7")
async def sessions_have_ids_of_their_own(bench: Bench) -> None:
    """Ten sessions have ten ids."""
    sids = [str(_check_open(bench, await _first_message(bench))["sid"]) for _ in range(10)]
    bench.require(len(set(sids)) == len(sids), "ten ids", sids)


_QUERIES: Final = {
    "without-version": "transport={}",
    "with-unknown-version": "EIO=abc&transport={}",
    "without-transport": "EIO=4",
    "with-unknown-transport": "EIO=4&transport=abc",
    "with-a-transport-named-like-a-property": "EIO=4&transport=constructor",
}


async def _refuses_polling(query: str, bench: Bench) -> None:
    bench.needs("polling")
    answer = await bench.stranger().http("GET", query.format("polling"))
    bench.require(answer is not None and answer.status == 400, "HTTP 400", answer)


async def _refuses_websocket(query: str, bench: Bench) -> None:
    bench.needs("websocket")
    _, socket = await bench.ask(query.format("websocket"))
    if socket is not None:  # it may be refused after 101, too
        await bench.closes(socket, "the server refuses the WebSocket, or closes it")


def _refusals() -> list[WireCase]:
    return [
        WireCase(
            address=f"wire/handshake/{transport}-{name}",
            subject="handshake",
            kind="scene",
            cites=(f"wire/handshake/{number}",),
            scene=partial(scene, query),
        )
        for transport, number, scene in (("polling", 2, _refuses_polling), ("websocket", 3, _refuses_websocket))
        for name, query in _QUERIES.items()
    ]


_METHODS: Final = ("POST", "PUT", "DELETE", "PATCH")


@WIRES.shows("handshake/4")
async def other_methods_open_nothing(bench: Bench) -> None:
    """Whoever does not GET gets no session."""
    bench.needs("polling")
    for method in _METHODS:
        session = bench.stranger()
        answer = await session.http(method, session.query())
        refused = answer is not None and (answer.status == 0 or 400 <= answer.status < 500)
        bench.require(refused, f"{method} is refused", answer)


@WIRES.shows("handshake/5")
async def other_methods_get_400(bench: Bench) -> None:
    """They are told so by 400."""
    bench.needs("polling")
    for method in ("POST", "PUT"):
        session = bench.stranger()
        answer = await session.http(method, session.query())
        bench.require(answer is not None and answer.status == 400, f"HTTP 400 for {method}", answer)


CASES: Final = (*WIRES.cases, *_refusals())
