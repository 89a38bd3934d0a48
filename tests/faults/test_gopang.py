"""Servers of gopang that are right in another way than ours are judged rightly, too."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.playground import Options, Playground
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome
from protocols import gopang
from reference_server.effects import Effect, Emit, Entry, Later, Said, Stamp
from reference_server.mode import Mode
from reference_server.rules.gopang import Gopang
from reference_server.rules.gopang_bank import VerifyStep
from reference_server.rules.gopang_devices import Device
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from simulators.target import Target
from tests.faults.patience import UNHURRIED

SUITE = suite_of("gopang")
SCALE = 20.0
"""Of the server's time: transactions, consents and tokens take their time at scale 1."""
WORLD = World.built_in()


@contextmanager
def playing(rules: Gopang, options: Options, *, patience: float = UNHURRIED) -> Iterator[Playground]:
    """Serve these rules, and open a ground there."""
    with (
        running(Settings(port=0, protocols=("gopang",), time_scale=SCALE), [rules], log_stream=io.StringIO()) as url,
        ground(Target.at(url, protocol="gopang", patience=patience, time_scale=SCALE), options) as played,
    ):
        yield played


class Stalled(Gopang):
    """The whole server, beside a store that never says that it has stored anything."""

    def _store(self, message_id: str, stamp: Stamp) -> Iterator[Effect]:
        yield from ()


def test_what_is_not_stored_in_time_is_given_up_and_is_no_success() -> None:
    with playing(Stalled(WORLD, Mode.PRODUCTION), Options(seed=0)) as played:

        async def send() -> list[str]:
            async with played.cast() as cast:
                await cast.assemble()
                ana, ben = cast.person("ana"), cast.person("ben")
                assert ana.connection is not None
                event = gopang.MessageSend(conversationId=cast.places[0], content="is anybody storing this?")
                answer = await ana.connection.call(event, within_s=played.target.deadline_s(35_000))
                await cast.stage.fence()
                assert answer.ack is not None
                fields = answer.ack.to_json()
                assert (fields["success"], fields["status"]) == (False, "timeout")
                assert not ben.inbox, "what is not stored is heard by nobody"
                return [getattr(one.event, "status", "") for one in ana.inbox]

        assert played.run(send()) == ["processing", "timeout"]


class AtOnce(Gopang):
    """The whole server, where transactions take no time: they are over before anybody is told their id."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        for effect in super().handle(entry, stamp):
            if isinstance(effect, Later) and isinstance(effect.command, VerifyStep):
                yield from self.handle(effect.command, stamp)
            else:
                yield effect


def test_transactions_may_take_no_time_and_are_too_late_to_cancel_then() -> None:
    chosen = [case for case in SUITE.select(["gopang/transaction", "gopang/openhash"]) if not case.is_random]
    chosen += [case for case in SUITE.cases() if case.address.startswith("gopang/transaction:") and not case.is_random]
    with playing(AtOnce(WORLD, Mode.PRODUCTION), Options(seed=0)) as played:
        finished = [event for event in run(played, chosen) if isinstance(event, Finished)]

    skipped = {event.case.address for event in finished if event.verdicts[0].outcome is Outcome.SKIP}
    assert skipped == {"gopang/transaction/cancelled"}
    assert {verdict.outcome for event in finished for verdict in event.verdicts} == {Outcome.PASS, Outcome.SKIP}


class NeverInTime(Gopang):
    """The whole server, where every cancel comes in the moment in which it is too late."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(said.event, gopang.TransactionCancel) and self._bank.is_own(device.user_id, said.event.value):
            yield Emit(gopang.GopangError(code="E3004", message="that transaction is over"), said.sid)
        else:
            yield from super()._said(said, device, stamp)


def test_a_transaction_may_be_over_before_anybody_hears_so() -> None:
    chosen = SUITE.select(["gopang/transaction:cancel/valid", "gopang/transaction:cancel/asked"])
    with playing(NeverInTime(WORLD, Mode.PRODUCTION), Options(seed=0)) as played:
        verdicts = [v for event in run(played, chosen) if isinstance(event, Finished) for v in event.verdicts]

    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASS}
