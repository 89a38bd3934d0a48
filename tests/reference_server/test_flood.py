"""A client cannot write a line per packet."""

from reference_server.flood import WINDOW_S, FloodGate


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_socket_gets_few_lines_and_the_others_theirs() -> None:
    gate = FloodGate(per_socket=2, per_code=100, now_s=Watch())
    assert [gate.passes("a", "info", "E3001") for _ in range(4)] == [True, True, False, False]
    assert gate.passes("b", "info", "E3001")
    assert gate.passes("a", "info", "E3002")  # of another kind


def test_many_sockets_together_are_bounded_too() -> None:
    gate = FloodGate(per_socket=2, per_code=5, now_s=Watch())
    passed = sum(gate.passes(f"socket {number}", "info", "E3001") for number in range(10_000))
    assert passed == 5
    assert gate.passes("", "error", "E3500")


def test_the_next_window_tells_what_the_last_one_missed() -> None:
    watch = Watch()
    gate = FloodGate(per_socket=1, per_code=100, now_s=watch)
    for _ in range(8):
        gate.passes("a", "info", "E3001")
    assert list(gate.missed()) == []
    watch.now = WINDOW_S
    assert list(gate.missed()) == [("info", "E3001", 7)]
    assert list(gate.missed()) == []
    assert gate.passes("a", "info", "E3001")
