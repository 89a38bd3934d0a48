"""Several protocols at a time: each is shown, and what goes wrong in one is told in whole."""

import io
from collections import Counter
from collections.abc import Iterator

from rich.console import Console

from protocols import hub
from reference_server.effects import Effect, Emit, Entry, Stamp
from reference_server.mode import Mode
from reference_server.rules.gateway import Gateway
from reference_server.rules.hub import Hub
from reference_server.serve import running
from reference_server.settings import Settings
from reference_server.world import World
from rehearsal.ensemble import Part, picture, play
from simulators.scenario import Cast
from simulators.snapshot import Snapshot
from simulators.tally import Times
from simulators.target import Target


def test_what_goes_wrong_in_one_protocol_is_told_in_whole() -> None:
    class Stutters(Hub):
        def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
            for effect in super().handle(entry, stamp):
                yield effect
                if isinstance(effect, Emit) and isinstance(effect.event, hub.MessageSent):
                    yield effect

    world = World.built_in()
    rules = [Gateway(world, Mode.PRODUCTION), Stutters(world, Mode.PRODUCTION)]
    file = io.StringIO()
    settings = Settings(port=0, protocols=("gateway", "hub"))
    with running(settings, rules, log_stream=io.StringIO()) as url:
        parts = [
            Part(Target.at(url, protocol="gateway"), Cast({"chatter": 3})),
            Part(Target.at(url, protocol="hub"), Cast({"talker": 3})),
        ]
        console = Console(file=file, width=120, force_terminal=True, color_system=None)
        code = play(parts, for_s=2.0, seed=1, run="t", console=console)
    text = file.getvalue()
    assert code == 1
    assert "what went wrong in hub" in text
    assert "what went wrong in gateway" not in text
    assert "Not as promised" in text
    assert "3 talkers" in text


def test_the_picture_has_a_line_for_each_protocol() -> None:
    def snapshot(elapsed_s: float, sent: int) -> Snapshot:
        return Snapshot(
            elapsed_s=elapsed_s,
            scopes={"room": Counter(talker=3)},
            said=[("room", "talker-1 (send_message)", "안녕하세요")],
            pranks=[],
            sent=sent,
            delivered=10 * sent,
            lost=0,
            faults=0,
            waiting=0,
            latest=Times({1000: 1, 2000: 1, 9000: 1}),
        )

    file = io.StringIO()
    last, now = [snapshot(1.0, 100)] * 2, [snapshot(2.0, 120), snapshot(2.0, 100)]
    Console(file=file, width=100).print(picture(["gateway", "hub"], last, now, 8.0))
    lines = {words[0]: words for line in file.getvalue().splitlines() if (words := line.split())}
    assert lines["gateway"] == ["gateway", "3", "20", "200", "2.0", "9.0", "0", "안녕하세요"]
    assert lines["hub"][1:4] == ["3", "0", "0"]
