"""The people of gopang: Messenger, Tablet, Trader, Owner and Requester, who behave, and Heckler, who does not."""

import math
from abc import abstractmethod
from collections.abc import Iterable
from random import Random
from typing import ClassVar, Final

from protocols.contract import Event
from protocols.gopang import (
    ConsentRequest,
    ConsentRespond,
    ConsentStatus,
    ConversationJoin,
    DrawerContent,
    DrawerType,
    MessageNew,
    MessageRead,
    MessageSend,
    MessagesSync,
    OpenhashVerifyRequest,
    Ping,
    SyncRequest,
    TransactionCancel,
    TransactionCreate,
    TransactionStatus,
    VaultAccess,
)
from simulators.actor import Act, Actor, Cut, Emit, Leave, Post
from simulators.actors.gopang_pranks import PRANKS
from simulators.actors.gopang_standing import MATTERS, GopangStanding, vault_of
from simulators.actors.gopang_words import LINES, OPEN_VAULT_LINE, PURCHASES, PURPOSES
from simulators.people import Identity

FULL_SYNC: Final = 100
"""Messages in an answer to `sync:request` that may not be the last one."""
CONSENT_S: Final = 60.0
"""For how long a requester asks to see something."""


class GopangActor(Actor):
    """Somebody with a device and a conversation to be in."""

    cares: ClassVar[frozenset[type[Event]]] = MATTERS
    provokes: ClassVar[bool] = False
    """Whether it says things that break the contract."""

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        """Take the conversation to be in. A token is needed in any mode, so it makes no difference which one it is."""
        self.place = GopangStanding(scope, provokes=self.provokes)
        super().__init__(name, scope, random, self.place)
        self.session: Identity

    def connected(self, identity: Identity, now_s: float) -> None:
        """Come into the conversation, catch up with it, and begin to live, with a session on a new connection."""
        self.session = self.identity = identity
        self._agenda.clear()
        self.plan(now_s, lambda _: [self.say(ConversationJoin(value=self.scope)), *self.catch_up()])
        self.live(now_s)

    @abstractmethod
    def live(self, now_s: float) -> None:
        """Plan what is done from now on."""

    def say(self, event: Event) -> Emit:
        """Return the act of saying something, with all that is known about it at hand."""
        self.place.about(event)
        return Emit(event)

    def talk(self, line: str) -> Iterable[Act]:
        """Say something in the conversation, if the target has let one in."""
        if self.place.confirmed:
            yield self.say(MessageSend(conversationId=self.scope, content=line))

    def catch_up(self) -> Iterable[Act]:
        """Ask for what was missed since the last message that one knows of."""
        last = self.place.last_message
        yield self.say(SyncRequest() if last is None else SyncRequest(lastMessageId=last))

    def hear(self, event: Event, now_s: float) -> None:
        """Ask for the rest where a list of missed messages was full."""
        if isinstance(event, MessagesSync) and event.count == FULL_SYNC:
            self.plan(now_s, lambda _: self.catch_up())

    def disconnected(self, now_s: float) -> None:
        """Come back soon."""
        self.come(now_s + self.random.uniform(1.0, 3.0))


class Messenger(GopangActor):
    """Talks, reads what others say, and loses the network now and then, with or without a word."""

    kind: ClassVar[str] = "messenger"

    def live(self, now_s: float) -> None:
        """Talk, read, look whether the server is there, and be away after a log-normal while."""
        self.now_and_then(now_s, 6.0, lambda _: self.talk(self.random.choice(LINES)))
        self.now_and_then(now_s, 30.0, lambda _: [self.say(Ping())])
        self.now_and_then(now_s, 40.0, lambda _: self.catch_up())
        self.plan(now_s + self.random.lognormvariate(math.log(45.0), 0.8), self._go)

    def hear(self, event: Event, now_s: float) -> None:
        """Read about half of what others say, a moment later."""
        super().hear(event, now_s)
        if isinstance(event, MessageNew) and event.senderId != self.session.id and self.random.random() < 0.5:
            self.plan(now_s + self.random.uniform(0.3, 3.0), lambda _: self._read(event.messageId))

    def _read(self, message_id: str) -> Iterable[Act]:
        if self.place.confirmed and message_id in self.place.messages:
            yield self.say(MessageRead(value=message_id))

    def _go(self, due_s: float) -> Iterable[Act]:
        yield self.random.choice((Leave(), Cut()))


class Tablet(Messenger):
    """Another device of a messenger: whatever is for the one is for the other."""

    kind: ClassVar[str] = "tablet"
    shares: ClassVar[str] = Messenger.kind


class Trader(GopangActor):
    """Pays those who speak, takes a payment back now and then, and has what was recorded verified."""

    kind: ClassVar[str] = "trader"

    def live(self, now_s: float) -> None:
        """Say hello so that others can pay, pay, and check the books."""
        self.now_and_then(now_s, 15.0, lambda _: self.talk(self.random.choice(LINES)))
        self.now_and_then(now_s, 4.0, self._pay)
        self.now_and_then(now_s, 9.0, self._verify)

    def hear(self, event: Event, now_s: float) -> None:
        """Regret one payment in eight, before it is made."""
        super().hear(event, now_s)
        if isinstance(event, TransactionStatus) and event.status == "pending" and self.random.random() < 0.125:
            self.plan(now_s + self.random.uniform(0.0, 0.3), lambda _: self._cancel(event.transactionId))

    def _pay(self, due_s: float) -> Iterable[Act]:
        if not self.place.people:
            return
        receiver = self.random.choice(list(self.place.people))
        amount, description, category = self.random.choice(PURCHASES)
        match self.random.random():
            case chance if chance < 0.04:
                amount *= 1_000_000  # more than anybody has
            case chance if chance < 0.08:
                receiver = self.session.id
            case _:
                pass
        yield self.say(
            TransactionCreate(receiverId=receiver, amount=amount, description=description, category=category)
        )

    def _cancel(self, transaction_id: str) -> Iterable[Act]:
        if self.place.transactions.get(transaction_id) == "pending":
            yield self.say(TransactionCancel(value=transaction_id))

    def _verify(self, due_s: float) -> Iterable[Act]:
        if self.place.hashes:
            yield self.say(OpenhashVerifyRequest(value=self.random.choice(list(self.place.hashes))))


class Owner(GopangActor):
    """Has a vault, looks after it, and answers who asks to see what is in it."""

    kind: ClassVar[str] = "owner"
    is_known: ClassVar[bool] = True  # only those have vaults

    def live(self, now_s: float) -> None:
        """Say that one may be asked, list the vault, and read and write in it."""
        self.plan(now_s, lambda _: [self.say(VaultAccess(vaultId=self.place.vault, action="list"))])
        self.now_and_then(now_s, 8.0, lambda _: self.talk(OPEN_VAULT_LINE))
        self.now_and_then(now_s, 10.0, self._look)
        self.now_and_then(now_s, 15.0, self._write)

    def hear(self, event: Event, now_s: float) -> None:
        """Think about a request for a moment, and grant most."""
        super().hear(event, now_s)
        if isinstance(event, ConsentRequest):
            self.plan(now_s + self.random.uniform(0.5, 3.0), lambda _: self._answer(event.consentId))

    def _answer(self, consent_id: str) -> Iterable[Act]:
        if consent_id in self.place.requests:
            yield self.say(ConsentRespond(consentId=consent_id, approved=self.random.random() < 0.75))

    def _look(self, due_s: float) -> Iterable[Act]:
        if self.place.drawers:
            drawer = self.random.choice(list(self.place.drawers))
            yield self.say(VaultAccess(vaultId=self.place.vault, drawerId=drawer, action="read"))

    def _write(self, due_s: float) -> Iterable[Act]:
        if self.place.drawers:
            drawer = self.random.choice(list(self.place.drawers))
            content = DrawerContent.model_validate(
                {"메모": self.random.choice(LINES), "쪽": self.random.randrange(100)}
            )
            yield self.say(VaultAccess(vaultId=self.place.vault, drawerId=drawer, action="write", content=content))


class Requester(GopangActor):
    """Asks owners to let it see what is in their vaults, one at a time, and reads there while it may."""

    kind: ClassVar[str] = "requester"

    def __init__(self, name: str, scope: str, random: Random, *, production: bool = True) -> None:
        super().__init__(name, scope, random, production=production)
        self._owners: dict[str, None] = {}  # ids of those who said that they may be asked
        self._epoch_s = 0.0  # what has to be added to a moment of the run for the target's time, once it has owners
        self._asked: tuple[str, DrawerType] | None = None  # whom for what
        self._consent = ""  # id of the consent that came of it
        self._asks = 0  # how often it has asked; tells a later ask from the one that is to be forgotten

    def live(self, now_s: float) -> None:
        """Ask somebody about every ten seconds, and forget what was asked on an earlier connection."""
        self._asked, self._consent = None, ""
        self.now_and_then(now_s, 10.0, self._ask)

    def hear(self, event: Event, now_s: float) -> None:
        """Learn whom to ask, and what time it is there, and read what one may."""
        super().hear(event, now_s)
        match event:
            case MessageNew(content=line) if line == OPEN_VAULT_LINE and event.senderId != self.session.id:
                self._epoch_s = event.timestamp / 1000 - now_s
                self._owners[event.senderId] = None
            case ConsentStatus(status="pending") if self._asked is not None and not self._consent:
                self._consent = event.consentId
            case ConsentStatus() if event.consentId == self._consent:
                if event.status == "approved":
                    for _ in range(2):
                        self.plan(now_s + self.random.uniform(0.2, 4.0), self._read)
                    self._forget_later(now_s + 5.0)
                else:
                    self._asked, self._consent = None, ""
            case _:
                pass

    def _ask(self, due_s: float) -> Iterable[Act]:
        if self._asked is not None or not self._owners:
            return
        owner, data_type = self.random.choice(list(self._owners)), self.random.choice(list(PURPOSES))
        self._asked = owner, data_type
        self._asks += 1
        self._forget_later(due_s + CONSENT_S)  # the owner may be gone; what was asked comes to nothing by then
        yield Post(
            "/consents",
            {
                "ownerId": owner,
                "dataType": data_type,
                "purpose": PURPOSES[data_type],
                "expiresAt": int((due_s + self._epoch_s + CONSENT_S) * 1000),
            },
        )

    def _read(self, due_s: float) -> Iterable[Act]:
        if self._asked is not None:
            owner, data_type = self._asked
            yield self.say(VaultAccess(vaultId=vault_of(owner), drawerId=data_type.lower(), action="read"))

    def _forget_later(self, at_s: float) -> None:
        """Plan to be done with what was asked last, unless something else has been asked by then."""

        def forget(due_s: float, ask: int = self._asks) -> Iterable[Act]:
            if ask == self._asks:
                self._asked, self._consent = None, ""
            return ()

        self.plan(at_s, forget)


class Heckler(GopangActor):
    """Breaks every rule of conversation, but none of the transport's: a correct target keeps it connected."""

    kind: ClassVar[str] = "heckler"
    provokes: ClassVar[bool] = True

    def live(self, now_s: float) -> None:
        """Play a prank about three times a second."""
        self.now_and_then(now_s, 0.35, self._prank)

    def _prank(self, due_s: float) -> Iterable[Act]:
        for act in self.random.choice(PRANKS)(self):
            if isinstance(act, Emit):
                self.place.about(act.event)
            yield act


ACTORS: Final[dict[str, type[GopangActor]]] = {
    actor.kind: actor for actor in (Messenger, Tablet, Trader, Owner, Requester, Heckler)
}
"""Who may stand in a cast."""
