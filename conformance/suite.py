"""All that can be tried of each protocol, by address, and the ground to try it on."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from conformance.case import Case
from conformance.cases import contract_cases
from conformance.cast import Cast, Scopes
from conformance.claims import check_claims
from conformance.deaths import Deaths
from conformance.handshakes import handshake_cases
from conformance.http import Http
from conformance.model import Model
from conformance.models import (
    dongne_notices_promises,
    dongne_promises,
    dongne_surroundings,
    gateway_crash_promises,
    gateway_presence_promises,
    gateway_promises,
    gateway_surroundings,
    gopang_dealings_promises,
    gopang_promises,
    hub_promises,
    space_promises,
    space_surroundings,
)
from conformance.models.common_promises import common_cases
from conformance.models.dongne import DongneModel
from conformance.models.dongne_cast import DongneCast
from conformance.models.gateway import GatewayModel
from conformance.models.gateway_cast import GatewayCast
from conformance.models.gopang import GopangModel
from conformance.models.gopang_cast import GopangCast
from conformance.models.hub import HubModel
from conformance.models.hub_cast import HubCast
from conformance.models.space import SpaceModel
from conformance.models.space_cast import SpaceCast
from conformance.playground import Options, Playground
from conformance.process import Keeper, Life, examine
from conformance.stage import Stage
from protocols import dongne, gateway, gopang, hub, space
from protocols.contract import Protocol
from protocols.errors import ConnectionLost, ConnectRefused, NotHeard, UsageError
from simulators.connection import Connection
from simulators.engine import Engine
from simulators.history import Record
from simulators.people import People, refused_session
from simulators.target import NO_NAMESPACE, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One protocol's part: its model, its people, and the promises that no template can say."""

    protocol: Protocol
    make_model: Callable[[Target], Model]
    make_cast: Callable[[Stage, People, Http, Scopes], Cast]
    promises: Sequence[Case]
    untested: Mapping[str, str]
    """Requirements that cannot be seen from outside, with the reason."""
    shown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What cases of the contract show besides: `handshake/missing` -> `handshake/1`, without the protocol's name."""
    may_hang_up: bool = False
    """Whether a handshake may be refused by a disconnect at once, too, in which case no words are promised."""

    def cases(self) -> list[Case]:
        """Return every case, in an order and with addresses that stay the same from run to run.

        Those come first that soonest show what is wrong: each event once, then out of turn and forged.
        """
        by_contract = [
            *handshake_cases(self.protocol, may_hang_up=self.may_hang_up),
            *contract_cases(self.protocol),
        ]
        cases = [*map(self._showing, by_contract), *self.promises, *common_cases(self.protocol)]
        return sorted(cases, key=lambda case: _SOONEST.index(case.kind) if case.kind in _SOONEST else len(_SOONEST))

    def _showing(self, case: Case) -> Case:
        name = self.protocol.name
        more = [f"{name}/{address}" for address in self.shown.get(case.address.removeprefix(f"{name}/"), ())]
        cites = tuple(dict.fromkeys((*case.cites, *more)))
        return replace(case, cites=cites, means=tuple(more) if case.subject == "handshake" else ())

    def select(self, addresses: Sequence[str]) -> list[Case]:
        """Return what is under these addresses, or all; raises UsageError for an address that selects nothing."""
        cases = self.cases()
        for address in addresses:
            if not any(case.part([address]) for case in cases):
                reason = self.untested.get(address)
                raise UsageError(
                    f"{address} is not tested: {reason}"
                    if reason
                    else f"no case and no requirement is called {address!r}; "
                    "`rehearsal check --list --cases` shows them all"
                )
        return [part for case in cases if (part := case.part(addresses) if addresses else case)]


_SOONEST: Final = ("asked", "unasked", "state", "forged", "valid", "invalid", "names")
"""Kinds of case, those first that are short and see much."""

SUITES: tuple[Suite, ...] = (
    Suite(
        protocol=space.PROTOCOL,
        make_model=SpaceModel,
        make_cast=SpaceCast,
        promises=(*space_promises.SCENES.cases, *space_surroundings.SCENES.cases),
        untested=space_surroundings.UNTESTED,
    ),
    Suite(
        protocol=gateway.PROTOCOL,
        make_model=GatewayModel,
        make_cast=GatewayCast,
        promises=(
            *gateway_promises.SCENES.cases,
            *gateway_surroundings.SCENES.cases,
            *gateway_presence_promises.SCENES.cases,
            *gateway_crash_promises.SCENES.cases,
        ),
        untested={},
        shown=gateway_surroundings.SHOWN,
        may_hang_up=True,
    ),
    Suite(
        protocol=dongne.PROTOCOL,
        make_model=DongneModel,
        make_cast=DongneCast,
        promises=(
            *dongne_promises.SCENES.cases,
            *dongne_notices_promises.SCENES.cases,
            *dongne_surroundings.SCENES.cases,
        ),
        untested=dongne_surroundings.UNTESTED,
        shown=dongne_surroundings.SHOWN,
    ),
    Suite(
        protocol=gopang.PROTOCOL,
        make_model=GopangModel,
        make_cast=GopangCast,
        promises=(*gopang_promises.SCENES.cases, *gopang_dealings_promises.SCENES.cases),
        untested=gopang_promises.UNTESTED,
        shown=gopang_promises.SHOWN,
    ),
    Suite(
        protocol=hub.PROTOCOL,
        make_model=HubModel,
        make_cast=HubCast,
        promises=hub_promises.SCENES.cases,
        untested={},
        shown=hub_promises.SHOWN,
    ),
)


def suite_of(protocol: str) -> Suite:
    """Return the suite of a protocol by its name; raises UsageError where there is none yet."""
    suites = {suite.protocol.name: suite for suite in SUITES}
    if protocol not in suites:
        raise UsageError(f"{protocol} cannot be judged yet: it has no suite; there is one for {', '.join(suites)}")
    return suites[protocol]


@contextmanager
def ground(target: Target, options: Options, watch: Callable[[Record], None] | None = None) -> Iterator[Playground]:
    """Open the ground to play on, and let `watch` hear of everything that is sent and received there.

    Raises TargetUnreachable or UsageError where there is none, or nobody may enter.
    """
    suite = suite_of(target.protocol)
    with Engine() as engine:
        check_claims(target, suite.cases())
        keeper = Keeper(target)
        try:
            found = engine.submit(_found(target, keeper))
            people = People(found)
            http = engine.submit(_open_http(found))
            try:
                engine.submit(_enter(found, people))
                yield Playground(
                    target=found,
                    engine=engine,
                    people=people,
                    http=http,
                    options=options,
                    make_model=suite.make_model,
                    make_cast=suite.make_cast,
                    scopes=Scopes(secrets.token_hex(3)),
                    keeper=keeper,
                    deaths=Deaths(found, keeper),
                    watch=watch,
                )
            finally:
                engine.submit(people.close())
                engine.submit(http.close())
        finally:
            keeper.end()


async def _found(target: Target, keeper: Keeper) -> Target:
    """Return the target with its namespace; start it first where nobody is there and the target file says how."""
    if keeper.can_start and (await examine(target)).life is Life.DEAD:
        keeper.start()
        await keeper.until_ready()
    return await target.located()


async def _enter(target: Target, people: People) -> None:
    """Come in once, with credentials where the handshake wants some: who is let in nowhere has nothing to judge."""
    identity = None if target.contract.handshake is None else await people.somebody("scout")
    try:
        scout = await Connection.open(target.door(identity), target.contract, "scout", patience_s=target.connect_s)
        if identity is not None:
            await scout.fence(within_s=target.connect_s)
            people.proven.add(identity.token)
        await scout.close()
    except ConnectRefused as refused:
        if refused.message in NO_NAMESPACE:
            raise UsageError(f"{target.url} has no namespace {target.namespace}; mend namespace") from refused
        if identity is None:
            raise
        raise UsageError(refused_session(identity, refused.message)) from refused
    except ConnectionLost as lost:
        if identity is None:
            raise
        raise UsageError(refused_session(identity, str(lost))) from lost
    except NotHeard:
        return  # whoever answers no fence is judged for that


async def _open_http(target: Target) -> Http:
    return Http(target)
