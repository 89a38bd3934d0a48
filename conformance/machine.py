"""Random conversations of several people: a state machine that Hypothesis plays and shrinks, judged at each step."""

import itertools
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from conformance.at_once import say_at_once
from conformance.cast import Cast
from conformance.person import Person
from conformance.playground import Playground
from conformance.search import SETTINGS, Search
from conformance.strategies import garbage, invalid
from conformance.verdict import Broken
from protocols.contract import Action, Event, Json, Operation

NAMES: Final = ("ana", "ben", "cho", "dee")
PLACES: Final = 2
STEPS: Final = 24
ACTIONS: Final = (
    ("nothing",) + ("say",) * 16 + ("at once",) * 3 + ("enter",) * 2 + ("invalid", "garbage", "leave", "cut")
)
"""What somebody may do, as often as it stands here; the first is what shrinking prefers."""


def converse(ground: Playground) -> None:
    """Play random conversations until this case's share of the budget is used up."""
    search = Search(ground)

    def play(number: int | str) -> None:
        class Machine(Conversation):
            pass

        Machine.search = search
        seed(number)(Machine)
        run_state_machine_as_test(Machine, settings=settings(SETTINGS, stateful_step_count=STEPS))

    search.run(play)


class Conversation(RuleBasedStateMachine):
    """Four people and two places. Each step somebody connects, enters, leaves, or says something right or wrong."""

    search: Search

    def __init__(self) -> None:
        super().__init__()
        self.search.go_on()
        self.ground = self.search.ground
        self._stack = ExitStack()
        self._remarks = 0
        with self.search.watching(self._shown), ExitStack() as opening:  # lets everybody go when not all can come
            self.cast: Cast = opening.enter_context(self.ground.opened(hurried=self.search.is_hurried))
            self.ground.run(self.cast.prepare(NAMES, PLACES))
            self.cast.stage.steps[:] = self._twins()  # a story begins when everybody is there
            self._stack = opening.pop_all()

    def _twins(self) -> list[str]:
        """Say who is there with two sockets."""
        people = self.cast.stage.people
        pairs = ((one, other) for one, other in itertools.combinations(people, 2) if one.identity is not None)
        return [f"{other} = is another socket of {one}" for one, other in pairs if one.identity is other.identity]

    def teardown(self) -> None:
        """Let everybody go."""
        self._stack.close()

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """Let somebody do something."""
        if self.search.is_spent:
            return
        with self.search.watching(self._shown):
            data.draw(_step(self))

    def _shown(self, broken: Broken) -> tuple[int, tuple[str, ...]]:
        stage = self.cast.stage
        stage.witness(broken)
        return len(stage.steps), stage.story(broken)

    def act(self, draw: st.DrawFn) -> None:
        """Let somebody do what is drawn."""
        action = draw(st.sampled_from(ACTIONS))
        if action == "nothing":
            return
        who = self.cast.person(draw(st.sampled_from(NAMES)))
        if not who.is_connected:
            self.ground.run(self.cast.reconnect(who))
            return
        match action:
            case "say":
                self._say(draw, who)
            case "at once":
                self._say_at_once(draw, who)
            case "enter":
                self._enter(draw, who)
            case "invalid":
                self._say_invalid(draw, who)
            case "garbage":
                if targets := self._harmless():
                    operation = draw(st.sampled_from(targets))
                    wrong = draw(garbage(self.cast.model.protocol, operation))
                    self._break(who, operation.name, wrong.values)
            case _:
                self.ground.run(self.cast.stage.leave(who, politely=action != "cut"))

    def _enter(self, draw: st.DrawFn, who: Person) -> None:
        self.ground.run(self.cast.enter(who, draw(st.integers(0, PLACES - 1))))

    def _say(self, draw: st.DrawFn, who: Person) -> None:
        protocol = self.cast.model.protocol
        operation = draw(st.sampled_from(self.cast.likely(who)))
        if operation.event is self.cast.entry:
            self._enter(draw, who)
            return
        payloads: list[Json] = []
        if operation.schema is not None:
            plain: st.SearchStrategy[Json] = st.just(self.cast.base(operation, who))
            payloads.append(draw(plain | self.cast.model.payloads(operation, who)))
        # Whoever wants no ack gets none, and all else happens just the same.
        asks = operation.ack is not None and (operation.ack_required or draw(st.integers(0, 3)) > 0)
        event = protocol.parse(Action.RECEIVE, operation.name, payloads)
        self.ground.run(self.cast.stage.say(who, event, asks=asks))

    def _say_at_once(self, draw: st.DrawFn, who: Person) -> None:
        """Let two or three speak without waiting for anybody, and perhaps somebody else be cut off meanwhile."""
        connected = [person for person in self.cast.stage.people if person.is_connected]
        speakers = [who, *draw(st.lists(st.sampled_from(connected), min_size=1, max_size=2))]
        said: list[tuple[Person, Event]] = []
        for speaker in speakers:
            self._remarks += 1
            if remarks := self.cast.remarks(speaker, f"remark {self._remarks}"):
                said.append((speaker, draw(st.sampled_from(remarks))))
        others = [person for person in connected if person not in speakers and person.can_be_cut_off]
        leaving = draw(st.sampled_from([None, None, *others]))
        said = [(speaker, event) for speaker, event in said if self._is_sure(speaker, event, leaving)]
        if said:
            self.ground.run(say_at_once(self.cast.stage, said, leaving))

    def _is_sure(self, speaker: Person, event: Event, leaving: Person | None) -> bool:
        """Say whether what somebody says is right whether or not somebody else is gone by then."""
        receivers = {item.receiver for item in self.cast.model.foresee(speaker, event).expectations}
        return leaving is None or bool(receivers - {leaving})

    def _say_invalid(self, draw: st.DrawFn, who: Person) -> None:
        protocol = self.cast.model.protocol
        if targets := [op for op in self._harmless() if op.schema is not None]:
            operation = draw(st.sampled_from(targets))
            example = draw(invalid(protocol, str(operation.schema)))
            self._break(who, operation.name, [example.payload])

    def _harmless(self) -> list[Operation]:
        """Return the operations whose wrong inputs have not ended the target too often already."""
        return [op for op in self.cast.model.claimed if not self.ground.deaths.reason(op.name)]

    def _break(self, who: Person, name: str, arguments: Sequence[object]) -> None:
        self.ground.run(self.cast.stage.say_invalid(who, name, arguments))


@st.composite
def _step(draw: st.DrawFn, conversation: Conversation) -> None:
    """Play a whole step as one draw, so that shrinking can make nothing of it at once."""
    conversation.act(draw)
