"""The demonstration, hurried: all protocols are played, the one that is judged soonest is judged, and load is brief."""

import io
from pathlib import Path

from rich.console import Console

from rehearsal.demo import demo
from simulators.scenario import KINDS


def test_everything_is_played_judged_and_well() -> None:
    file = io.StringIO()
    console = Console(file=file, width=120)
    code = demo(console, seed=1, play_s=3.0, budget_s=0.5, load_s=1.0, judged=["hub"], patience=100.0)
    text = file.getvalue()

    assert code == 0, text
    assert "people of space, gateway, dongne, gopang, hub at http://127.0.0.1:" in text
    for name in KINDS:
        (line,) = [line.split() for line in text.splitlines() if line.startswith(f" {name} ")]
        figures = [int(word.replace(",", "")) for word in line if word.replace(",", "").isdecimal()][-6:]
        sent, heard, *faults = figures
        assert sent > 0
        assert heard > 0
        assert faults == [0, 0, 0, 0]
    assert "is it a correct hub server?" in text
    assert "PASSED: " in text
    page = Path(text.splitlines()[-1].rpartition(": ")[2])
    assert "<svg" in page.read_text("utf-8")
