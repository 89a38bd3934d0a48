"""Sessions are whose they are for as long as they are used, and no longer."""

import pytest

from protocols import space
from reference_server.effects import Stamp
from reference_server.mode import Mode
from reference_server.rules import space_sessions
from reference_server.rules.space_sessions import GUEST_LIFETIME_MS, Sessions
from reference_server.rules.space_state import Kind
from reference_server.world import Role

from .stage import WORLD, Stage, join


@pytest.fixture
def seated() -> set[str]:
    return set()


@pytest.fixture
def sessions(seated: set[str]) -> Sessions:
    return Sessions(WORLD, Mode.PRODUCTION, seated)


def stamp(now_ms: int, number: int = 0) -> Stamp:
    return Stamp(now_ms, number.to_bytes(8, "big"))


def test_a_user_is_known_in_every_space_with_its_role_there(sessions: Sessions) -> None:
    here, there = sessions.verify("auth-mina", "plaza", 0), sessions.verify("auth-mina", "anywhere", 0)
    assert here is not None
    assert there is not None
    assert (here.kind, here.id, here.nickname, here.role) == (Kind.USER, "user-mina", "Mina", Role.OWNER)
    assert there.role is Role.PARTICIPANT


def test_a_guest_is_known_in_its_own_space_alone(sessions: Sessions) -> None:
    token, guest = sessions.create_guest("plaza", "Gil", stamp(0))
    assert token.startswith("guest-")
    assert sessions.verify(token, "plaza", 0) == guest
    assert sessions.verify(token, "studio", 0) is None


def test_secrets_do_not_show_in_what_is_printed(sessions: Sessions) -> None:
    token, guest = sessions.create_guest("plaza", "Gil", stamp(0))
    assert token not in repr(guest)


def test_a_guest_session_ends_after_a_day_of_disuse(sessions: Sessions) -> None:
    token, _ = sessions.create_guest("plaza", "Gil", stamp(0))
    assert sessions.verify(token, "plaza", GUEST_LIFETIME_MS)
    assert sessions.verify(token, "plaza", 2 * GUEST_LIFETIME_MS)
    assert sessions.verify(token, "plaza", 3 * GUEST_LIFETIME_MS + 1) is None


def test_being_in_a_space_is_use_of_a_session(sessions: Sessions, seated: set[str]) -> None:
    token, guest = sessions.create_guest("plaza", "Gil", stamp(0))
    seated.add(guest.id)
    late = 5 * GUEST_LIFETIME_MS
    sessions.create_guest("plaza", "Other", stamp(late, 1))
    assert sessions.verify(token, "plaza", late) == guest
    seated.clear()
    sessions.touch(guest, late + 7)
    assert sessions.verify(token, "plaza", late + 7 + GUEST_LIFETIME_MS)


def test_only_so_many_guests_are_kept_and_the_longest_unused_goes_first(
    sessions: Sessions, seated: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space_sessions, "GUESTS", 3)
    made = [sessions.create_guest("plaza", "Gil", stamp(number, number)) for number in range(3)]
    seated.add(made[0][1].id)  # here now
    assert sessions.verify(made[1][0], "plaza", 3)  # used just now, so the third is the longest unused
    new, _ = sessions.create_guest("plaza", "New", stamp(4, 4))
    valid = [token for token, _ in made if sessions.verify(token, "plaza", 5)]
    assert valid == [made[0][0], made[1][0]]
    assert sessions.verify(new, "plaza", 5)


def test_when_everybody_is_here_nobody_is_forgotten(
    sessions: Sessions, seated: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space_sessions, "GUESTS", 2)
    made = [sessions.create_guest("plaza", "Gil", stamp(number, number)) for number in range(2)]
    seated.update(guest.id for _, guest in made)
    made.append(sessions.create_guest("plaza", "Gil", stamp(2, 2)))
    assert all(sessions.verify(token, "plaza", 3) for token, _ in made)


def test_a_stay_is_use_of_a_session_until_its_end() -> None:
    stage = Stage()
    token, _ = stage.guest()
    stage.connect("a", "b")
    stage.say("a", join("plaza", token))
    stage.wait(GUEST_LIFETIME_MS)
    stage.say("a", space.LeaveSpace())
    stage.wait(GUEST_LIFETIME_MS)
    stage.say("b", join("plaza", token))
    assert stage.names("b")[0] == "room:joined"


@pytest.mark.parametrize(("token", "own"), [("", True), ("dev-x", True), ("auth-mina", True), ("auth-x", False)])
def test_whose_token_needs_no_question(sessions: Sessions, token: str, own: bool) -> None:
    assert sessions.is_own(token) is own
