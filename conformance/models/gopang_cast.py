"""The people of `gopang`: ana, ben and cho in one conversation, dee in another, eve in none; ovi owns a vault."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from conformance.case import Skipped
from conformance.cast import Cast
from conformance.checks import Check
from conformance.expectation import Expectation, Outlook
from conformance.http import Reply
from conformance.models.gopang import DEPARTURE_MS, DEVICES, NOBODY, GopangModel
from conformance.models.gopang_ledger import Deal
from conformance.models.gopang_vaults import Consent, Vault
from conformance.person import Person
from conformance.reproduce.evidence import Pause
from conformance.symptom import ACK, HTTP, Symptom, Test
from conformance.verdict import Broken
from protocols import gopang
from protocols.contract import Ack, Event, Json, Level, Operation
from simulators.people import Identity
from simulators.received import Answer

OWNERS: Final = {"kind": "user"}
"""Who has a vault: `vault` among the details says which, else it is called `vault-{id}`."""
PARTICIPANTS: Final = {"kind": "participant"}
"""Who takes part in a private conversation: `conversation` among the details says in which."""
END_MS: Final = 5000
"""By when a transaction comes to its end (`transaction/12`)."""
EXPIRY_MS: Final = 5000
"""By when a consent is told to be expired. The contract says `by itself`; a server may look every second or so."""
HOUR_MS: Final = 3_600_000
MIN_WALL_S: Final = 1.0
"""What a time that is to come must leave us of our own, however fast the target's passes."""
MARGIN_S: Final = 0.2
"""How much longer than that we wait where nothing tells us that the time has come."""
LOOK_S: Final = 0.02
NO_HASH: Final = "0" * 64
"""The hash of nothing that was ever recorded."""


class GopangCast(Cast):
    """Knows how to enter a conversation, to ask for a consent, to pay, and to read one's balance."""

    entry = gopang.ConversationJoin

    @property
    def model(self) -> GopangModel:
        """What the judge knows of these people."""
        return cast("GopangModel", self.stage.model)

    # ---- coming ------------------------------------------------------------------------------------------------

    async def stranger(self, nickname: str, **having: str) -> Identity:
        """Note who was never there before: of them everything is known."""
        identity = await super().stranger(nickname, **having)
        if not having and self.people.gives_guests:
            self.model.newcomers.add(identity.id)
        return identity

    def choose_places(self, number: int) -> None:
        """Take conversations in which nobody is, or which the target file lists."""
        super().choose_places(number)
        self.model.places[:] = self.places
        if not self.stage.target.makes_places:
            self.model.talk.storied.update(self.places)

    async def prepare(self, names: Sequence[str], places: int) -> None:
        """Connect people who are in no conversation; the first and the last are one user, with a vault if possible."""
        self.choose_places(places)
        first, *others, last = names
        try:
            ana = await self.come(first, having=OWNERS)
            await self.open_vault(ana)
        except Skipped:
            ana = await self.come(first)
        for name in others:
            await self.come(name)
        await self.come(last, like=ana)

    async def assemble(self) -> None:
        """Bring ana, ben and cho into one conversation and dee into another; eve only connects."""
        self.choose_places(2)
        for name, place in (("ana", 0), ("ben", 0), ("cho", 0), ("dee", 1)):
            await self.join(await self.come(name), self.places[place])
        await self.outsider()

    def people_here(self) -> tuple[Person, Person, Person]:
        """Return ana, ben and cho."""
        return self.person("ana"), self.person("ben"), self.person("cho")

    async def outsider(self) -> Person:
        """Return eve, connected and in no conversation."""
        eve = next((person for person in self.stage.people if person.name == "eve"), None)
        if eve is None or not eve.is_connected:
            return await self.come("eve")
        await self.depart(eve)
        return eve

    async def depart(self, who: Person) -> None:
        """Let somebody leave every conversation that they are in."""
        for conversation, members in self.model.talk.members_of.items():
            if self.model.user(who) in members:
                await self.stage.say(who, gopang.ConversationLeave(value=conversation))

    async def owner(self) -> Person:
        """Return ovi, who has a vault that the cast knows; raises Skipped where the target names nobody with one."""
        if any(person.name == "ovi" for person in self.stage.people):
            return self.person("ovi")
        ovi = await self.come("ovi", having=OWNERS)
        await self.open_vault(ovi)
        return ovi

    async def open_vault(self, who: Person) -> str:
        """Let somebody list their vault, so that it is known, and return its id."""
        assert who.identity is not None
        vault_id = who.identity.details.get("vault", f"vault-{who.identity.id}")
        self.model.vaults.known[vault_id] = Vault(who.identity.id)
        await self.stage.say(who, gopang.VaultAccess(vaultId=vault_id, action="list"))
        return vault_id

    async def participant(self, name: str) -> tuple[Person, str]:
        """Connect somebody who takes part in a private conversation and is not in it now; raises Skipped."""
        who = await self.come(name, having=PARTICIPANTS)
        assert who.identity is not None
        if not (conversation := who.identity.details.get("conversation", "")):
            raise Skipped("no private conversation is known; name one as `conversation` in the details of two users")
        self.model.participants.setdefault(conversation, set()).add(who.identity.id)
        self.model.talk.storied.add(conversation)
        await self.stage.say(who, gopang.ConversationLeave(value=conversation))
        return who, conversation

    async def reconnect(self, who: Person) -> None:
        """Connect somebody again; not as a fourth device, as long as the target may not have noticed who is gone."""
        user_id = self.model.user(who)
        unnoticed = time.monotonic() - self.model.departure(user_id) < self.stage.target.deadline_s(DEPARTURE_MS)
        if unnoticed and len(self.model.sockets(user_id)) + self.model.departures.get(user_id, 0) >= DEVICES:
            await self.notice_departures()
        await self.stage.connect(who.name)

    async def notice_departures(self) -> None:
        """Wait until the target has noticed all who are gone: it counts none but those here, or its second is over."""
        here = len(self.model.present)
        wait_s = max(DEPARTURE_MS / 1000 / self.stage.target.time_scale, MARGIN_S)
        await self.statistics(lambda _users, connections: connections == here, wait_s)
        self.model.notice_departures()

    async def statistics(self, is_it: Callable[[int, int], bool], wait_s: float) -> tuple[int, int]:
        """Return how many users and connections the target counts, as soon as that is it, or this time is over."""
        deadline = time.monotonic() + wait_s
        while True:
            users, connections = await self._count()
            if is_it(users, connections) or time.monotonic() > deadline:
                return users, connections
            await asyncio.sleep(LOOK_S)

    async def _count(self) -> tuple[int, int]:
        requirement = self.address("stats/1")
        answer = (await self.http.ask("GET", "/health", requirement)).expect(requirement, 200)
        match [answer.json(requirement).get(name) for name in ("totalUsers", "totalConnections")]:
            case [int(users), int(connections)]:
                return users, connections
        raise Broken(requirement, "totalUsers and totalConnections", str(answer), check=Check.HTTP_BODY)

    # ---- conversations -----------------------------------------------------------------------------------------

    async def join(self, who: Person, conversation: str) -> None:
        """Let somebody join a conversation."""
        await self.stage.say(who, gopang.ConversationJoin(value=conversation))

    async def enter(self, who: Person, place: int) -> None:
        """Let somebody join one of the case's conversations; newcomers who know of a vault ask to look into it."""
        await self.join(who, self.places[place])
        for vault in self.model.vaults.known.values():
            is_new = self.model.user(who) in self.model.newcomers
            owner = next(iter(self.model.sockets(vault.owner)), None)
            if is_new and owner is not None and not self.model.has_asked(who):
                await self.ask_consent(who, owner, "FINANCE" if place else "MEDICAL")

    async def send(self, who: Person, content: str, place: int = 0) -> str:
        """Let somebody say something, and return the id of the message."""
        heard = await self.stage.say(who, gopang.MessageSend(conversationId=self.places[place], content=content))
        assert isinstance(heard.ack, gopang.MessageSendAck)
        return str(heard.ack.messageId)

    async def chatter(self, who: Person, witness: Person, times: int) -> None:
        """Let somebody say so much, all at once, where another member hears it; each is remembered."""
        self.stage.begin(f"{who} = says {times} things")
        events = [gopang.MessageSend(conversationId=self.places[0], content=f"number {n}") for n in range(times)]
        assert who.connection is not None
        for event in events:
            who.connection.emit(event)
        deadline = time.monotonic() + self.stage.target.deadline_s(2000)
        await self.stage.until(lambda: len(_new(witness)) >= times, [witness], deadline)
        await self.stage.fence()
        told = _new(witness)
        if [new.content for new in told] != [event.content for event in events]:
            expected = f"{witness} hears {times} messages, each once and in order"
            contents: list[Json] = [event.content for event in events]
            test = Test((), "is not", contents)
            shown = Symptom.gathered(witness, gopang.MessageNew.event_name, ("content",), test, times)
            broken = Broken(self.address("all/6"), expected, f"{len(told)} messages", check=Check.ORDER_PER_SENDER)
            raise broken.shown(shown)
        for event, new in zip(events, told, strict=True):
            self.model.talk.keep(self.model.user(who), new.messageId, event, new.to_json(), is_delivered=True)
        for person in self.stage.people:
            person.forget()

    async def next_page(self, who: Person, last: str) -> list[str]:
        """Let somebody ask for what is after a message, and return the ids of what it gets."""
        heard = await self.stage.say(who, gopang.SyncRequest(lastMessageId=last))
        page = heard.payloads(who, gopang.MessagesSync.event_name)[0]["messages"]
        return [str(one["messageId"]) for one in cast("Sequence[Mapping[str, Json]]", page)]

    def likely(self, who: Person) -> list[Operation]:
        """Return what somebody may emit next; whether a transaction can be cancelled is for time to say, not for us."""
        cancel = self.model.protocol.operation(gopang.TransactionCancel)
        return [cancel, cancel, *(operation for operation in super().likely(who) if operation is not cancel)]

    # ---- getting ready -----------------------------------------------------------------------------------------

    async def ready(self, operation: Operation) -> Person:
        """Bring the people to where this operation is accepted, and return who may emit it."""
        if not self.stage.people:
            await self.assemble()
        ana, ben, _ = self.people_here()
        event = operation.event
        if event is gopang.ConversationJoin:
            await self._find_private()
            return await self.outsider()
        if event is gopang.ConversationLeave:
            eve = await self.outsider()
            await self.join(eve, self.places[0])
            return eve
        if event is gopang.MessageRead:
            await self.send(ana, "do you read me?")
            return ben
        if event is gopang.ConsentRespond:
            await self.ask_consent(ben, ana, "GENERAL")
        elif event is gopang.TransactionCancel:
            await self.stage.say(ana, gopang.TransactionCreate(receiverId=self.model.user(ben), amount=1))
        elif event is gopang.VaultAccess:
            return await self.owner()
        return ana

    async def _find_private(self) -> None:
        """Learn of a private conversation, if the target file names one."""
        try:
            somebody = await self.stranger("", **PARTICIPANTS)
        except Skipped:
            return
        if conversation := somebody.details.get("conversation", ""):
            self.model.participants.setdefault(conversation, set())

    def base(self, operation: Operation, who: Person) -> Json:
        """Return a plain payload, of things that exist as far as possible."""
        model, me = self.model, self.model.user(who)
        mine = [name for name, members in model.talk.members_of.items() if me in members]
        others = [user for user in map(model.user, model.present) if user != me]
        unread = [one.id for one in model.talk.messages.values() if model.talk.is_member(me, one.conversation)]
        asked = [one.id for one in model.vaults.consents.values() if one.owner == me and one.status == "pending"]
        open_deals = [deal.id for deal in model.ledger.deals.values() if deal.payer == me and not deal.is_decided]
        named: dict[type[Event], list[str]] = {
            gopang.ConversationJoin: self.places[:1],
            gopang.ConversationLeave: mine,
            gopang.MessageRead: unread[::-1],
            gopang.TransactionCancel: open_deals[::-1],
            gopang.OpenhashVerifyRequest: [*list(model.ledger.records)[::-1], NO_HASH],
        }
        if operation.event in named:
            return [*named[operation.event], NOBODY][0]
        vaults = {vault_id: vault for vault_id, vault in model.vaults.known.items() if vault.owner == me}
        vault_id = [*vaults, *model.vaults.known, NOBODY][0]
        known = model.vaults.known.get(vault_id)
        everything: dict[str, Json] = {
            "conversationId": [*mine, *self.places][0],
            "content": "hello",
            "consentId": [*asked[::-1], NOBODY][0],
            "approved": True,
            "receiverId": [*others, NOBODY][0],
            "amount": 5,
            "vaultId": vault_id,
            "action": "read",
        }
        assert operation.schema is not None
        plain = {
            field: everything[field] for field in self.model.protocol.schemas[operation.schema].get("required", [])
        }
        if operation.event is gopang.VaultAccess:
            plain["drawerId"] = next(iter(known.drawers), NOBODY) if known is not None else NOBODY
        return plain

    def inadmissible(self, operation: Operation) -> Event | None:
        """Return a join of a private conversation, where one is known."""
        private = next(iter(self.model.participants), None)
        return gopang.ConversationJoin(value=private) if private and operation.event is self.entry else None

    async def settle(self) -> None:
        """Let balances be read; then a newcomer reads what was said in the first conversation."""
        await self.stage.listen()
        await self.check_balances()
        newcomer = await self.come(f"new{len(self.stage.people)}")
        await self.join(newcomer, self.places[0])
        await self.stage.say(newcomer, gopang.SyncRequest())
        await self.stage.leave(newcomer)

    # ---- time --------------------------------------------------------------------------------------------------

    def ahead(self, ms: float) -> int:
        """Return a span of the target's time that is as long, or longer where that would be too short for us."""
        return math.ceil(max(ms, MIN_WALL_S * 1000 * self.stage.target.time_scale))

    async def now_ms(self, who: Person) -> int:
        """Return the target's time."""
        heard = await self.stage.say(who, gopang.Ping())
        assert isinstance(heard.ack, gopang.PingAck)
        return heard.ack.time

    # ---- consents ----------------------------------------------------------------------------------------------

    async def post_consent(self, by: Identity | None, body: Json) -> Reply:
        """Ask for a consent over HTTP, whatever is asked."""
        return await self.http.ask("POST", "/consents", self.address("consent/1"), by=by, json=body)

    async def ask_consent(self, who: Person, owner: Person, data_type: str, for_ms: float = HOUR_MS) -> Consent:
        """Let somebody ask another for a consent: the owner hears of it, and it expires when its time has come."""
        asked_at = time.monotonic()
        now_ms = await self.now_ms(who)
        span_ms = self.ahead(for_ms) if for_ms < HOUR_MS else for_ms * max(1.0, self.stage.target.time_scale)
        expires_at = now_ms + int(span_ms)
        self.stage.begin(f"{who} = asks {owner} for a consent about {data_type}")
        asked: dict[str, Json] = {"dataType": data_type, "purpose": "a rehearsal", "expiresAt": expires_at}
        body = {"ownerId": self.model.user(owner), **asked}
        requirement = self.address("consent/1")
        reply = (await self.post_consent(who.identity, body)).expect(requirement, 201)
        answer = reply.json(requirement)
        if not isinstance(answer.get("consentId"), str) or answer.get("status") != "pending":
            raise Broken(requirement, "a consentId, and the status pending", str(reply), check=Check.HTTP_BODY)
        consent = Consent(
            id=answer["consentId"],
            requester=self.model.user(who),
            owner=self.model.user(owner),
            data_type=data_type,
            ends=asked_at + span_ms / 1000 / self.stage.target.time_scale,
        )
        self.model.vaults.consents[consent.id] = consent
        where = {**asked, "consentId": consent.id, "requesterId": consent.requester}
        request = self.model.protocol.operation(gopang.ConsentRequest)
        status = self.model.protocol.operation(gopang.ConsentStatus)
        sides = dict.fromkeys([*self.model.sockets(consent.owner), *self.model.sockets(consent.requester)])
        due = [Expectation(one, request, where, 1000, requirement) for one in self.model.sockets(consent.owner)]
        about: dict[str, Json] = {"consentId": consent.id}
        due += [
            Expectation(one, status, {**about, "status": "pending"}, 1000, self.address("consent/8"), Level.SHOULD)
            for one in sides
        ]
        await self.stage.overhear("POST /consents", Outlook(due))
        left_ms = span_ms - (self.model.moment - asked_at) * 1000 * self.stage.target.time_scale
        for one in sides:
            expired = {**about, "status": "expired"}
            self.model.owe(Expectation(one, status, expired, EXPIRY_MS, self.address("consent/6")), left_ms)
        return consent

    async def outlive(self, consent: Consent) -> None:
        """Wait until a consent has expired, also for a target whose clock is a little behind ours."""
        await self.stage.rest(max(0.0, consent.ends - time.monotonic()) + MARGIN_S)
        await self.stage.overhear("a consent that expires")

    # ---- money -------------------------------------------------------------------------------------------------

    async def pay(self, who: Person, receiver_id: str, amount: float) -> Deal:
        """Let somebody create a transaction, and return what is known of it."""
        heard = await self.stage.say(who, gopang.TransactionCreate(receiverId=receiver_id, amount=amount))
        assert isinstance(heard.ack, gopang.TransactionCreateAck)
        return self.model.ledger.deals[str(heard.ack.transactionId)]

    async def pay_at_once(self, wanted: Sequence[tuple[Person, Person, float]]) -> None:
        """Let people create transactions without waiting for anything, each a payer, a payee and an amount."""
        self.stage.begin("everybody = pays everybody at once")
        asked: dict[tuple[Person, int], gopang.TransactionCreate] = {}
        for payer, payee, amount in wanted:
            event = gopang.TransactionCreate(receiverId=self.model.user(payee), amount=amount)
            assert payer.connection is not None
            ack_id, _ = payer.connection.ask_raw(event.event_name, *event.to_args())
            asked[payer, ack_id] = event
        payers = {payer for payer, _, _ in wanted}
        deadline = time.monotonic() + self.stage.target.deadline_s(2000)
        await self.stage.until(lambda: sum(map(len, map(_acks, payers))) >= len(asked), payers, deadline)
        await self.stage.fence()
        for (payer, ack_id), event in asked.items():
            ack = _acks(payer).get(ack_id)
            if not isinstance(ack, gopang.TransactionCreateAck) or not isinstance(ack.transactionId, str):
                broken = Broken(self.address("transaction/13"), f"{payer} gets an ack with a transactionId", str(ack))
                raise broken.shown(Symptom.heard(payer, ACK, Test((), "lacks", "transactionId"), times=1))
            self.model.create(payer, event, ack.transactionId)
        for person in self.stage.people:
            for received in person.inbox:
                if not self.model.possible(person, received):
                    broken = Broken(self.address("all/5"), f"{person} hears of its own transactions", str(received))
                    raise broken.shown(Symptom.heard(person, received.name))
            person.forget()

    async def close_deals(self) -> None:
        """Wait until every transaction of which somebody here hears has come to its end, for all who hear of it."""
        ledger = self.model.ledger
        followed = [deal for deal in ledger.deals.values() if deal.trails]
        began = time.monotonic()
        while owing := next((broken for deal in followed for broken in ledger.missing(deal)), None):
            waited_s = time.monotonic() - began
            if waited_s > self.stage.target.deadline_s(END_MS):
                if ledger.open():
                    expected = f"a transaction comes to its end within {END_MS} ms"
                    late = Broken(self.address("transaction/12"), expected, owing.came, check=Check.TIMER_IN_TIME)
                    self.stage.lapse(late.shown(*owing.symptoms))
                raise owing
            await asyncio.sleep(LOOK_S)
            await self.stage.overhear("transactions that go on")
        if time.monotonic() - began > LOOK_S:
            self.stage.note(Pause(time.monotonic() - began))

    async def close_batches(self) -> None:
        """Wait until every record of which somebody here has heard was gathered in a batch; no time is promised."""
        deadline = time.monotonic() + self.stage.target.deadline_s(EXPIRY_MS)
        while owing := next(self.model.ledger.ungathered(), None):
            if time.monotonic() > deadline:
                raise owing
            await asyncio.sleep(LOOK_S)
            await self.stage.overhear("batches that are gathered")

    async def balance(self, who: Person, wanted: float | None = None) -> int:
        """Return what somebody has, by HTTP; that must be what is wanted, where anything is, and never below zero."""
        requirement = self.address("transaction/7")
        reply = await self.http.ask("GET", "/accounts/me", requirement, by=who.identity)
        account = reply.expect(requirement, 200).json(requirement)
        balance = account.get("balance")
        if account.get("userId") != self.model.user(who) or not isinstance(balance, int) or isinstance(balance, bool):
            raise Broken(
                requirement, f"the userId {self.model.user(who)} and a balance", str(reply), check=Check.HTTP_BODY
            )
        below = self.address("transaction/6")
        if wanted is not None and balance != wanted:
            moved = any(self.model.user(who) in deal.parties for deal in self.model.ledger.deals.values())
            other = self.address("transaction/4") if moved else requirement
            also = (below,) if balance < 0 else ()
            broken = Broken(other, f"{who} has {wanted:g}", f"{balance}", also)
            raise broken.shown(Symptom.told(HTTP, HTTP, ("body", "balance"), int(wanted)))
        if balance < 0:
            broken = Broken(below, f"{who} has nothing or more", str(reply))
            raise broken.shown(Symptom.heard(HTTP, HTTP, Test(("body", "balance"), "is under", 0), times=1))
        return balance

    async def check_balances(self) -> None:
        """Compare everybody's balance with what the transactions have moved, as far as that is known."""
        busy = {user for deal in self.model.ledger.open() for user in deal.parties}
        users = {self.model.user(who): who for who in self.stage.people if who.identity is not None}
        for user_id, who in users.items():
            wanted = self.model.ledger.balances.get(user_id)
            if wanted is None or user_id in busy:
                continue
            self.stage.begin(f"{who} = reads the balance")
            await self.balance(who, wanted)

    # ---- tokens ------------------------------------------------------------------------------------------------

    async def short_lived(self, nickname: str, seconds: int) -> Identity:
        """Return somebody whose token ends in so many seconds of the wall clock; raises Skipped."""
        identity = await self.stranger(nickname)
        now_s = int(time.time())
        return self.signed(identity, {**self.claims(identity), "iat": now_s, "exp": now_s + seconds})


def _new(listener: Person) -> list[gopang.MessageNew]:
    return [received.event for received in listener.inbox if isinstance(received.event, gopang.MessageNew)]


def _acks(who: Person) -> dict[int | None, Ack | None]:
    return {arrival.packet.ack_id: arrival.ack for arrival in who.arrivals if isinstance(arrival, Answer)}
