"""The people of gopang against its rules, on paper: what is right is accounted for, and what is wrong is noticed."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from protocols.contract import Action, Event, Json
from protocols.errors import PayloadError
from protocols.gopang import PROTOCOL, ConsentStatus, MessageNew, MessageStatus, TransactionStatus, VaultContent
from reference_server.effects import Connected, Effect, Emit, Entry, Garbled, Gone, Said, Stamp
from reference_server.mode import Mode
from reference_server.rules.gopang import Gopang
from reference_server.rules.gopang_commands import ReadAccount
from reference_server.rules.gopang_consents import AskConsent
from reference_server.world import World
from rehearsal.virtual import PaperServer
from simulators import actor as acts
from simulators.actor import Actor
from simulators.delivery import Ledger
from simulators.people import Identity
from simulators.scenario import Cast, Scenario
from simulators.schedule import Schedule
from simulators.tally import Tally

CAST = "messenger=5,tablet=2,trader=4,owner=3,requester=4,heckler=1"
Change = Callable[[Effect], Iterator[Effect]]
"""What a server that is wrong in one thing does instead of something."""


class WrongIn(Gopang):
    """Rules whose effects are changed on their way."""

    def __init__(self, change: Change) -> None:
        super().__init__(World.built_in(), Mode.PRODUCTION)
        self._change = change

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            yield from self._change(effect)


class Play:
    """One cast against rules on paper, with an account of all deliveries."""

    def __init__(self, rules: Gopang, cast: str = CAST, seed: int = 1) -> None:
        self.tally = Tally()
        self.rules = rules
        self._server = PaperServer(rules, seed, self._hear, self._lose)
        self._ledger = Ledger(PROTOCOL, self.tally, deadline_s=lambda within_ms: within_ms / 1000)
        scenario = Scenario.plan(Cast.parse(cast, "gopang"), protocol="gopang", seed=seed, scope=lambda n: f"room-{n}")
        self._schedule = Schedule()
        self._by_sid: dict[str, Actor] = {}
        self._sids: dict[str, str] = {}  # name -> sid
        self._identities: dict[str, Identity] = {}  # name of whose session it is -> session
        self._connections = 0
        self._now_s = 0.0
        for person in scenario.actors:
            self._ledger.add(person.name, person.standing)
            self._schedule.put(person)

    @property
    def _now_ns(self) -> int:
        return round(self._now_s * 1e9)

    def run(self, for_s: float) -> "Play":
        """Let so many seconds of their time pass, and close the account."""
        while (now_s := min(self._schedule.next_s, self._server.next_s)) < for_s:
            self._now_s = now_s
            self._ledger.settle(self._now_ns)
            if self._server.next_s <= now_s:
                self._server.run_timer()
            else:
                person = self._schedule.pop()
                for due_s, act in person.act(now_s):
                    self._do(person, act, round(due_s * 1e9))
                self._schedule.put(person)
        self._ledger.finish()
        return self

    def balances(self) -> list[int]:
        """Return what everybody who was there has."""
        replies = [self._server.enter(ReadAccount(each.id, "x@y"), self._now_s) for each in self._identities.values()]
        return [int(str(reply.value["balance"])) for reply in replies if reply is not None]

    def _do(self, person: Actor, act: acts.Act, due_ns: int) -> None:
        sid = self._sids.get(person.name, "")
        match act:
            case acts.Connect():
                self._connect(person)
            case acts.Emit() if sid:
                self._ledger.said(person.name, act.event, due_ns, self._now_ns)
                ack = 1 if PROTOCOL.operation(act.event).ack else None
                self._server.enter(Said(sid, act.event, ack=ack), self._now_s)
            case acts.EmitRaw() if sid:
                self._ledger.said_wrong(person.name, act.name, due_ns, self._now_ns)
                with pytest.raises(PayloadError) as error:
                    PROTOCOL.parse(Action.RECEIVE, act.name, act.arguments)
                self._server.enter(Garbled(sid, act.name, str(error.value)[:300]), self._now_s)
            case acts.Post(path="/consents", body=body) if sid:
                asked = {"owner_id": body["ownerId"], "data_type": body["dataType"], "expires_at": body["expiresAt"]}
                requester = self._identities[person.session_of].id
                command = AskConsent(requester_id=requester, purpose=str(body["purpose"]), **asked)  # type: ignore[arg-type]
                self._server.enter(command, self._now_s)
            case acts.Leave() | acts.Cut() if sid:
                del self._by_sid[self._sids.pop(person.name)]
                politely = isinstance(act, acts.Leave)
                self._ledger.hung_up(person.name, due_ns, self._now_ns, politely=politely)
                self._server.enter(Gone(sid), self._now_s)
                person.disconnected(self._now_s)
            case _:
                pass

    def _connect(self, person: Actor) -> None:
        number = len(self._identities) + 1
        new = Identity(token=f"t{number}", id=f"user-{number}", nickname="x", details={"email": f"u{number}@e.org"})
        identity = self._identities.setdefault(person.session_of, new)
        sid = f"sid-{self._connections}"
        self._connections += 1
        self._by_sid[sid], self._sids[person.name] = person, sid
        person.standing.connected(identity)
        self._ledger.connected(person.name, self._now_ns)
        claims: dict[str, Json] = {
            "userId": identity.id,
            "email": identity.details["email"],
            "userType": "member",
            "iat": 0,
            "exp": 9,
        }
        self._server.enter(Connected(sid, {}, claims, 3_600_000, "1.2.3.4"), self._now_s)
        person.connected(identity, self._now_s)

    def _hear(self, sids: list[str], event: Event) -> None:
        for person in [self._by_sid[sid] for sid in sids if sid in self._by_sid]:
            self._ledger.heard(person.name, event, event.to_json(), self._now_ns)
            if type(event) in person.cares:
                person.hear(event, self._now_s)
                self._schedule.put(person)

    def _lose(self, sid: str) -> None:
        raise AssertionError(f"{self._by_sid[sid].name} was disconnected")


def right(effect: Effect) -> Iterator[Effect]:
    yield effect


@pytest.fixture(scope="module")
def played() -> Play:
    """Everybody's ten minutes with rules that keep every promise."""
    return Play(WrongIn(right)).run(600.0)


def test_all_is_heard_that_should_be_and_nothing_else(played: Play) -> None:
    assert (played.tally.examples, played.tally.faults) == ([], 0)
    assert played.tally.total("delivered") > 10_000


@pytest.mark.parametrize(
    ("cause", "heard", "at_least"),
    [
        ("message:send", "message:new", 5_000),
        ("message:send", "message:status", 500),
        ("message:read", "message:status", 100),
        ("sync:request", "messages:sync", 50),
        ("consent:respond", "consent:status", 40),
        ("consent:respond", "gopang:error", 20),
        ("transaction:create", "transaction:status", 500),
        ("transaction:cancel", "transaction:status", 10),
        ("openhash:verify", "openhash:verify", 100),
        ("vault:access", "vault:content", 100),
        ("vault:access", "gopang:error", 50),
        ("(unknown event)", "error", 10),
    ],
)
def test_everything_is_done_often(played: Play, cause: str, heard: str, at_least: int) -> None:
    assert played.tally.row(cause, heard).delivered >= at_least


def test_what_they_pay_each_other_is_neither_made_nor_lost(played: Play) -> None:
    balances = played.balances()
    assert sum(balances) == len(balances) * 1_000_000
    assert len(set(balances)) > 3


def once_in(number: int, kind: type[Event], instead: Change) -> Change:
    """Return a change of each so-many-th emission of a kind."""
    count = 0

    def change(effect: Effect) -> Iterator[Effect]:
        nonlocal count
        count += isinstance(effect, Emit) and isinstance(effect.event, kind)
        yield from (
            instead(effect)
            if isinstance(effect, Emit) and isinstance(effect.event, kind) and count % number == 0
            else right(effect)
        )

    return change


def silence(_effect: Effect) -> Iterator[Effect]:
    yield from ()


def echo(effect: Effect) -> Iterator[Effect]:
    yield effect
    yield effect


def leak(effect: Effect) -> Iterator[Effect]:
    yield effect
    assert isinstance(effect, Emit)
    yield replace(effect, room="user:user-1", skip="")


class Late:
    """Tells one thing after the next of its kind, and what was before it in time last."""

    def __init__(self) -> None:
        self._held: Effect | None = None

    def __call__(self, effect: Effect) -> Iterator[Effect]:
        if self._held is None:
            self._held = effect
        else:
            yield effect
            yield self._held
            self._held = None


@pytest.mark.parametrize(
    ("kind", "instead", "column"),
    [
        (MessageNew, silence, "lost"),
        (MessageNew, echo, "duplicated"),
        (MessageNew, Late(), "misordered"),
        (MessageStatus, silence, "lost"),
        (ConsentStatus, silence, "lost"),
        (VaultContent, silence, "lost"),
        (VaultContent, leak, "misheard"),
        (TransactionStatus, leak, "misheard"),
    ],
)
def test_a_server_that_is_wrong_now_and_then_is_noticed(kind: type[Event], instead: Change, column: str) -> None:
    play = Play(WrongIn(once_in(5, kind, instead)), "messenger=3,trader=2,owner=2,requester=3").run(150.0)
    assert play.tally.total(column) > 0
