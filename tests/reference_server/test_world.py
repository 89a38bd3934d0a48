"""A world comes from a file, or from the project; what is wrong with a file is said with its line."""

from pathlib import Path

import pytest

from protocols.errors import UsageError
from reference_server.world import Role, World

MINA = "users:\n- {id: user-mina, nickname: Mina, token: auth-mina}\n"


def load(tmp_path: Path, text: str) -> World:
    path = tmp_path / "world.yaml"
    path.write_text(text, encoding="utf-8")
    return World.load(path)


def test_a_file_says_who_and_what_there_is(tmp_path: Path) -> None:
    world = load(tmp_path, MINA + "spaces:\n- {id: attic, name: The attic, owner: user-mina}\n")
    assert [(user.id, user.nickname, user.token) for user in world.users] == [("user-mina", "Mina", "auth-mina")]
    assert world.spaces[0].role("user-mina") is Role.OWNER
    assert world.spaces[0].role("user-jun") is Role.PARTICIPANT
    assert not world.test_credentials


def test_json_is_fine_too(tmp_path: Path) -> None:
    world = load(tmp_path, '{"users": [{"id": "u", "nickname": "아라", "token": "auth-u"}], "spaces": []}')
    assert world.users[0].nickname == "아라"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (MINA + "user: []\n", 3, "user: Extra inputs"),
        ("users:\n- id: user-mina\n  nickname: Mina\n", 2, "users/0/token: Field required"),
        ("users:\n- id: user-mina\n  nickname: Mina\n  token: mina\n", 4, "users/0/token"),
        ("users:\n- id: user-mina\n  nickname: ''\n  token: auth-mina\n", 3, "users/0/nickname"),
        ('users:\n- id: user-mina\n  nickname: "\\uFEFF"\n  token: auth-mina\n', 3, "users/0/nickname"),
        (MINA + "- {id: user-mina, nickname: M, token: auth-m}\n", 3, "users/1/id: this id stands here twice"),
        (MINA + "- {id: user-m, nickname: M, token: auth-mina}\n", 3, "users/1/token: this token stands here twice"),
        (MINA + "spaces:\n- {id: a, name: A, owner: user-jun}\n", 4, "spaces/0/owner: no user has the id 'user-jun'"),
        (
            MINA + "spaces:\n- {id: a, name: A, owner: user-mina, staff: [user-jun]}\n",
            4,
            "spaces/0/staff/0: no user has the id 'user-jun'",
        ),
        (MINA + "test_credentials: true\n", 3, "test_credentials"),
        (MINA + "users: []\n", 3, "twice"),
        ("users: [\n", 2, "not YAML"),
        ("- mina\n", 1, "world"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert f"world.yaml:{line}: " in str(caught.value)
    assert says in str(caught.value)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        World.load(tmp_path / "nowhere.yaml")


def test_the_built_in_world_has_staff_and_room_for_a_demonstration() -> None:
    world = World.built_in()
    assert world.test_credentials
    assert len(world.users) >= 20
    assert {"plaza", "studio", *(f"rehearsal-{number}" for number in range(1, 9))} <= {
        space.id for space in world.spaces
    }
    roles = {space.role(user.id) for space in world.spaces for user in world.users}
    assert roles == set(Role)


def test_public_tokens_can_be_taken_away_and_private_ones_stay(tmp_path: Path) -> None:
    world = World.built_in().without_test_credentials()
    assert world.users == ()
    assert world.spaces == World.built_in().spaces
    private = load(tmp_path, MINA)
    assert private.without_test_credentials() is private
