"""What hecklers of gopang do: each prank breaks one promise of the contract, or sails close to it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from protocols.gopang import (
    ConsentRespond,
    ConversationJoin,
    ConversationLeave,
    DrawerContent,
    MessageRead,
    MessageSend,
    OpenhashVerifyRequest,
    TransactionCancel,
    TransactionCreate,
    VaultAccess,
)
from simulators.actor import Act, Emit, EmitRaw
from simulators.actors.gopang_standing import LARGEST, NOBODY, vault_of

if TYPE_CHECKING:
    from simulators.actors.gopang import Heckler

Prank: TypeAlias = Callable[["Heckler"], Iterable[Act]]

_SEND: Final = {"conversationId": "c", "content": "hi"}


def _invalid(heckler: "Heckler") -> Iterable[Act]:
    name, arguments, prank = heckler.random.choice(INVALID)
    yield EmitRaw(name, arguments, prank)


INVALID: Final[tuple[tuple[str, tuple[object, ...], str], ...]] = (
    ("message:send", ({**_SEND, "content": ""},), "nothing to say"),
    ("message:send", ({**_SEND, "content": "가" * 4001},), "too much to say"),
    ("message:send", ({**_SEND, "content": "x" * 200_000},), "200 kB of talk"),
    ("message:send", ({**_SEND, "senderId": "user-mina"},), "somebody else's name on a message"),
    ("message:send", ({**_SEND, "messageType": "admin"},), "a kind of message that does not exist"),
    ("message:send", ({"content": "hi"},), "a message to no conversation"),
    ("message:send", ("hi",), "a text for a message"),
    ("message:send", (_SEND, _SEND), "two messages in one"),
    ("message:send", (), "a message without a payload"),
    ("message:read", ({"messageId": "m"},), "an object for an id"),
    ("message:read", (7,), "a number for an id"),
    ("conversation:join", ("",), "a conversation without a name"),
    ("conversation:join", ("c" * 65,), "a conversation with a name too long"),
    ("conversation:join", ({"$ne": None},), "a query for a conversation"),
    ("conversation:leave", (None,), "null for a conversation"),
    ("sync:request", ({"lastMessageId": 0},), "a sync from a number on"),
    ("sync:request", ({"limit": 10_000},), "a sync with a field too many"),
    ("consent:respond", ({"consentId": "c", "approved": "yes"},), "an approval that is text"),
    ("transaction:create", ({"receiverId": "r", "amount": "all of it"},), "an amount that is text"),
    ("transaction:create", ({"receiverId": "r", "amount": True},), "an amount that is a boolean"),
    ("transaction:create", ({"receiverId": "r", "amount": 1, "senderId": "user-mina"},), "a payment by somebody else"),
    ("transaction:cancel", (["t"],), "an array for a transaction"),
    ("openhash:verify", (b"\x00\x01",), "bytes for a hash"),
    ("openhash:verify", ("f" * 129,), "a hash that is too long"),
    ("vault:access", ({"vaultId": "v", "action": "open"},), "an action that does not exist"),
    ("vault:access", ({"vaultId": "v", "action": "write", "content": [1]},), "an array for a drawer"),
    ("ping", ({},), "a ping with a payload"),
    ("message:new", (_SEND,), "an event of the server's"),
    ("Message:Send", (_SEND,), "an event in the wrong case"),
    ("vault:rob", (), "an event that does not exist"),
    ("", (), "an event without a name"),
)  # fmt: skip


def _speak_outside(heckler: "Heckler") -> Iterable[Act]:
    """Speak in a conversation that one is no member of, also in one that one has left."""
    room = f"{NOBODY}-{heckler.name}"
    if heckler.random.random() < 0.5:
        yield Emit(ConversationJoin(value=room))
        yield Emit(ConversationLeave(value=room))
    yield Emit(MessageSend(conversationId=room, content="is anybody here?"))


def _join_again(heckler: "Heckler") -> Iterable[Act]:
    yield Emit(ConversationJoin(value=heckler.scope))


def _read_oddly(heckler: "Heckler") -> Iterable[Act]:
    """Read what does not exist, what one wrote oneself, or the same thing twice."""
    known = list(heckler.place.messages)
    message_id = heckler.random.choice(known[-3:] or [NOBODY]) if heckler.random.random() < 0.5 else NOBODY
    yield from (Emit(MessageRead(value=message_id)) for _ in range(2))


def _pay_badly(heckler: "Heckler") -> Iterable[Act]:
    """Pay nobody, oneself, nothing, less than nothing, half of one, or more than there is."""
    receiver = heckler.random.choice((NOBODY, heckler.session.id, *heckler.place.people))
    amount = heckler.random.choice((0, -5_000, 0.5, 1e300, 1_000_000_000))
    yield Emit(TransactionCreate(receiverId=receiver, amount=amount))


def _cancel_nothing(heckler: "Heckler") -> Iterable[Act]:
    yield Emit(TransactionCancel(value=NOBODY))


def _answer_unasked(heckler: "Heckler") -> Iterable[Act]:
    """Approve what nobody asked, or twice what somebody did."""
    asked = next(iter(heckler.place.requests), NOBODY)
    yield from (Emit(ConsentRespond(consentId=asked, approved=True)) for _ in range(2))


def _guess_a_hash(heckler: "Heckler") -> Iterable[Act]:
    yield Emit(OpenhashVerifyRequest(value=heckler.random.choice(("0" * 64, "nothing", " ", "ㅎ" * 64))))


def _break_open(heckler: "Heckler") -> Iterable[Act]:
    """Read, write and list the vault of somebody else, without being let in."""
    victim = vault_of(next(iter(heckler.place.people), NOBODY))
    content = DrawerContent.model_validate({"메모": "heckler was here"})
    yield heckler.random.choice(
        (
            Emit(VaultAccess(vaultId=victim, action="list")),
            Emit(VaultAccess(vaultId=victim, drawerId="finance", action="read")),
            Emit(VaultAccess(vaultId=victim, drawerId="finance", action="write", content=content)),
        )
    )


def _overfill(heckler: "Heckler") -> Iterable[Act]:
    """Write nothing, too much, or where there is no drawer, into one's own vault."""
    vault, drawer = heckler.place.vault, next(iter(heckler.place.drawers), NOBODY)
    much = DrawerContent.model_validate({"메모": "가" * (LARGEST // 3)})
    yield heckler.random.choice(
        (
            Emit(VaultAccess(vaultId=vault, action="list")),
            Emit(VaultAccess(vaultId=vault, drawerId=drawer, action="write")),
            Emit(VaultAccess(vaultId=vault, drawerId=drawer, action="write", content=much)),
            Emit(VaultAccess(vaultId=vault, drawerId=NOBODY, action="read")),
            Emit(VaultAccess(vaultId=vault, action="read")),
        )
    )


PRANKS: Final[tuple[Prank, ...]] = (
    *(_invalid,) * 8,
    *(_speak_outside,) * 2,
    *(_pay_badly,) * 2,
    *(_break_open,) * 2,
    *(_overfill,) * 2,
    _join_again,
    _read_oddly,
    _cancel_nothing,
    _answer_unasked,
    _guess_a_hash,
)
"""All pranks, the more frequent ones more often."""
