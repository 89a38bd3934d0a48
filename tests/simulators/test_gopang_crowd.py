"""The people of gopang at our server: all that they should hear comes, and nothing else; devices share a session."""

import io

from protocols.contract import Action
from protocols.gopang import PROTOCOL, Connected, ConsentRequest, VaultContent
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.crowd import Crowd
from simulators.engine import Engine
from simulators.history import Direction, History
from simulators.scenario import Cast
from simulators.tally import Tally
from simulators.target import Target

CAST = "messenger=6,tablet=2,trader=4,owner=3,requester=8,heckler=2"


def test_a_cast_of_gopang_loses_nothing(engine: Engine) -> None:
    history = History()

    async def play(url: str) -> Tally:
        target = Target.at(url, protocol="gopang")
        crowd = await Crowd.gather(target, Cast.parse(CAST, "gopang"), seed=4, run="t", history=history)
        return await crowd.play(5.0)

    with running(Settings(port=0, protocols=("space", "gopang")), log_stream=io.StringIO()) as url:
        tally = engine.submit(play(url))
    assert (tally.examples, tally.faults) == ([], 0)
    assert tally.total("delivered") > 200
    heard = [
        (record.actor, PROTOCOL.parse(Action.SEND, record.name, record.arguments))
        for record in history
        if record.direction is Direction.RECEIVED and not record.is_ack
    ]
    users = {actor: event.user.userId for actor, event in heard if isinstance(event, Connected)}
    assert users["tablet-1"] == users["messenger-1"] != users["tablet-2"] == users["messenger-2"]
    assert len(set(users.values())) == len(users) - 2
    # Owners are known to the target, which has vaults for them alone; what requesters ask for over HTTP reaches them.
    assert {actor for actor, event in heard if isinstance(event, VaultContent)} >= {"owner-1", "owner-2", "owner-3"}
    assert {actor.partition("-")[0] for actor, event in heard if isinstance(event, ConsentRequest)} == {"owner"}
