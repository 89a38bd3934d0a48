"""The section `hub` of a world file."""

from pathlib import Path

import pytest

from protocols.errors import UsageError
from protocols.hub import PROTOCOL
from reference_server.world import World


def test_everybody_in_the_built_in_world_can_be_given_a_token() -> None:
    users = World.built_in().hub.users
    assert len(users) >= 20
    for user in users:
        assert PROTOCOL.faults("HubClaims", user.model_dump()) == []


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ("{id: a, email: b@x.org, nickname: B}", "two users have one id"),
        ("{id: b, email: nowhere, nickname: B}", "email"),
        ("{id: b, email: b@x.org, nickname: ''}", "nickname"),
        ("{id: b, email: b@x.org, nickname: B, token: t}", "token"),
    ],
)
def test_who_could_not_be_given_one_is_refused_by_the_line(tmp_path: Path, user: str, problem: str) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(f"hub:\n  users:\n  - {{id: a, email: a@x.org, nickname: A}}\n  - {user}\n", "utf-8")
    with pytest.raises(UsageError, match=problem) as wrong:
        World.load(path)
    assert str(wrong.value).startswith(f"{path}:")
