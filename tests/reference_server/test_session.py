"""Who is connected."""

from reference_server.session import Session, Sessions


def test_a_socket_goes_once() -> None:
    sessions = Sessions()
    sessions.add(Session("a", "127.0.0.1"))
    sessions.add(Session("b", "127.0.0.1"))
    assert (len(sessions), "a" in sessions, "c" in sessions) == (2, True, False)
    assert sessions.remove("a")
    assert not sessions.remove("a")
    assert (len(sessions), "a" in sessions) == (1, False)
