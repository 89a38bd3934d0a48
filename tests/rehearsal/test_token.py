"""A developer gets a session to connect with, or is told what is wrong."""

import pytest

from protocols import PROTOCOLS
from reference_server.gate import DEVELOPMENT_SECRET, Gate
from reference_server.served import SERVED
from reference_server.world import World
from rehearsal.cli import main

WHO = ("--claim", "id=u1", "--claim", "email=ana@example.org", "--claim", "nickname=ana")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["token", *arguments])
    code = ended.value.code or 0
    assert isinstance(code, int)
    return code


def test_what_is_printed_opens_a_server(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--protocol", "hub", *WHO, "--expires", "60") == 0
    verified = Gate(PROTOCOLS["hub"], DEVELOPMENT_SECRET).verify(capsys.readouterr().out.strip())
    assert {key: verified.claims[key] for key in ("id", "email", "nickname")} == {
        "id": "u1",
        "email": "ana@example.org",
        "nickname": "ana",
    }
    assert verified.expires_in_ms is not None
    assert 50_000 < verified.expires_in_ms <= 60_000
    monkeypatch.setenv("JWT_SECRET", "s" * 32)
    assert run("--protocol", "hub", *WHO, "--secret-env", "JWT_SECRET") == 0
    assert Gate(PROTOCOLS["hub"], "s" * 32).verify(capsys.readouterr().out.strip()).claims["id"] == "u1"


@pytest.mark.parametrize("protocol", ["gateway", "dongne", "gopang", "hub"])
def test_those_whom_the_world_knows_need_no_claims(protocol: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = next(iter(SERVED[protocol].claims(World.built_in())))
    assert run("--protocol", protocol, "--user", str(next(iter(known.values())))) == 0
    verified = Gate(PROTOCOLS[protocol], DEVELOPMENT_SECRET).verify(capsys.readouterr().out.strip())
    assert {**verified.claims, **known} == verified.claims


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--protocol", "hub", "--user", "nobody"), "hub knows no 'nobody'; there is "),
        (("--protocol", "space", "--user", "mina"), "space knows no 'mina'; it knows nobody"),
        (("--protocol", "hub", "--user", "u1", "--world", "nowhere.yaml"), "the world cannot be read"),
        (("--protocol", "space"), "space knows no such tokens"),
        (("--protocol", "hub"), "hub has no such claims"),
        (("--protocol", "hub", "--claim", "id"), "'id' is no claim; write it like userId=u1"),
        (("--protocol", "hub", *WHO, "--secret-env", "NOT_SET"), "NOT_SET is not set"),
        (("--protocol", "hab"), "did you mean hub?"),
        (("--protocol", "hub", *WHO, "--expires", "0"), "greater than or equal to 1"),
        ((), "Missing option '--protocol'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err
    assert captured.err.count("\n") == 1
