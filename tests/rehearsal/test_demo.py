"""The demonstration, hurried."""

import io

from rich.console import Console

from rehearsal.demo import demo


def test_everything_is_played_judged_and_well() -> None:
    file = io.StringIO()
    code = demo(Console(file=file, width=120), seed=1, play_s=2.0, budget_s=1.0)
    text = file.getvalue()

    assert code == 0, text
    assert "20 players, 5 guests, 1 heckler at http://127.0.0.1:" in text
    assert "none lost, doubled or out of order" in text
    assert "PASSED: " in text
