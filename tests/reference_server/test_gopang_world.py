"""Who and what there is in gopang: the world that comes along, and what no world may hold."""

import pytest
from pydantic import ValidationError

from protocols.contract import Json
from protocols.gopang import PROTOCOL
from reference_server.world import World
from reference_server.worlds.gopang import GopangWorld

MINA: Json = {"id": "mina", "email": "mina@example.org", "name": "Mina"}


def test_the_world_that_comes_along_has_enough_for_everybody() -> None:
    world = World.built_in().gopang
    private = [each for each in world.conversations if each.participants and len(each.participants) >= 12]
    assert len(private) >= 60
    assert len(world.users) > 1000
    owners = [vault.owner for vault in world.each_vault()]
    assert owners == [user.id for user in world.users]
    for user in world.users:
        claims = {"userId": user.id, "email": user.email, "userType": user.user_type, "iat": 0, "exp": 1}
        assert PROTOCOL.faults("GopangClaims", claims) == []


def test_a_table_with_a_count_stands_for_so_many() -> None:
    world = GopangWorld.model_validate(
        {
            "users": [{"id": "u{n}", "email": "u{n}@example.org", "name": "No. {n}", "count": 2}],
            "conversations": [{"id": "c{n}", "participants": ["u1"], "count": 2}, {"id": "open"}],
            "vaults": [{"id": "of-{user}"}, {"id": "spare", "owner": "u2"}],
        }
    )
    assert [(user.id, user.email, user.name) for user in world.users] == [
        ("u1", "u1@example.org", "No. 1"),
        ("u2", "u2@example.org", "No. 2"),
    ]
    assert [(each.id, each.participants) for each in world.conversations] == [
        ("c1", ("u1",)),
        ("c2", ("u1",)),
        ("open", None),
    ]
    assert [(vault.id, vault.owner) for vault in world.each_vault()] == [
        ("of-u1", "u1"),
        ("of-u2", "u2"),
        ("spare", "u2"),
    ]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"users": [MINA, MINA]}, "two users have the id mina"),
        ({"users": [{**MINA, "count": 2}]}, "two users have the id mina"),  # type: ignore[dict-item]
        ({"conversations": [{"id": "c"}, {"id": "c"}]}, "two conversations have the id c"),
        ({"conversations": [{"id": "c", "participants": ["jun"]}]}, "no user has the id jun"),
        ({"vaults": [{"id": "v", "owner": "jun"}]}, "no user has the id jun"),
        ({"users": [MINA], "vaults": [{"id": "v-mina", "owner": "mina"}, {"id": "v-{user}"}]}, "two vaults"),
        ({"vaults": [{"id": "v", "drawers": [{"id": "d", "type": "ADMIN"}] * 2}]}, "two drawers of one vault"),
        ({"vaults": [{"id": "v", "drawers": [{"id": "d", "type": "SOCKS"}]}]}, "ADMIN"),
    ],
)
def test_a_world_that_contradicts_itself_is_refused(section: dict[str, Json], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        GopangWorld.model_validate(section)
