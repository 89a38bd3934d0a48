"""What a user of `gopang` may rely on: who is in which conversation, what was said there, and who consented to what.

The contract says who hears what; here stands only what it cannot say by itself. Transactions and their records have a
ledger of their own. What belongs to a user is there whether the user is connected or not.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Final, cast

import hypothesis.strategies as st
import jwt
from hypothesis.strategies import SearchStrategy
from pydantic import MISSING

from conformance.expectation import Expectation, Heard, Outlook
from conformance.model import Model
from conformance.models.gopang_ledger import Deal, Ledger, LedgerEvent
from conformance.models.gopang_talk import Message, Talk, named, news, sent_id
from conformance.models.gopang_vaults import Vaults, is_oversized
from conformance.person import Person
from conformance.strategies import valid
from conformance.symptom import ACK, Symptom, Test
from conformance.verdict import Broken
from protocols import gopang
from protocols.contract import Condition, Event, Json, Level, Operation, Protocol
from simulators.received import Received
from simulators.target import Target

NOBODY: Final = "nobody-of-this-name"
"""An id that nobody and nothing has."""
DEVICES: Final = 3
NOTICE_S: Final = 600
"""How long before its end a token is said to end."""
MOST_OPEN: Final = 100
"""Transactions, as the condition `overloaded` says."""
DEPARTURE_MS: Final = 1000
"""How long a clean departure may go unnoticed (`all/8`)."""
_PENDING: Final = Condition(name="transaction-pending", negated=True)


class GopangModel(Model):
    """Memberships, messages, consents, vaults and the ledger, as far as the cast has to do with them."""

    protocol: ClassVar[Protocol] = gopang.PROTOCOL

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.newcomers: set[str] = set()
        """Ids of users who have never been there before this case, so that all about them is known."""
        self.places: list[str] = []
        """The conversations that the case plays in."""
        self.participants: dict[str, set[str]] = {}
        """Private conversation -> the ids of its participants, as far as the cast has to do with them."""
        self.with_ai: set[str] = set()
        """Conversations in which an AI takes part."""
        self.talk = Talk()
        self.vaults = Vaults()
        self.ledger = Ledger()
        self.greetings: dict[Person, Mapping[str, Json]] = {}
        """What `connected` told each socket."""
        self.notices: dict[Person, Mapping[str, Json]] = {}
        """What `token:refresh` told each with coming, if it came then."""
        self.token_ends: dict[Person, float] = {}
        """`time.monotonic()` at which a socket's token ends, where that is known."""
        self.reminded: set[Person] = set()
        """The sockets that heard in time that their token ends."""
        self._known: set[str] = set()  # ids of users whom the server knows by now
        self.departures: dict[str, int] = {}
        """User id -> how many sockets have gone away since a target was last given the time to notice."""
        self._departed: dict[str, float] = {}  # user id -> when a socket of theirs went away last
        self._strange: dict[str, list[tuple[Person, LedgerEvent]]] = {}
        # transaction id -> what was heard of it while nobody knew it
        self._puzzling: dict[
            Person, set[str]
        ] = {}  # socket -> the transactions of which it heard before they were known
        self._unnamed: set[str] = set()  # ids of users with transactions whose ids nobody was told

    # ---- facts -------------------------------------------------------------------------------------------------

    def claims(self, who: Person) -> Mapping[str, Json]:
        """Return what somebody's token says, as far as one can read it."""
        assert who.identity is not None  # nobody is let in without
        try:
            claims: dict[str, Json] = jwt.decode(who.identity.token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return {"userId": who.identity.id}
        return {"userId": who.identity.id, **claims}

    def facts(self, who: Person) -> Mapping[str, Json]:
        """Return what the token says."""
        return self.claims(who)

    def user(self, who: Person) -> str:
        """Return which user somebody is."""
        assert who.identity is not None
        return who.identity.id

    def _scopes(self, who: Person, event: Event | None) -> dict[str, Mapping[str, Json]]:
        """Add to the sender what the server knows of the thing that the event names."""
        scopes = super()._scopes(who, event)
        more: dict[str, Json] = {}
        match event:
            case gopang.MessageRead(value=message_id) if message_id in self.talk.messages:
                more["authorId"] = self.talk.messages[message_id].author
            case gopang.ConsentRespond(consentId=consent_id) if (
                consent := self.vaults.consents.get(consent_id)
            ) is not None:
                more["consentParties"] = [consent.requester, consent.owner]
            case gopang.TransactionCancel(value=deal_id) if (deal := self.ledger.deals.get(deal_id)) is not None:
                more["transactionParties"] = list(deal.parties)
        return {**scopes, "sender": {**scopes["sender"], **more}}

    def holds(self, condition: str, who: Person, event: Event | None) -> bool:
        """Say whether a condition of the contract holds; each name is a method below."""
        return bool(getattr(self, "_" + condition.replace("-", "_"))(who, event))

    def _full(self, who: Person, event: Event | None) -> bool:
        return False  # no cast of ours is large enough; one scene is, and says so by itself

    def _fourth_device(self, who: Person, event: Event | None) -> bool:
        return len(self.sockets(self.user(who))) > DEVICES  # they are among those present already

    def _ending(self, who: Person, event: Event | None) -> bool:
        left_s = self._left_s(who)
        return left_s is not None and left_s < NOTICE_S

    def _left_s(self, who: Person) -> float | None:
        ends_s = self.claims(who).get("exp")
        return ends_s - time.time() if isinstance(ends_s, int | float) else None

    def _admissible(self, who: Person, event: Event | None) -> bool:
        if not isinstance(event, gopang.ConversationJoin):
            return False
        participants = self.participants.get(event.value)
        return participants is None or self.user(who) in participants

    def _in_too_many(self, who: Person, event: Event | None) -> bool:
        return False  # nobody of ours is in a thousand

    def _member(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.MessageSend) and self.talk.is_member(self.user(who), event.conversationId)

    def _heard(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.MessageSend) and self._hears(who, event) is not False

    def _hears(self, who: Person, event: gopang.MessageSend) -> bool | None:
        """Say whether a member other than this one is connected; None where the target may see it otherwise."""
        others = [user for user in self.talk.members_of.get(event.conversationId, ()) if user != self.user(who)]
        if any(self.sockets(other) for other in others):
            return True
        noticed = time.monotonic() - self.target.deadline_s(DEPARTURE_MS)
        is_open = any(self._departed.get(other, 0.0) > noticed for other in others)
        return None if is_open or event.conversationId in self.talk.storied else False

    def _ai_member(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.MessageSend) and event.conversationId in self.with_ai

    def _named_message(self, who: Person, event: Event | None) -> Message | None:
        message = self.talk.messages.get(event.value) if isinstance(event, gopang.MessageRead) else None
        return message if message is not None and self.talk.is_member(self.user(who), message.conversation) else None

    def _known_message(self, who: Person, event: Event | None) -> bool:
        return self._named_message(who, event) is not None

    def _own_message(self, who: Person, event: Event | None) -> bool:
        message = self._named_message(who, event)
        return message is not None and message.author == self.user(who)

    def _read(self, who: Person, event: Event | None) -> bool:
        message = self._named_message(who, event)
        return message is not None and bool(message.readers)

    def _asked_of_sender(self, who: Person, event: Event | None) -> bool:
        consent = self.vaults.consents.get(event.consentId) if isinstance(event, gopang.ConsentRespond) else None
        return consent is not None and consent.owner == self.user(who)

    def _consent_pending(self, who: Person, event: Event | None) -> bool:
        consent = self.vaults.consents.get(event.consentId) if isinstance(event, gopang.ConsentRespond) else None
        return consent is not None and consent.status == "pending" and not consent.is_over

    def _approving(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.ConsentRespond) and event.approved

    def _other_party(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.TransactionCreate) and len(self._parties(who, event)) == 2

    def _parties(self, who: Person, event: gopang.TransactionCreate) -> tuple[str, ...]:
        payer = self.user(who)
        is_other = event.receiverId != payer and event.receiverId in self._known
        return (payer, event.receiverId) if is_other else (payer,)

    def _overloaded(self, who: Person, event: Event | None) -> bool:
        return sum(deal.payer == self.user(who) for deal in self.ledger.open()) >= MOST_OPEN

    def _own_transaction(self, who: Person, event: Event | None) -> bool:
        deal = self.ledger.deals.get(event.value) if isinstance(event, gopang.TransactionCancel) else None
        return deal is not None and deal.payer == self.user(who)

    def _transaction_pending(self, who: Person, event: Event | None) -> bool:
        deal = self.ledger.deals.get(event.value) if isinstance(event, gopang.TransactionCancel) else None
        return deal is not None and not deal.is_decided

    def _recorded(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.OpenhashVerifyRequest) and event.value in self.ledger.records

    def _vault_owner(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.VaultAccess) and self.vaults.is_owner(self.user(who), event)

    def _drawer_known(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.VaultAccess) and self.vaults.drawer(event) is not None

    def _consented(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.VaultAccess) and self.vaults.is_consented(self.user(who), event)

    def _reading(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.VaultAccess) and event.action == "read"

    def _writing(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.VaultAccess) and event.action == "write"

    def _listing(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.VaultAccess) and event.action == "list"

    def _with_content(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.VaultAccess) and event.content is not MISSING

    def _oversized(self, who: Person, event: Event | None) -> bool:
        return isinstance(event, gopang.VaultAccess) and is_oversized(event)

    # ---- rooms -------------------------------------------------------------------------------------------------

    def members(self, room: str) -> Collection[Person]:
        """Return who is in `conversation:ID`, with all sockets; the first of four in `oldest-device:USER`."""
        kind, _, name = room.partition(":")
        match kind:
            case "conversation":
                return [who for who in self.present if self.talk.is_member(self.user(who), name)]
            case "oldest-device":
                return list(self.sockets(name))[:1]
        raise LookupError(f"the contract speaks of a room {room!r} that the model does not know")

    def enters(self, who: Person, room: str, event: Event | None) -> bool:
        """Say no: whoever is told something in a room has joined it before."""
        return False

    def describe(self) -> str:
        """Say who is where, and how much is under way."""
        names: dict[str, list[str]] = {}
        for who in self.present:
            names.setdefault(self.user(who), []).append(who.name)
        told = [
            f"{', '.join(name for user in members for name in names.get(user, ())) or 'nobody'} in {conversation}"
            for conversation, members in self.talk.members_of.items()
            if members
        ]
        told += [" and ".join(sockets) + " are one user" for sockets in names.values() if len(sockets) > 1]
        told += [f"{len(deals)} transactions under way"] if (deals := self.ledger.open()) else []
        return "; ".join(told) or "nobody is in a conversation"

    # ---- what is foreseen --------------------------------------------------------------------------------------

    def foresee(self, who: Person, event: Event, *, asked: bool | None = None) -> Outlook:
        """Add what one trigger cannot say: of each drawer, of each message, and whether it is too late to cancel."""
        outlook = super().foresee(who, event, asked=asked)
        if outlook.refusal is not None:
            return outlook
        match event:
            case gopang.MessageSend() if self._hears(who, event) is None:
                unsure = [_unless_must(item) for item in outlook.expectations]
                return replace(outlook, expectations=unsure)
            case gopang.SyncRequest():
                return replace(outlook, expectations=[*outlook.expectations, *self._deliveries(who, event)])
            case gopang.VaultAccess(action="list") if drawers := self.vaults.known[event.vaultId].drawers:
                shown = outlook.expectations[0]
                each = [replace(shown, where={**shown.where, "drawerId": drawer}) for drawer in drawers]
                return replace(outlook, expectations=each)
            case gopang.TransactionCancel():
                return replace(outlook, otherwise=self._too_late(who, self.protocol.operation(event)))
        return outlook

    def _too_late(self, who: Person, operation: Operation) -> Outlook:
        """Say how a cancel is refused: the transaction goes on by itself, and may be over when this is handled."""
        refusal = next(refusal for refusal in operation.refusals if _PENDING in refusal.when)
        told = self.protocol.by_id[refusal.operation]
        return Outlook([Expectation(who, told, refusal.where, 1000, refusal.requirement)], refusal, operation)

    def _deliveries(self, who: Person, event: gopang.SyncRequest) -> Iterator[Expectation]:
        """Yield who should hear that their messages are delivered by this answer."""
        status = self.protocol.operation(gopang.MessageStatus)
        for message in self.talk.missed(self.user(who), event):
            if message.author != self.user(who) and message.is_delivered is not True:
                level = Level.SHOULD if message.is_delivered is False else Level.MAY
                where: dict[str, Json] = {"messageId": message.id, "status": "delivered"}
                for author in self.sockets(message.author):
                    yield Expectation(author, status, where, 1000, "gopang/status/2", level)

    def foresee_connect(self, who: Person) -> Outlook:
        """Add whom `connected` is to name."""
        outlook = super().foresee_connect(who)
        claims = self.claims(who)
        user: dict[str, Json] = {name: claims.get(name) for name in ("userId", "email", "userType")}
        if None in user.values():
            return outlook
        naming = [
            replace(item, where={"user": user}) if item.operation.event is gopang.Connected else item
            for item in outlook.expectations
        ]
        return replace(outlook, expectations=naming)

    # ---- changes -----------------------------------------------------------------------------------------------

    def arrive(self, who: Person, heard: Heard) -> None:
        """Know a user from now on, and when the token ends."""
        user_id, left_s = self.user(who), self._left_s(who)
        is_new = user_id in self.newcomers
        if is_new and user_id not in self._known:
            self.ledger.open_account(user_id)
        self._known.add(user_id)
        self.ledger.arrive(who, user_id, is_known=is_new)
        self.reminded.discard(who)
        self.token_ends.pop(who, None)
        self.notices[who] = next(iter(heard.payloads(who, gopang.TokenRefresh.event_name)), {})
        for connected in heard.payloads(who, gopang.Connected.event_name):
            self.greetings[who] = connected
            if left_s is not None:
                # By the target's own clock where that is the wall's: ours may differ.
                if self.target.time_scale == 1:
                    left_s = float(cast("int", self.claims(who)["exp"])) - cast("int", connected["serverTime"]) / 1000
                self.token_ends[who] = self.moment + left_s / self.target.time_scale

    def leave(self, who: Person) -> None:
        """Forget a socket; what is its user's stays."""
        user_id = self.user(who)
        self._departed[user_id] = time.monotonic()
        self.departures[user_id] = self.departures.get(user_id, 0) + 1
        self._puzzling.pop(who, None)
        self.ledger.leave(who)

    def departure(self, user_id: str) -> float:
        """Return when (`time.monotonic()`) a socket of a user went away last; 0 where none has."""
        return self._departed.get(user_id, 0.0)

    def notice_departures(self) -> None:
        """Take it that the target knows by now who is gone."""
        self.departures.clear()
        self._departed.clear()

    def has_asked(self, who: Person) -> bool:
        """Say whether somebody has asked for any consent."""
        return any(consent.requester == self.user(who) for consent in self.vaults.consents.values())

    def apply(self, who: Person, event: Event, heard: Heard) -> None:
        """Change the state as this accepted event does."""
        user_id = self.user(who)
        match event:
            case gopang.ConversationJoin(value=conversation):
                self.talk.members_of.setdefault(conversation, {})[user_id] = None
            case gopang.ConversationLeave(value=conversation):
                self.talk.members_of.get(conversation, {}).pop(user_id, None)
            case gopang.MessageSend():
                self._keep(who, event, heard)
            case gopang.MessageRead(value=message_id):
                if self.talk.messages[message_id].author != user_id:
                    self.talk.messages[message_id].readers.add(user_id)
            case gopang.SyncRequest():
                for message in self.talk.missed(user_id, event):
                    message.is_delivered = message.author != user_id or message.is_delivered
            case gopang.ConsentRespond(consentId=consent_id, approved=approved):
                self.vaults.consents[consent_id].status = "approved" if approved else "rejected"
                self.forgive(lambda owed: owed.where.get("consentId") == consent_id)
            case gopang.TransactionCreate():
                self._create(who, event, heard)
            case gopang.TransactionCancel(value=deal_id):
                self.ledger.cancel(deal_id)
            case gopang.VaultAccess():
                self.vaults.take(event.vaultId, who, heard)

    def _keep(self, who: Person, event: gopang.MessageSend, heard: Heard) -> None:
        new = next(iter(news(heard)), {})
        self.talk.keep(self.user(who), sent_id(who, heard), event, new, is_delivered=self._hears(who, event))

    def _create(self, who: Person, event: gopang.TransactionCreate, heard: Heard) -> None:
        """Take in a transaction by the id that its creator was told, in the ack or else with its first event."""
        told = [payload["transactionId"] for payload in heard.payloads(who, gopang.TransactionStatus.event_name)]
        told += [payload["transactionId"] for payload in heard.payloads(who, gopang.TransactionVerify.event_name)]
        if isinstance(ack := heard.ack, gopang.TransactionCreateAck):
            told = [str(ack.transactionId)]
        if new := [str(deal_id) for deal_id in told if deal_id not in self.ledger.deals]:
            self.create(who, event, new[0])
        else:
            self._unnamed.update(self._parties(who, event))
            self.ledger.lose_track(self._parties(who, event))

    def create(self, who: Person, event: gopang.TransactionCreate, deal_id: str) -> Deal:
        """Take in a transaction whose id its creator was told."""
        parties = self._parties(who, event)
        deal = Deal(deal_id, parties[0], event.receiverId, _whole(event.amount), parties)
        self.ledger.create(deal, [person for user_id in parties for person in self.sockets(user_id)])
        for person, about in self._strange.pop(deal_id, ()):
            self.ledger.hear(person, about)
        return deal

    # ---- what comes by itself ----------------------------------------------------------------------------------

    def possible(self, who: Person, received: Received) -> bool:
        """Say whether a transaction, a token or a consent may cause this now, or what was before this case."""
        match received.event:
            case gopang.TransactionStatus() | gopang.TransactionVerify() | gopang.TransactionComplete() as event:
                return self._hear(who, event)
            case gopang.OpenhashRecord() | gopang.OpenhashSync() as event:
                return self._hear(who, event)
            case gopang.TokenRefresh() as event:
                return self._remind(who, event, received)
            case gopang.ConsentStatus(consentId=consent_id, status="expired") if consent_id in self.vaults.consents:
                consent = self.vaults.consents[consent_id]
                is_side = self.user(who) in (consent.requester, consent.owner)
                return is_side and consent.status == "approved" and consent.is_over
            case gopang.ConsentStatus(consentId=consent_id) | gopang.ConsentRequest(consentId=consent_id):
                return consent_id not in self.vaults.consents and not self._is_new(who)
            case gopang.VaultContent(vaultId=vault_id):
                vault = self.vaults.known.get(vault_id)  # what is listed for the first time has nobody counted
                return vault is not None and not vault.drawers and vault.owner == self.user(who)
            case gopang.MessageNew(conversationId=conversation):
                return conversation in self.talk.storied and self.talk.is_member(self.user(who), conversation)
        return False

    def _is_new(self, who: Person) -> bool:
        return self.user(who) in self.newcomers

    def _hear(self, who: Person, event: LedgerEvent) -> bool:
        deal_id = getattr(event, "transactionId", getattr(event, "documentId", ""))
        puzzling = self._puzzling.setdefault(who, set())
        if isinstance(event, gopang.OpenhashSync) and puzzling:
            return False  # what it gathers is explained later in this step, and so is this
        if self.ledger.hear(who, event):
            puzzling.discard(deal_id)
            return True
        # What somebody did before may go on; and some created one without asking for its id, which is told later.
        is_strange = deal_id not in self.ledger.deals and (not self._is_new(who) or self.user(who) in self._unnamed)
        if deal_id and is_strange:
            self._strange.setdefault(deal_id, []).append((who, event))
        elif deal_id:
            puzzling.add(deal_id)
        return is_strange

    def _remind(self, who: Person, event: gopang.TokenRefresh, received: Received) -> bool:
        if who not in self.token_ends:
            return who in self.present and self._left_s(who) is None
        due = self.token_ends[who] - NOTICE_S / self.target.time_scale
        if who in self.reminded or event.expiresIn != NOTICE_S or received.at_ns / 1e9 < due - 1.0:
            return False
        self.reminded.add(who)
        return True

    # ---- beyond the templates ----------------------------------------------------------------------------------

    def promises(self, who: Person, event: Event, heard: Heard) -> Iterator[Broken]:
        """Check what stands in the contract in words: orders, lists, contents, hashes."""
        yield from self.talk.check_statuses(heard)
        match event:
            case gopang.MessageSend():
                yield from self.talk.check_sent(who, event, heard)
            case gopang.SyncRequest():
                answer = heard.payloads(who, gopang.MessagesSync.event_name)[0]
                yield from self.talk.check_sync(who, self.user(who), event, answer, is_new=self._is_new(who))
            case gopang.TransactionCreate():
                yield from self._check_created(who, heard)
            case gopang.TransactionCancel(value=deal_id):
                yield from _check_silence(deal_id, heard)
            case gopang.OpenhashVerifyRequest():
                yield from self._check_verified(who, event, heard)
            case gopang.VaultAccess():
                yield from self.vaults.check(who, event, heard)

    def _check_created(self, who: Person, heard: Heard) -> Iterator[Broken]:
        if not isinstance(ack := heard.ack, gopang.TransactionCreateAck):
            return
        if not isinstance(ack.transactionId, str) or ack.transactionId in self.ledger.deals:
            expected = "a transactionId that no other transaction has"
            named = ack.transactionId if isinstance(ack.transactionId, str) else None
            test = Test((), "lacks", "transactionId") if named is None else Test(("transactionId",), "is", named)
            broken = Broken("gopang/transaction/13", expected, str(ack.to_json()))
            yield broken.shown(Symptom.heard(who, ACK, test, times=1))

    def _check_verified(self, who: Person, event: gopang.OpenhashVerifyRequest, heard: Heard) -> Iterator[Broken]:
        told = heard.payloads(who, gopang.OpenhashVerifyResult.event_name)[0]
        wanted: dict[str, Json] = {"hashValue": event.value, "verified": False}
        if (record := self.ledger.records.get(event.value)) is not None:
            wanted |= {"verified": True, "layer": record.layer, "recordedAt": record.timestamp}
        acked = [] if heard.ack is None else [(ACK, heard.ack.to_json())]
        for name, said in ((gopang.OpenhashVerifyResult.event_name, told), *acked):
            if said != wanted:
                key = next(key for key in (*wanted, *said) if key not in wanted or said.get(key) != wanted[key])
                test = Test((key,), "is not", wanted[key]) if key in wanted else Test((), "has", key)
                if key not in said:  # what it should be may be something else the next time
                    test = Test((), "lacks", key)
                broken = Broken("gopang/openhash/3", f"ack and event say {wanted}", str(said))
                yield broken.shown(Symptom.heard(who, name, test))

    # ---- payloads ----------------------------------------------------------------------------------------------

    def payloads(self, operation: Operation, who: Person) -> SearchStrategy[Json]:
        """Return valid payloads that speak, as far as they can, of people and things which exist."""
        assert operation.schema is not None
        named: dict[type[Event], Iterable[str]] = {
            gopang.ConversationJoin: self.places,
            gopang.ConversationLeave: [*self.talk.members_of, *self.places],
            gopang.MessageRead: self.talk.messages,
            gopang.TransactionCancel: self.ledger.deals,
            gopang.OpenhashVerifyRequest: self.ledger.records,
        }
        if operation.event in named:
            return _any_of(named[operation.event])
        drawers = dict.fromkeys(drawer for vault in self.vaults.known.values() for drawer in vault.drawers)
        overrides: dict[str, SearchStrategy[Json]] = {
            "conversationId": _any_of([*self.places, *self.places]),
            "lastMessageId": _any_of(self.talk.messages),
            "consentId": _any_of(self.vaults.consents),
            "receiverId": _any_of(sorted(self._known)),
            "amount": st.sampled_from([1, 250_000, 1_000_000, 1_000_001, 0, -5, 0.5]) | st.integers(1, 10**16),
            "vaultId": _any_of(self.vaults.known),
            "drawerId": _any_of(drawers),
        }
        fields = self.protocol.schemas[operation.schema].get("properties", {})
        known = {name: strategy for name, strategy in overrides.items() if name in fields}
        return valid(self.protocol, operation.schema, overrides=known)


def _any_of(ids: Iterable[str]) -> SearchStrategy[Json]:
    """Draw one of some ids, or nobody's. What is drawn does not depend on how many there are, for that time decides."""
    named = [*ids, NOBODY]
    return st.integers(0, 999).map(lambda number: named[number % len(named)])


def _whole(amount: float) -> float:
    """Return an amount as an integer where it is one, so that sums stay exact."""
    return int(amount) if float(amount).is_integer() else amount


def _unless_must(item: Expectation) -> Expectation:
    """Return something that may come, where nothing says that it must."""
    return item if item.level is Level.MUST else replace(item, level=Level.MAY)


def _check_silence(deal_id: str, heard: Heard) -> Iterator[Broken]:
    """Check that nobody hears anything more of a transaction once they have heard that it was cancelled."""
    for listener, events in heard.by.items():
        about = [one for one in events if getattr(one.event, "transactionId", "") == deal_id]
        names = [named(one) for one in about]
        if "transaction:status cancelled" in names and names[-1] != "transaction:status cancelled":
            expected = "nothing more of a transaction after it was cancelled"
            last = about[-1]
            shown = Symptom.heard(listener, last.name, Test(("transactionId",), "is", deal_id), times=0)
            yield Broken("gopang/transaction/9", expected, f"{listener} heard {', '.join(names)}").shown(shown)
