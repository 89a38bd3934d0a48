"""`rehearsal check --init`: asks at a terminal, takes what it finds elsewhere, and never writes over a file unasked."""

import os
import pty
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import PROTOCOLS
from reference_server.serve import running
from reference_server.settings import Settings
from rehearsal.target_file import WAYS, Answers, Way, render
from simulators.tables import read_table
from simulators.target import Target

from .command import COMMAND, OURSELVES, Ended, rehearsal

WITHIN_S: Final = 120.0
CHARACTERS: Final = 65_536
END: Final = "\x04"
"""Ctrl-D: who has nothing more to say waits for no question."""


def at_a_terminal(folder: Path, typed: str, *words: str) -> Ended:
    """Run the command with somebody at the terminal who has typed everything ahead."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "check", "--init", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={**OURSELVES, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"},
        close_fds=True,
    ) as process:
        os.close(theirs)
        os.write(ours, f"{typed}{END}".encode())
        shown = b""
        while piece := _read(ours):
            shown += piece
        code = process.wait(WITHIN_S)
    os.close(ours)
    return Ended(code, shown.decode().replace("\r\n", "\n"), "")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, CHARACTERS)
    except OSError:  # so a terminal says that nobody is at its other end any more
        return b""


def tried(*words: str, cwd: Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run the command where nobody can be asked."""
    return rehearsal("check", *words, cwd=cwd, env=env, within_s=WITHIN_S)


def written(folder: Path) -> Target:
    return Target.load(folder / "target.toml")


@pytest.fixture(scope="module")
def strangers() -> Iterator[str]:
    """A server whose tokens are signed with a secret of its own."""
    with running(Settings(port=0, protocols=("hub",), jwt_secret="a secret that nobody else has heard of")) as url:
        yield url


def test_what_is_found_is_written_where_nobody_can_be_asked(whole: str, tmp_path: Path) -> None:
    ended = tried("--init", whole, cwd=tmp_path)

    assert ended.code == 0, ended.err
    assert "rehearsal check --target target.toml" in ended.out
    target = written(tmp_path)
    assert (target.url, target.protocol, target.namespace, target.people) == (whole, "space", "/space", None)
    judged = tried("--target", "target.toml", "space/chat/trimmed", cwd=tmp_path)
    assert judged.code == 0, judged.out


def test_a_server_that_shows_what_it_speaks_at_the_root(alone: str, tmp_path: Path) -> None:
    ended = tried("--init", alone, "--yes", "--protocol", "hub", "--target", "hub.toml", cwd=tmp_path)

    assert ended.code == 0, ended.err
    target = Target.load(tmp_path / "hub.toml")
    assert (target.protocol, target.namespace, target.people) == ("hub", "/", None)


def test_strangers_need_a_way_to_get_in(strangers: str, tmp_path: Path) -> None:
    ended = tried("--init", strangers, "--protocol", "hub", cwd=tmp_path)

    assert ended.code == 0, ended.err
    people = written(tmp_path).people
    assert people is not None
    assert people.guests is not None
    assert people.guests.jwt is not None
    assert (people.guests.jwt.secret, people.guests.jwt.secret_env) == ("", "JWT_SECRET")
    secret = {"JWT_SECRET": "a secret that nobody else has heard of"}
    judged = tried("--target", "target.toml", "hub/handshake/expired", cwd=tmp_path, env=secret)
    assert judged.code == 0, judged.out


def test_a_file_that_is_there_is_kept(whole: str, tmp_path: Path) -> None:
    (tmp_path / "target.toml").write_text("mine")
    ended = tried("--init", whole, cwd=tmp_path)

    assert (ended.code, (tmp_path / "target.toml").read_text()) == (2, "mine")
    assert "target.toml is there already; --force writes it anew" in ended.err
    assert tried("--init", whole, "--force", cwd=tmp_path).code == 0
    assert written(tmp_path).url == whole


def test_somebody_at_the_terminal_corrects_what_was_found(whole: str, tmp_path: Path) -> None:
    answers = ["hub", "nowhere", "/hub", "pol", "tele", "acc", "mina", "mina token-1", "jun token 2", "", "node 'a.js'"]
    ended = at_a_terminal(tmp_path, "".join(f"{line}\n" for line in answers), whole)

    assert ended.code == 0, ended.out
    target = written(tmp_path)
    assert (target.protocol, target.namespace, target.transport) == ("hub", "/hub", "polling")
    assert target.process.start == ("node", "a.js")
    assert target.people is not None
    assert {user.id: user.token for user in target.people.users} == {"mina": "token-1", "jun": "token 2"}
    for said in (
        "a namespace begins with /",
        "choose one of reference, guests",
        "Write its id, a space and its token.",
    ):
        assert said in ended.out


def test_what_was_found_is_taken_by_pressing_enter(whole: str, tmp_path: Path) -> None:
    ended = at_a_terminal(tmp_path, "\n" * 5, whole)

    assert ended.code == 0, ended.out
    assert written(tmp_path).protocol == "space"


def test_a_file_that_is_there_is_asked_for(whole: str, tmp_path: Path) -> None:
    (tmp_path / "target.toml").write_text("mine")
    kept = at_a_terminal(tmp_path, "n\n", whole)
    assert (kept.code, (tmp_path / "target.toml").read_text()) == (2, "mine")
    ended = at_a_terminal(tmp_path, "y\n" + "\n" * 5, whole)
    assert ended.code == 0, ended.out
    assert written(tmp_path).url == whole


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "which server? Give its URL"),
        (("http://127.0.0.1:9",), "cannot be reached"),
        (("localhost",), "is no URL of a Socket.IO server"),
    ],
)
def test_what_cannot_be_looked_at(tmp_path: Path, words: tuple[str, ...], complaint: str) -> None:
    ended = tried("--init", *words, cwd=tmp_path)
    assert ended.code == 2
    assert complaint in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_shows_nothing_has_to_be_named(strangers: str, tmp_path: Path) -> None:
    ended = tried("--init", strangers, cwd=tmp_path)
    assert ended.code == 2
    assert "does not show what it speaks at /; say it: --protocol" in ended.err


@given(
    protocol=st.sampled_from(sorted(PROTOCOLS)),
    way=st.sampled_from(list(WAYS)),
    words=st.text(st.characters(exclude_categories=["C"]), min_size=1),
)
def test_whatever_is_answered_can_be_read_back(protocol: str, way: Way, words: str) -> None:
    answers = Answers(
        url="http://127.0.0.1:3001",
        protocol=protocol,
        namespace="/",
        way=way,
        secret_env=words,
        accounts={words: words},
        start="node server.js",
    )
    target = read_table(Target, tomllib.loads(render(answers)))
    assert (target.protocol, target.process.start) == (protocol, ("node", "server.js"))
    if way in {"login", "accounts"}:
        assert target.people is not None
        [user] = target.people.users
        assert (user.id, user.token or user.password) == (words, words)
