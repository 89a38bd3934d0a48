"""What is under test: how it is described, and how its namespace is found."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from protocols.errors import TargetUnreachable, UsageError
from reference_server.serve import running
from reference_server.settings import DEVELOPMENT_SERVICE_TOKEN, Settings
from reference_server.world import World
from simulators.endpoint import Endpoint
from simulators.engine import Engine
from simulators.tables import read_table
from simulators.target import Target
from simulators.wire_config import WireConfig

EXAMPLE = Path(__file__).parents[2] / "examples/target.toml"
URL = "http://127.0.0.1:3001"


def test_a_url_is_enough() -> None:
    target = Target.at(URL)
    assert (target.protocol, target.mode, target.namespace, target.time_scale) == ("space", "production", None, 1.0)
    assert target.contract.name == "space"


def test_a_file_says_the_rest_and_the_command_line_outweighs_it(tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    path.write_text(
        f"""
        url = "{URL}"
        namespace = "/"
        mode = "development"
        time_scale = 60
        known_failures = ["space/move/2"]
        scopes = ["plaza", "studio"]
        [process]
        start = "systemctl restart app"
        """
    )
    target = Target.load(path, mode="production")
    assert (target.mode, target.time_scale) == ("production", 60.0)
    assert target.known_failures == ("space/move/2",)
    assert target.process.start == ("systemctl", "restart", "app")
    assert [target.place(n, "run") for n in range(3)] == ["plaza", "studio", "plaza"]


def test_a_file_names_events_for_the_judge_of_the_wire(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    file.write_text('url = "http://127.0.0.1:1"\n[wire]\necho = "message"\nauth = { token = "a" }\n')
    assert Target.load(file).wire == WireConfig(echo="message", auth={"token": "a"})
    assert Target.at("http://127.0.0.1:1").wire == WireConfig()


def test_the_example_can_be_read() -> None:
    target = Target.load(EXAMPLE)
    assert target.url == URL
    assert target.people is not None
    assert target.people.guests is not None


def test_what_the_documentation_shows_can_be_read() -> None:
    page = (EXAMPLE.parents[1] / "docs/target.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    targets = [read_table(Target, {"url": URL, **tomllib.loads(block)}) for block in blocks]
    assert len(targets) > 5
    assert any(target.people is not None and target.people.guests is not None for target in targets)
    assert any(target.service is not None for target in targets)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('protocl = "space"', "protocl: unknown key; did you mean protocol?"),
        ('protocol = "spcae"', "protocol: 'spcae' is no protocol; there is space"),
        ('url = "localhost:3001"', "url: 'localhost:3001' is no URL of a Socket.IO server"),
        ('namespace = "space"', "namespace: 'space' must begin with /"),
        ('transport = "carrier-pigeon"', "transport: Input should be 'websocket', 'polling' or 'upgrade'"),
        ("time_scale = 0", "time_scale: 0.0 must be above 0"),
        ("patience = nan", "patience: "),
        ('scopes = "plaza"', "a pattern needs {n}"),
        ("scopes = []", "at least one space"),
        ("[process]\nstart = []", "process.start: write the command and its arguments"),
        ("[process]\nstart = 'node \"server'", "process.start: No closing quotation; write the command"),
        ("[process]\ncrash = 7", "process.crash: Input should be a valid array"),
        ("[process]\ndeaths = 0", "0 deaths; it takes 1"),
        ("[refusal]\nack = {}", "say by which field it is known"),
        ('[refusal]\nhandshake = ["shrug"]', "refusal.handshake.0: Input should be 'disconnect' or 'http'"),
        ("[limits]\nconnects_per_minute = 0", "0 must be at least 1"),
        ("[limits]\nsettles_ms = -1", "-1 must be 0 to 10000 milliseconds"),
        ('origins = ["localhost:3000"]', "'localhost:3000' is no origin"),
        ('origins = ["http://localhost:3000/"]', "is no origin; write it like https://app.example.org"),
        ("[credentials.handshake]\ncookies = { sid = '{session}' }", "credentials.handshake: unknown {session}"),
        ("[credentials.http]\nheaders = { X = '{key}' }", "credentials.http: unknown {key}; there is {id}"),
        ("[rooms.make]\nurl = '/rooms'", "make: must say where the id of the new place stands"),
        ("[rooms.join]\nurl = '/rooms/{place}'", "rooms.join: unknown {place}"),
        ("users = []", "users: unknown key"),
        ("[people.guests]", "write either an http table or a jwt table"),
        ("[service]", "write either token or token_env"),
        ('redis_url = "127.0.0.1:6379"', "no address of a Redis; write it like redis://127.0.0.1:6379/0"),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "target.toml"
    first = "" if line.startswith("url") else f'url = "{URL}"\n'
    path.write_text(first + line)
    with pytest.raises(UsageError) as refused:
        Target.load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("within_ms", "time_scale", "deadline_s"),
    [
        (1000, 1.0, 5.0),
        (30_000, 1.0, 150.0),
        (30_000, 10.0, 15.0),
        (30_000, 60.0, 5.0),
        (200, 60.0, 1.0),
        (200, 0.1, 10.0),
    ],
)
def test_deadlines_are_the_contract_s_times_patience_and_the_network_is_never_hurried(
    within_ms: int, time_scale: float, deadline_s: float
) -> None:
    target = Target.at(URL, patience=5.0, time_scale=time_scale)
    assert target.deadline_s(within_ms) == pytest.approx(deadline_s)


def test_every_run_has_spaces_of_its_own() -> None:
    target = Target.at(URL)
    assert target.place(0, "a") != target.place(1, "a") != target.place(1, "b")


def test_an_endpoint_may_differ_in_places() -> None:
    target = Target.at(URL, namespace="/space", transport="polling")
    assert target.endpoint() == Endpoint(url=URL, namespace="/space", transport="polling")
    changed = target.endpoint(transport="websocket", auth={"token": "x"})
    assert (changed.transport, changed.auth, changed.namespace) == ("websocket", {"token": "x"}, "/space")
    with pytest.raises(UsageError, match="namespace is not known yet"):
        Target.at(URL).endpoint()


@pytest.mark.parametrize(("protocols", "namespace"), [(("space",), "/"), ((), "/space")])
def test_the_namespace_is_found(engine: Engine, protocols: tuple[str, ...], namespace: str) -> None:
    with running(Settings(port=0, protocols=protocols)) as url:
        assert engine.submit(Target.at(url).located()).namespace == namespace
        named = Target.at(url, namespace="/elsewhere")
        assert engine.submit(named.located()) is named


@pytest.mark.parametrize(
    ("answer", "namespace"),
    [
        (b'{"message":"who are you?"}', "/space"),  # it wants credentials
        (b'{"message":"Invalid namespace"}', "/"),
        (b'"Unable to connect"', "/"),  # as python-socketio says the same
    ],
)
def test_a_refusal_tells_whether_there_is_such_a_namespace(
    engine: Engine, hostile: Callable[..., Endpoint], answer: bytes, namespace: str
) -> None:
    async def refuse(peer) -> None:  # type: ignore[no-untyped-def]  # conftest's Peer cannot be imported from here
        await peer.accept()
        peer.frame(b'0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}')
        await peer.read_frame()
        peer.frame(b"44/space," + answer)
        await peer.read_frame()

    url = hostile(refuse).url
    assert engine.submit(Target.at(url).located()).namespace == namespace


def test_nobody_there(engine: Engine) -> None:
    with pytest.raises(TargetUnreachable, match="cannot be reached"):
        engine.submit(Target.at("http://127.0.0.1:9").located())


def test_the_service_token_is_the_reference_server_s_only_where_its_people_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Target.at(URL, protocol="hub").service_token == DEVELOPMENT_SERVICE_TOKEN
    assert Target.at(URL).service_token == ""
    own = {"url": URL, "protocol": "hub", "people": {}}
    assert read_table(Target, own).service_token == ""
    assert read_table(Target, {**own, "service": {"token": "open sesame"}}).service_token == "open sesame"
    from_environment = read_table(Target, {**own, "service": {"token_env": "APP_SERVICE_TOKEN"}})
    with pytest.raises(UsageError, match="APP_SERVICE_TOKEN is not set"):
        assert from_environment.service_token
    monkeypatch.setenv("APP_SERVICE_TOKEN", "open")
    assert from_environment.service_token == "open"


def test_the_reference_people_are_those_of_the_reference_world() -> None:
    world = World.built_in()
    users = {user.id: user for user in Target.at(URL).sessions.users}
    assert {id_: (user.nickname, user.token) for id_, user in users.items()} == {
        user.id: (user.nickname, user.token) for user in world.users
    }
    for place in world.spaces:
        assert [id_ for id_, user in users.items() if place.id in user.owner_of] == [place.owner]
        assert {id_ for id_, user in users.items() if place.id in user.staff_of} == set(place.staff)
