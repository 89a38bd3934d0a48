"""Where a case is played: people connect, one of them does something, and everybody is asked what they heard.

Each step waits for what must come (until its deadline times the target's patience), then sends a fence through every
connection and compares. So "nobody else heard" rests on an answered round trip, not on a pause.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Unpack, cast

from conformance import refusals
from conformance.belated import Belated
from conformance.case import Skipped
from conformance.checks import Check
from conformance.coverage import Hearing
from conformance.dues import ACK, Due, counted, is_answered, is_settled
from conformance.expectation import Expectation, Heard, Outlook
from conformance.judge import Extra, Step, judge
from conformance.leaks import Leaks
from conformance.model import Model
from conformance.person import Person
from conformance.process import Keeper
from conformance.reproduce.evidence import Aside, Evidence, Pause
from conformance.symptom import CLOSED, Symptom
from conformance.telling import shortened
from conformance.verdict import Broken
from protocols.contract import Event, Level
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, UsageError
from simulators.connection import Connection
from simulators.history import Direction, History, conversation, describe
from simulators.people import Identity, Origin, refused_session
from simulators.received import Received
from simulators.strict_json import Value
from simulators.target import EndpointChanges, Target

CONNECT: Final = "connect"
DISCONNECT: Final = "disconnect"
NOTHING: Final = "time that passes"
FENCE_MS: Final = 1000
HURRY: Final = 0.3  # s; how long to wait for what is known to be missing, and while a shorter way to show it is sought


@dataclass(frozen=True, slots=True)
class Lapse:
    """A promise that was not kept while the case could go on, and the conversation that shows it."""

    broken: Broken
    conversation: tuple[str, ...]


class Stage:
    """One cast of people on one target, and what the model knows of them."""

    def __init__(self, target: Target, model: Model, history: History, keeper: Keeper | None = None) -> None:
        self.target = target
        self.model = model
        self.history = history
        self.people: list[Person] = []
        self.lapses: list[Lapse] = []
        self.hurried = False
        self.given_up: set[str] = set()
        """Ids of operations that a SHOULD promised in vain, for which nobody waits any more."""
        self.keeper = keeper or Keeper(target)
        """Who starts the target again when a scene has made it die."""
        self.missed: set[tuple[str, str]] = set()
        """What a MUST promised in vain, for which nobody waits in full again: the cause, and the event, or `ACK`."""
        self.hearing = Hearing()
        self.was_hasty = False
        """Whether something was missed that was not waited for in full."""
        self.steps: list[str] = []
        """What everybody did so far, one line each."""
        self.origins: Mapping[str, Origin] = {}
        """Where the tokens of these people come from."""
        self.runs: tuple[str, ...] = ()
        """Texts in names that are made for this run."""
        self._asides: list[tuple[int, Aside]] = []
        self._begun: list[int] = []
        self._refused: list[int] = []
        self.proven: set[str] = set()
        """Tokens of people whom the target has let in to stay."""
        self._belated = Belated(target)
        self._leaks = Leaks(model.protocol, self.people, history)
        self._heard_in: set[tuple[Person, str, str]] = set()  # and what they were to hear there, and in which room
        self._said_now: set[tuple[Person, str, str]] = set()  # the same of the present step
        self._untimely: list[Broken] = []  # what timers of the target caused at the wrong time during this step
        self._fenced_at = 0.0
        self._step_began = 0
        self.deeds = 1  # how many of the last lines of `steps` the present step has
        self.said = ""
        """The event that was emitted last."""
        self.deed = ""
        """The same as a line of a conversation."""
        self.answered = False
        """Whether the target has answered anybody since the present step began."""
        self.cause = ""  # what the present step is called in a finding
        self._state_before = ""

    # ---- coming and going --------------------------------------------------------------------------------------

    async def connect(self, name: str, identity: Identity | None = None, **changes: Unpack[EndpointChanges]) -> Person:
        """Open a connection for somebody new, or again for somebody whose connection has ended.

        An identity is kept for the next time, and shown in the handshake where the protocol wants that. Checks that
        those who must hear of it do. Raises UsageError when the target does not know the identity.
        """
        who = next((person for person in self.people if person.name == name), None)
        if who is None:
            who = Person(name)
            self.people.append(who)
        assert not who.is_connected, f"{who} is connected already"
        who.identity = identity or who.identity
        who.forget()
        self._fenced_at = 0.0
        self.begin(f"{who} = connects")
        await self._open(who, changes)
        who.is_here = True
        self.model.present.append(who)
        outlook = self.model.foresee_connect(who)
        step = Step(who, None, CONNECT, outlook, time.monotonic_ns())
        # Where coming causes nothing, whatever it does cause is found by the next step: it is not heard by then.
        is_heard = bool(self.model.protocol.connect or outlook.expectations)
        heard = await self.hear(step, speaker=who) if is_heard else Heard({})
        extras = self.compare(step, heard)
        self.model.arrive(who, heard)
        self.explain(extras)
        await self._expect_ends(outlook)
        return who

    async def _open(self, who: Person, changes: EndpointChanges) -> None:
        try:
            who.connection = await Connection.open(
                self.target.door(who.identity, **changes),
                self.model.protocol,
                who.name,
                self.history,
                patience_s=self.target.connect_s,
                on_event=who.take,
                on_answer=who.take,
            )
            if who.identity is not None and "disconnect" in self.target.refusal.handshake:
                await self._stay(who.connection, who.identity)
        except ConnectRefused as refused:
            if who.identity is None:
                raise
            raise UsageError(refused_session(who.identity, refused.message)) from refused

    async def _stay(self, connection: Connection, identity: Identity) -> None:
        """See whether the target lets somebody stay; whom it never has let, it does not know."""
        if identity.token in self.proven:
            return
        try:
            await connection.fence(within_s=self.target.deadline_s(FENCE_MS))
        except ConnectionLost as lost:
            raise UsageError(refused_session(identity, str(lost))) from lost
        self.proven.add(identity.token)

    async def leave(self, who: Person, *, politely: bool = True) -> Heard:
        """End somebody's connection, check that those who must hear of it do, and return what was heard.

        Who cannot be cut off says goodbye all the same.
        """
        assert who.connection is not None
        connection = who.connection
        politely = politely or not who.can_be_cut_off

        async def end() -> None:
            if politely:
                await connection.close()
            else:
                connection.abort()

        return await self.vanish(who, end, "disconnects" if politely else "is cut off")

    async def vanish(self, who: Person, end: Callable[[], Awaitable[None]], how: str = "vanishes") -> Heard:
        """Bring about the end of somebody's connection, check that those who must hear of it do, and return what was.

        Their deadline counts from when `end` is done: a target may take long to notice a silent death.
        """
        outlook = self.model.foresee_end(who)
        self.begin(f"{who} = {how}")
        who.is_here = False
        await end()
        step = Step(who, None, DISCONNECT, outlook, time.monotonic_ns())
        heard = await self.hear(step)
        extras = self.compare(step, heard)
        self.gone(who)
        self.explain(extras)
        return heard

    def gone(self, who: Person) -> None:
        """Note that somebody's connection has ended, and what that means for them."""
        who.is_here = False
        if who in self.model.present:
            self.model.present.remove(who)
        self.model.leave(who)
        self.model.forgive(lambda owed: owed.receiver is who)

    async def close(self) -> None:
        """End every connection that still lives."""
        living = [person.connection for person in self.people if person.connection is not None and person.is_connected]
        await asyncio.gather(*(connection.close() for connection in living))

    # ---- saying ------------------------------------------------------------------------------------------------

    async def say(self, who: Person, event: Event, *, asks: bool | None = None) -> Heard:
        """Let somebody emit a valid event, and check everything that the contract says of it.

        It asks for an ack where there is one, unless `asks` says otherwise.
        """
        operation = self.model.protocol.operation(event)
        await self._return(who)
        await who.pace(operation)
        asks = operation.ack is not None if asks is None else asks
        outlook = self.model.foresee(who, event, asked=asks)
        step = self._act(who, event, event.event_name, event.to_args(), outlook, asks=asks)
        heard = await self.hear(step, speaker=who)
        outlook = outlook.decided(heard.by)
        extras = self.compare(replace(step, outlook=outlook), heard)
        if outlook.refusal is None:
            for broken in self.model.promises(who, event, heard):
                raise broken
            self.model.apply(who, event, heard)
        else:
            self._refused.append(self._step_began)
        self.explain(extras)
        await self._expect_ends(outlook)
        return heard

    async def say_invalid(
        self, who: Person, event_name: str, arguments: Sequence[object], *, asks: bool | None = None
    ) -> Heard:
        """Let somebody emit something that breaks the contract, and check that it is refused and changes nothing.

        It asks for an ack where there is one, unless `asks` says otherwise.
        """
        operation = self.model.protocol.inbound.get(event_name)
        await self._return(who)
        asks = (operation is not None and operation.ack is not None) if asks is None else asks
        outlook = self.model.foresee_invalid(who, event_name, arguments, asked=asks)
        await who.pace(operation)
        step = self._act(who, None, event_name, arguments, outlook, asks=asks)
        heard = await self.hear(step, speaker=who)
        self.explain(self.compare(step, heard))
        self._refused.append(self._step_began)
        await self._expect_ends(outlook)
        return heard

    async def provoke(self, who: Person, event_name: str, arguments: Sequence[object]) -> None:
        """Let somebody emit what may cost them their connection, and check that it harms nobody else.

        It may be refused like anything else that is wrong, or be ignored.
        """
        refused = self.model.foresee_invalid(who, event_name, arguments)
        outlook = replace(refused, expectations=[replace(item, level=Level.MAY) for item in refused.expectations])
        step = self._act(who, None, event_name, arguments, outlook, asks=False)
        assert who.connection is not None
        await self.fence_one(who)
        if who.is_connected:
            heard = await self.hear(step, speaker=who)
            self.explain(self.compare(step, heard))
            return
        who.forget()  # of which nothing was promised
        await self.vanish(who, _nothing_more, f"is cut off for {event_name}")

    def _act(
        self, who: Person, event: Event | None, name: str, arguments: Sequence[object], outlook: Outlook, *, asks: bool
    ) -> Step:
        if reason := self.target.scope.reason(name):
            raise Skipped(reason)
        self.begin(f"{who} {Direction.SENT} {describe(name, cast('Sequence[Value]', arguments))}")
        return self.emit(who, event, name, arguments, outlook, asks=asks)

    def emit(
        self, who: Person, event: Event | None, name: str, arguments: Sequence[object], outlook: Outlook, *, asks: bool
    ) -> Step:
        """Let somebody emit something as part of the present step; raises Broken where they are cut off."""
        assert who.connection is not None
        ack_id = None
        self.cause = self.said = name
        self.deed = self.steps[-1]
        try:
            if asks:
                ack_id, began_ns = who.connection.ask_raw(name, *arguments)
            else:
                began_ns = who.connection.emit_raw(name, *arguments)
        except ConnectionLost as lost:
            raise self._cut_off(who, str(lost)) from lost
        return Step(who, event, name, outlook, began_ns, ack_id)

    async def listen(self, for_ms: float = 0.0) -> Heard:
        """Let so much of the target's time pass while nobody does anything, and check what comes by itself."""
        self.begin(f"= {for_ms:g} ms pass" if for_ms else "")
        if for_ms:
            await self.rest(for_ms / 1000 / self.target.time_scale)
        return await self.overhear(NOTHING)

    async def rest(self, seconds: float) -> None:
        """Let so much of our time pass, and remember that: whoever does the same is to let it pass, too."""
        self.note(Pause(seconds))
        await asyncio.sleep(seconds)

    async def collect(self) -> Heard:
        """Wait until all that timers of the target owe has come, and check that it does, each at its time."""
        self.begin("= time passes")
        owed = list(self.model.owed)

        def is_all_there() -> bool:
            return all(any(map(item.is_paid_by, item.expectation.receiver.inbox)) for item in owed)

        by = max((item.by for item in owed), default=0.0)
        await self.until(is_all_there, {item.expectation.receiver for item in owed}, by)
        return await self.overhear(NOTHING)

    async def finish(self) -> None:
        """Check at the end of a case that what was due by now has come."""
        if self.model.owed:
            await self.listen()

    async def overhear(self, cause: str, outlook: Outlook = Outlook()) -> Heard:  # noqa: B008 -- frozen
        """Check that everybody hears by now what the outlook says, and nothing else; `cause` says because of what."""
        step = Step(None, None, cause, outlook, time.monotonic_ns())
        heard = await self.hear(step)
        self.explain(self.compare(step, heard))
        return heard

    def begin(self, line: str = "") -> None:
        """Start a step: what comes from now on belongs to it. Its line tells it in a story."""
        if line:
            self.steps.append(line)
        self.deeds = 1
        self._untimely.clear()
        self.answered = False
        self._step_began = len(self.history)
        self._begun.append(self._step_began)
        self._state_before = self.model.describe()
        self.model.moment = time.monotonic()

    # ---- hearing -----------------------------------------------------------------------------------------------

    async def hear(self, step: Step, *, speaker: Person | None = None) -> Heard:
        """Wait until all has come that is due because of a step, or can come no more, and return what all heard."""
        self.cause = step.cause
        dues = self._dues(step)
        await self._await(step, dues)
        if speaker is not None and not dues and self.target.limits.settles_ms:
            # Nothing tells that it has been handled; a target that asks a database first may answer a fence before.
            await asyncio.sleep(self.target.deadline_s(self.target.limits.settles_ms))
        self._fenced_at = time.monotonic()
        if speaker is not None and speaker.is_connected:
            # What a target does because of an event is under way once it answers what came after that event. Only then
            # do the other connections' answers say anything.
            await self.fence_one(speaker)
        await self.fence(but=speaker)
        asked = None if step.who is None or step.ack_id is None else (step.who, step.ack_id)
        heard = Heard({person: tuple(person.arrivals) for person in self.people}, asked)
        self.hearing.note(heard)
        for person in self.people:
            person.forget()
        return heard

    def _dues(self, step: Step) -> list[Due]:
        dues = [
            Due(item, (step.event_name, item.operation.name), item.receiver, partial(is_settled, (item, wanted)))
            for item, wanted in counted(filter(self._is_awaited, step.outlook.expectations))
        ]
        if step.outlook.ack is not None and step.who is not None:
            dues.append(Due(step.outlook.ack, (step.event_name, ACK), step.who, partial(is_answered, step)))
        return dues

    async def _await(self, step: Step, dues: Sequence[Due]) -> None:
        """Wait until all that is due has come, or its time is over; and briefly for what never came before."""
        known = [due for due in dues if due.key in self.missed]
        others = [due for due in dues if due not in known]
        receivers = {due.receiver for due in dues}
        for awaited, wait_s in (others, max(map(self._patience_s, others), default=0.0)), (known, HURRY):
            await self.until(partial(self._is_there, awaited, step), receivers, step.began_ns / 1e9 + wait_s)
        if not self._is_otherwise(step) and not self.hurried:
            late = [due for due in others if not due.has_come()]
            self.missed |= {due.key for due in late if due.level is Level.MUST}
            self.given_up |= {due.what.operation.id for due in late if due.level is Level.SHOULD}
            self.was_hasty |= not all(due.has_come() for due in known)

    def _is_there(self, dues: Iterable[Due], step: Step) -> bool:
        return all(due.has_come() for due in dues) or self._is_otherwise(step)

    def _is_otherwise(self, step: Step) -> bool:
        """Say whether something came of another outcome, after which nothing of this one will."""
        if step.outlook.decided({person: person.inbox for person in self.people}) is not step.outlook:
            return True
        arrivals = {person: person.arrivals for person in self.people}
        return refusals.is_otherwise(step, arrivals, self.target.refusal)

    def _is_awaited(self, expectation: Expectation) -> bool:
        match expectation.level:
            case Level.MUST:
                return True
            case Level.SHOULD:
                return expectation.operation.id not in self.given_up
            case Level.MAY:
                return False

    def _patience_s(self, due: Due) -> float:
        return HURRY if self.hurried else self.target.deadline_s(due.what.within_ms)

    async def until(self, done: Callable[[], bool], receivers: Collection[Person], deadline: float) -> None:
        """Wait until something is done, or `time.monotonic()` is past the deadline, or all receivers are cut off."""
        while not done() and (left := deadline - time.monotonic()) > 0:
            if not any(receiver.is_connected for receiver in receivers):
                return
            waiting = [asyncio.ensure_future(receiver.stirred.wait()) for receiver in receivers]
            await asyncio.wait(waiting, timeout=min(left, 0.25), return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            for receiver in receivers:
                receiver.stirred.clear()

    async def fence(self, *, but: Person | None = None) -> None:
        """Make a round trip on every living connection but one, so that what was sent to it before has been heard."""
        living = [person for person in self.people if person.is_connected and person is not but]
        await asyncio.gather(*map(self.fence_one, living))

    async def fence_one(self, who: Person) -> None:
        """Make a round trip on one connection; raises Broken where it is answered no more."""
        assert who.connection is not None
        try:
            await who.connection.fence(within_s=self.target.deadline_s(FENCE_MS))
            self.answered = True
        except ConnectionLost:
            return  # the comparison says what that means
        except NotHeard as silence:
            expected, about = f"{who} is still served", self.cause
            requirement = f"{self.model.protocol.name}/all/1"
            raise Broken(requirement, expected, str(silence), check=Check.STILL_SERVED, about=about) from silence

    def was_told(self, who: Person, event_name: str) -> bool:
        """Say whether somebody heard an event of this name in the present step, or the last one."""
        step = list(self.history)[self._step_began :]
        return any(
            (record.actor, record.direction, record.name) == (who.name, Direction.RECEIVED, event_name)
            for record in step
        )

    # ---- judging -----------------------------------------------------------------------------------------------

    def compare(self, step: Step, heard: Heard) -> list[Extra]:
        """Raise the first broken promise, and return what nothing explains until the step has been applied."""
        is_cut_off = refusals.is_cut_off(step, self.target.refusal)
        step, heard = refusals.settled(step, heard, self.target.refusal)
        if is_cut_off:
            step = self._sent_away(step)
        self._check_alive(step)
        expectations = [*step.outlook.expectations, *self._belated.before(step.began_ns)]
        outlook = replace(step.outlook, expectations=expectations)
        judgement = judge(self.model.protocol, replace(step, outlook=outlook), heard, self.target, self._floats)
        for broken, _ in judgement.findings:
            broken.symptoms = tuple(map(self._unless_late, broken.symptoms))
        self._belated.note(step, heard)
        for broken in self._leaks.findings(step, heard, self._step_began):
            self.lapse(broken)  # whatever else is wrong with the step is to be seen, too
        self._said_now = {(i.receiver, i.operation.name, i.room) for i in step.outlook.expectations if i.room}
        self._heard_in |= self._said_now
        findings = [*judgement.findings, *((broken, Level.MUST) for broken in self._untimely), *self._overdue()]
        for broken, level in findings:
            if level is not Level.MUST:
                self.lapse(broken)
        for broken, level in findings:
            if level is Level.MUST:
                raise broken
        return judgement.extras

    def _unless_late(self, symptom: Symptom) -> Symptom:
        """Return that something is late where a timer brings the same later, to whoever listens for longer."""
        is_late = symptom.is_missing and any(owed.brings(symptom) for owed in self.model.owed)
        return replace(symptom, is_late=True) if is_late else symptom

    def _sent_away(self, step: Step) -> Step:
        """Note that who was refused is gone by that, as the target file allows; others may hear of it."""
        assert step.who is not None  # it was refused to somebody
        others = [replace(item, level=Level.MAY) for item in self.model.foresee_end(step.who).expectations]
        self.gone(step.who)
        return replace(step, outlook=replace(step.outlook, expectations=[*step.outlook.expectations, *others]))

    async def _return(self, who: Person) -> None:
        """Connect somebody again who was cut off for what they said, where that counts as a refusal."""
        if self.target.refusal.disconnect and not who.is_connected:
            await self.connect(who.name)

    def explain(self, extras: Iterable[Extra]) -> None:
        """Raise the first that still nothing explains, now that what the step has caused is known."""
        for extra in extras:
            if not self._floats(extra.who, extra.received):
                if extra.broken.check is Check.ROOM_ISOLATION and self._was_there(extra):
                    extra.broken.check = Check.USE_AFTER_LEAVE
                raise extra.broken
        for broken in self._untimely:
            raise broken

    def _was_there(self, extra: Extra) -> bool:
        """Say whether somebody is in the room no more in which this was said, and heard the like when they were."""
        rooms = {room for _, name, room in self._said_now if name == extra.received.name}
        return any((extra.who, extra.received.name, room) in self._heard_in - self._said_now for room in rooms)

    def _floats(self, who: Person, received: Received) -> bool:
        """Say whether a timer or a stranger may have caused what somebody heard, and cross out what was owed."""
        for owed in self.model.owed:
            if owed.expectation.receiver is who and owed.is_paid_by(received):
                self.model.owed.remove(owed)
                if (broken := owed.untimely(received)) is not None and owed.expectation.level is Level.MUST:
                    self._untimely.append(broken)
                return True
        return self.model.possible(who, received)

    def _overdue(self) -> list[tuple[Broken, Level]]:
        """Take out what should have come before the last fence, and return what is wrong with that."""
        late = [owed for owed in self.model.owed if owed.by < self._fenced_at]
        self.model.owed[:] = [owed for owed in self.model.owed if owed not in late]
        return [(owed.missing(), owed.expectation.level) for owed in late if owed.expectation.level is not Level.MAY]

    def _check_alive(self, step: Step) -> None:
        """Nobody may have been cut off but those of whom the contract says so."""
        leaving = {item.receiver for item in step.outlook.expectations if item.disconnects}
        for person in self.people:
            if person.connection is not None and not person.is_connected and person.is_here and person not in leaving:
                person.is_here = False
                came = f"disconnected: {person.connection.closed}"
                also = (step.outlook.requirement,) if step.outlook.requirement else ()
                raise self._cut_off(person, came, also)

    def _cut_off(self, who: Person, came: str, also: tuple[str, ...] = ()) -> Broken:
        requirement, expected = f"{self.model.protocol.name}/all/1", f"{who} stays connected"
        broken = Broken(requirement, expected, came, also, check=Check.CONNECTION_KEPT, about=self.cause)
        return broken.shown(Symptom.heard(who, CLOSED))

    def lapse(self, broken: Broken) -> None:
        """Remember a promise that was not kept, such as a SHOULD; the case goes on."""
        self.witness(broken)
        self.lapses.append(Lapse(broken, self.conversation(broken)))

    async def _expect_ends(self, outlook: Outlook) -> None:
        for expectation in outlook.expectations:
            if expectation.disconnects:
                await self._expect_end(expectation)

    async def _expect_end(self, expectation: Expectation) -> None:
        who = expectation.receiver
        assert who.connection is not None
        try:
            await who.connection.wait_closed(self.target.deadline_s(expectation.within_ms))
        except NotHeard:
            name = expectation.operation.name
            promise, came = f"{who} is disconnected after {name}", "it stays connected"
            stays = Broken(expectation.requirement, promise, came, check=Check.CONNECTION_CLOSED, about=name)
            within_s = self.target.deadline_s(expectation.within_ms)
            raise stays.shown(Symptom.unheard(who, CLOSED, {}, within_s)) from None
        self.gone(who)

    # ---- witnessing --------------------------------------------------------------------------------------------

    def note(self, aside: Aside, place: int | None = None) -> None:
        """Remember something that no connection sees, and that began at this place in the history, or now."""
        self._asides.append((len(self.history) if place is None else place, aside))

    def witness(self, broken: Broken) -> None:
        """Keep with a broken promise all that it takes to do the same again; the first time is the one that counts."""
        broken.evidence = broken.evidence or Evidence(
            target=self.target,
            records=list(self.history),
            asides=list(self._asides),
            begun=list(self._begun),
            refused=list(self._refused),
            origins=self.origins,
            runs=self.runs,
        )

    # ---- telling -----------------------------------------------------------------------------------------------

    def conversation(self, broken: Broken) -> tuple[str, ...]:
        """Return the conversation that shows a fault: who was where, the last step, what was heard, what is wrong."""
        records = list(self.history)[self._step_began :]
        return shortened([f"= {self._state_before}", *conversation(records)], range(1, 2), broken)

    def story(self, broken: Broken) -> tuple[str, ...]:
        """Return the conversation that shows a fault from its beginning: every step, and what the last one caused."""
        heard = [record for record in list(self.history)[self._step_began :] if record.direction is Direction.RECEIVED]
        deeds = range(len(self.steps) - self.deeds, len(self.steps))
        return shortened([*self.steps, *conversation(heard)], deeds, broken)


async def _nothing_more() -> None:
    """Do nothing: the connection has ended already."""
