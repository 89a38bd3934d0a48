"""The account of deliveries as a simulation keeps it, each one put among the samples as well."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from loadtests.alerts import Alerts
from loadtests.samples import Failure, Label, Samples
from protocols.contract import Action, Audience, Event, Level, Protocol
from simulators.delivery import Ledger
from simulators.expectation import Deed, Notice, Pattern
from simulators.membership import Member
from simulators.tally import Row, Tally, Times

ELSEWHERE: Final = " elsewhere"
"""Ends the cause of what the people of other workers did; what comes of that is counted, and not timed."""
LOST_AFTER_NS: Final = 10_000_000_000
"""How long what is to be heard is waited for at least: what comes within it is timed as it was, however late."""
_ANSWERING: Final = frozenset({Audience.SENDER, Audience.ROOM})


class TimedTally(Tally):
    """Counts as a tally does, and samples acks and failures."""

    def __init__(self, samples: Samples, protocol: Protocol, connect: Label) -> None:
        super().__init__()
        self._samples = samples
        self._connect = connect
        self._contract = Label("contract", protocol.name)
        self._taken: Counter[Failure] = Counter()
        self._across: Counter[Label] = Counter()

    def acknowledged(self, name: str, due_ns: int, at_ns: int, *, is_late: bool = False) -> None:
        """Take in how long an ack took since its event was due; one that is late is a failure as well."""
        super().acknowledged(name, due_ns, at_ns)
        label = Label("ack", name)
        self._samples.time(label, due_ns, at_ns)
        if is_late:
            self._samples.fail(label, "late: acknowledged after its deadline", timed=True)

    def unanswered(self, name: str, due_ns: int, at_ns: int, text: str) -> None:
        """Time an ack that never came at its limit, and count it as a failure."""
        self.complain(text)
        self.violations += 1
        label = Label("ack", name)
        self._samples.time(label, due_ns, at_ns)
        self._samples.fail(label, "no ack until its limit", timed=True)

    def violated(self, text: str) -> None:
        """Count a message that breaks its schema."""
        super().violated(text)
        self._samples.fail(self._contract, "a message broke the contract")

    def lose_connection(self, text: str) -> None:
        """Count a connection that the target should not have ended."""
        super().lose_connection(text)
        self._samples.fail(self._connect, "the target ended the connection")

    def sample_deliveries(self) -> None:
        """Put among the samples what became of deliveries since the last time."""
        faults: Counter[Failure] = Counter()
        across: Counter[Label] = Counter()
        for row in self.rows.values():
            label = Label("deliver", row.heard)
            if row.cause.endswith(ELSEWHERE):
                label = Label("across", row.heard)
                across[label] += row.delivered
            else:
                self._samples.include(label, row.times)
                row.times = Times()
            faults[Failure(label, "lost: not heard by its deadline", timed=False)] += row.lost
            faults[Failure(label, "heard twice", timed=False)] += row.duplicated
            faults[Failure(label, "heard by somebody it was not for", timed=False)] += row.misheard
            faults[Failure(label, "heard after what followed it", timed=True)] += row.misordered
        for failure, count in (faults - self._taken).items():
            self._samples.fail(failure.label, failure.error, count=count, timed=failure.timed)
        for label, count in (across - self._across).items():
            self._samples.count(label, count)
        self._taken, self._across = faults, across


class TimedLedger(Ledger):
    """Samples what comes late, and as acks the deliveries that tell a sender what came of their event."""

    def __init__(
        self,
        protocol: Protocol,
        tally: TimedTally,
        samples: Samples,
        *,
        deadline_s: Callable[[float], float],
        time_scale: float,
        outsiders: bool,
    ) -> None:
        """Begin an account; the arguments are those of `Ledger`."""
        super().__init__(protocol, tally, deadline_s=deadline_s, time_scale=time_scale, outsiders=outsiders)
        self._samples = samples
        self._answers = answers(protocol)
        self._alerts = Alerts()

    @property
    def lost_after_ns(self) -> int:
        """Wait long enough to time what comes very late."""
        return max(super().lost_after_ns, LOST_AFTER_NS)

    def said(self, name: str, event: Event, due_ns: int, sent_ns: int) -> None:
        """Note that somebody said something."""
        self._alerts.asked(event, due_ns)
        super().said(name, event, due_ns, sent_ns)

    def overheard(self, member: Member, notice: Notice, at_ns: int, *, explained: bool) -> None:
        """Time what is promised to somebody, and the contract cannot say to whom."""
        if (due_ns := self._alerts.due_ns(notice.event)) is not None:
            self._samples.time(Label("deliver", notice.pattern.operation.name), due_ns, at_ns)

    def came_late(self, row: Row) -> None:
        """Count what came after its deadline as a failure that was timed."""
        self._samples.fail(Label("deliver", row.heard), "late: heard after its deadline", timed=True)

    def came_back(self, deed: Deed, pattern: Pattern, at_ns: int) -> None:
        """Time what stands in for an ack."""
        if self._answers.get(deed.cause) == pattern.operation.id:
            self._samples.time(Label("ack", deed.cause), deed.due_ns, at_ns)


def answers(protocol: Protocol) -> dict[str, str]:
    """Return what stands in for an ack where an event has none: wire name -> operation that its sender hears.

    It is the first thing that the contract promises to the sender, or to the room that the sender is in.
    """
    found: dict[str, str] = {}
    for operation in protocol.operations:
        if operation.action is Action.RECEIVE and operation.ack is None:
            for trigger in operation.triggers:
                if trigger.to in _ANSWERING and trigger.level is Level.MUST:
                    found.setdefault(operation.name, trigger.operation)
    return found
