"""Where a case is played: people connect, one of them does something, and everybody is asked what they heard.

Each step waits for what must come (until its deadline times the target's patience), then sends a fence through every
connection and compares. So "nobody else heard" rests on an answered round trip, not on a pause.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Unpack, cast

from conformance.belated import Belated
from conformance.judge import Step, judge
from conformance.model import Expectation, Heard, Model, Outlook
from conformance.person import Person
from conformance.verdict import Broken
from protocols.contract import Event, Level
from protocols.errors import ConnectionLost, NotHeard
from simulators.connection import Connection
from simulators.history import Direction, History, conversation, describe
from simulators.strict_json import Value
from simulators.target import EndpointChanges, Target

DISCONNECT: Final = "disconnect"
FENCE_MS: Final = 1000
LONGEST_CONVERSATION: Final = 8
_HURRY: Final = 0.3  # s; how long a step waits once its case has failed and only a shorter way to show it is sought


@dataclass(frozen=True, slots=True)
class Lapse:
    """A promise of level SHOULD that was not kept, and the conversation that shows it."""

    broken: Broken
    conversation: tuple[str, ...]


class Stage:
    """One cast of people on one target, and what the model knows of them."""

    def __init__(self, target: Target, model: Model, history: History) -> None:
        self.target = target
        self.model = model
        self.history = history
        self.people: list[Person] = []
        self.lapses: list[Lapse] = []
        self.hurried = False
        self.given_up: set[str] = set()
        """Ids of operations that a SHOULD promised in vain, for which nobody waits any more."""
        self._belated = Belated(target)
        self._step_began = 0
        self._state_before = ""

    # ---- coming and going --------------------------------------------------------------------------------------

    async def connect(self, name: str, **changes: Unpack[EndpointChanges]) -> Person:
        """Open a connection for somebody new, or again for somebody whose connection has ended."""
        who = next((person for person in self.people if person.name == name), None)
        if who is None:
            who = Person(name)
            self.people.append(who)
        who.inbox.clear()
        who.is_here = True
        who.connection = await Connection.open(
            self.target.endpoint(**changes),
            self.model.protocol,
            name,
            self.history,
            patience_s=self.target.deadline_s(1000),
            on_event=who.on_event,
        )
        return who

    async def leave(self, who: Person, *, politely: bool = True) -> None:
        """End somebody's connection, and check that those who must hear of it do.

        Who cannot be cut off says goodbye all the same.
        """
        assert who.connection is not None
        connection = who.connection

        async def end() -> None:
            if politely or not who.can_be_cut_off:
                await connection.close()
            else:
                connection.abort()

        await self.vanish(who, end)

    async def vanish(self, who: Person, end: Callable[[], Awaitable[None]]) -> None:
        """Bring about the end of somebody's connection, and check that those who must hear of it do.

        Their deadline counts from when `end` is done: a target may take long to notice a silent death.
        """
        outlook = self.model.foresee_end(who)
        self.begin()
        who.is_here = False
        await end()
        began = time.monotonic_ns()
        heard = await self._hear(outlook, began)
        self._compare(Step(who, None, DISCONNECT, outlook, began), heard)
        self.model.leave(who)

    async def close(self) -> None:
        """End every connection that still lives."""
        living = [person.connection for person in self.people if person.connection is not None and person.is_connected]
        await asyncio.gather(*(connection.close() for connection in living))

    # ---- saying ------------------------------------------------------------------------------------------------

    async def say(self, who: Person, event: Event) -> Heard:
        """Let somebody emit a valid event, and check everything that the contract says of it."""
        await who.pace(self.model.protocol.operation(event))
        outlook = self.model.foresee(who, event)
        step = await self._act(who, event, event.event_name, event.to_args(), outlook)
        heard = await self._hear(outlook, step.began_ns, speaker=who)
        self._compare(step, heard)
        if outlook.refusal is None:
            for broken in self.model.promises(who, event, heard):
                raise broken
            self.model.apply(who, event, heard)
        await self._expect_ends(outlook)
        return heard

    async def say_invalid(self, who: Person, event_name: str, arguments: Sequence[object]) -> Heard:
        """Let somebody emit something that breaks the contract, and check that it is refused and changes nothing."""
        outlook = self.model.foresee_invalid(who, event_name)
        await who.pace(outlook.operation)
        step = await self._act(who, None, event_name, arguments, outlook)
        heard = await self._hear(outlook, step.began_ns, speaker=who)
        self._compare(step, heard)
        await self._expect_ends(outlook)
        return heard

    async def _act(
        self, who: Person, event: Event | None, name: str, arguments: Sequence[object], outlook: Outlook
    ) -> Step:
        self.begin()
        assert who.connection is not None
        try:
            began = who.connection.emit_raw(name, *arguments)
        except ConnectionLost as lost:
            raise Broken(f"{self.model.protocol.name}/all/1", f"{who} stays connected", str(lost)) from lost
        return Step(who, event, name, outlook, began)

    def begin(self) -> None:
        """Start a step: what comes from now on belongs to it."""
        self._step_began = len(self.history)
        self._state_before = self.model.describe()

    # ---- hearing -----------------------------------------------------------------------------------------------

    async def _hear(self, outlook: Outlook, began_ns: int, *, speaker: Person | None = None) -> Heard:
        due = [item for item in outlook.expectations if self._is_awaited(item)]
        deadline = began_ns / 1e9 + max(map(self._patience_s, due), default=0.0)
        counted = _multiset(due)
        await self.until(lambda: all(map(_is_settled, counted)), {item.receiver for item in due}, deadline)
        if not self.hurried:
            missed = itertools.filterfalse(_is_settled, counted)
            self.given_up |= {item.operation.id for item, _ in missed if item.level is Level.SHOULD}
        if speaker is not None and speaker.is_connected:
            # What a target does because of an event is under way once it answers what came after that event. Only then
            # do the other connections' answers say anything.
            await self._fence_one(speaker)
        await self.fence(but=speaker)
        heard = Heard({person: tuple(person.inbox) for person in self.people})
        for person in self.people:
            person.inbox.clear()
        return heard

    def _is_awaited(self, expectation: Expectation) -> bool:
        match expectation.level:
            case Level.MUST:
                return True
            case Level.SHOULD:
                return expectation.operation.id not in self.given_up
            case Level.MAY:
                return False

    def _patience_s(self, expectation: Expectation) -> float:
        return _HURRY if self.hurried else self.target.deadline_s(expectation.within_ms)

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
        await asyncio.gather(*map(self._fence_one, living))

    async def _fence_one(self, who: Person) -> None:
        assert who.connection is not None
        try:
            await who.connection.fence(within_s=self.target.deadline_s(FENCE_MS))
        except ConnectionLost:
            return  # the comparison says what that means
        except NotHeard as silence:
            name = self.model.protocol.name
            raise Broken(f"{name}/all/1", f"{who} is still served", str(silence)) from silence

    # ---- judging -----------------------------------------------------------------------------------------------

    def _compare(self, step: Step, heard: Heard) -> None:
        self._check_alive(step)
        expectations = [*step.outlook.expectations, *self._belated.before(step.began_ns)]
        outlook = replace(step.outlook, expectations=expectations)
        findings = judge(self.model.protocol, replace(step, outlook=outlook), heard, self.target)
        self._belated.note(step, heard)
        for broken, level in findings:
            if level is Level.MUST:
                raise broken
            self.lapse(broken)

    def _check_alive(self, step: Step) -> None:
        """Nobody may have been cut off but those of whom the contract says so."""
        leaving = {item.receiver for item in step.outlook.expectations if item.disconnects}
        for person in self.people:
            if person.connection is not None and not person.is_connected and person.is_here and person not in leaving:
                person.is_here = False
                came = f"disconnected: {person.connection.closed}"
                raise Broken(f"{self.model.protocol.name}/all/1", f"{person} stays connected", came)

    def lapse(self, broken: Broken) -> None:
        """Remember a promise of level SHOULD that was not kept; the case goes on."""
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
            promise = f"{who} is disconnected after {expectation.operation.name}"
            raise Broken(expectation.requirement, promise, "it stays connected") from None
        who.is_here = False
        self.model.leave(who)

    # ---- telling -----------------------------------------------------------------------------------------------

    def conversation(self, broken: Broken) -> tuple[str, ...]:
        """Return the conversation that shows a fault: who was where, the last step, what was heard, what is wrong."""
        records = list(self.history)[self._step_began :]
        return _shortened([f"= {self._state_before}", *conversation(records)], 1, broken)

    def story(self, steps: Sequence[str], broken: Broken) -> tuple[str, ...]:
        """Return the conversation that shows a fault from its beginning: every step, and what the last one caused."""
        heard = [record for record in list(self.history)[self._step_began :] if record.direction is Direction.RECEIVED]
        return _shortened([*steps, *conversation(heard)], len(steps) - 1, broken)

    def line(self, who: Person, name: str, arguments: Sequence[object]) -> str:
        """Return the line of a conversation in which somebody emits something."""
        return f"{who} {Direction.SENT} {describe(name, cast('Sequence[Value]', arguments))}"


def _shortened(lines: Sequence[str], deed: int, broken: Broken) -> tuple[str, ...]:
    """Leave out what matters least of a long conversation: how it begins, the deed and what came last stay."""
    room = LONGEST_CONVERSATION - 1
    kept = set(range(len(lines)))
    if len(lines) > room:
        kept = {0, max(deed, 0)}
        while len(kept) + _gaps(kept) < room:
            kept.add(max(set(range(len(lines))) - kept))
    shown: list[str] = []
    after = 0
    for index in sorted(kept):
        if index > after:
            shown.append(f"… {index - after} more lines")
        shown.append(lines[index])
        after = index + 1
    return (*shown, f"! {broken.came}")


def _gaps(kept: Collection[int]) -> int:
    """Count where something is left out between the lines that are kept."""
    ordered = sorted(kept)
    return sum(after - before > 1 for before, after in itertools.pairwise(ordered))


def _is_settled(counted: tuple[Expectation, int]) -> bool:
    """Say whether it is no use to wait: everything has come, or nothing more can."""
    expectation, wanted = counted
    receiver = expectation.receiver
    came = sum(received.name == expectation.operation.name for received in receiver.inbox)
    return came >= wanted or not receiver.is_connected


def _multiset(due: Iterable[Expectation]) -> list[tuple[Expectation, int]]:
    """Count how often each receiver is to hear each name."""
    counts: dict[tuple[Person, str], tuple[Expectation, int]] = {}
    for item in due:
        key = item.receiver, item.operation.name
        counts[key] = item, counts.get(key, (item, 0))[1] + 1
    return list(counts.values())
