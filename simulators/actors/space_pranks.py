"""What hecklers do: each prank breaks one promise of the contract, or sails close to it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from protocols.space import (
    ChatMessageRequest,
    JoinParty,
    LeaveParty,
    PartyAccept,
    PartyInvite,
    PartyLeave,
    PartyMessageRequest,
    PlayerJump,
    PlayerMove,
    ProximitySet,
    WhisperSend,
)
from simulators.actor import Act, Emit, EmitRaw

if TYPE_CHECKING:
    from simulators.actors.space import Heckler

Prank: TypeAlias = Callable[["Heckler"], Iterable[Act]]

_STRAY: Final = "nobody-of-this-name"
_MOVE: Final = {"x": 1, "y": 2, "direction": "up", "isMoving": True}


def _invalid(heckler: "Heckler") -> Iterable[Act]:
    name, arguments, prank = heckler.random.choice(INVALID)
    yield EmitRaw(name, arguments, prank)


INVALID: Final[tuple[tuple[str, tuple[object, ...], str], ...]] = (
    ("player:move", ({**_MOVE, "x": "east"},), "a position that is text"),
    ("player:move", ({**_MOVE, "x": True},), "a position that is a boolean"),
    ("player:move", ({**_MOVE, "direction": "Up"},), "a direction that does not exist"),
    ("player:move", ({"x": 1, "y": 2},), "half a move"),
    ("player:move", (None,), "null for a move"),
    ("player:move", (), "a move without a payload"),
    ("player:move", ([1, 2, "up", True],), "an array for a move"),
    ("player:move", (_MOVE, _MOVE), "two moves in one"),
    ("player:move", ({**_MOVE, "speed": 9000},), "a move with a field too many"),
    ("player:jump", ({"x": b"\x00\x01", "y": 2},), "bytes for a position"),
    ("chat:message", ({"content": ""},), "empty talk"),
    ("chat:message", ({"content": " \t\n "},), "blank talk"),
    ("chat:message", ({"content": "와" * 1001},), "talk that is too long"),
    ("chat:message", ({"content": "x" * 200_000},), "200 kB of talk"),
    ("chat:message", ({"content": {"$ne": None}},), "a query for talk"),
    ("chat:message", ({"content": "hi", "type": "system"},), "talk in the space's own name"),
    ("whisper:send", ({"content": "to nobody"},), "a whisper without a target"),
    ("party:create", ({"name": "   "},), "a blank party"),
    ("party:create", ({"name": "p" * 31},), "a party with a name too long"),
    ("proximity:set", ({"enabled": "yes"},), "a switch that is text"),
    ("joinParty", ({"partyId": "", "partyName": "x"},), "a zone without a name"),
    ("leave:space", ({},), "leaving with a payload"),
    ("player:teleport", ({"x": 0, "y": 0},), "an event that does not exist"),
    ("Player:Move", (_MOVE,), "an event in the wrong case"),
    ("room:joined", ({"spaceId": "x", "players": [], "yourPlayerId": "x"},), "an event of the server's"),
    ("", (), "an event without a name"),
    ("chat:message", ([[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]],), "brackets"),
)  # fmt: skip


def _forge(heckler: "Heckler") -> Iterable[Act]:
    """Move and jump under somebody else's id; the target must put the right one in its place."""
    victim = next(iter(heckler.seen), _STRAY)
    x, y = round(heckler.random.uniform(0, 40), 3), round(heckler.random.uniform(0, 30), 3)
    if heckler.random.random() < 0.5:
        yield Emit(PlayerMove(id=victim, x=x, y=y, direction="left", isMoving=False))
    else:
        yield Emit(PlayerJump(id=victim, x=x, y=y))


def _intrude(heckler: "Heckler") -> Iterable[Act]:
    """Speak, leave and invite in a party that one is not in; accept what nobody offered."""
    target = next(iter(heckler.seen), _STRAY)
    yield Emit(
        heckler.random.choice(
            (
                PartyMessageRequest(partyId="not-my-party", content="let me in"),
                PartyLeave(partyId="not-my-party"),
                PartyInvite(partyId="not-my-party", targetId=target),
                PartyAccept(partyId="not-my-party"),
                ChatMessageRequest(content="is this a zone?", type="party"),
                LeaveParty(),
            )
        )
    )


def _whisper_nowhere(heckler: "Heckler") -> Iterable[Act]:
    target = heckler.random.choice((_STRAY, heckler.session.id))
    yield Emit(WhisperSend(targetId=target, content="psst"))


def _play_staff(heckler: "Heckler") -> Iterable[Act]:
    yield Emit(ProximitySet(enabled=True))


def _join_again(heckler: "Heckler") -> Iterable[Act]:
    yield heckler.join()


def _join_as_another(heckler: "Heckler") -> Iterable[Act]:
    """Join under somebody else's id and name; the session alone says who one is."""
    victim = next(iter(heckler.seen), _STRAY)
    yield heckler.join(playerId=victim, nickname="Admin")


def _hop(heckler: "Heckler") -> Iterable[Act]:
    """Run through zones; the last one counts."""
    for n in range(3):
        yield Emit(JoinParty(partyId=f"zone-prank-{n}", partyName="Prank"))
    yield Emit(LeaveParty())


def _break_in(heckler: "Heckler") -> Iterable[Act]:
    """Join with a session that nobody gave; a target in production says no, and hangs up."""
    if heckler.random.random() < 0.15 and heckler.place.verifies:
        yield heckler.join(sessionToken="auth-let-me-in")


PRANKS: Final[tuple[Prank, ...]] = (
    *(_invalid,) * 8,
    *(_forge,) * 3,
    *(_intrude,) * 3,
    _whisper_nowhere,
    _play_staff,
    _join_again,
    _join_as_another,
    _hop,
    _break_in,
)
"""All pranks, the more frequent ones more often."""
