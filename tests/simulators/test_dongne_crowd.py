"""The people of dongne at our server: all that they should hear of each other comes, and nothing else."""

import io

from reference_server.serve import running
from reference_server.settings import Settings
from simulators.crowd import Crowd
from simulators.engine import Engine
from simulators.scenario import Cast
from simulators.tally import Tally
from simulators.target import Target


def test_a_cast_at_our_server_loses_nothing(engine: Engine) -> None:
    async def go(url: str) -> Tally:
        cast = Cast.parse("asker=6,answerer=14,admin=1,heckler=3", "dongne")
        crowd = await Crowd.gather(Target.at(url, protocol="dongne"), cast, seed=1, run="t")
        return await crowd.play(4.0)

    # Among the other protocols, so that the people have to find their own namespace.
    with running(Settings(port=0, protocols=("space", "dongne")), log_stream=io.StringIO()) as url:
        tally = engine.submit(go(url))
    assert tally.examples == []
    assert tally.faults == 0
    assert tally.total("delivered") > 300
    heard = {row.heard for row in tally.rows.values() if row.delivered}
    assert heard >= {"question_created", "room_users", "user_typing", "nearby_questions_update", "user_online", "error"}
